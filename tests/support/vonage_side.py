"""Webhooks as Vonage sends and signs them, its Messages API, and the settings of a client."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import attrs
import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from vonage_http_client.auth import Auth
from vonage_voice.models import ncco

from textback.config.secrets import Secret
from textback.errors import MaybeSent
from textback.model import PhoneNumber
from textback.testing.builders import NOW, a_request
from textback_vonage import Settings

API_KEY, API_SECRET = "abcd1234", "Secret0fTheTests"
SIGNATURE_SECRET = "signature secret of the tests, which is as long as Vonage advises"
OTHER_SECRET = "another signature secret, that nobody has agreed with Vonage upon"
APPLICATION = "78d335fa-323d-4114-9c3d-d6f0d48968cf"
CALL = "CON-aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
OWN_LEG, PHONE_LEG = "11111111aaaa4bbb8ccc000000000001", "22222222aaaa4bbb8ccc000000000002"
PHONES = (PhoneNumber("+13035550110"), PhoneNumber("+13035550111"))

PRIVATE_KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)


def settings(**more):
    """The settings of a client with one phone; a test changes what it is about."""
    given = {
        "api_key": API_KEY,
        "api_secret": Secret(API_SECRET),
        "signature_secret": Secret(SIGNATURE_SECRET),
        "application_id": APPLICATION,
        "private_key": Secret(PRIVATE_KEY),
        "ring": PHONES[:1],
    }
    return Settings(**{**given, **more})


def claims(request, **more):
    """What a token of Vonage's says of a request that leaves now."""
    made_at = int(request.received_at.timestamp())
    return {
        "iat": made_at,
        "jti": str(uuid4()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(request.body).hexdigest(),
        "api_key": API_KEY,
        "application_id": APPLICATION,
        **more,
    }


def with_token(request, secret=SIGNATURE_SECRET, **more):
    """A webhook of the Voice or Messages API."""
    said = {name: value for name, value in claims(request, **more).items() if value is not None}
    token = jwt.encode(said, secret, algorithm="HS256")
    return attrs.evolve(request, headers={**request.headers, "authorization": f"Bearer {token}"})


def posted(topic, fields, *, query="", address="", at=NOW):
    """A webhook with a JSON body, not yet signed."""
    request = a_request(
        json.dumps(fields).encode(),
        topic=topic,
        headers={"content-type": "application/json"},
        received_at=at,
    )
    return attrs.evolve(request, url=f"{address or request.url}{query}")


def now_signed(topic, fields, *, query="", **more):
    """A webhook of the Voice or Messages API that Vonage sends now."""
    now = datetime.now(UTC)
    stamp = f"{now:%Y-%m-%dT%H:%M:%S}.000Z"
    request = posted(topic, {**fields, "timestamp": stamp}, query=query, at=now)
    return with_token(request, **more)


def sms_parameters(fields, *, method="md5hash", secret=SIGNATURE_SECRET, at=NOW, nonce="n1"):
    """The parameters of a webhook of the SMS API with their signature, by the SDK where it can."""
    stamp = {"timestamp": str(int(at.timestamp())), "nonce": nonce}
    told = {name: str(value) for name, value in {**fields, **stamp}.items()}
    if method == "md5hash":  # the SDK has dropped Vonage's own default
        words = "".join(
            f"&{name}={told[name].replace('&', '_').replace('=', '_')}" for name in sorted(told)
        )
        return {
            **told,
            "sig": hashlib.md5((words + secret).encode("utf-8", "surrogatepass")).hexdigest(),
        }
    auth = Auth(api_key=API_KEY, signature_secret=secret, signature_method=method)
    return {**told, "sig": auth.sign_params(dict(told))}


def by_sms_api(topic, fields, *, form="json", **how):
    """A signed webhook of the SMS API: in JSON, in a form, or in the query."""
    parameters = sms_parameters(fields, **how)
    at = how.get("at", NOW)
    if form == "json":
        return posted(topic, parameters, at=at)
    request = a_request(b"", topic=topic, received_at=at)
    if form == "get":
        url = f"{request.url}?{urlencode(parameters)}"
        return attrs.evolve(request, method="GET", url=url)
    return attrs.evolve(request, body=urlencode(parameters).encode())


# ── what Vonage tells of a call ─────────────────────────────────────────────────────────────────


def answer(**more):
    """A call comes in."""
    fields = {"from": "13035550123", "to": "13035550100", "uuid": OWN_LEG}
    return {**fields, "conversation_uuid": CALL, **more}


def event(status, *, direction="inbound", seconds=0, **more):
    """How a leg stands, some seconds after the call came in."""
    inbound = direction == "inbound"
    return {
        "from": "13035550123",
        "to": "13035550100" if inbound else "13035550110",
        "uuid": OWN_LEG if inbound else PHONE_LEG,
        "conversation_uuid": CALL,
        "status": status,
        "direction": direction,
        "timestamp": f"{NOW + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000Z",
        **more,
    }


def completed(seconds=30, **more):
    """The end of a leg."""
    return event(
        "completed",
        seconds=seconds,
        start_time=f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z",
        end_time=f"{NOW + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000Z",
        duration=str(seconds),
        rate="0.00450000",
        price="0.00015000",
        network="US-FIXED",
        **more,
    )


def rung(index):
    """The query of the address that Vonage was given with a phone."""
    return f"?call={CALL}&ring={index}"


@attrs.define
class VonageApi:
    """Takes texts; with `breaks`, the connection ends when it has one."""

    breaks: bool = False
    taken: list = attrs.field(factory=list)
    came: asyncio.Event = attrs.field(factory=asyncio.Event)

    def __call__(self, request):
        if (request.method, request.url.path) != ("POST", "/v1/messages"):
            # calls and texts of before
            return httpx.Response(200, json={"_embedded": {"calls": []}, "records": []})
        self.taken.append(json.loads(request.content))
        self.came.set()
        if self.breaks:
            raise MaybeSent("took the text and gave no answer")
        return httpx.Response(202, json={"message_uuid": self.uuid(len(self.taken))})

    @staticmethod
    def uuid(count):
        """Vonage's id of the first text that it took, the second, ..."""
        return f"aaaaaaaa-bbbb-4ccc-8ddd-{count:012}"


# ── what Vonage is told ─────────────────────────────────────────────────────────────────────────

SHAPES = {
    "connect": ncco.Connect,
    "input": ncco.Input,
    "notify": ncco.Notify,
    "record": ncco.Record,
    "talk": ncco.Talk,
}


def actions(reading):
    """The actions of the answer, each in a shape that Vonage's own models take."""
    assert reading.response.status == 200
    assert reading.response.content_type == "application/json"
    told = json.loads(reading.response.body)
    for action in told:
        fields = {"from_" if name == "from" else name: each for name, each in action.items()}
        shape = SHAPES[action["action"]]
        shape(**fields)
        assert fields.keys() <= shape.model_fields.keys()
    return told


def kinds(reading):
    """The actions by name."""
    return [action["action"] for action in actions(reading)]
