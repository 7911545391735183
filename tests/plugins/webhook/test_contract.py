"""The webhook does what every notifier and every source does."""

import json
from datetime import UTC, datetime

import attrs
import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from textback.config.secrets import Secret
from textback.events import CallEvent, Confidence, Happened
from textback.model import Outcome
from textback.testing.builders import CALLER, LINE, a_request
from textback.testing.contracts import (
    CheckContract,
    Example,
    NotifierContract,
    SourceContract,
    Story,
)
from textback.testing.fixtures import provider, services
from textback_webhook import Settings, Webhook

__all__ = ["provider", "services"]

SECRET = "whsec_dGV4dGJhY2sgdGVzdHMgc2lnbiB3aXRoIHRoaXMga2V5"
OTHER = "whsec_dGV4dGJhY2sgdGVzdHMgZG9uJ3Qgc2lnbiB3aXRoIGl0"
TOKEN = "a token of this test, long enough"


class TestWebhookNotices(NotifierContract):
    accepted = httpx.Response(204)
    secret = SECRET

    @pytest.fixture
    def notifier(self, services):
        settings = Settings(url="https://hooks.example.com/textback", secret=Secret(SECRET))
        return Webhook(settings, services)


def told(**more):
    call = {
        "id": "c-1842",
        "occurred_at": "2026-03-02T10:29:40-07:00",
        "direction": "inbound",
        "from": CALLER,
        "to": LINE,
        "status": "missed",
        **more,
    }
    return a_request(
        json.dumps(call).encode(), topic="calls", headers={"content-type": "application/json"}
    )


MISSED = told()
TAKEN = told(status="answered", duration=31, caller_name="Anna Example")
RANG = told(status="busy", final=False)
EVENT = CallEvent(
    key="c-1842/missed",
    call="c-1842",
    happened=Happened.CONCLUDED,
    at=datetime(2026, 3, 2, 17, 29, 40, tzinfo=UTC),
    caller=CALLER,
    line=LINE,
    outcome=Outcome.NO_ANSWER,
    confidence=Confidence.CERTAIN,
    evidence="status=missed",
)


class Calls(SourceContract):
    """What both ways of proof have in common."""

    examples = (
        Example(name="missed", request=MISSED, events=(EVENT,)),
        Example(
            name="answered",
            request=TAKEN,
            events=(
                attrs.evolve(
                    EVENT,
                    key="c-1842/answered",
                    outcome=Outcome.ANSWERED,
                    duration_ms=31_000,
                    caller_name="Anna Example",
                    evidence="status=answered",
                ),
            ),
        ),
    )
    stories = (
        Story(name="missed", webhooks=(MISSED,), outcome=Outcome.NO_ANSWER),
        Story(
            name="one phone of several took it", webhooks=(RANG, TAKEN), outcome=Outcome.ANSWERED
        ),
    )


class TestSignedCalls(Calls):
    secret = SECRET
    other_secret = OTHER
    window_s = 300

    @pytest.fixture
    def source(self, services):
        return Webhook(Settings(secret=Secret(SECRET)), services)

    def signed(self, request, secret):
        at = request.received_at
        body = request.body.decode("latin-1")
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Oracle(secret).sign("msg_1", at, body),
        }
        return attrs.evolve(request, headers={**request.headers, **headers})


class TestCallsWithAToken(Calls):
    secret = TOKEN
    other_secret = "another token of this test, long too"
    covers_body = False

    @pytest.fixture
    def source(self, services):
        return Webhook(Settings(weak_token=Secret(TOKEN)), services)

    def signed(self, request, secret):
        return attrs.evolve(request, headers={**request.headers, "x-textback-token": secret})


class TestCheck(CheckContract):
    """It resolves a name, and asks nobody over HTTP."""

    over_http = False

    @pytest.fixture
    def plugin(self, services):
        settings = Settings(url="https://127.0.0.1/textback", secret=Secret(SECRET))
        return Webhook(settings, services)
