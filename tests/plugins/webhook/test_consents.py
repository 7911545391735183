"""Consents told by webhook: what they say, and what can't be read."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import WebhookRequest
from textback.model import Basis

FORM = {
    "id": "form-77",
    "occurred_at": "2026-03-02T10:29:40-07:00",
    "number": "(303) 555-0123",
    "evidence": "https://bright-smile.example/contact, box 'text me', wording of 2026-01",
}


@pytest.fixture
def signed(secret):
    """Makes a request that is signed by the specification's own library."""

    def make(told, *, key=secret):
        at, body = datetime.now(UTC), json.dumps(told)
        return WebhookRequest(
            method="POST",
            url="https://hooks.agency.example/hooks/bright-smile/webhook/consents",
            topic="consents",
            headers={
                "webhook-id": "msg_1",
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": Oracle(key).sign("msg_1", at, body),
            },
            body=body.encode(),
            received_at=at,
        )

    return make


async def test_a_form(webhook, signed):
    """Whose, when, and what shows it."""
    (event,) = (await webhook.read_webhook(signed(FORM))).events

    assert (event.basis, event.given, event.number) == (Basis.FORM, True, FORM["number"])
    assert event.at == datetime(2026, 3, 2, 17, 29, 40, tzinfo=UTC)
    assert event.evidence == FORM["evidence"]


async def test_taken_back(webhook, signed):
    """Another event than that it was given; each counts once."""
    (given,) = (await webhook.read_webhook(signed(FORM))).events
    told = signed({**FORM, "given": False, "basis": "crm"})
    (event,) = (await webhook.read_webhook(told)).events

    assert (event.given, event.basis) == (False, Basis.CRM)
    assert event.key != given.key


async def test_a_forged_one(webhook, signed):
    """It would let somebody be texted."""
    with pytest.raises(WebhookRejected):
        await webhook.read_webhook(signed(FORM, key="whsec_" + "QUFB" * 8))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"id": None}, "id is missing"),
        ({"occurred_at": "2026-03-02"}, "occurred_at has no time zone"),
        ({"number": None}, "number is missing"),
        ({"number": 3035550123}, "number is not a string"),
        ({"evidence": ""}, "evidence is missing"),
        ({"evidence": "x" * 501}, "evidence is longer than 500"),
        ({"basis": "keypress"}, "basis is none of form, crm"),
        ({"given": "no"}, "given is neither true nor false"),
    ],
)
async def test_unreadable(webhook, signed, more, words):
    """Says which field."""
    with pytest.raises(UnreadableWebhook, match=words):
        await webhook.read_webhook(signed({**FORM, **more}))
