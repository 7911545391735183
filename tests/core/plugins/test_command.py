"""``textback plugins``: what is installed, who uses it, and the beginnings of one's own."""

import json

import pytest
from typer.testing import CliRunner

from textback.cli import app

TEXTBACK = '[server]\npublic_url = "https://hooks.agency.example"\n'
CLIENT = """
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["+13035550100"]

[plugins.pbx]
use = "shout"
roles = ["notifier"]

[plugins.contacts]
"""
SHOUT = """
import attrs

from textback.hookspecs import hookimpl


@attrs.frozen
class Settings:
    topic: str = ""


@attrs.frozen(eq=False)
class Shout:
    settings: Settings
    services: object

    @hookimpl
    async def notify_team(self, notice):
        pass
"""


@pytest.fixture
def plugins(tmp_path):
    """Runs a command of the group beside a deployment with a plugin of one file."""
    (tmp_path / "textback.toml").write_text(TEXTBACK)
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "bright-smile.toml").write_text(CLIENT)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shout.py").write_text(SHOUT)
    (tmp_path / "plugins" / "broken.py").write_text("import nothing_of_this_name\n")

    def run(*words):
        config = ("--config", str(tmp_path / "textback.toml")) if words[0] != "new" else ()
        runner = CliRunner(env={"NO_COLOR": "1", "COLUMNS": "200"})
        return runner.invoke(app, ["plugins", *words, *config])

    return run


def rows(done):
    return {row["plugin"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_hooks_say_who_answers_what_for_whom(plugins):
    """Which version of the hooks, which roles, and the clients with the names of their tables."""
    found = rows(plugins("hooks", "--json"))

    assert found["shout"]["hooks"] == ["notify_team"]
    assert found["shout"]["roles"] == ["notifier"]
    assert found["shout"]["api"] is None
    assert found["shout"]["clients"] == [
        {"client": "bright-smile", "name": "pbx", "roles": ["notifier"]}
    ]
    assert found["contacts"]["api"] == 1
    assert found["contacts"]["version"]
    assert found["contacts"]["clients"] == [
        {"client": "bright-smile", "name": "contacts", "roles": None}
    ]
    assert found["simulator"]["clients"] == []
    assert "nothing_of_this_name" in found["broken"]["problem"]


def test_hooks_in_words(plugins):
    """The same for people."""
    said = plugins("hooks").stdout

    assert "bright-smile.pbx (notifier)" in said
    assert "not said, taken for 1" in said
    assert "hooks   erase, identify_caller, log_activity, save_contact" in said


def test_hooks_without_a_deployment(tmp_path):
    """What is installed can be asked anywhere."""
    done = CliRunner().invoke(
        app, ["plugins", "hooks", "--json", "--config", str(tmp_path / "textback.toml")]
    )

    assert done.exit_code == 0
    assert rows(done)["contacts"]["clients"] == []


def test_new_prints_where_it_is(plugins, tmp_path):
    """The path is data; what to do next are words."""
    done = plugins("new", "acme", "--role", "crm, notifier", "--into", str(tmp_path))

    assert done.stdout.replace("\n", "") == str(tmp_path / "textback-acme")
    assert "certify acme" in done.stderr
    assert (tmp_path / "textback-acme" / "tests" / "test_crm.py").exists()


def test_new_used_wrongly(plugins, tmp_path):
    """Exit code 2, and why."""
    done = plugins("new", "acme", "--role", "crmm", "--into", str(tmp_path))

    assert done.exit_code == 2
    assert 'did you mean "crm"' in done.stderr


def test_a_name_that_is_taken_is_not_begun(plugins, tmp_path):
    """Two plugins of one name in an environment are refused, so the second is not written."""
    done = plugins("new", "contacts", "--role", "crm", "--into", str(tmp_path))

    assert done.exit_code == 2
    assert done.stderr.strip() == (
        'textback: "contacts" is a plugin of textback already; choose another name'
    )
    assert not (tmp_path / "textback-contacts").exists()


def test_what_is_not_installed_is_not_certified(plugins):
    """As happens to whoever has begun a plugin, and tries it in another environment."""
    done = plugins("certify", "acme")

    assert done.exit_code == 1
    assert 'no plugin named "acme" in this environment; run pip install -e .' in done.stderr
