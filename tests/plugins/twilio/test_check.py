"""What is looked at before a client goes live, and what its settings may say."""

import xml.etree.ElementTree as ET
from datetime import timedelta

import httpx
import pytest

from textback.errors import ConfigError
from textback.model import PhoneNumber, Severity
from textback_twilio import fallback_twiml

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/twilio"
LINE = "+13035550100"
NUMBER = {
    "voice_url": f"{ADDRESS}/voice#rc=2&rp=5xx,ct,rt",
    "voice_fallback_url": "https://handler.twilio.com/twiml/EH1",
    "status_callback": f"{ADDRESS}/status",
    "sms_url": f"{ADDRESS}/sms",
}


@pytest.fixture
def look(make, console):
    """Check an account with one number, which differs from a good one as given."""

    async def check(settings=(), *, roles=None, number=LINE, **more):
        console.add(number, **{**NUMBER, **more})
        return await make(roles=roles, **dict(settings)).check()

    return check


def errors(findings):
    return [found.message for found in findings if found.severity is Severity.ERROR]


def warnings(findings):
    return [found.message for found in findings if found.severity is Severity.WARNING]


async def test_all_is_well(look, provider):
    """One line says so, and nothing was changed or sent."""
    (finding,) = await look()

    assert finding.severity is Severity.OK
    assert LINE in finding.message
    assert {request.method for request in provider.requests} == {"GET"}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ({"voice_fallback_url": ""}, "with textback down"),
        ({"voice_fallback_url": f"{ADDRESS}/voice"}, "with textback down"),
        ({"status_callback": None}, "gives up; run: textback connect bright-smile"),
        ({"sms_url": "https://demo.twilio.com/sms"}, "replies on; run: textback connect"),
        ({"sms_application_sid": "AP1"}, "go to a TwiML app"),
        ({"voice_application_sid": "AP1"}, "TwiML app"),
        ({"capabilities": {"sms": False}}, "can't send texts"),
    ],
)
async def test_number(look, number, words):
    """Each thing that is set wrongly is said, with what to do."""
    (message,) = errors(await look(**number))

    assert words in message


async def test_the_fallback_to_paste(look, make):
    """The whole TwiML Bin stands in the message."""
    (message,) = errors(await look(voice_fallback_url=None))

    assert message.endswith(fallback_twiml(make().settings, ADDRESS))


async def test_the_fallback_is_made_before_calls_come_here(look):
    """It is printed while they go elsewhere, so that connecting leaves no gap."""
    elsewhere, fallback = errors(
        await look(
            voice_url="https://x.example/v", status_callback="", sms_url="", voice_fallback_url=None
        )
    )

    assert "go to x.example, not here" in elsewhere
    assert "with textback down" in fallback


async def test_addresses_elsewhere(look):
    """A number whose calls go to another place tells which, and what sets it right."""
    (message,) = errors(
        await look(voice_url="https://x.example/v", status_callback="", sms_url=f"{ADDRESS}-2/sms")
    )

    assert "go to x.example, not here; run: textback connect bright-smile" in message


async def test_line_of_another_account(look):
    """A line that isn't there is named; other numbers of the account don't matter."""
    (message,) = errors(await look(number="+13035550101", voice_url="https://x.example"))

    assert message.startswith("+13035550100 is no number of this account")


async def test_line_of_another_account_as_sender_only(look):
    """Calls of which another plugin tells needn't come here; texts need a number to leave from."""
    settings = {"from_number": PhoneNumber("+13035550101")}

    findings = await look(settings, roles=("sender",), number="+13035550101")

    assert [f.severity for f in findings] == [Severity.OK]


async def test_source_only(look, console):
    """What only tells of calls needs no way for texts."""
    console.campaigns["MG1"] = []

    findings = await look(roles=("source",), sms_url="", capabilities={"sms": False})

    assert [f.severity for f in findings] == [Severity.OK]


async def test_rings_itself(look):
    """A line among the phones to ring would go round in circles."""
    (message,) = errors(await look(settings={"ring": (PhoneNumber(LINE),)}))

    assert "would ring itself" in message


async def test_nobody_to_ring(look):
    """Without phones to ring, every call would be missed."""
    (message,) = errors(await look(settings={"ring": ()}))

    assert message.startswith("ring is empty")


@pytest.mark.parametrize(
    ("settings", "count"),
    [({"ring_s": 24}, 0), ({"ring_s": 25}, 1), ({"ring_s": 25, "whisper": True}, 0)],
)
async def test_rings_too_long(look, settings, count):
    """A mailbox that comes first would count as an answer, unless a key must be pressed."""
    told = warnings(await look(settings=settings))

    assert len(told) == count
    assert all("mailbox" in words for words in told)


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


async def test_account(look, console):
    """A suspended or trial account is said to be one."""
    console.account = {"status": "suspended", "type": "Trial"}

    findings = await look()

    assert [f.severity for f in findings] == [Severity.ERROR, Severity.WARNING]


async def test_wrong_token(make, provider):
    """An account that can't be read is one finding, not a crash."""
    provider.answers = [httpx.Response(401, json={"code": 20003})]

    (finding,) = await make().check()

    assert finding.severity is Severity.ERROR
    assert "account_sid and auth_token" in finding.message


@pytest.mark.parametrize(
    ("off_s", "words"),
    [(61, "61 s behind Twilio's"), (-61, "61 s ahead of Twilio's"), (60, None), (-60, None)],
)
async def test_clock(look, console, off_s, words):
    """A clock that is off by more than a minute is an error: texts have times and ages."""
    console.date += timedelta(seconds=off_s)

    told = errors(await look())

    assert [words in message for message in told] == ([True] if words else [])


class TestRegistration:
    @pytest.mark.parametrize(
        ("states", "words"),
        [
            (["VERIFIED"], None),
            (["FAILED", "VERIFIED"], None),
            (["IN_PROGRESS"], "it is under way"),
            (["FAILED"], "(campaign: FAILED)"),
            ([], "carriers block them; register it"),
        ],
    )
    @pytest.mark.parametrize("settings", [{}, {"messaging_service_sid": "MG1"}])
    async def test_campaign(self, look, console, settings, states, words):
        """The campaign of the service that is used, or of the one that the number is in."""
        console.campaigns["MG1"] = states

        told = errors(await look(settings=settings))

        assert [words in message for message in told] == ([True] if words else [])

    async def test_in_no_service(self, make, console):
        """A local number outside of all messaging services can't be in a campaign."""
        console.services, console.service_numbers = {"MG2": {"sid": "MG2"}}, {"MG2": []}

        console.numbers.append(
            {"sid": "PN1", "phone_number": LINE, "capabilities": {"sms": True}, **NUMBER}
        )

        (message,) = errors(await make().check())

        assert message.startswith(f"{LINE} is in no messaging service")

    @pytest.mark.parametrize(
        ("states", "words"),
        [(["TWILIO_APPROVED"], None), (["IN_REVIEW"], "under review"), ([], "isn't verified")],
    )
    async def test_toll_free(self, look, console, states, words):
        """A toll-free number is verified by itself, in no campaign."""
        console.toll_free = states
        console.add(LINE, **NUMBER)
        settings = {"from_number": PhoneNumber("+18885550100")}

        told = errors(await look(settings=settings, number="+18885550100"))

        assert [words in message for message in told] == ([True] if words else [])

    async def test_cannot_be_known(self, look, console):
        """An account that may not ask says so; that alone fails nothing."""
        console.broken = ("Services",)

        (warning, well) = await look()

        assert "can't be known" in warning.message
        assert well.severity is Severity.OK

    async def test_too_many_services(self, look, console):
        """Nobody is asked without end; what wasn't found is not said to be missing."""
        console.services = {f"MG{n}": {"sid": f"MG{n}"} for n in range(100, 121)}
        console.service_numbers = {sid: [] for sid in console.services}
        console.services["MG1"] = {"sid": "MG1"}

        (warning, _) = await look()

        assert "22 messaging services" in warning.message

    async def test_next_page_stays_on_our_host(self, make, console, provider):
        """The token isn't sent to a host that an answer names."""
        console.add(LINE, **NUMBER)
        pages = []

        def two_pages(request):
            if request.url.path == "/v1/Services":
                pages.append(request.url)
                following = "https://elsewhere.example/v1/Services?Page=1"
                meta = {"next_page_url": following if len(pages) == 1 else None}
                return httpx.Response(200, json={"services": [], "meta": meta})
            return console(request)

        provider.answers = [two_pages]
        await make(messaging_base_url="https://messaging.example").check()

        assert [url.host for url in pages] == ["messaging.example"] * 2
        assert pages[1].params["Page"] == "1"

    async def test_elsewhere_than_in_the_us(self, make, console):
        """Only US carriers ask for it."""
        console.add("+442079460100", sms_url=f"{ADDRESS}/sms")
        console.service_numbers["MG1"] = []
        plugin = make(roles=("sender",), from_number=PhoneNumber("+442079460100"))

        assert [f.severity for f in await plugin.check()] == [Severity.OK]


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
