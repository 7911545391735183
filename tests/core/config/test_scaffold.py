"""The files that are written for a user: right at once, and never over another."""

import stat
import tomllib

import pytest

from textback.config import load, scaffold
from textback.errors import ConfigError


def test_a_new_deployment_loads_without_problems(tmp_path):
    """No environment variable is needed, and nobody can be texted by mistake."""
    directory = tmp_path / "agency"

    written = scaffold.init(directory)

    config = load(directory / "textback.toml", environ={})
    assert config.problems == ()
    client = config.clients["example"]
    assert client.mode == "test"
    assert list(client.plugins) == ["simulator", "contacts"]
    assert "Reply STOP to opt out" in client.text[0].body
    assert len(client.follow_up) == 2
    assert {str(path.relative_to(directory)) for path in written} == {
        "textback.toml",
        "textback.key",
        ".gitignore",
        "clients/example.toml",
    }


def test_the_key_is_long_its_own_and_for_its_owner_alone(tmp_path):
    """Two deployments have two keys; version control sees none."""
    keys = set()
    for name in ("one", "two"):
        scaffold.init(tmp_path / name)
        path = tmp_path / name / "textback.key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "textback.key" in (tmp_path / name / ".gitignore").read_text().splitlines()
        keys.add(load(tmp_path / name / "textback.toml").deployment.store.key.value)

    assert len(keys) == 2
    assert min(map(len, keys)) >= 40


def test_nothing_is_overwritten(tmp_path):
    """One file that is there is enough to write none."""
    (tmp_path / "textback.toml").write_text("mine")

    with pytest.raises(ConfigError, match="is there already; nothing was written"):
        scaffold.init(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["textback.toml"]
    assert (tmp_path / "textback.toml").read_text() == "mine"


def test_a_gitignore_is_extended(tmp_path):
    """A repository that is there keeps what it ignores."""
    (tmp_path / ".gitignore").write_text("*.pyc\n*.db")

    scaffold.init(tmp_path)

    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines[:2] == ["*.pyc", "*.db"]
    assert sorted(lines[2:]) == sorted(set(scaffold.IGNORED) - {"*.db"})


def test_clients_that_are_added_load_beside_each_other(tmp_path):
    """Each gets a line of its own; odd characters in a name do no harm."""
    scaffold.init(tmp_path)

    scaffold.add_client(tmp_path, "bright-smile")
    scaffold.add_client(tmp_path, "odd", name='Ann\'s "Best" \\ Café ☕\x7f\n')
    scaffold.add_client(tmp_path, "london", line="+44 20 7946 0000")
    scaffold.add_client(tmp_path, "free", line="+18005550100", time_zone="America/New_York")

    config = load(tmp_path / "textback.toml", environ={})
    assert config.problems == ()
    clients = config.clients
    assert clients["bright-smile"].name == "Bright Smile"
    assert clients["odd"].name == 'Ann\'s "Best" \\ Café ☕\x7f\n'
    assert clients["london"].lines == ("+442079460000",)
    assert clients["london"].time_zone.key == "Europe/London"
    assert clients["free"].time_zone.key == "America/New_York"


def test_what_is_commented_out_is_right_too(files):
    """With every comment sign taken away, the settings still can be read."""
    files.write("presets/dental.toml", "")
    path = scaffold.add_client(files.directory, "whole")
    lines = path.read_text().splitlines()
    settings = [
        line.removeprefix("# ")
        for line in lines
        if line.startswith("# [") or (line.startswith("# ") and " = " in line)
    ]
    assert len(settings) > 6

    tomllib.loads("\n".join(settings))  # each by itself ...
    path.write_text(
        "\n".join(line.removeprefix("# ") if line[2:] in settings else line for line in lines)
    )

    assert files.problems() == []  # ... and all in their places
    assert list(files.load().clients["whole"].plugins) == [
        "simulator",
        "twilio",
        "contacts",
        "webhook",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"client": "example"}, "is there already"),
        ({"client": "Bright Smile"}, 'rename it to "bright-smile.toml"'),
        ({"client": "a", "line": "303-555-0100"}, "is no phone number"),
        ({"client": "a", "line": "+13035550100"}, "is also in clients/example.toml"),
        ({"client": "a", "line": "+18005550100"}, "time zone of +18005550100 can't be known"),
        ({"client": "a", "time_zone": "Denver"}, '"Denver" is no time zone'),
    ],
)
def test_a_client_that_can_not_be_added(tmp_path, arguments, message):
    """The message says why, and nothing is written."""
    scaffold.init(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}

    with pytest.raises(ConfigError) as caught:
        scaffold.add_client(tmp_path, **arguments)

    assert message in str(caught.value)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.*") if p.is_file()} == before


def test_fictional_lines_run_out(tmp_path):
    """Then the user has to say one."""
    lines = ", ".join(f'"+13035550{last}"' for last in range(100, 200))
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "all.toml").write_text(f"lines = [{lines}]")

    with pytest.raises(ConfigError, match="say which line"):
        scaffold.add_client(tmp_path, "one-more")
