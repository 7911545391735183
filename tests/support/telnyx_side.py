"""What Telnyx signs, what it tells of texts, and its API as far as texts go."""

import asyncio
import base64
import json

import attrs
import httpx
from nacl.signing import SigningKey

from support.telnyx_exchange import CALLER, LINE

KEY = SigningKey(bytes(range(32)))  # signs as Telnyx would: libsodium, by PyNaCl
PUBLIC_KEY = base64.b64encode(bytes(KEY.verify_key)).decode()
MESSAGE = "ac012cbf-5e09-46af-a69a-7c0e2d90993c"


def signature(content, at, key=KEY):
    """The headers that Telnyx sends along with these bytes."""
    stamp = str(int(at.timestamp()))
    made = key.sign(f"{stamp}|".encode() + content).signature
    return {
        "telnyx-signature-ed25519": base64.b64encode(made).decode(),
        "telnyx-timestamp": stamp,
    }


def message(kind, *, occurred_at="2026-03-02T17:30:00.100+00:00", **payload):
    """A webhook about a text of ours, or of a caller's."""
    inbound = kind == "message.received"
    caller, line = {"phone_number": CALLER}, {"phone_number": LINE}
    given = {
        "id": MESSAGE,
        "record_type": "message",
        "direction": "inbound" if inbound else "outbound",
        "from": caller if inbound else line,
        "to": [line if inbound else {**caller, "status": "sent"}],
        "text": "Hello",
        "errors": [],
        "media": [],
        "received_at": "2026-03-02T17:29:59.500+00:00",
        **payload,
    }
    return {
        "data": {
            "event_type": kind,
            "id": "E1",
            "occurred_at": occurred_at,
            "payload": given,
            "record_type": "event",
        }
    }


@attrs.define
class Texts:
    """Takes texts; everything that is listed is empty."""

    taken: list = attrs.field(factory=list)
    came: asyncio.Event = attrs.field(factory=asyncio.Event)

    def __call__(self, request):
        if request.method == "GET":
            return httpx.Response(200, json={"data": [], "meta": {"total_pages": 1}})
        assert request.url.path == "/v2/messages"
        self.taken.append(json.loads(request.content))
        self.came.set()
        return httpx.Response(200, json={"data": {"id": f"M{len(self.taken)}"}})
