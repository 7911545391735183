"""Only what the account signed, and lately, is read; Telnyx's own package agrees."""

import base64
import time
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from nacl.signing import SigningKey
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature

from support.telnyx_exchange import event
from textback.errors import ConfigError, UnreadableWebhook, WebhookRejected
from textback_telnyx import signature

BODY = event("call.answered")
OTHERS = SigningKey(bytes(32))


def with_headers(request, **headers):
    named = {f"telnyx-{name.replace('_', '-')}": value for name, value in headers.items()}
    return attrs.evolve(request, headers={**request.headers, **named})


async def test_signed_is_read(make, webhook):
    """A good signature passes, and the answer is a plain 200."""
    assert (await make().read_webhook(webhook(BODY))).response.status == 200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda request: attrs.evolve(request, body=request.body + b" "),
        lambda request: with_headers(request, signature_ed25519=""),
        lambda request: with_headers(request, timestamp=""),
        lambda request: with_headers(request, signature_ed25519="no base64!"),
        lambda request: with_headers(request, signature_ed25519="AAAA"),
        lambda request: with_headers(request, signature_ed25519="é"),
        lambda request: with_headers(
            request, timestamp=str(int(request.headers["telnyx-timestamp"]) + 1)
        ),
        lambda request: with_headers(request, timestamp="soon"),
        lambda request: attrs.evolve(request, headers={}),
    ],
)
async def test_anything_else_is_rejected(make, webhook, spoil):
    """Missing, wrong, about other bytes or another time: nothing of it is read."""
    with pytest.raises(WebhookRejected):
        await make().read_webhook(spoil(webhook(BODY)))


async def test_another_accounts_key_is_rejected(make, webhook):
    """A signature that is right, but not this account's."""
    with pytest.raises(WebhookRejected, match="public_key"):
        await make().read_webhook(webhook(BODY, key=OTHERS))


@pytest.mark.parametrize("off_s", [-301, 301])
async def test_old_and_future_ones_are_rejected(make, webhook, off_s):
    """What was recorded can't be told again later."""
    request = webhook(BODY)
    late = attrs.evolve(request, received_at=request.received_at + timedelta(seconds=off_s))
    with pytest.raises(WebhookRejected, match="clock"):
        await make().read_webhook(late)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"data": 1}', b'{"data": {"event_type": 1, "payload": {}}}']
)
async def test_signed_but_not_an_event(make, webhook, body):
    """API v1 and anything else that isn't v2 is told so."""
    with pytest.raises(UnreadableWebhook):
        await make().read_webhook(webhook(body))


async def test_an_unknown_address(make, webhook):
    """A topic that isn't ours says which are."""
    with pytest.raises(UnreadableWebhook, match="voice"):
        await make().read_webhook(webhook(BODY, topic="elsewhere"))


@pytest.mark.parametrize("spoilt", [False, True])
def test_agrees_with_telnyxs_package(webhook, spoilt):
    """What it accepts we accept, what it rejects we reject; it knows only the present time."""
    now = datetime.fromtimestamp(int(time.time()), UTC)
    request = webhook(BODY, sent_at=now, received_at=now)
    if spoilt:
        request = attrs.evolve(request, body=request.body.replace(b"+1303", b"+1304"))
    public = base64.b64encode(bytes(SigningKey(bytes(range(32))).verify_key)).decode()
    ours = theirs = True
    try:
        verify_webhook_signature(request.body, request.headers, public)
    except WebhookVerificationError:
        theirs = False
    try:
        signature.check(request, public)
    except WebhookRejected:
        ours = False
    assert ours == theirs == (not spoilt)


@pytest.mark.parametrize("key", ["", "AAAA", "not base64", "é" * 44])
def test_a_public_key_that_is_none(make, key):
    """The settings say where the key is found."""
    with pytest.raises(ConfigError, match="portal"):
        make(public_key=key)
