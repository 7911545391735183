"""What is looked at before a client goes live, and what its settings may say."""

from datetime import timedelta

import pytest

from support.pbx import LINE
from textback.config.secrets import Secret
from textback.errors import ConfigError
from textback.model import PhoneNumber, Severity
from textback.testing.builders import NOW
from textback_asterisk import Settings


async def messages(plugin, severity=Severity.ERROR):
    return [each.message for each in await plugin.check() if each.severity is severity]


@pytest.fixture(autouse=True)
def stays(pbx):
    """It doesn't hang up on us."""
    pbx.stays = True


async def test_all_is_well(pbx, make):
    """One line says so; nothing is changed, and no events are asked for."""
    (finding,) = await make().check()
    assert finding.severity is Severity.OK
    assert LINE in finding.message
    asked = {each["Action"] for each in pbx.actions}
    assert asked == {"Challenge", "Login", "Ping", "CoreShowChannels", "ShowDialPlan"}
    assert pbx.actions[1]["Events"] == "off"


async def test_wrong_secret(make):
    """It says where to look."""
    (message,) = await messages(make(secret=Secret("another")))
    assert "Authentication failed" in message
    assert "manager.conf" in message


async def test_not_reached(pbx, make):
    """One finding, not a crash."""
    plugin = make()
    await pbx.stop()
    (message,) = await messages(plugin)
    assert "refused the connection" in message


async def test_may_not_list_channels(pbx, make):
    """It says what the user needs."""
    pbx.refuses = ("CoreShowChannels",)
    (message,) = await messages(make())
    assert "write = reporting" in message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"contexts": ("incoming", "outside")}, "no context incoming or outside"),
        ({"contexts": ("incoming", "from-pstn")}, None),
        ({"contexts": ("incoming",), "trunks": ("PJSIP/carrier-",)}, None),
    ],
)
async def test_contexts(make, settings, words):
    """Without any that exists, no call would be one from outside."""
    found = await messages(make(**settings))
    assert [words in message for message in found] == ([True] if words else [])


async def test_dids_of_another(make):
    """A DID that leads to no line of the client."""
    (message,) = await messages(make(dids={"s": PhoneNumber("+13035550188")}))
    assert '"s" leads to +13035550188' in message


@pytest.mark.parametrize(("off_s", "count"), [(61, 1), (-61, 1), (60, 0)])
async def test_clock(pbx, make, off_s, count):
    """Calls have times, and texts an age."""
    pbx.clock = str((NOW + timedelta(seconds=off_s)).timestamp())
    assert len(await messages(make())) == count


async def test_readable_over_the_network(pbx, make):
    """Numbers of callers would go over the network as they are."""
    plugin = make(host="0.0.0.0")
    (message,) = await messages(plugin, Severity.WARNING)
    assert "tls = true" in message


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"contexts": ()}, "contexts or trunks"),
        ({"ca_file": "ca.pem"}, "no tls"),
        ({"username": "a\r\nAction: Logoff"}, "one line"),
        ({"username": ""}, "one line"),
    ],
)
def test_settings(settings, words):
    """What can't be meant is refused, with the reason."""
    with pytest.raises(ConfigError, match=words):
        Settings(**{"username": "textback", "secret": Secret("x"), **settings})
