"""Every plugin that reads webhooks: its settings, samples of what it is told, how it is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import attrs
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support import deployment as d
from support import ringcentral_api, slack_api, telnyx_exchange, vonage_side
from textback.config.secrets import Secret
from textback.events import TextReceived
from textback.testing import signing, wire
from textback.testing.builders import NOW
from textback_calcom.signature import sign as sign_calcom
from textback_calendly.signature import sign as sign_calendly
from textback_ringcentral import Settings as RingCentralSettings
from textback_ringcentral.webhook import shared_word
from textback_twilio.signature import sign as sign_twilio
from textback_vonage.signature import sign as sign_vonage

PUBLIC = d.PUBLIC
STAMP = str(int(NOW.timestamp()))
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WORD = "a secret of these tests, long enough"
STANDARD = "whsec_dGV4dGJhY2sgdGVzdHMgc2lnbiB3aXRoIHRoaXMga2V5"
SAMPLES = Path(__file__).parents[1] / "plugins" / "gohighlevel" / "samples"


@attrs.frozen
class Sample:
    """One webhook, not yet signed."""

    topic: str
    body: bytes
    query: str = ""
    method: str = "POST"
    content_type: str = JSON

    def url(self, reader: str) -> str:
        """The public address that it is sent to."""
        topic = f"/{self.topic}" if self.topic else ""
        query = f"?{self.query}" if self.query else ""
        return f"{PUBLIC}/hooks/{reader}/{reader}{topic}{query}"


@attrs.frozen(kw_only=True)
class Reader:
    """One plugin: its table, samples, and the headers that prove a sample to be the provider's.

    Attributes:
        within: Proves it within the body, where the provider does so; as it was, if it can't.
    """

    name: str
    settings: str
    samples: tuple[Sample, ...]
    sign: Callable[[Sample], Mapping[str, str]]
    within: Callable[[Sample], Sample] = lambda sample: sample


def _json(topic: str, *bodies: object, **more: str) -> tuple[Sample, ...]:
    return tuple(Sample(topic, json.dumps(body).encode(), **more) for body in bodies)


def _form(topic: str, form: Mapping[str, str], query: str = "") -> Sample:
    return Sample(topic, urlencode(form).encode(), query, content_type=FORM)


def _public(form: serialization.PublicFormat, encoding: serialization.Encoding) -> str:
    return base64.b64encode(KEY.public_key().public_bytes(encoding, form)).decode()


# ── Twilio ──────────────────────────────────────────────────────────────────────────────────────

_CALL = d.missed("CA1", "+13035550123")
_VOICE = tuple(
    _form(topic, {**_CALL, **more}, query)
    for topic, more, query in (
        ("voice", {"CallStatus": "ringing", "Timestamp": "Mon, 02 Mar 2026 17:29:40 +0000"}, ""),
        ("forwarded", {"ForwardedFrom": d.LINE}, ""),
        ("dial", {"DialCallDuration": "37"}, ""),
        ("recording", {"RecordingDuration": "9", "RecordingUrl": "https://x.example/RE1"}, ""),
        ("whisper", {"ParentCallSid": "CA0"}, ""),
        ("whisper-digits", {"Digits": "1"}, "call=CA0"),
        ("status", {"CallStatus": "no-answer", "CallDuration": "0"}, ""),
    )
)
_TEXTS = (
    _form("sms", d.text("SM1", "+13035550123", "Yes please", NumMedia="1",
                        MediaUrl0="https://x.example/1", MediaContentType0="image/png")),
    _form("sms", d.text("SM2", "+13035550123", "STOP", OptOutType="STOP")),
    _form("sms-status", {"AccountSid": d.ACCOUNT, "MessageSid": "SM3", "MessageStatus": "failed",
                         "ErrorCode": "30003", "From": d.LINE, "To": "+13035550123"}, "text=T1"),
)  # fmt: skip


def _twilio(sample: Sample) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(sample.body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        pairs = []
    url = sample.url("twilio")
    return {"x-twilio-signature": sign_twilio(Secret(d.TOKEN), url, pairs)}


# ── Telnyx ──────────────────────────────────────────────────────────────────────────────────────


def _telnyx_text(kind: str, **more: object) -> object:
    payload = {
        "id": "ac012cbf",
        "record_type": "message",
        "direction": "inbound",
        "from": {"phone_number": "+13035550123"},
        "to": [{"phone_number": d.LINE, "status": "delivered"}],
        "text": "Hello",
        "errors": [{"code": "40300", "title": "Blocked"}],
        "media": [{"url": "https://x.example/1", "content_type": "image/png"}],
        "received_at": "2026-03-02T17:29:59.500+00:00",
        **more,
    }
    told = {"event_type": kind, "id": "E1", "occurred_at": "2026-03-02T17:30:00.100+00:00"}
    return {"data": {**told, "payload": payload, "record_type": "event"}}


_TELNYX = (
    *_json(
        "voice",
        telnyx_exchange.event("call.initiated", direction="incoming", state="parked"),
        telnyx_exchange.event("call.answered"),
        telnyx_exchange.event("call.hangup", hangup_cause="timeout", hangup_source="caller"),
        telnyx_exchange.event("call.gather.ended", digits="1", status="valid"),
    ),
    *_json("sms", _telnyx_text("message.received")),
    *_json("sms-status", _telnyx_text("message.finalized"), query="text=T1"),
)


def _telnyx(sample: Sample) -> Mapping[str, str]:
    signature = base64.b64encode(KEY.sign(f"{STAMP}|".encode() + sample.body)).decode()
    return {"telnyx-signature-ed25519": signature, "telnyx-timestamp": STAMP}


# ── Vonage ──────────────────────────────────────────────────────────────────────────────────────

_MESSAGE = {
    "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
    "channel": "sms",
    "from": "13035550123",
    "to": "13035550100",
    "text": "Yes please",
    "timestamp": "2026-03-02T17:29:59Z",
    "message_type": "text",
    "sms": {"num_messages": "1", "keyword": "YES"},
}
_SMS = {"msisdn": "13035550123", "to": "13035550100", "messageId": "0A01", "text": "Hi",
        "type": "text", "keyword": "HI", "message-timestamp": "2026-03-02 17:29:59",
        "concat": "true", "concat-ref": "7", "concat-total": "1", "concat-part": "1"}  # fmt: skip
_RECEIPT = {"msisdn": "13035550123", "to": "13035550100", "messageId": "0A01", "status": "failed",
            "err-code": "6", "scts": "2603021730", "client-ref": "T1",
            "message-timestamp": "2026-03-02 17:29:59"}  # fmt: skip
_VONAGE = (
    *_json("answer", vonage_side.answer()),
    *_json("event", vonage_side.event("ringing"), vonage_side.completed()),
    *_json(
        "event",
        vonage_side.event("timeout", direction="outbound"),
        query=f"call={vonage_side.CALL}&ring=0",
    ),
    *_json("recording", {"recording_url": "https://x.example/1", "recording_uuid": "r1",
                         "conversation_uuid": vonage_side.CALL, "size": 9000,
                         "start_time": "2026-03-02T17:29:40Z",
                         "end_time": "2026-03-02T17:29:59Z"}),
    *_json("whisper", {"conversation_uuid": vonage_side.CALL, "uuid": vonage_side.PHONE_LEG},
           query=f"call={vonage_side.CALL}&ring=0"),
    *_json("whisper-digits", {"conversation_uuid": vonage_side.CALL, "uuid": vonage_side.PHONE_LEG,
                              "dtmf": {"digits": "1", "timed_out": False}},
           query=f"call={vonage_side.CALL}&ring=0"),
    *_json("sms", _MESSAGE),
    *_json("sms", vonage_side.sms_parameters(_SMS)),
    *_json("sms", *(vonage_side.sms_parameters({**_SMS, "messageId": f"0B0{part}",
                                                "concat-total": "2", "concat-part": str(part)},
                                               nonce=f"p{part}")
                    for part in (1, 2))),
    *_json("sms-status", {**_MESSAGE, "status": "rejected", "client_ref": "T1",
                          "error": {"type": "https://x.example#1110", "title": "1110"}}),
    *_json("sms-status", vonage_side.sms_parameters(_RECEIPT, nonce="r1")),
)  # fmt: skip


_NONCES = ("n1", "p1", "p2", "r1")  # of these samples


def _by_sms_api(sample: Sample) -> bool:
    return sample.topic in ("sms", "sms-status") and b'"sig"' in sample.body


def _vonage_within(sample: Sample) -> Sample:
    """The SMS API signs the parameters, whatever they are, and no header."""
    if not _by_sms_api(sample):
        return sample
    try:
        told = json.loads(sample.body)
    except ValueError:
        return sample
    if not isinstance(told, dict) or not all(isinstance(each, str) for each in told.values()):
        return sample
    given = {name: each for name, each in told.items() if name != "sig"}
    if given.get("nonce") in _NONCES:  # else it would count as one that was taken before
        given["nonce"] = hashlib.sha256(sample.body).hexdigest()[:16]
    sig = sign_vonage(given, vonage_side.SIGNATURE_SECRET, "md5hash")
    return attrs.evolve(sample, body=json.dumps({**given, "sig": sig}).encode())


def _vonage(sample: Sample) -> Mapping[str, str]:
    if _by_sms_api(sample):
        return {}
    said = {
        "iat": int(STAMP),
        "jti": hashlib.sha256(sample.body).hexdigest(),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(sample.body).hexdigest(),
        "api_key": vonage_side.API_KEY,
        "application_id": vonage_side.APPLICATION,
    }
    return {"authorization": f"Bearer {jwt.encode(said, vonage_side.SIGNATURE_SECRET)}"}


# ── booking, team, phone systems ────────────────────────────────────────────────────────────────

_CALCOM = {
    "triggerEvent": "BOOKING_CREATED",
    "createdAt": "2026-03-02T17:29:00.538Z",
    "payload": {
        "startTime": "2026-03-04T16:00:00Z",
        "endTime": "2026-03-04T16:30:00Z",
        "responses": {
            "attendeePhoneNumber": {"value": "+13035550123"},
            "location": {"value": {"value": "phone", "optionValue": "+13035550123"}},
        },
        "attendees": [{"name": "Anna", "email": "a@example.com", "phoneNumber": "+13035550123"}],
        "uid": "U1",
        "rescheduleUid": "U0",
        "eventTitle": "Intro",
        "metadata": {"tb": "case1"},
        "status": "ACCEPTED",
    },
}
_CALENDLY = {
    "event": "invitee.created",
    "created_at": "2026-03-02T17:29:00.000000Z",
    "payload": {
        "uri": "https://api.calendly.com/scheduled_events/EV1/invitees/INV1",
        "event": "https://api.calendly.com/scheduled_events/EV1",
        "email": "anna@example.com",
        "old_invitee": "https://api.calendly.com/scheduled_events/EV0/invitees/INV0",
        "questions_and_answers": [{"question": "?", "answer": "3035550123", "position": 0}],
        "text_reminder_number": "+1 303-555-0123",
        "tracking": {"utm_content": "case1"},
        "rescheduled": False,
        "scheduled_event": {
            "name": "Intro",
            "start_time": "2026-03-04T16:00:00.000000Z",
            "end_time": "2026-03-04T16:30:00.000000Z",
            "location": {"type": "outbound_call", "location": "+13035550123"},
        },
    },
}
_CALLS = {
    "id": "c-1842",
    "occurred_at": "2026-03-02T10:29:40-07:00",
    "direction": "inbound",
    "from": "303 555 0123",
    "to": "+13035550100",
    "status": "missed",
    "duration": 12.5,
    "final": False,
    "caller_name": "ANNA",
    "recording_url": "https://x.example/1",
}
_MAIL = (
    b"From: Anna <anna@example.com>\r\nTo: desk@bright.example\r\nSubject: =?utf-8?q?Re?=\r\n"
    b"Message-ID: <m1@example.com>\r\nDate: Mon, 2 Mar 2026 17:29:40 +0000\r\n"
    b"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nYes please\r\n"
    b"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Yes <b>please</b>\r\n--x--\r\n"
)
_PARTS = b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + _MAIL + b"\r\n--b--\r\n"
_TEXT_IN = TextReceived(
    key="IN1", at=NOW, number="+13035550123", line=d.LINE, body="Yes please", provider_id="IN1"
)


_HERE = {
    "locationId": "ve9EPM428h8vShlRW1KT",
    "messageId": "m1",
    "timestamp": "2026-03-02T17:29:59Z",
}


def _ringcentral_word(sample: Sample) -> Mapping[str, str]:
    settings = RingCentralSettings(
        client_id="app-1", client_secret=Secret(WORD), jwt=Secret("jwt.of.tests")
    )
    address = f"{PUBLIC}/hooks/ringcentral/ringcentral"
    return {"verification-token": shared_word(settings, address)}


def _slack(sample: Sample) -> Mapping[str, str]:
    signed = b":".join((b"v0", STAMP.encode(), sample.body))
    digest = hmac.digest(slack_api.SIGNING_SECRET.encode(), signed, "sha256").hex()
    return {"x-slack-request-timestamp": STAMP, "x-slack-signature": f"v0={digest}"}


def _ghl(sample: Sample) -> Mapping[str, str]:
    return {"x-ghl-signature": base64.b64encode(KEY.sign(sample.body)).decode()}


def _standard(sample: Sample) -> Mapping[str, str]:
    key = base64.b64decode(STANDARD.removeprefix("whsec_"))
    digest = hmac.digest(key, b".".join((b"m1", STAMP.encode(), sample.body)), "sha256")
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": "m1", "webhook-timestamp": STAMP, "webhook-signature": signature}


_GHL_PUBLIC = _public(serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.DER)
_RAW_PUBLIC = _public(serialization.PublicFormat.Raw, serialization.Encoding.Raw)

READERS = {
    reader.name: reader
    for reader in (
        Reader(
            name="calcom",
            settings=f'link = "https://cal.com/acme/intro"\nwebhook_secret = "{WORD}"',
            samples=_json("", _CALCOM, {**_CALCOM, "triggerEvent": "BOOKING_CANCELLED"}),
            sign=lambda sample: {"x-cal-signature-256": sign_calcom(Secret(WORD), sample.body)},
        ),
        Reader(
            name="calendly",
            settings=f'link = "https://calendly.com/acme/intro"\nsigning_key = "{WORD}"',
            samples=_json("", _CALENDLY, {**_CALENDLY, "event": "invitee.canceled"}),
            sign=lambda sample: {
                "calendly-webhook-signature": f"t={STAMP},v1="
                + sign_calendly(Secret(WORD), STAMP, sample.body)
            },
        ),
        Reader(
            name="email",
            settings='host = "127.0.0.1"\nsecurity = "none"\nsender = "desk@bright.example"\n'
            f'to = ["team@bright.example"]\ninbound_secret = "{WORD}"',
            samples=(
                Sample("inbound", _MAIL, content_type="message/rfc822"),
                _form("inbound", {"recipient": "desk", "body-mime": _MAIL.decode()}),
                *_json("inbound", {"Subject": "Re", "RawEmail": _MAIL.decode()}),
                Sample("inbound", _PARTS, content_type="multipart/form-data; boundary=b"),
            ),
            sign=lambda sample: {"authorization": f"Bearer {WORD}"},
        ),
        Reader(
            name="gohighlevel",
            settings=f'location_id = "ve9EPM428h8vShlRW1KT"\naccess_token = "pit-{WORD}"\n'
            f'ed25519_key = "{_GHL_PUBLIC}"\nBASE',
            samples=tuple(
                sample
                for file in sorted(SAMPLES.glob("*.json"))
                for sample in _json("", {**json.loads(file.read_bytes()), **_HERE})
            ),
            sign=_ghl,
        ),
        Reader(
            name="ringcentral",
            settings=f'client_id = "app-1"\nclient_secret = "{WORD}"\njwt = "jwt.of.tests"\nBASE',
            samples=_json(
                "",
                ringcentral_api.Story().caller_is("Setup").told[0],
                ringcentral_api.Story().user(2, "Disconnected", reason="NoAnswer").told[0],
                ringcentral_api.text_received(),
            ),
            sign=_ringcentral_word,
        ),
        Reader(
            name="simulator",
            settings=f'secret = "{WORD}"',
            samples=(Sample("", json.dumps(wire.write_events([_TEXT_IN])).encode()),),
            sign=lambda sample: signing.sign(WORD, "W1", NOW, sample.body),
        ),
        Reader(
            name="slack",
            settings=f'bot_token = "{slack_api.BOT_TOKEN}"\nchannel = "{slack_api.CHANNEL}"\n'
            f'signing_secret = "{slack_api.SIGNING_SECRET}"\nBASE',
            samples=_json(
                "events",
                slack_api.written("At five", thread="1772472600.000001"),
                {"type": "url_verification", "challenge": "abc"},
            ),
            sign=_slack,
        ),
        Reader(
            name="telnyx",
            settings=f'api_key = "KEY01"\npublic_key = "{_RAW_PUBLIC}"\n'
            f'application_id = "{telnyx_exchange.APPLICATION}"\nring = ["+13035550110"]\nBASE',
            samples=_TELNYX,
            sign=_telnyx,
        ),
        Reader(
            name="twilio",
            settings=f'account_sid = "{d.ACCOUNT}"\nauth_token = "{d.TOKEN}"\n'
            'ring = ["+13035550111"]\nBASE',
            samples=(*_VOICE, *_TEXTS),
            sign=_twilio,
        ),
        Reader(
            name="vonage",
            settings=f'api_key = "{vonage_side.API_KEY}"\napi_secret = "Secret0fTheTests"\n'
            f'signature_secret = "{vonage_side.SIGNATURE_SECRET}"\n'
            f'application_id = "{vonage_side.APPLICATION}"\nring = ["+13035550110"]\n'
            f'private_key = """{vonage_side.PRIVATE_KEY}"""\nBASE',
            samples=_VONAGE,
            sign=_vonage,
            within=_vonage_within,
        ),
        Reader(
            name="webhook",
            settings=f'url = "http://127.0.0.1:9/"\nsecret = "{STANDARD}"',
            samples=_json("calls", _CALLS),
            sign=_standard,
        ),
    )
}
