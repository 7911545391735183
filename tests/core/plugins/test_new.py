"""Beginnings of a plugin: for every role a package that is whole, and passes its tests."""

import json
import re
import subprocess
import sys

import pytest
import yaml

from support.fresh import OFFLINE, environment, fresh
from textback.errors import ConfigError
from textback.plugins import ROLES, Found, anatomy_of, new, roles_of
from textback.plugins.finding import load

TOGETHER = [role for role in ROLES if role != "lookup"]
CHOICES = [*([role] for role in ROLES), ["source", "sender"], TOGETHER]


def written(folder, roles, name="acme"):
    project = new.write(name, roles, folder)
    return project, {
        str(path.relative_to(project)): path.read_text("utf-8")
        for path in project.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("roles", CHOICES, ids="+".join)
def test_every_role_is_a_whole_package(tmp_path, monkeypatch, roles):
    """Code that compiles and can be assembled, tests, docs, CI; nothing of the template is left."""
    name = "acme_" + "_".join(roles)

    project, files = written(tmp_path, roles, name)

    for path, text in files.items():
        assert not re.search(r"<%|%>|<<|>>|\0", text), path
        assert text == text.rstrip("\n") + "\n" or not text, path
        if path.endswith(".py"):
            compile(text, path, "exec")
    assert yaml.safe_load(files[".github/workflows/tests.yml"])["jobs"]["tests"]["steps"]
    assert {"README.md", "pyproject.toml", f"docs/{name}.md", "tests/conftest.py"} <= files.keys()
    assert {f"tests/test_{role}.py" for role in roles} <= files.keys()
    monkeypatch.syspath_prepend(project)
    plugin = __import__(f"textback_{name}")
    kind = getattr(plugin, plugin.__all__[0])
    assert anatomy_of(kind).problems == ()
    assert anatomy_of(kind).api == 1
    assert set(roles) <= set(roles_of(kind))


def test_has_only_what_its_roles_need(tmp_path):
    """A notifier verifies no webhooks, and a source writes no records."""
    _, notifier = written(tmp_path / "a", ["notifier"])
    _, source = written(tmp_path / "b", ["source"])

    assert "textback_acme/signature.py" not in notifier
    assert "webhook_secret" not in "".join(notifier.values())
    assert "textback_acme/signature.py" in source
    assert "textback_acme/records.py" not in source


@pytest.mark.parametrize(
    ("name", "roles", "words"),
    [
        ("My-CRM", ["crm"], '"My-CRM" can\'t be a plugin\'s name; take "my_crm"'),
        (
            "2go",
            ["crm"],
            "can't be a plugin's name; take small letters, digits and _, a letter first",
        ),
        ("ünï", ["crm"], "can't be a plugin's name; take small letters"),
        ("class", ["crm"], '"class" is a word of Python; choose another name'),
        ("acme", [], "say what it plays, some of: source, sender"),
        ("acme", ["crmm"], '"crmm" is no role; did you mean "crm"?'),
        ("acme", ["crm", "lookup"], "a crm is asked who calls already"),
    ],
)
def test_what_cannot_be_begun(tmp_path, name, roles, words):
    """Said before anything is written."""
    with pytest.raises(ConfigError, match=re.escape(words)):
        new.write(name, roles, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_overwrites_nothing(tmp_path):
    """Somebody's work may be in it."""
    new.write("acme", ["crm"], tmp_path)

    with pytest.raises(ConfigError, match="is there already"):
        new.write("acme", ["sender"], tmp_path)


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        *(("acme", roles) for roles in CHOICES),
        *((name, TOGETHER) for name in ("x", "zephyr", "yellow_pages_international")),
    ],
)
def test_is_clean_by_its_own_rules(tmp_path, name, roles):
    """What its CI file runs finds nothing of style, however it sorts and however long its name."""
    pytest.importorskip("ruff")
    project, _ = written(tmp_path, roles, name)

    run(sys.executable, "-m", "ruff", "check", "-q", cwd=project)
    run(sys.executable, "-m", "ruff", "format", "-q", "--check", cwd=project)


@pytest.mark.slow
def test_installs_and_passes_its_tests_in_a_fresh_environment(tmp_path):
    """The wheel that it builds is found by name there, its tests pass, and it is certified gold."""
    pytest.importorskip("hatchling")
    project = new.write("acme", TOGETHER, tmp_path)
    python = fresh(tmp_path / "environment")

    run(python, "-m", "pip", "wheel", "-q", *OFFLINE, "-w", tmp_path / "dist", project)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    run(python, "-m", "pip", "install", "-q", *OFFLINE, wheel)
    elsewhere = tmp_path / "elsewhere"  # so that it is the installed one that is imported
    elsewhere.mkdir()
    for name in ("tests", "docs", "README.md", "pyproject.toml"):
        (project / name).rename(elsewhere / name)

    listed = run(python, "-m", "textback.cli", "plugins", "hooks", "--json", cwd=elsewhere)
    (row,) = [each for each in map(json.loads, listed.splitlines()) if each["plugin"] == "acme"]
    assert (row["from"], row["api"], row["problem"]) == ("textback-acme", 1, "")
    certified = run(
        *(python, "-m", "textback.cli", "plugins", "certify", "acme", "--json"), cwd=elsewhere
    )
    certificate = json.loads(certified)
    unmet = [(each["rule"], each["why"]) for each in certificate["rules"] if not each["met"]]
    assert certificate["level"] == "gold" or [rule for rule, _ in unmet] == ["strict"], unmet


def run(*command, cwd=None):
    """What a command prints; it must succeed."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_loads_by_its_entry_point(tmp_path, monkeypatch):
    """The name in pyproject.toml is the class that is there."""
    project, files = written(tmp_path, ["sender"], "acme_by_name")
    (point,) = re.findall(r'^acme_by_name = "(.+)"$', files["pyproject.toml"], re.MULTILINE)
    module, _, kind = point.partition(":")
    monkeypatch.syspath_prepend(project)

    found = Found(name="x", origin="x", importer=lambda: getattr(__import__(module), kind))

    assert load(found).__name__ == kind
