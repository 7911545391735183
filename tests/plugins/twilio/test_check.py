"""What is looked at before a client goes live, and what its settings may say."""

import xml.etree.ElementTree as ET

import httpx
import pytest

from textback.errors import ConfigError
from textback.model import PhoneNumber, Severity
from textback_twilio import fallback_twiml

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/twilio"
NUMBER = {
    "phone_number": "+13035550100",
    "voice_url": f"{ADDRESS}/voice#rc=2&rp=5xx,ct,rt",
    "voice_fallback_url": "https://handler.twilio.com/twiml/EH1",
    "status_callback": f"{ADDRESS}/status",
    "sms_url": f"{ADDRESS}/sms",
    "capabilities": {"sms": True, "voice": True},
}


@pytest.fixture
def look(make, provider):
    """Check an account with one number, which differs from a good one as given."""

    async def check(settings=(), account=(), **number):
        provider.answers = [
            httpx.Response(200, json={"status": "active", "type": "Full", **dict(account)}),
            httpx.Response(200, json={"incoming_phone_numbers": [{**NUMBER, **number}]}),
        ]
        return await make(**dict(settings)).check()

    return check


def errors(findings):
    return [found.message for found in findings if found.severity is Severity.ERROR]


async def test_all_is_well(look, provider):
    """One line says so, and nothing was changed or sent."""
    (finding,) = await look()

    assert finding.severity is Severity.OK
    assert "+13035550100" in finding.message
    assert {request.method for request in provider.requests} == {"GET"}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ({"voice_fallback_url": ""}, "with textback down"),
        ({"voice_fallback_url": f"{ADDRESS}/voice"}, "with textback down"),
        ({"status_callback": None}, f'set "Call status changes" to {ADDRESS}/status'),
        ({"sms_url": "https://demo.twilio.com/sms"}, f"{ADDRESS}/sms"),
        ({"voice_application_sid": "AP1"}, "TwiML app"),
        ({"capabilities": {"sms": False}}, "can't send texts"),
        ({"phone_number": "+13035550110"}, "would ring itself"),
    ],
)
async def test_number(look, number, words):
    """Each thing that is set wrongly is said, with what to do."""
    (message,) = errors(await look(**number))

    assert words in message


async def test_no_number(look):
    """An account whose numbers go elsewhere tells where to send them."""
    messages = errors(
        await look(voice_url="https://x.example", status_callback="", sms_url=f"{ADDRESS}-2/sms")
    )

    assert any(f"{ADDRESS}/voice" in message for message in messages)


async def test_nobody_to_ring(look):
    """Without phones to ring, every call would be missed."""
    (message,) = errors(await look(settings={"ring": ()}))

    assert message.startswith("ring is empty")


async def test_own_twiml(look):
    """Whoever has TwiML of their own is told what it needs."""
    findings = await look(voice_url="https://studio.example")

    assert [f.severity for f in findings] == [Severity.WARNING, Severity.OK]
    assert f"action={ADDRESS}/dial" in findings[0].message


async def test_forwarded_needs_no_status(look):
    """Calls that were forwarded here end when the greeting does."""
    settings = {"detect": "forwarded", "ring": ()}

    findings = await look(settings, voice_url=f"{ADDRESS}/forwarded", status_callback="")

    assert [f.severity for f in findings] == [Severity.OK]


async def test_foreign_from_number(look):
    """A number to text from must be the account's."""
    (message,) = errors(await look(settings={"from_number": PhoneNumber("+13035550199")}))

    assert "+13035550199" in message


async def test_account(look):
    """A suspended or trial account is said to be one."""
    findings = await look(account={"status": "suspended", "type": "Trial"})

    assert [f.severity for f in findings] == [Severity.ERROR, Severity.WARNING]


async def test_wrong_token(make, provider):
    """An account that can't be read is one finding, not a crash."""
    provider.answers = [httpx.Response(401, json={"code": 20003})]

    (finding,) = await make().check()

    assert finding.severity is Severity.ERROR
    assert "account_sid and auth_token" in finding.message


class TestFallback:
    def test_rings_the_business(self, make):
        """It stands alone: it rings, then says sorry, and asks nothing of us."""
        document = ET.fromstring(fallback_twiml(make().settings))

        dial, say = document
        assert [number.text for number in dial] == ["+13035550110", "+13035550111"]
        assert dial.get("action") is None
        assert "statusCallback" not in dial[0].attrib
        assert say.tag == "Say"

    def test_tells_of_an_answer(self, make):
        """With our address, a call that was answered meanwhile is not taken for missed."""
        dial, _ = ET.fromstring(fallback_twiml(make().settings, ADDRESS))

        assert {number.get("statusCallback") for number in dial} == {f"{ADDRESS}/status"}

    def test_forwarded(self, make):
        """A call that the business forwarded must not be sent back to it."""
        document = ET.fromstring(fallback_twiml(make(detect="forwarded").settings))

        assert [verb.tag for verb in document] == ["Say"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"account_sid": "SK1"}, "account SID"),
        ({"account_sid": "AC1/../AC2"}, "account SID"),
        ({"messaging_service_sid": "AC1"}, "messaging service"),
        ({"messaging_service_sid": "MG1", "from_number": "+13035550100"}, "from_number"),
    ],
)
def test_settings(make, given, words):
    """What can't be right is said in words."""
    with pytest.raises(ConfigError, match=words):
        make(**given)


@pytest.mark.parametrize(
    "given", [{"ring": ("+13035550100",) * 11}, {"ring_s": 601}, {"timeout_s": 0.0}]
)
def test_bounds(make, given):
    """What Twilio wouldn't take is refused before a call needs it."""
    with pytest.raises(ValueError, match="must be"):
        make(**given)
