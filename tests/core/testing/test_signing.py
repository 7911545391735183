"""Only the carrier's own webhooks are read."""

from datetime import timedelta

import attrs
import pytest

from textback.config.secrets import Secret
from textback.errors import ConfigError, UnreadableWebhook, WebhookRejected
from textback.testing import signing
from textback.testing.builders import NOW, a_request
from textback.testing.fixtures import provider, services
from textback.testing.simulator import Settings, Simulator

__all__ = ["provider", "services"]

BODY = b'{"events": []}'


def signed(secret=signing.DEVELOPMENT_SECRET, at=NOW, body=BODY):
    return a_request(body, headers=signing.sign(secret, "one", at, body))


async def test_signed_with_our_secret(services):
    """The right secret, and the time is ours."""
    simulator = Simulator(Settings(secret=Secret("ours")), services)
    assert (await simulator.read_webhook(signed("ours"))).events == ()


@pytest.mark.parametrize(
    "request_",
    [
        signed("theirs"),
        signed(at=NOW - timedelta(minutes=6)),
        signed(at=NOW + timedelta(minutes=6)),
        attrs.evolve(signed(), body=b'{"events": [1]}'),
        attrs.evolve(signed(), headers={}),
        attrs.evolve(signed(), headers={**signed().headers, "webhook-signature": "v1,ü"}),
        attrs.evolve(signed(), headers={**signed().headers, "webhook-timestamp": "now"}),
    ],
)
async def test_forged(services, request_):
    """Another secret, another time, another body, no signature: all refused."""
    with pytest.raises(WebhookRejected):
        await Simulator(Settings(), services).read_webhook(request_)


async def test_secret_for_development_stays_at_home(services):
    """It is known to all, so it opens nothing that others can reach."""
    address = "https://hooks.agency.example/hooks/bright-smile/simulator"
    simulator = Simulator(Settings(), attrs.evolve(services, address=address))
    with pytest.raises(WebhookRejected, match="no secret"):
        await simulator.read_webhook(signed())


def test_carrier_elsewhere_needs_a_secret():
    """Said when the file is read, not when the first webhook comes."""
    with pytest.raises(ConfigError, match="secret"):
        Settings(url="https://carrier.example")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"events": 1}',
        b'{"events": [1]}',
        b'{"events": [{"type": "fax"}]}',
        b'{"events": [{"type": "call"}]}',
        b'{"events": [{"type": "text", "key": "1", "at": "yesterday"}]}',
    ],
)
async def test_unreadable(services, body):
    """Signed, but not in the format: 400, not a crash."""
    with pytest.raises(UnreadableWebhook):
        await Simulator(Settings(), services).read_webhook(signed(body=body))
