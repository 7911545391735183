"""Twilio does what every sender and every source does."""

from urllib.parse import parse_qsl, urlencode

import attrs
import httpx
import pytest
from twilio.request_validator import RequestValidator

from textback.config.secrets import Secret
from textback.events import (
    CallEvent,
    Confidence,
    Happened,
    TextReceived,
    TextStatus,
)
from textback.model import FailureReason, Keyword, Outcome, TextState
from textback.testing.builders import ADDRESS, BODY, CALLER, LINE, NOW, a_request
from textback.testing.contracts import (
    CheckContract,
    Example,
    Listed,
    SenderContract,
    SourceContract,
    Story,
    WebhookContract,
)
from textback.testing.fixtures import provider, services
from textback_twilio import Settings, Twilio

__all__ = ["provider", "services"]

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
TOKEN = "fedcba9876543210fedcba9876543210"
CALL, LEG = "CA00000000000000000000000000000001", "CA00000000000000000000000000000002"


@pytest.fixture
def twilio(services):
    settings = Settings(account_sid=ACCOUNT, auth_token=Secret(TOKEN), ring=("+13035550110",))
    return Twilio(settings, services)


def posted(topic, *, query="", **fields):
    """A webhook with the fields that each one has."""
    form = {"AccountSid": ACCOUNT, **fields}
    request = a_request(
        urlencode(form).encode(),
        topic=topic,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    return attrs.evolve(request, url=request.url + query)


def about_the_call(topic, **fields):
    whole = {"CallSid": CALL, "From": CALLER, "To": LINE, "Direction": "inbound", **fields}
    return posted(topic, **whole)


class SignedByTwilio:
    """The class that Twilio publishes makes the signatures."""

    secret = TOKEN
    other_secret = "0123456789abcdef0123456789abcdef"

    def signed(self, request, secret):
        form = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        signature = RequestValidator(secret).compute_signature(request.url, dict(form))
        return attrs.evolve(request, headers={**request.headers, "x-twilio-signature": signature})


class TestTwilioTexts(SenderContract):
    accepted = httpx.Response(201, json={"sid": "SM1", "status": "queued"})
    secret = TOKEN
    refused = (
        httpx.Response(400, json={"code": 21211, "message": "Invalid 'To' Phone Number"}),
        httpx.Response(401, json={"code": 20003, "message": "Authenticate"}),
    )
    opted_out = httpx.Response(400, json={"code": 21610, "message": "unsubscribed recipient"})
    found = httpx.Response(
        200,
        json={
            "messages": [
                {
                    "sid": "SM1",
                    "direction": "outbound-api",
                    "body": BODY,
                    "status": "sent",
                    "date_created": "Mon, 02 Mar 2026 17:30:01 +0000",
                }
            ]
        },
    )

    @pytest.fixture
    def sender(self, twilio):
        return twilio


class TestTwilioTextWebhooks(SignedByTwilio, WebhookContract):
    examples = (
        Example(
            name="a caller writes",
            request=posted(
                "sms", MessageSid="SM1", From=CALLER, To=LINE, Body="Hi & bye", NumMedia="0"
            ),
            events=(
                TextReceived(
                    key="SM1/received",
                    at=NOW,
                    number=CALLER,
                    line=LINE,
                    body="Hi & bye",
                    provider_id="SM1",
                ),
            ),
        ),
        Example(
            name="a caller opts out",
            request=posted(
                "sms", MessageSid="SM2", From=CALLER, To=LINE, Body="stop it", OptOutType="STOP"
            ),
            events=(
                TextReceived(
                    key="SM2/received",
                    at=NOW,
                    number=CALLER,
                    line=LINE,
                    body="stop it",
                    keyword=Keyword.STOP,
                    provider_id="SM2",
                ),
            ),
        ),
        Example(
            name="a text failed",
            request=posted(
                "sms-status",
                query="?text=case1-text-1-1",
                MessageSid="SM3",
                MessageStatus="undelivered",
                ErrorCode="30006",
            ),
            events=(
                TextStatus(
                    key="SM3/undelivered",
                    at=NOW,
                    state=TextState.FAILED,
                    text="case1-text-1-1",
                    provider_id="SM3",
                    reason=FailureReason.UNREACHABLE,
                    code="30006",
                ),
            ),
        ),
    )

    @pytest.fixture
    def plugin(self, twilio):
        return twilio

    def text_saying(self, body):
        return posted("sms", MessageSid="SM1", From=CALLER, To=LINE, Body=body, NumMedia="0")


VOICE = about_the_call("voice", CallStatus="ringing")
RANG_OUT = about_the_call("dial", DialCallStatus="no-answer", DialCallSid=LEG)
TOOK_IT = about_the_call("dial", DialCallStatus="completed", DialCallSid=LEG, DialCallDuration="9")
PICKED_UP = about_the_call(
    "status", CallSid=LEG, ParentCallSid=CALL, Direction="outbound-dial", CallStatus="in-progress"
)
ENDED = about_the_call("status", CallStatus="completed", CallDuration="20")
BEGAN = CallEvent(
    key=f"{CALL}/started",
    call=CALL,
    happened=Happened.STARTED,
    at=NOW,
    caller=CALLER,
    line=LINE,
    evidence="CallStatus=ringing",
)


class TestTwilioCalls(SignedByTwilio, SourceContract):
    examples = (
        Example(name="a call comes in", request=VOICE, events=(BEGAN,)),
        Example(
            name="nobody picks up",
            request=RANG_OUT,
            events=(
                attrs.evolve(
                    BEGAN,
                    key=f"{CALL}/dial/no-answer/{LEG}",
                    happened=Happened.CONCLUDED,
                    outcome=Outcome.NO_ANSWER,
                    confidence=Confidence.CERTAIN,
                    evidence="DialCallStatus=no-answer",
                ),
            ),
        ),
        Example(
            name="a message is left",
            request=about_the_call(
                "recording", RecordingDuration="7", RecordingUrl="https://api.example/RE1"
            ),
            events=(
                CallEvent(
                    key=f"{CALL}/recording/RE1",
                    call=CALL,
                    happened=Happened.VOICEMAIL,
                    at=NOW,
                    recording_url="https://api.example/RE1",
                    confidence=Confidence.CERTAIN,
                    evidence="a message of 7 s",
                ),
            ),
        ),
    )
    stories = (
        Story(name="rings out", webhooks=(VOICE, RANG_OUT, ENDED), outcome=Outcome.NO_ANSWER),
        Story(name="taken", webhooks=(VOICE, PICKED_UP, TOOK_IT, ENDED), outcome=Outcome.ANSWERED),
        Story(name="still rings", webhooks=(VOICE,), outcome=None),
    )
    listed = Listed(
        response=httpx.Response(200, json={"calls": []}),
        events=(),
    )

    @pytest.fixture
    def source(self, twilio):
        return twilio


class TestTwilioCheck(CheckContract):
    secret = TOKEN

    @pytest.fixture
    def plugin(self, twilio):
        return twilio

    def all_is_well(self, request):
        """An account with one number, which is set up and registered."""
        number = {
            "sid": "PN1",
            "phone_number": LINE,
            "capabilities": {"sms": True, "voice": True},
            "voice_url": f"{ADDRESS}/plugin/voice",
            "voice_method": "POST",
            "voice_fallback_url": "https://handler.twilio.com/twiml/EH1",
            "status_callback": f"{ADDRESS}/plugin/status",
            "status_callback_method": "POST",
            "sms_url": f"{ADDRESS}/plugin/sms",
            "sms_method": "POST",
        }
        lists = {
            "IncomingPhoneNumbers.json": {"incoming_phone_numbers": [number]},
            "Services": {"services": [{"sid": "MG1"}], "meta": {}},
            "PhoneNumbers": {"phone_numbers": [{"phone_number": LINE}], "meta": {}},
            "Usa2p": {"compliance": [{"campaign_status": "VERIFIED"}], "meta": {}},
            "Verifications": {"verifications": [], "meta": {}},
        }
        account = {"status": "active", "type": "Full"}
        return httpx.Response(200, json=lists.get(request.url.path.rpartition("/")[2], account))
