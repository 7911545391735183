"""Vonage does what every sender and every source does."""

import attrs
import httpx
import pytest

from support.vonage_dashboard import Dashboard
from support.vonage_side import (
    API_SECRET,
    CALL,
    OTHER_SECRET,
    OWN_LEG,
    PHONE_LEG,
    SIGNATURE_SECRET,
    answer,
    completed,
    event,
    posted,
    rung,
    settings,
    sms_parameters,
    with_token,
)
from textback.events import (
    AnsweredBy,
    CallEvent,
    Confidence,
    Happened,
    OptOut,
    TextReceived,
    TextStatus,
)
from textback.model import Addresses, FailureReason, Outcome, TextState
from textback.testing.builders import CALLER, LINE, NOW
from textback.testing.contracts import (
    CheckContract,
    Example,
    Listed,
    SenderContract,
    SourceContract,
    Story,
    WebhookContract,
)
from textback_vonage import Vonage, fallback_ncco

UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
STAMP = "2026-03-02T17:30:00.000Z"
RECORD = {"message_id": "M1", "client_ref": "case1-text-1-1", "status": "delivered"}


class TestTextsByMessages(SenderContract):
    accepted = httpx.Response(202, json={"message_uuid": UUID})
    secret = API_SECRET
    refused = (
        httpx.Response(401, json={"title": "Unauthorized", "detail": "wrong token"}),
        httpx.Response(402, json={"type": "https://developer.nexmo.com/api-errors/#low-balance"}),
        httpx.Response(422, json={"type": "https://developer.vonage.com/api-errors/messages#1150"}),
    )
    opted_out = httpx.Response(422, json={"title": "1240"})
    found = httpx.Response(200, json={"records": [{"client_ref": "another"}, RECORD]})

    @pytest.fixture
    def sender(self, services):
        return Vonage(settings(), services)


class TestTextsBySms(SenderContract):
    accepted = httpx.Response(
        200, json={"message-count": "1", "messages": [{"status": "0", "message-id": "0A1"}]}
    )
    secret = API_SECRET
    refused = tuple(
        httpx.Response(200, json={"messages": [{"status": str(status), "error-text": "no"}]})
        for status in (2, 3, 4, 6, 7, 8, 9, 11, 12, 14, 15, 22, 23, 29, 32, 33)
    )
    found = httpx.Response(200, json={"records": [RECORD]})

    @pytest.fixture
    def sender(self, services):
        alone = settings(api="sms", application_id=None, private_key=None)
        return Vonage(alone, services)


def message(body="Hi & bye", **more):
    """A caller's text, by the Messages API."""
    return {
        "message_uuid": UUID,
        "from": CALLER[1:],
        "to": LINE[1:],
        "timestamp": STAMP,
        "text": body,
        "channel": "sms",
        "message_type": "text",
        **more,
    }


class SignedByToken:
    """PyJWT makes the tokens, from the claims that Vonage describes."""

    secret = SIGNATURE_SECRET
    other_secret = OTHER_SECRET
    window_s = 300

    def signed(self, request, secret):
        return with_token(request, secret)


WRITTEN = TextReceived(
    key=f"{UUID}/received",
    at=NOW,
    number=CALLER,
    line=LINE,
    body="Hi & bye",
    provider_id=UUID,
)


class TestMessageWebhooks(SignedByToken, WebhookContract):
    examples = (
        Example(name="a caller writes", request=posted("sms", message()), events=(WRITTEN,)),
        Example(
            name="a text failed",
            request=posted(
                "sms-status",
                {
                    "message_uuid": UUID,
                    "to": CALLER[1:],
                    "from": LINE[1:],
                    "timestamp": STAMP,
                    "status": "rejected",
                    "error": {
                        "type": "https://developer.vonage.com/api-errors/messages#1240",
                        "title": 1240,
                        "detail": "Illegal Number",
                        "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf",
                    },
                    "client_ref": "case1-text-1-1",
                    "channel": "sms",
                },
            ),
            events=(
                TextStatus(
                    key=f"{UUID}/rejected",
                    at=NOW,
                    state=TextState.FAILED,
                    text="case1-text-1-1",
                    provider_id=UUID,
                    number=CALLER,
                    reason=FailureReason.OPTED_OUT,
                    code="1240",
                ),
                OptOut(
                    key=f"{UUID}/opt-out",
                    at=NOW,
                    number=CALLER,
                    evidence="Vonage did not deliver a text: the recipient opted out (1240)",
                ),
            ),
        ),
    )

    @pytest.fixture
    def plugin(self, services):
        return Vonage(settings(), services)

    def text_saying(self, body):
        return posted("sms", message(body))


INBOUND_SMS = {
    "msisdn": CALLER[1:],
    "to": LINE[1:],
    "messageId": "0A1",
    "text": "Hi & bye",
    "type": "text",
    "keyword": "HI",
    "api-key": "abcd1234",
    "message-timestamp": "2026-03-02 17:30:00",
}
RECEIPT = {
    "msisdn": CALLER[1:],
    "to": LINE[1:],
    "messageId": "0A2",
    "status": "delivered",
    "err-code": "0",
    "client-ref": "case1-text-1-1",
    "api-key": "abcd1234",
    "message-timestamp": "2026-03-02 17:30:00",
}


class TestSmsWebhooks(WebhookContract):
    """The signature is a parameter of its own; `Auth` of Vonage's SDK makes it."""

    secret = SIGNATURE_SECRET
    other_secret = OTHER_SECRET
    window_s = 25 * 3600
    examples = (
        Example(
            name="a caller writes",
            request=posted("sms", INBOUND_SMS),
            events=(attrs.evolve(WRITTEN, key="0A1/received", provider_id="0A1"),),
        ),
        Example(
            name="a text was delivered",
            request=posted("sms-status", RECEIPT),
            events=(
                TextStatus(
                    key="0A2/delivered",
                    at=NOW,
                    state=TextState.DELIVERED,
                    text="case1-text-1-1",
                    provider_id="0A2",
                    number=CALLER,
                ),
            ),
        ),
    )

    @pytest.fixture
    def plugin(self, services):
        return Vonage(settings(api="sms", sms_signature="sha512"), services)

    def signed(self, request, secret):
        try:
            fields = request.json
        except Exception:  # noqa: BLE001 (any body must be taken)
            return request
        if not isinstance(fields, dict):
            return request
        parameters = sms_parameters(fields, method="sha512", secret=secret, at=request.received_at)
        return attrs.evolve(request, body=posted("sms", parameters).body)

    def unsigned(self, request):
        fields = {name: value for name, value in request.json.items() if name != "sig"}
        return attrs.evolve(request, body=posted("sms", fields).body)

    def text_saying(self, body):
        return posted("sms", {**INBOUND_SMS, "text": body})

    def changed(self, request):
        fields = request.json
        name = next(iter(fields))
        return attrs.evolve(request, body=posted("sms", {**fields, name: fields[name] + "0"}).body)

    async def test_each_parameter_is_signed(self, plugin, example):
        """White space in the JSON is nothing that Vonage signs; each parameter is."""
        for name in example.request.json:
            signed = self.signed(example.request, self.secret)
            fields = {**signed.json, name: signed.json[name] + "0"}
            with pytest.raises(Exception, match=r"sig is wrong|not that"):
                await plugin.read_webhook(attrs.evolve(signed, body=posted("sms", fields).body))


VOICE = posted("answer", answer())
BEGAN = CallEvent(
    key=f"{CALL}/started",
    call=CALL,
    leg=OWN_LEG,
    happened=Happened.STARTED,
    at=NOW,
    caller=CALLER,
    line=LINE,
    evidence="the call reached Vonage",
)
OWN_ANSWERED = posted("event", event("answered", start_time=None, rate=None, network=None))
RINGING = posted("event", event("ringing", direction="outbound", seconds=2), query=rung(0))
RANG_OUT = posted(
    "event",
    event("unanswered", direction="outbound", seconds=20, detail="timeout"),
    query=rung(0),
)
TOOK_IT = posted("event", event("answered", direction="outbound", seconds=9), query=rung(0))
TALKED = posted("event", completed(25, direction="outbound"), query=rung(0))
CANCELLED = posted("event", event("cancelled", direction="outbound", seconds=9), query=rung(0))
ENDED = posted("event", completed(30))
PHONE = CallEvent(
    key=f"{CALL}/{PHONE_LEG}/unanswered",
    call=CALL,
    leg=PHONE_LEG,
    happened=Happened.LEG_ENDED,
    at=NOW.replace(second=20),
    outcome=Outcome.NO_ANSWER,
    evidence="a phone was unanswered (timeout)",
)


class TestCalls(SignedByToken, SourceContract):
    examples = (
        Example(name="a call comes in", request=VOICE, events=(BEGAN,)),
        Example(
            name="nobody picks up",
            request=RANG_OUT,
            events=(
                PHONE,
                attrs.evolve(
                    PHONE,
                    key=f"{CALL}/concluded/{PHONE_LEG}/unanswered",
                    leg=None,
                    happened=Happened.CONCLUDED,
                    confidence=Confidence.CERTAIN,
                ),
            ),
        ),
        Example(
            name="someone picks up",
            request=TOOK_IT,
            events=(
                attrs.evolve(
                    PHONE,
                    key=f"{CALL}/{PHONE_LEG}/answered",
                    happened=Happened.LEG_ANSWERED,
                    at=NOW.replace(second=9),
                    outcome=None,
                    by=AnsweredBy.UNKNOWN,
                    evidence="a phone was answered",
                ),
            ),
        ),
        Example(
            name="a message is left",
            request=posted(
                "recording",
                {
                    "start_time": "2026-03-02T17:30:25Z",
                    "end_time": "2026-03-02T17:30:40Z",
                    "recording_url": "https://api.nexmo.com/v1/files/R1",
                    "recording_uuid": "R1",
                    "size": 12345,
                    "conversation_uuid": CALL,
                    "timestamp": "2026-03-02T17:30:40.000Z",
                },
                query=rung(0),
            ),
            events=(
                CallEvent(
                    key=f"{CALL}/recording/R1",
                    call=CALL,
                    happened=Happened.VOICEMAIL,
                    at=NOW.replace(second=40),
                    recording_url="https://api.nexmo.com/v1/files/R1",
                    confidence=Confidence.CERTAIN,
                    evidence="the caller left a message",
                ),
            ),
        ),
    )
    stories = (
        Story(
            name="rings out",
            webhooks=(VOICE, OWN_ANSWERED, RINGING, RANG_OUT, ENDED),
            outcome=Outcome.NO_ANSWER,
        ),
        Story(
            name="taken",
            webhooks=(VOICE, OWN_ANSWERED, RINGING, TOOK_IT, TALKED, ENDED),
            outcome=Outcome.ANSWERED,
        ),
        Story(
            name="the caller gives up",
            webhooks=(VOICE, OWN_ANSWERED, RINGING, CANCELLED, ENDED),
            outcome=Outcome.ABANDONED,
        ),
        Story(name="still rings", webhooks=(VOICE, OWN_ANSWERED, RINGING), outcome=None),
        Story(name="machines alone", webhooks=(VOICE, OWN_ANSWERED), outcome=None),
    )
    listed = Listed(
        response=httpx.Response(
            200,
            json={
                "_embedded": {
                    "calls": [
                        {
                            "uuid": OWN_LEG,
                            "conversation_uuid": CALL,
                            "direction": "inbound",
                            "status": "completed",
                            "from": {"type": "phone", "number": CALLER[1:]},
                            "to": {"type": "phone", "number": LINE[1:]},
                            "start_time": STAMP,
                            "end_time": "2026-03-02T17:30:20.000Z",
                            "duration": "20",
                        },
                        {
                            "uuid": PHONE_LEG,
                            "conversation_uuid": CALL,
                            "direction": "outbound",
                            "status": "unanswered",
                            "detail": "timeout",
                            "from": {"type": "phone", "number": CALLER[1:]},
                            "to": {"type": "phone", "number": "13035550110"},
                        },
                    ]
                }
            },
        ),
        events=(
            BEGAN,
            attrs.evolve(
                BEGAN,
                key=f"{CALL}/{OWN_LEG}/completed",
                happened=Happened.ENDED,
                at=NOW.replace(second=20),
                duration_ms=20_000,
                evidence="the caller's leg was completed",
            ),
            PHONE,
        ),
    )

    @pytest.fixture
    def source(self, services):
        return Vonage(settings(), services)


FALLBACK = "https://static.agency.example/bright-smile.json"


class TestCheck(CheckContract):
    secret = API_SECRET

    @pytest.fixture
    async def plugin(self, services, provider):
        """Set up by ``connect``, with a fallback on another server."""
        vonage = Vonage(settings(fallback_url=FALLBACK), services)
        provider.response = self.all_is_well = Dashboard()
        self.all_is_well.add(LINE[1:])
        self.all_is_well.files[FALLBACK] = httpx.Response(
            200,
            content=fallback_ncco(vonage.settings, LINE),
            headers={"content-type": "application/json"},
        )
        await vonage.connect(Addresses(base=services.address, lines=(LINE,)), dry_run=False)
        provider.requests.clear()
        return vonage
