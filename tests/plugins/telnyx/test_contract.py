"""Telnyx does what every sender and every source does."""

import base64
import json

import attrs
import httpx
import pytest
from nacl.signing import SigningKey

from support.telnyx_exchange import APPLICATION, SESSION, event
from support.telnyx_portal import Portal
from textback.config.secrets import Secret
from textback.events import AnsweredBy, CallEvent, Confidence, Happened, TextReceived, TextStatus
from textback.model import FailureReason, Keyword, Outcome, PhoneNumber, TextState
from textback.testing.builders import ADDRESS, CALLER, LINE, NOW, a_request, a_text
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
from textback_telnyx import Settings, Telnyx
from textback_telnyx.marks import Phone, write

__all__ = ["provider", "services"]

API_KEY = "KEY0123456789ABCDEF_abcdef0123456789"
SEED = "the private key of the account, "  # 32 bytes; Telnyx alone has it
MESSAGE = "ac012cbf-5e09-46af-a69a-7c0e2d90993c"
PHONE = PhoneNumber("+13035550110")
RINGING = {
    "call_control_id": "v3:1",
    "call_leg_id": "leg-1",
    "to": PHONE,
    "client_state": write(Phone(index=0, of=1, leg="v3:0", caller=CALLER, line=LINE)),
}


@pytest.fixture
def telnyx(services):
    settings = Settings(
        api_key=Secret(API_KEY),
        public_key=base64.b64encode(bytes(SigningKey(SEED.encode()).verify_key)).decode(),
        application_id=APPLICATION,
        ring=(PHONE,),
    )
    return Telnyx(settings, services)


def posted(body, *, topic="voice", query=""):
    request = a_request(
        json.dumps(body).encode(), topic=topic, headers={"content-type": "application/json"}
    )
    return attrs.evolve(request, url=request.url + query)


def about_a_text(kind, **payload):
    """A webhook about a text, with the fields that each one has."""
    inbound = kind == "message.received"
    given = {
        "id": MESSAGE,
        "from": {"phone_number": CALLER if inbound else LINE},
        "to": [{"phone_number": LINE if inbound else CALLER, "status": "delivered"}],
        "text": "Hi & bye",
        "errors": [],
        "media": [],
        "received_at": "2026-03-02T17:30:00.000+00:00",
        **payload,
    }
    data = {"event_type": kind, "id": "E1", "occurred_at": "2026-03-02T17:30:00.000+00:00"}
    query = "" if inbound else "?text=case1-text-1-1"
    body = {"data": {**data, "payload": given, "record_type": "event"}}
    return posted(body, topic="sms" if inbound else "sms-status", query=query)


class SignedByTelnyx:
    """Ed25519 by libsodium, which Telnyx's own package uses."""

    secret = SEED
    other_secret = "the private key of another one, "
    window_s = 300

    def signed(self, request, secret):
        stamp = str(int(request.received_at.timestamp()))
        made = SigningKey(secret.encode()).sign(f"{stamp}|".encode() + request.body).signature
        headers = {
            "telnyx-signature-ed25519": base64.b64encode(made).decode(),
            "telnyx-timestamp": stamp,
        }
        return attrs.evolve(request, headers={**request.headers, **headers})


class TestTelnyxTexts(SenderContract):
    accepted = httpx.Response(200, json={"data": {"id": MESSAGE}})
    secret = API_KEY
    refused = (
        httpx.Response(400, json={"errors": [{"code": "40310", "title": "Invalid 'to' address"}]}),
        httpx.Response(401, json={"errors": [{"code": "10009", "title": "Unauthenticated"}]}),
    )
    opted_out = httpx.Response(
        403, json={"errors": [{"code": "40300", "title": "Blocked due to STOP message"}]}
    )
    found = httpx.Response(
        200,
        json={
            "data": [{"uuid": MESSAGE, "delivery_status_webhook_url": a_text().status_url}],
            "meta": {"total_pages": 1},
        },
    )

    @pytest.fixture
    def sender(self, telnyx):
        return telnyx


class TestTelnyxTextWebhooks(SignedByTelnyx, WebhookContract):
    examples = (
        Example(
            name="a caller writes",
            request=about_a_text("message.received"),
            events=(
                TextReceived(
                    key=f"{MESSAGE}/received",
                    at=NOW,
                    number=CALLER,
                    line=LINE,
                    body="Hi & bye",
                    provider_id=MESSAGE,
                ),
            ),
        ),
        Example(
            name="a caller opts out",
            request=about_a_text("message.received", text="Stop.", autoresponse_type="STOP"),
            events=(
                TextReceived(
                    key=f"{MESSAGE}/received",
                    at=NOW,
                    number=CALLER,
                    line=LINE,
                    body="Stop.",
                    keyword=Keyword.STOP,
                    provider_id=MESSAGE,
                ),
            ),
        ),
        Example(
            name="a text is over, undelivered",
            request=about_a_text(
                "message.finalized",
                to=[{"phone_number": CALLER, "status": "delivery_failed"}],
                errors=[{"code": "40001", "title": "Not routable"}],
            ),
            events=(
                TextStatus(
                    key=f"{MESSAGE}/delivery_failed",
                    at=NOW,
                    state=TextState.FAILED,
                    text="case1-text-1-1",
                    provider_id=MESSAGE,
                    reason=FailureReason.UNREACHABLE,
                    code="40001",
                ),
            ),
        ),
    )

    @pytest.fixture
    def plugin(self, telnyx):
        return telnyx

    def text_saying(self, body):
        return about_a_text("message.received", text=body)


BEGAN = posted(event("call.initiated", direction="incoming"))
RINGS = posted(event("call.initiated", direction="outgoing", **RINGING))
CONNECTED = posted(event("call.bridged", **RINGING))
RANG_OUT = posted(event("call.hangup", hangup_cause="timeout", **RINGING))
HUNG_UP = posted(event("call.hangup", hangup_cause="normal_clearing", **RINGING))
GAVE_UP = posted(event("call.hangup", hangup_cause="originator_cancel"))
ENDED = posted(event("call.hangup", hangup_cause="normal_clearing"))

STARTED = CallEvent(
    key=f"{SESSION}/started/leg-0",
    call=SESSION,
    leg="leg-0",
    happened=Happened.STARTED,
    at=NOW,
    caller=CALLER,
    line=LINE,
    evidence="direction=incoming",
)
OF_PHONE = attrs.evolve(STARTED, leg="leg-1", evidence="")
GONE = attrs.evolve(
    STARTED,
    key=f"{SESSION}/ended/leg-0",
    happened=Happened.ENDED,
    duration_ms=20_000,
    evidence="hangup_cause=originator_cancel",
)


class TestTelnyxCalls(SignedByTelnyx, SourceContract):
    examples = (
        Example(name="a call comes in", request=BEGAN, events=(STARTED,)),
        Example(
            name="a phone rings",
            request=RINGS,
            events=(
                attrs.evolve(OF_PHONE, key=f"{SESSION}/ringing/leg-1", happened=Happened.RINGING),
            ),
        ),
        Example(
            name="somebody takes it",
            request=CONNECTED,
            events=(
                attrs.evolve(
                    OF_PHONE,
                    key=f"{SESSION}/bridged/leg-1",
                    happened=Happened.LEG_ANSWERED,
                    by=AnsweredBy.UNKNOWN,
                    evidence="call.bridged",
                ),
            ),
        ),
        Example(
            name="the only phone rings out",
            request=RANG_OUT,
            events=(
                attrs.evolve(
                    OF_PHONE,
                    key=f"{SESSION}/ended/leg-1",
                    happened=Happened.LEG_ENDED,
                    outcome=Outcome.NO_ANSWER,
                    evidence="a phone's hangup_cause=timeout",
                ),
                attrs.evolve(
                    OF_PHONE,
                    key=f"{SESSION}/nobody",
                    leg=None,
                    happened=Happened.CONCLUDED,
                    outcome=Outcome.NO_ANSWER,
                    confidence=Confidence.CERTAIN,
                    evidence="no phone was answered: no_answer",
                ),
            ),
        ),
        Example(
            name="the caller gives up",
            request=GAVE_UP,
            events=(
                GONE,
                attrs.evolve(
                    GONE,
                    key=f"{SESSION}/ended/leg-0/originator_cancel",
                    happened=Happened.CONCLUDED,
                    outcome=Outcome.ABANDONED,
                    confidence=Confidence.CERTAIN,
                ),
            ),
        ),
    )
    stories = (
        Story(
            name="rings out", webhooks=(BEGAN, RINGS, RANG_OUT, ENDED), outcome=Outcome.NO_ANSWER
        ),
        Story(
            name="taken",
            webhooks=(BEGAN, RINGS, CONNECTED, HUNG_UP, ENDED),
            outcome=Outcome.ANSWERED,
        ),
        Story(
            name="the caller gives up",
            webhooks=(BEGAN, RINGS, HUNG_UP, GAVE_UP),
            outcome=Outcome.ABANDONED,
        ),
        Story(name="still rings", webhooks=(BEGAN, RINGS), outcome=None),
    )
    listed = Listed(
        response=httpx.Response(
            200,
            json={
                "data": [
                    {
                        "name": "call.initiated",
                        "event_timestamp": "2026-03-02T17:30:00.000000Z",
                        "metadata": event("call.initiated", direction="incoming"),
                    }
                ],
                "meta": {"total_pages": 1},
            },
        ),
        events=(STARTED,),
    )

    @pytest.fixture
    def source(self, telnyx, provider):
        provider.response = httpx.Response(200, json={"data": {"result": "ok"}})
        return telnyx


class TestTelnyxCheck(CheckContract):
    secret = API_KEY

    @pytest.fixture
    def plugin(self, telnyx):
        self.all_is_well = Portal()
        self.all_is_well.application["webhook_event_url"] = f"{ADDRESS}/plugin/voice"
        self.all_is_well.profile["webhook_url"] = f"{ADDRESS}/plugin/sms"
        return telnyx
