"""Bronze, silver, gold: each rule sees what is missing, and says what to do."""

import json
import re
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from textback.cli import app
from textback.errors import ConfigError
from textback.plugins import Found, new
from textback.testing.certifying import RULES, Level, certify, runner

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A notifier that keeps all rules, as it was begun; not installed, but on the path."""
    made = new.write("acme", ["notifier"], tmp_path)
    monkeypatch.syspath_prepend(made)
    monkeypatch.setenv("PYTHONPATH", str(made))
    monkeypatch.setattr(runner, "_mypy", lambda target, root: [])
    yield made
    for name in [each for each in sys.modules if each.partition(".")[0] == "textback_acme"]:
        del sys.modules[name]


@pytest.fixture
def change(project):
    """Changes a file of the project."""

    def change(path, old, text):
        file = project / path
        said = file.read_text("utf-8")
        assert re.search(old, said, re.DOTALL), old
        file.write_text(re.sub(old, text, said, count=1, flags=re.DOTALL), "utf-8")

    return change


@pytest.fixture
def judged(project):
    """What comes of the rules: the level, and why those that aren't met are not."""

    def judged():
        found = Found(
            name="acme", origin="acme", importer=lambda: import_module("textback_acme").Acme
        )
        certificate = certify(found, project / "tests")
        unmet = {rule.name: each.why for rule, each in certificate.verdicts if not each.met}
        return certificate.level, unmet

    return judged


def test_what_keeps_all_rules_is_gold(judged):
    """As it was begun."""
    assert judged() == (Level.GOLD, {})


PLUGIN, SETTINGS = "textback_acme/plugin.py", "textback_acme/settings.py"
NOTICES, CHECK = "tests/test_notifier.py", "tests/test_plugin.py"


@pytest.mark.parametrize(
    ("path", "old", "new_", "level", "rule", "why"),
    [
        (PLUGIN, "    api = 1.*?\n", "", Level.NONE, "api", "write in its class: api = 1"),
        (
            PLUGIN,
            r"async def check\(self\)",
            "async def check(self, x)",
            Level.NONE,
            "assembles",
            'Acme.check takes "x"',
        ),
        (
            SETTINGS,
            r'setting\(\s*"Where the API is.",\s*',
            "attrs.field(",
            Level.NONE,
            "explained",
            "base_url",
        ),
        ("docs/acme.md", r"\| `max_per_s`.*?\n", "", Level.NONE, "documented", "max_per_s"),
        (
            NOTICES,
            "class TestNotices",
            "class Notices",
            Level.BRONZE,
            "contract-notifier",
            "derive a class from NotifierContract",
        ),
        (
            NOTICES,
            r"    accepted =",
            "    def test_tells_every_kind(self):\n        pass\n\n    accepted =",
            Level.BRONZE,
            "contract-notifier",
            "overridden: test_tells_every_kind",
        ),
        (
            NOTICES,
            r"    accepted =",
            "    test_may_be_told_again = None\n    accepted =",
            Level.BRONZE,
            "contract-notifier",
            "left out: test_may_be_told_again",
        ),
        (
            PLUGIN,
            r"\(notice.title, \*notice.lines\)",
            "(notice.title,)",
            Level.BRONZE,
            "contract-notifier",
            "failed: tests/test_notifier.py::TestNotices::test_tells",
        ),
        (
            CHECK,
            r"def test_can",
            "def test_fails():\n    assert False\n\n\ndef test_can",
            Level.BRONZE,
            "tests",
            "1 failed: tests/test_plugin.py::test_fails",
        ),
        (
            CHECK,
            r"class TestCheck",
            "class Check",
            Level.SILVER,
            "check",
            "derive a class from CheckContract",
        ),
        (SETTINGS, "def account", "def whose", Level.SILVER, "limited", "property account"),
        (SETTINGS, "timeout_s", "patience_s", Level.NONE, "addressable", "no timeout_s"),
        (SETTINGS, "base_url", "root", Level.NONE, "addressable", "no base_url"),
    ],
)
def test_each_rule_sees_what_is_missing(judged, change, path, old, new_, level, rule, why):
    """And the level is the one below."""
    change(path, old, new_)

    reached, unmet = judged()

    assert why in unmet[rule]
    assert reached is level


@pytest.mark.parametrize("name", ["url", "urls", "webhook_url"])
def test_whose_user_says_where_it_asks_needs_no_base_url(judged, change, name):
    """The address itself is the setting then; a time-out is asked for all the same."""
    change(SETTINGS, "base_url", name)
    change(SETTINGS, "timeout_s", "patience_s")

    assert judged()[1]["addressable"] == "its settings have no timeout_s"


def test_secret_that_no_contract_has_seen(judged, change):
    """Skipped tests prove nothing."""
    change("tests/conftest.py", r"Secret\(API_KEY\)", 'Secret("")')
    change(NOTICES, "    secret = API_KEY\n", "")
    change(CHECK, "    secret = API_KEY\n", "")

    level, unmet = judged()

    assert level is Level.SILVER
    assert unmet == {"redaction": "let its contract tests make it with a secret in its settings"}


def test_what_is_kept_of_callers_must_be_erased(judged, change):
    """A plugin that keeps contacts, without `erase`."""
    change(
        PLUGIN,
        r"        words =",
        "        await self.services.contacts.get(notice.number)\n        words =",
    )

    level, unmet = judged()

    assert level is Level.SILVER
    assert unmet == {
        "erase": "implement erase: what it holds of a number goes, or it says where that is"
    }


def test_types_that_mypy_refuses(judged, monkeypatch):
    """The last rule for gold; without mypy it can't be looked at."""
    monkeypatch.setattr(runner, "_mypy", lambda target, root: ["plugin.py:1: error: no"])
    assert judged() == (Level.SILVER, {"strict": "plugin.py:1: error: no"})

    monkeypatch.setattr(runner, "_mypy", lambda target, root: None)
    assert "pip install mypy" in judged()[1]["strict"]


def test_tests_that_cannot_be_run(judged, change):
    """The author reads pytest's own words."""
    change(NOTICES, "import httpx", "import nothing_of_this_name")

    with pytest.raises(ConfigError, match=r"(?s)can't be run.*nothing_of_this_name"):
        judged()


def test_without_pytest(judged, monkeypatch):
    """Who only runs textback doesn't have it."""
    monkeypatch.setattr(runner, "find_spec", lambda name: None)

    with pytest.raises(ConfigError, match="run: pip install pytest pytest-asyncio"):
        judged()


@pytest.mark.slow
class TestCommand:
    def certify(self, *words):
        return CliRunner().invoke(app, ["plugins", "certify", *words])

    def test_json(self):
        """A line for programs: the level, and each rule with its verdict."""
        done = self.certify("contacts", "--tests", "tests/plugins/contacts", "--json")

        told = json.loads(done.stdout)
        assert done.exit_code == 0, done.stdout
        assert told["plugin"] == "contacts"
        assert told["level"] in ("silver", "gold")
        assert [each["rule"] for each in told["rules"]] == [rule.name for rule in RULES]

    def test_text_and_exit_code(self, tmp_path):
        """Without tests nothing is above bronze, and CI sees it."""
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests" / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        (tmp_path / "README.md").write_text("[plugins.contacts]\n")

        done = self.certify("contacts", "--tests", str(tmp_path / "tests"), "--least", "silver")

        assert done.exit_code == 1
        assert "derive a class from CrmContract" in done.stdout
        assert "contacts is bronze" in done.stdout

    @pytest.mark.parametrize(
        ("words", "code"),
        [(("contacts", "--least", "tin"), 2), (("nobody",), 1)],
    )
    def test_used_wrongly(self, words, code):
        """Nothing is run."""
        assert self.certify(*words).exit_code == code
