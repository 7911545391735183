"""``init``, ``clients add`` and ``schema``, as a user calls them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from textback.cli import files
from textback.errors import ConfigError


@pytest.fixture
def run():
    """Run a command; data and words are kept apart."""
    app = typer.Typer(pretty_exceptions_enable=False)
    files.register(app)

    def invoke(*arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return invoke


def test_init_prints_the_files_that_it_wrote(run, tmp_path):
    """Paths are data; what to do next is words."""
    result = run("init", tmp_path)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        str(tmp_path / name)
        for name in ("textback.toml", "textback.key", ".gitignore", "clients/example.toml")
    ]
    assert "textback check" in result.stderr


def test_init_twice_is_refused(run, tmp_path):
    """The error ends the program with 1."""
    run("init", tmp_path)

    result = run("init", tmp_path)

    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigError)


def test_clients_add_writes_beside_the_deployments_file(run, tmp_path):
    """With what was said on the command line."""
    run("init", tmp_path)
    config = ("--config", tmp_path / "textback.toml")

    result = run("clients", "add", "london", "--line", "+442079460000", "--name", "L & Co", *config)

    path = tmp_path / "clients" / "london.toml"
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    assert '"L & Co"' in path.read_text()
    assert "Europe/London" in path.read_text()


def test_clients_add_is_used_wrongly(run, tmp_path):
    """Exit code 2, and the reason among the words."""
    run("init", tmp_path)

    result = run("clients", "add", "Big", "--config", tmp_path / "textback.toml")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "lower-case" in result.stderr


def test_clients_add_needs_a_deployment(run, tmp_path):
    """A file that nobody reads would be a surprise."""
    result = run("clients", "add", "a", "--config", tmp_path / "textback.toml")

    assert isinstance(result.exception, ConfigError)
    assert "textback init" in str(result.exception)
    assert not (tmp_path / "clients").exists()


@pytest.mark.parametrize(("file", "known"), [("client", "lines"), ("deployment", "server")])
def test_schema_prints_json_with_the_plugins_that_are_there(run, tmp_path, file, known):
    """A plugin of one file, beside textback.toml, is among them; a broken one is told of."""
    run("init", tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "broken.py").write_text("import no_such_module")
    (tmp_path / "plugins" / "bell.py").write_text(
        "import attrs\n"
        "from textback.hookspecs import hookimpl\n"
        "from textback.services import Services\n"
        "@attrs.frozen\n"
        "class Settings:\n"
        "    loud: bool = False\n"
        "@attrs.frozen(eq=False)\n"
        "class Bell:\n"
        "    settings: Settings\n"
        "    services: Services\n"
        "    @hookimpl\n"
        "    async def notify_team(self, notice): ...\n"
    )

    result = run("schema", file, "--config", tmp_path / "textback.toml")

    assert result.exception is None, repr(result.exception)
    schema = json.loads(result.stdout)
    assert known in schema["properties"]
    assert schema["$defs"]["bell"]["properties"]["loud"] == {"type": "boolean"}
    assert "broken" not in schema["$defs"]
    assert "broken is left out" in result.stderr
