"""The plugin in front of a small GoHighLevel, and webhooks signed with keys of our own."""

import asyncio
import base64
import json

import httpx
import pytest
import structlog
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.gohighlevel_api import LOCATION, TOKEN, GoHighLevelApi
from textback import http
from textback.config.secrets import Secret
from textback.config.settings import LeadRule
from textback.gate import Gate
from textback.services import Services
from textback.testing.builders import ADDRESS, LINE, NOW, a_lead, a_request
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState
from textback_gohighlevel import GoHighLevel, Settings


@pytest.fixture
def clock():
    return VirtualClock(NOW)


@pytest.fixture
def api(clock):
    return GoHighLevelApi(clock)


@pytest.fixture(scope="session")
def ed25519():
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="session")
def older():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(key):
    """As the settings take it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = key.public_key().public_bytes(serialization.Encoding.DER, form)
    return base64.b64encode(der).decode()


@pytest.fixture
def over(ed25519, older):
    """Make a plugin that has never seen anything, over a GoHighLevel of one's own."""

    def build(api, *, roles=None, leads=(), lines=(LINE,), state=None, oauth=False, **settings):
        services = Services(
            client="bright-smile",
            plugin="gohighlevel",
            address=f"{ADDRESS}/gohighlevel",
            # Its transport holds nothing that would have to be closed.
            http=http.client(httpx.MockTransport(api), Gate("gohighlevel", api.clock)),
            clock=api.clock,
            log=structlog.get_logger("textback"),
            state=state or MemoryState(api.clock),
            contacts=MemoryContacts(api.clock),
            in_thread=asyncio.to_thread,
            lines=lines,
            roles=roles,
            leads=tuple(LeadRule(**each) for each in leads),
        )
        signing_in = (
            {
                "client_id": "app1-client",
                "client_secret": Secret("secret-of-the-app-1"),
                "refresh_token": Secret("refresh-0"),
            }
            if oauth
            else {"access_token": Secret(TOKEN)}
        )
        given = {
            "location_id": LOCATION,
            "ed25519_key": public(ed25519),
            "rsa_key": public(older),
            **signing_in,
            **settings,
        }
        return GoHighLevel(Settings(**given), services)

    return build


@pytest.fixture
def make(over, api, clock):
    """Make a plugin with settings of one's own; all of them share one state."""
    state = MemoryState(clock)
    return lambda **more: over(api, state=state, **more)


@pytest.fixture
def crm(make):
    return make()


@pytest.fixture
def lead():
    """A lead as the client's file has it."""
    return lambda **more: a_lead(**{"stage": "new-lead", "fields": {}, **more})


@pytest.fixture
def webhook(ed25519, older):
    """Make a webhook as GoHighLevel sends it."""

    def build(told, *, how="ed25519", key=None, **more):
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        if how == "ed25519":
            headers = {"x-ghl-signature": _base64((key or ed25519).sign(body))}
        elif how == "rsa":
            signed = (key or older).sign(body, padding.PKCS1v15(), hashes.SHA256())
            headers = {"x-wh-signature": _base64(signed)}
        else:
            headers = {}
        headers["content-type"] = "application/json"
        return a_request(body, headers=headers, **more)

    return build


def _base64(signature):
    return base64.b64encode(signature).decode()
