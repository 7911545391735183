"""Addresses set through Twilio's API: what changes, what stays, and what is never touched."""

import httpx
import pytest

from textback.errors import Refused
from textback.model import Addresses, PhoneNumber, Severity

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/twilio"
LINE = PhoneNumber("+13035550100")
OTHER = PhoneNumber("+13035550101")
ADDRESSES = Addresses(base=ADDRESS, lines=(LINE,))
DEMO = {
    "voice_url": "https://demo.twilio.com/welcome/voice/",
    "voice_method": "POST",
    "sms_url": "https://demo.twilio.com/welcome/sms/reply/",
    "sms_method": "GET",
    "status_callback": "",
    "status_callback_method": "POST",
}
VOICE = f"{ADDRESS}/voice#rc=1&rp=5xx,ct,rt"
STATUS = f"{ADDRESS}/status#rc=2&rp=5xx,ct,rt"
TEXT = f"{ADDRESS}/sms#rc=2&rp=5xx,ct,rt"


@pytest.fixture
def line(console):
    """A number as it is bought, beside one of somebody else."""
    console.add(OTHER, **DEMO)
    return console.add(LINE, **DEMO)


async def test_sets_all_that_differs(make, console, line):
    """One request for the line, with what was there before in the changes."""
    changes = await make().connect(ADDRESSES, dry_run=False)

    assert [(change.what, change.before, change.after) for change in changes] == [
        (f"{LINE}: A call comes in", DEMO["voice_url"], VOICE),
        (f"{LINE}: Call status changes", None, STATUS),
        (f"{LINE}: A message comes in", DEMO["sms_url"], TEXT),
        (f"{LINE}: A message comes in, method", "GET", "POST"),
    ]
    ((path, form),) = console.posted
    assert path == f"/IncomingPhoneNumbers/{line['sid']}"
    assert form == {
        "VoiceUrl": VOICE,
        "VoiceMethod": "POST",
        "StatusCallback": STATUS,
        "StatusCallbackMethod": "POST",
        "SmsUrl": TEXT,
        "SmsMethod": "POST",
    }


async def test_once_is_enough(make, console, line):
    """The second time there is nothing to change, and nothing is posted."""
    await make().connect(ADDRESSES, dry_run=False)
    console.posted.clear()

    assert await make().connect(ADDRESSES, dry_run=False) == []
    assert console.posted == []


async def test_what_it_sets_passes_the_check(make, console, line):
    """Set up with a fallback, the account has nothing left to say."""
    plugin = make(fallback_url="https://handler.twilio.com/twiml/EH1")

    await plugin.connect(ADDRESSES, dry_run=False)

    assert [found.severity for found in await plugin.check()] == [Severity.OK]


async def test_dry_run(make, provider, console, line):
    """The same changes, and only GETs."""
    told = await make().connect(ADDRESSES, dry_run=True)

    assert {request.method for request in provider.requests} == {"GET"}
    assert told == await make().connect(ADDRESSES, dry_run=False)


async def test_line_of_another_account(make, console):
    """Nothing to connect is said to be so; what is another's stays as it is."""
    console.add(OTHER, **DEMO)

    with pytest.raises(Refused, match="is no number of this account"):
        await make().connect(ADDRESSES, dry_run=False)
    assert console.posted == []


@pytest.mark.parametrize(
    ("settings", "roles", "sets"),
    [
        ({}, ("source",), {"VoiceUrl": VOICE, "StatusCallback": STATUS}),
        ({}, ("sender",), {"SmsUrl": TEXT}),
        (
            {"detect": "forwarded", "ring": ()},
            ("source",),
            {"VoiceUrl": f"{ADDRESS}/forwarded#rc=1&rp=5xx,ct,rt"},
        ),
        ({"detect": "status", "ring": ()}, ("source",), {"StatusCallback": STATUS}),
        ({"detect": "dial", "ring": ()}, ("source",), {"StatusCallback": STATUS}),
        (
            {"fallback_url": "https://handler.twilio.com/twiml/EH1"},
            ("source",),
            {
                "VoiceUrl": VOICE,
                "VoiceFallbackUrl": "https://handler.twilio.com/twiml/EH1",
                "StatusCallback": STATUS,
            },
        ),
    ],
)
async def test_sets_what_the_settings_need(make, console, line, settings, roles, sets):
    """By the way of detecting and by role; TwiML of their own stays where it is."""
    await make(roles=roles, **settings).connect(ADDRESSES, dry_run=False)

    ((_, form),) = console.posted
    assert {name: value for name, value in form.items() if not name.endswith("Method")} == sets


async def test_number_to_text_from(make, console, line):
    """A number that the settings name gets replies here; its calls are not touched."""
    plugin = make(from_number=OTHER)

    await plugin.connect(ADDRESSES, dry_run=False)

    forms = dict(console.posted)
    other = forms[f"/IncomingPhoneNumbers/{console.numbers[0]['sid']}"]
    assert other == {"SmsUrl": TEXT, "SmsMethod": "POST"}


class TestMessagingService:
    @pytest.fixture
    def service(self, console, line):
        console.services["MG1"] = {"sid": "MG1", "inbound_request_url": None}
        return console.services["MG1"]

    async def test_its_address(self, make, console, service):
        """Replies come by the service, so the number's own address for texts stays."""
        changes = await make(messaging_service_sid="MG1").connect(ADDRESSES, dry_run=False)

        assert service["inbound_request_url"] == TEXT
        assert console.numbers[1]["sms_url"] == DEMO["sms_url"]
        assert changes[0].what == "messaging service MG1: Incoming messages, request URL"

    async def test_defers_to_the_number(self, make, console, service):
        """A service that several clients share leaves replies to each number's own address."""
        service["use_inbound_webhook_on_number"] = True

        await make(messaging_service_sid="MG1").connect(ADDRESSES, dry_run=False)

        assert service["inbound_request_url"] is None
        assert console.numbers[1]["sms_url"] == TEXT

    async def test_takes_no_replies_away(self, make, console, service):
        """Replies that come to another client of this installation stay there."""
        elsewhere = "https://hooks.agency.example/hooks/other-client/twilio/sms"
        service["inbound_request_url"] = elsewhere

        with pytest.raises(Refused, match="/hooks/other-client/twilio/sms"):
            await make(messaging_service_sid="MG1").connect(ADDRESSES, dry_run=False)

        assert service["inbound_request_url"] == elsewhere
        assert console.posted == []


async def test_refused(make, provider, console, line):
    """A no of Twilio's is told, with its code in words."""

    def no(request):
        if request.method == "POST":
            return httpx.Response(401, json={"code": 20003})
        return console(request)

    provider.answers = [no]
    with pytest.raises(Refused, match="account_sid and auth_token"):
        await make().connect(ADDRESSES, dry_run=False)
