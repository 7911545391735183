"""The files in ``deploy/`` parse, name commands that exist, and give no rights away."""

import configparser
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from textback.cli import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def is_command(words):
    """Whether textback takes these words; its options are looked up too."""
    command = get_command(app).commands[words[0]]
    known = {name for each in command.params for name in each.opts}
    return all(word in known for word in words[1:] if word.startswith("-"))


@pytest.fixture(scope="module")
def containerfile():
    """The instructions of the last stage by name, and all lines."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    last = max(n for n, line in enumerate(lines) if line.startswith("FROM "))
    stage = dict(line.split(" ", 1) for line in lines[last:])
    return lines, stage


class TestContainer:
    def test_runs_serve_as_nobody_special(self, containerfile):
        """A number as the user, so that a cluster can check that it isn't root."""
        _, stage = containerfile

        assert json.loads(stage["ENTRYPOINT"]) == ["textback"]
        assert is_command(json.loads(stage["CMD"]))
        user = stage["USER"].split(":")[0]
        assert int(user) > 999
        assert f"--uid {user} " in stage["RUN"]

    def test_keeps_all_it_writes_in_one_folder(self, containerfile):
        """The volume is where the configuration is looked for."""
        _, stage = containerfile

        config = re.search(r"TEXTBACK_CONFIG=(\S+)", stage["ENV"])[1]
        assert stage["VOLUME"] == stage["WORKDIR"] == str(Path(config).parent)

    def test_is_asked_how_it_is(self, containerfile):
        """The health check is Python that compiles, on the port that CMD listens on."""
        _, stage = containerfile

        program = json.loads(stage["HEALTHCHECK"].split("CMD ", 1)[1])
        compile(program[2], "healthcheck", "exec")
        port = json.loads(stage["CMD"])[-1].rpartition(":")[2]
        assert program[:2] == ["python", "-c"]
        assert f"http://127.0.0.1:{port}/healthz" in program[2]
        assert stage["EXPOSE"] == port

    def test_copies_what_is_there(self, containerfile):
        """And what the build of a wheel needs."""
        lines, _ = containerfile
        copied = [
            word
            for line in lines
            if line.startswith("COPY ") and "--from" not in line
            for word in line.split()[1:-1]
        ]

        assert {"pyproject.toml", "core", "plugins"} <= set(copied)
        assert [word for word in copied if not (ROOT / word).exists()] == []


class TestCompose:
    @pytest.fixture
    def services(self):
        return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]

    def test_builds_what_is_there(self, services):
        """The context is the project, from the file's own place."""
        build = services["textback"]["build"]

        context = (DEPLOY / build["context"]).resolve()
        assert context == ROOT
        assert (context / build["dockerfile"]).is_file()

    def test_gives_no_rights(self, services):
        """Nothing to write but the volume, no capabilities, no port of its own outside."""
        textback = services["textback"]

        assert textback["read_only"] is True
        assert textback["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in textback["security_opt"]
        assert "ports" not in textback
        assert "privileged" not in textback

    def test_web_server_waits_for_it(self, services, containerfile):
        """It passes the webhooks on, to the service's own name and port."""
        caddy = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")

        assert services["web"]["depends_on"] == {"textback": {"condition": "service_healthy"}}
        assert f"textback:{containerfile[1]['EXPOSE']}" in caddy
        assert {"/hooks/*", "/healthz"} <= set(caddy.split())


class TestUnit:
    @pytest.fixture
    def unit(self):
        unit = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=",))
        unit.optionxform = str
        unit.read(DEPLOY / "textback.service", encoding="utf-8")
        return unit

    def test_runs_serve(self, unit):
        """A command that is there, started again whenever it ends."""
        program, *words = shlex.split(unit["Service"]["ExecStart"])

        assert Path(program).name == "textback"
        assert is_command(words)
        assert unit["Service"]["Restart"] == "always"
        assert unit["Install"]["WantedBy"] == "multi-user.target"

    def test_has_no_rights(self, unit):
        """A user of its own, which may write its state and nothing else."""
        service = unit["Service"]

        assert service["User"] not in ("", "root")
        assert service["NoNewPrivileges"] == "yes"
        assert service["CapabilityBoundingSet"] == ""
        assert service["ProtectSystem"] == "strict"
        state = Path("/var/lib") / service["StateDirectory"]
        assert service["Environment"] == f"TEXTBACK_CONFIG={state}/textback.toml"
        assert service["WorkingDirectory"] == str(state)
