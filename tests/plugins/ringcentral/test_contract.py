"""RingCentral does what every sender and every source does."""

import json
from datetime import UTC, datetime, timedelta

import attrs
import httpx
import pytest

from support import ringcentral_api as api
from textback.config.secrets import Secret
from textback.events import AnsweredBy, CallEvent, Happened, TextReceived
from textback.model import Outcome
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
from textback_ringcentral import RingCentral, Settings
from textback_ringcentral.webhook import shared_word

__all__ = ["provider", "services"]


def settings_with(secret):
    return Settings(client_id="app-1", client_secret=Secret(secret), jwt=Secret("jwt0of1the2app3"))


SECRET = "secret0of1the2app3"
SETTINGS = settings_with(SECRET)


@pytest.fixture
async def ringcentral(services):
    await services.state.set(f"token/{SETTINGS.account}", "a-token")
    services.state.touched.clear()
    return RingCentral(SETTINGS, services)


class HasTheWord:
    """RingCentral signs nothing; what it sends with each notification is made from the secret."""

    secret = SECRET
    other_secret = "secret0of1other2app3"
    covers_body = False

    def signed(self, request, secret):
        word = shared_word(settings_with(secret), f"{ADDRESS}/plugin")
        return attrs.evolve(request, headers={**request.headers, "verification-token": word})


def posted(payload):
    headers = {"content-type": "application/json; charset=UTF-8"}
    return a_request(json.dumps(payload).encode(), headers=headers)


class TestRingCentralTexts(SenderContract):
    accepted = httpx.Response(200, json={"id": 315450330010, "messageStatus": "Queued"})
    secret = SECRET
    refused = (
        httpx.Response(400, json={"errorCode": "MSG-245", "message": "no"}),
        httpx.Response(403, json={"errorCode": "CMN-408", "message": "no"}),
    )
    opted_out = httpx.Response(
        200,
        json={"id": 1, "messageStatus": "SendingFailed", "deliveryErrorCode": "SMS-RC-413"},
    )
    found = httpx.Response(
        200,
        json={
            "records": [
                {
                    "id": 1,
                    "direction": "Outbound",
                    "subject": BODY,
                    "to": [{"phoneNumber": CALLER}],
                    "from": {"phoneNumber": LINE},
                    "creationTime": "2026-03-02T17:30:01.000Z",
                    "messageStatus": "Sent",
                }
            ]
        },
    )

    @pytest.fixture
    def sender(self, ringcentral):
        return ringcentral


class TestRingCentralTextWebhooks(HasTheWord, WebhookContract):
    examples = (
        Example(
            name="a caller writes",
            request=posted(api.text_received()),
            events=(
                TextReceived(
                    key="sms/3062991514017/received",
                    at=datetime(2026, 3, 2, 17, 29, 59, 28_000, tzinfo=UTC),
                    number=CALLER,
                    line=LINE,
                    body="Yes please",
                    provider_id="3062991514017",
                ),
            ),
        ),
    )

    @pytest.fixture
    def plugin(self, ringcentral):
        return ringcentral

    def text_saying(self, body):
        return posted(api.text_received(subject=body))


RINGS = api.Story().caller_is("Setup").user(2, "Setup").user(2, "Proceeding")
MISSED = (
    api.Story()
    .caller_is("Setup")
    .user(2, "Proceeding")
    .user(2, "Disconnected", reason="NoAnswer", missedCall=True)
    .caller_is("Disconnected")
)
TAKEN = api.Story().caller_is("Setup").user(2, "Proceeding").user(2, "Answered")


def story(name, told, outcome):
    return Story(name=name, webhooks=tuple(map(posted, told.told)), outcome=outcome)


BEGAN = CallEvent(
    key="s-1/started",
    call="s-1",
    happened=Happened.STARTED,
    at=NOW + timedelta(seconds=2, milliseconds=123),
    caller=CALLER,
    line=LINE,
    evidence="party 1: setup",
)


class TestRingCentralCalls(HasTheWord, SourceContract):
    examples = (
        Example(name="a call comes in", request=posted(MISSED.told[0]), events=(BEGAN,)),
        Example(
            name="somebody takes it",
            request=posted(TAKEN.told[2]),
            events=(
                attrs.evolve(
                    BEGAN,
                    key="s-1/4/p-s-1-2",
                    happened=Happened.LEG_ANSWERED,
                    at=NOW + timedelta(seconds=4, milliseconds=123),
                    leg="p-s-1-2",
                    by=AnsweredBy.HUMAN,
                    evidence="party 2: answered",
                ),
            ),
        ),
    )
    stories = (
        story("nobody answers", MISSED, Outcome.NO_ANSWER),
        story("taken", TAKEN, Outcome.ANSWERED),
        story("still rings", RINGS, None),
    )
    listed = Listed(
        response=httpx.Response(
            200,
            json={
                "records": [
                    {
                        "id": "rec-1",
                        "telephonySessionId": "s-1",
                        "startTime": "2026-03-02T17:29:30.000Z",
                        "duration": 20,
                        "direction": "Inbound",
                        "result": "Missed",
                        "from": {"phoneNumber": CALLER},
                        "to": {"phoneNumber": LINE},
                    }
                ]
            },
        ),
        events=(
            attrs.evolve(
                BEGAN,
                key="s-1/log/started",
                at=NOW - timedelta(seconds=30),
                evidence="found in the call log",
            ),
            attrs.evolve(
                BEGAN,
                key="s-1/log/rec-1/Missed",
                happened=Happened.CONCLUDED,
                at=NOW - timedelta(seconds=10),
                outcome=Outcome.NO_ANSWER,
                duration_ms=20_000,
                evidence="call log: Missed",
            ),
        ),
    )

    @pytest.fixture
    def source(self, ringcentral):
        return ringcentral


class TestCheck(CheckContract):
    secret = SECRET

    @pytest.fixture
    async def plugin(self, ringcentral, services, provider):
        """Let in, and subscribed to what it needs."""
        platform = api.Platform(services.clock, tokens={"a-token"})
        provider.response = self.all_is_well = platform.answer
        await ringcentral.maintain()
        provider.requests.clear()
        return ringcentral
