"""``connect`` and the forwarding codes, as they are typed."""

import json
import sys

import pytest

from textback.cli import main
from textback.forwarding import codes

PLUGIN = '''
import attrs
from textback.errors import Refused
from textback.hookspecs import hookimpl
from textback.model import Change
from textback.services import Services


@attrs.frozen
class Settings:
    refuses: bool = False


@attrs.frozen(eq=False)
class Exchange:
    """Remembers where its calls go."""

    settings: Settings
    services: Services

    @hookimpl
    async def connect(self, addresses, dry_run):
        if self.settings.refuses:
            raise Refused("the exchange says no", permanent=True)
        before, after = await self.services.state.get("url"), addresses.topic("calls")
        if before == after:
            return []
        if not dry_run:
            await self.services.state.set("url", after)
        return [Change(f"{line} goes to", before, after) for line in addresses.lines]
'''

CLIENT = """
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["+13035550100", "+13035550101"]

[plugins.exchange]
[plugins.contacts]
"""

AFTER = "https://hooks.agency.example/hooks/bright/exchange/calls"


@pytest.fixture
def deployment(tmp_path):
    """A client with a plugin of its own file; the path of textback.toml."""
    config = tmp_path / "textback.toml"
    config.write_text('[server]\npublic_url = "https://hooks.agency.example"\n')
    for folder in ("clients", "plugins"):
        (tmp_path / folder).mkdir()
    (tmp_path / "plugins" / "exchange.py").write_text(PLUGIN)
    (tmp_path / "clients" / "bright.toml").write_text(CLIENT)
    return config


@pytest.fixture
def connect(deployment, monkeypatch, capsys):
    """Run the command: exit code, data, words."""

    def run(*words):
        line = ["textback", "connect", *words, "--config", str(deployment)]
        monkeypatch.setattr(sys, "argv", line)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code, told.out, told.err

    return run


def test_shows_sets_and_is_done(connect):
    """A dry run changes nothing; the second time all is as it should be."""
    shown = connect("bright", "--dry-run")
    changed = connect("bright")
    again = connect("bright")

    line = f"exchange: +13035550100 goes to: (nothing) -> {AFTER}"
    assert shown[0] == changed[0] == again[0] == 0
    assert shown[1].splitlines() == changed[1].splitlines()
    assert changed[1].splitlines()[0] == line
    assert "2 would change" in shown[2]
    assert "2 changed" in changed[2]
    assert again[1] == ""
    assert "exchange: all is as it should be" in again[2]


def test_for_programs(connect):
    """A line of JSON for each change."""
    _, out, _ = connect("bright", "--dry-run", "--json")

    first, second = (json.loads(line) for line in out.splitlines())
    assert first == {
        "plugin": "exchange",
        "what": "+13035550100 goes to",
        "before": None,
        "after": AFTER,
        "done": False,
    }
    assert second["what"] == "+13035550101 goes to"


def test_a_no_is_told(connect, deployment):
    """The provider's words, and exit code 1."""
    client = deployment.parent / "clients" / "bright.toml"
    client.write_text(CLIENT.replace("[plugins.exchange]", "[plugins.exchange]\nrefuses = true"))

    code, out, err = connect("bright")

    assert (code, out) == (1, "")
    assert "the exchange says no" in err


def test_needs_an_address_that_can_be_reached(connect, deployment):
    """The address that `init` writes would make every call fail: refused before any change."""
    deployment.write_text('[server]\npublic_url = "http://127.0.0.1:8000"\n')

    code, _, err = connect("bright")
    shown, _, warned = connect("bright", "--dry-run")

    assert (code, shown) == (1, 0)
    assert "set server.public_url" in err
    assert "without --dry-run this is refused: providers can't reach http://127" in warned


def test_nobody_to_connect(connect, deployment):
    """A client whose plugins set nothing by themselves is told so."""
    client = deployment.parent / "clients" / "bright.toml"
    client.write_text(CLIENT.replace("[plugins.exchange]\n", ""))

    code, out, err = connect("bright")

    assert (code, out) == (0, "")
    assert "no plugin of bright can set its own addresses" in err


def test_unknown_client(connect):
    """Named with those that there are."""
    code, _, err = connect("brigth")

    assert code == 1
    assert "there are: bright" in err


def test_codes_for_the_line(connect):
    """What to dial has the client's own number in it, ready to copy."""
    code, out, err = connect("bright", "--codes", "--json")

    entries = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert "**61*+13035550100**20#" in [entry["on"] for entry in entries]
    assert "*713035550100" in [entry["on"] for entry in entries]


def test_each_code_says_where_it_is_from():
    """A code without a source is a rumour; one that isn't the company's own word is marked."""
    assert len(codes()) > 10
    for code in codes():
        assert code.source.startswith(("https://", "http://", "3GPP TS"))
        assert ("{e164}" in code.on) != ("{national}" in code.on)
        assert code.off
    assert {code.verified for code in codes()} == {True, False}
