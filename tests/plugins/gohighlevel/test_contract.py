"""GoHighLevel does what every CRM, lookup, sender, source and booking tool does."""

import base64
import json

import attrs
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.gohighlevel_api import LOCATION, TOKEN, GoHighLevelApi
from textback.config.secrets import Secret
from textback.events import (
    Booked,
    BookingCancelled,
    CallEvent,
    Happened,
    OptOut,
    TextReceived,
    TextStatus,
)
from textback.model import Caller, CrmRef, Outcome, TextState
from textback.testing.builders import BODY, CALLER, LINE, NOW, a_lead, a_request, an_activity
from textback.testing.contracts import (
    BookingContract,
    CheckContract,
    CrmContract,
    EraseContract,
    Example,
    Listed,
    LookupContract,
    OverHttp,
    SenderContract,
    SourceContract,
    Story,
    WebhookContract,
)
from textback.testing.fixtures import provider, services
from textback_gohighlevel import GoHighLevel, Settings

__all__ = ["provider", "services"]

KEY = base64.b64encode(
    bytes(range(32))
).decode()  # of whom plays GoHighLevel; we have its other half
CONTACT = "contact0000000000001"
URL = f"https://app.gohighlevel.com/v2/location/{LOCATION}/contacts/detail"


def private(key):
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(key))


def public(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = private(key).public_key().public_bytes(serialization.Encoding.DER, form)
    return base64.b64encode(der).decode()


SETTINGS = Settings(
    location_id=LOCATION,
    access_token=Secret(TOKEN),
    ed25519_key=public(KEY),
    booking_url="https://api.leadconnectorhq.com/widget/booking/abc",
)


@pytest.fixture
def plugin_alone(services):
    return GoHighLevel(SETTINGS, services)


@pytest.fixture
def account(services, provider):
    """A small GoHighLevel behind the plugin, which knows the caller."""
    provider.response = GoHighLevelApi(services.clock)
    provider.response.add_contact(phone=CALLER, email="anna@example.com")
    return provider.response


def posted(**told):
    """A webhook about the sub-account, not yet signed."""
    body = {"locationId": LOCATION, "dateAdded": NOW.isoformat(), **told}
    headers = {"content-type": "application/json"}
    return a_request(json.dumps(body).encode(), headers=headers)


def message(**told):
    """One about a message of the caller's conversation."""
    whole = {"type": "InboundMessage", "direction": "inbound", "contactId": CONTACT}
    return posted(**{**whole, "messageId": "m1", **told})


def call(status, **told):
    return message(messageType="CALL", status=status, callStatus=status, **told)


def booked(status="confirmed", **told):
    appointment = {
        "id": "a1",
        "contactId": CONTACT,
        "title": "Check-up",
        "appointmentStatus": status,
        "startTime": "2026-03-05T09:00:00-07:00",
        "dateUpdated": NOW.isoformat(),
    }
    return posted(type="AppointmentUpdate", appointment=appointment, **told)


class SignedByGoHighLevel:
    """Over the whole body, which says when it was sent."""

    secret = KEY
    other_secret = base64.b64encode(bytes(32)).decode()
    window_s = 5400

    def signed(self, request, secret):
        body = request.body
        try:
            told = json.loads(body)
        except ValueError:
            told = None
        if isinstance(told, dict) and "timestamp" not in told:
            told["timestamp"] = request.received_at.isoformat()
            body = json.dumps(told).encode()
        signature = base64.b64encode(private(secret).sign(body)).decode()
        headers = {**request.headers, "x-ghl-signature": signature}
        return attrs.evolve(request, body=body, headers=headers)


MISSED = CallEvent(
    key="m1/no-answer",
    call="m1",
    happened=Happened.CONCLUDED,
    at=NOW,
    caller=CALLER,
    line=LINE,
    outcome=Outcome.NO_ANSWER,
    evidence="status no-answer",
)
RECEIVED = TextReceived(
    key="m1/received", at=NOW, number=CALLER, line=LINE, body="Please call me", provider_id="m1"
)
STARTS_AT = NOW.replace(day=5, hour=16, minute=0)


class TestCalls(SignedByGoHighLevel, SourceContract):
    examples = (
        Example(name="missed", request=call("no-answer"), events=(MISSED,)),
        Example(
            name="voicemail",
            request=call("voicemail", callDuration=12, attachments=["https://x.example/1.mp3"]),
            events=(
                attrs.evolve(
                    MISSED,
                    key="m1/voicemail",
                    outcome=Outcome.VOICEMAIL,
                    duration_ms=12_000,
                    recording_url="https://x.example/1.mp3",
                    evidence="status voicemail",
                ),
            ),
        ),
        Example(
            name="with numbers",
            request=call("no-answer", **{"from": CALLER, "to": LINE}),
            events=(MISSED,),
        ),
        Example(name="another's", request=call("no-answer", locationId="another")),
    )
    stories = (
        Story(
            name="nobody answers",
            webhooks=(call("pending"), call("no-answer")),
            outcome=Outcome.NO_ANSWER,
        ),
        Story(
            name="voicemail",
            webhooks=(call("pending"), call("no-answer"), call("voicemail")),
            outcome=Outcome.VOICEMAIL,
        ),
        Story(
            name="taken after all",
            webhooks=(call("no-answer"), call("completed")),
            outcome=Outcome.ANSWERED,
        ),
        Story(
            name="the business calls",
            webhooks=(
                call("pending", type="OutboundMessage", direction="outbound"),
                call("no-answer", type="OutboundMessage", direction="outbound"),
            ),
            outcome=Outcome.OUTGOING,
        ),
        Story(name="it still rings", webhooks=(call("pending"),), outcome=None),
    )
    listed = Listed(
        response=httpx.Response(
            200,
            json={
                "messages": [
                    {
                        "id": "m1",
                        "messageType": "TYPE_CALL",
                        "direction": "inbound",
                        "contactId": CONTACT,
                        "dateAdded": NOW.isoformat(),
                        "from": CALLER,
                        "to": LINE,
                        "meta": {"callStatus": "no-answer"},
                    }
                ],
                "nextCursor": None,
                "total": 1,
            },
        ),
        events=(MISSED,),
    )

    @pytest.fixture
    def source(self, plugin_alone, account):
        return plugin_alone


class TestTexts(SenderContract):
    accepted = httpx.Response(201, json={"conversationId": "c1", "messageId": "m1"})
    secret = TOKEN
    refused = (
        httpx.Response(400, json={"statusCode": 400, "message": "Missing phone number"}),
        httpx.Response(401, json={"statusCode": 401, "message": "Invalid JWT"}),
        httpx.Response(422, json={"statusCode": 422, "message": ["message is empty"]}),
    )
    opted_out = httpx.Response(
        400, json={"statusCode": 400, "message": "Cannot send message as DND is active for SMS."}
    )
    found = httpx.Response(
        200,
        json={
            "messages": [
                {
                    "id": "m1",
                    "messageType": "TYPE_SMS",
                    "direction": "outbound",
                    "status": "delivered",
                    "dateAdded": NOW.isoformat(),
                    "body": BODY,
                }
            ]
        },
    )

    @pytest.fixture
    async def sender(self, plugin_alone, services):
        # The contact is known, so that there is one request: the text's.
        await services.state.set(f"contact/{CALLER}", {"id": CONTACT, "wrote": None})
        return plugin_alone


class TestWebhooksOfTexts(SignedByGoHighLevel, WebhookContract):
    examples = (
        Example(
            name="reply",
            request=message(messageType="SMS", status="delivered", body="Please call me"),
            events=(RECEIVED,),
        ),
        Example(
            name="status",
            request=message(
                type="OutboundMessage", direction="outbound", messageType="SMS", status="delivered"
            ),
            events=(
                TextStatus(key="m1/delivered", at=NOW, state=TextState.DELIVERED, provider_id="m1"),
            ),
        ),
        Example(
            name="do not disturb",
            request=posted(
                type="ContactDndUpdate",
                id=CONTACT,
                phone=CALLER,
                dndSettings={"SMS": {"status": "active"}},
                webhookId="w1",
            ),
            events=(
                OptOut(
                    key="dnd/w1",
                    at=NOW,
                    number=CALLER,
                    evidence="GoHighLevel has Do Not Disturb for SMS at this contact",
                ),
            ),
        ),
        Example(name="e-mail", request=message(messageType="Email", body="<p>Hello</p>")),
    )

    @pytest.fixture
    def plugin(self, plugin_alone, account):
        return plugin_alone

    def text_saying(self, body):
        return message(messageType="SMS", status="delivered", body=body)


class TestBooking(SignedByGoHighLevel, BookingContract):
    carries_case = False  # a calendar gives nothing back: the contact's number has to do
    examples = (
        Example(
            name="made",
            request=booked(),
            events=(
                Booked(
                    key="appointment/a1/20260305T1600Z",
                    at=NOW,
                    booking="a1",
                    starts_at=STARTS_AT,
                    title="Check-up",
                    number=CALLER,
                    email="anna@example.com",
                ),
            ),
        ),
        Example(
            name="called off",
            request=booked("cancelled"),
            events=(BookingCancelled(key="appointment/a1/off", at=NOW, booking="a1"),),
        ),
    )

    @pytest.fixture
    def booking(self, plugin_alone, account):
        return plugin_alone


class TestCrm(CrmContract):
    secret = TOKEN

    @pytest.fixture
    def crm(self, plugin_alone, services, provider):
        provider.response = GoHighLevelApi(services.clock)
        return plugin_alone

    @pytest.fixture
    def book(self, crm, provider):
        return provider.response


class TestOpportunities(OverHttp):
    """Trouble with an opportunity is told as trouble with a contact is."""

    secret = TOKEN

    async def ask(self, plugin):
        return await plugin.save_deal(CrmRef(CONTACT), a_lead(), "key1")

    @pytest.fixture
    def plugin(self, plugin_alone):
        return plugin_alone


class TestNotes(OverHttp):
    """And so is trouble with what is logged."""

    secret = TOKEN

    async def ask(self, plugin):
        return await plugin.log_activity(CrmRef(CONTACT), an_activity(), "key1")

    @pytest.fixture
    def plugin(self, plugin_alone):
        return plugin_alone


def hit(**more):
    """What both searches say; users it tells none."""
    contact = {"id": CONTACT, "phone": CALLER, "name": "Anna Example", **more}
    return httpx.Response(200, json={"contact": contact, "contacts": [contact]})


class TestLookup(LookupContract):
    secret = TOKEN
    accepted = hit()
    nobody = httpx.Response(200, json={"contact": None, "contacts": []})
    caller = Caller(
        number=CALLER,
        name="Anna Example",
        first_name="Anna",
        known=True,
        url=f"{URL}/{CONTACT}",
    )

    def named(self, name):
        return hit(name=name)

    @pytest.fixture
    def lookup(self, plugin_alone):
        return plugin_alone


class TestCheck(CheckContract):
    secret = TOKEN

    @pytest.fixture
    def plugin(self, plugin_alone, account):
        self.account = account
        return plugin_alone

    def all_is_well(self, request):
        return self.account(request)


class TestErase(EraseContract):
    @pytest.fixture
    def plugin(self, plugin_alone, account):
        return plugin_alone

    async def hold(self, plugin, number):
        await plugin.save_contact(a_lead(number=number), f"key/{number}")
