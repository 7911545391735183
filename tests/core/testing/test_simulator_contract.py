"""The simulator does what every source, sender, notifier, CRM, lookup and booking tool does."""

import json
from datetime import UTC

import attrs
import httpx
import pytest

from textback.config.secrets import Secret
from textback.events import Booked, BookingCancelled, CallEvent, Confidence, Happened, TextReceived
from textback.model import Caller, Outcome
from textback.testing import signing, wire
from textback.testing.builders import CALLER, LINE, NOW, a_request
from textback.testing.contracts import (
    BookingContract,
    CheckContract,
    CrmContract,
    Example,
    Listed,
    LookupContract,
    NotifierContract,
    SenderContract,
    SourceContract,
    Story,
    WebhookContract,
)
from textback.testing.fixtures import provider, services
from textback.testing.simulator import Settings, Simulator

__all__ = ["provider", "services"]

SECRET = "a-secret-of-24-characters"
SETTINGS = Settings(url="http://carrier.example", secret=Secret(SECRET))


@pytest.fixture
def simulator(services):
    return Simulator(SETTINGS, services)


class TestSimulatedTexts(SenderContract):
    accepted = httpx.Response(201, json={"provider_id": "SIM1"})
    secret = SECRET
    found = httpx.Response(200, json={"provider_id": "SIM1"})

    @pytest.fixture
    def sender(self, simulator):
        return simulator


class TestSimulatedNotices(NotifierContract):
    accepted = httpx.Response(204)
    secret = SECRET

    @pytest.fixture
    def notifier(self, simulator):
        return simulator


@attrs.define
class Records:
    """A CRM behind the simulator: a record for each number, and an activity for each key."""

    people: dict = attrs.field(factory=dict)
    log: set = attrs.field(factory=set)
    deals = 0

    @property
    def contacts(self):
        return len(self.people)

    @property
    def activities(self):
        return len(self.log)

    def __call__(self, request):
        told = json.loads(request.content)
        if request.url.path == "/contacts":
            number = told["lead"]["number"]
            self.people.setdefault(number, f"contact-{len(self.people)}")
            return httpx.Response(201, json={"id": self.people[number]})
        self.log.add(told["key"])
        return httpx.Response(204)


class TestSimulatedCrm(CrmContract):
    secret = SECRET

    @pytest.fixture
    def crm(self, simulator, provider, book):
        provider.response = book
        return simulator

    @pytest.fixture
    def book(self):
        return Records()


class TestNoCarrier(CrmContract):
    """Without an address it keeps working, and asks nobody."""

    over_http = False

    @pytest.fixture
    def crm(self, services):
        return Simulator(Settings(), services)


class TestSimulatedLookup(LookupContract):
    accepted = httpx.Response(200, json={"number": CALLER, "name": "Anna Example", "known": True})
    caller = Caller(number=CALLER, name="Anna Example", known=True)
    nobody = httpx.Response(404)
    secret = SECRET

    @pytest.fixture
    def lookup(self, simulator):
        return simulator

    def named(self, name):
        return httpx.Response(200, json={"number": CALLER, "name": name})


class SignedByTheCarrier:
    """Whose webhooks carry any events."""

    secret = SECRET
    other_secret = "another-one-of-27-characters"
    window_s = signing.TOLERANCE_S

    def signed(self, request, secret):
        headers = signing.sign(secret, "msg_1", request.received_at, request.body)
        return attrs.evolve(request, headers={**request.headers, **headers})


def telling(*events):
    return a_request(json.dumps(wire.write_events(events)).encode())


BEGAN = CallEvent(
    key="1/began", call="1", happened=Happened.STARTED, at=NOW, caller=CALLER, line=LINE
)
MISSED = attrs.evolve(
    BEGAN,
    key="1/over",
    happened=Happened.CONCLUDED,
    outcome=Outcome.NO_ANSWER,
    confidence=Confidence.CERTAIN,
)


class TestSimulatedCalls(SignedByTheCarrier, SourceContract):
    examples = (
        Example(name="a call comes in", request=telling(BEGAN), events=(BEGAN,)),
        Example(name="it is missed", request=telling(BEGAN, MISSED), events=(BEGAN, MISSED)),
    )
    stories = (
        Story(name="missed", webhooks=(telling(BEGAN), telling(MISSED)), outcome=Outcome.NO_ANSWER),
    )
    listed = Listed(
        response=httpx.Response(200, json=wire.write_events((BEGAN, MISSED))),
        events=(BEGAN, MISSED),
    )

    @pytest.fixture
    def source(self, simulator):
        return simulator


def text(body):
    return TextReceived(key="t1", at=NOW, number=CALLER, line=LINE, body=body)


class TestSimulatedReplies(SignedByTheCarrier, WebhookContract):
    examples = (Example(name="a reply", request=telling(text("Hi")), events=(text("Hi"),)),)

    @pytest.fixture
    def plugin(self, simulator):
        return simulator

    def text_saying(self, body):
        return telling(text(body))


BOOKED = Booked(key="b1/made", at=NOW, booking="b1", starts_at=NOW.astimezone(UTC), case="case1")
CANCELLED = BookingCancelled(key="b1/off", at=NOW, booking="b1")


class TestSimulatedBookings(SignedByTheCarrier, BookingContract):
    examples = (
        Example(name="booked", request=telling(BOOKED), events=(BOOKED,)),
        Example(name="called off", request=telling(CANCELLED), events=(CANCELLED,)),
    )

    @pytest.fixture
    def booking(self, simulator):
        return simulator


class TestCheck(CheckContract):
    """It says that it is no carrier, and asks nobody."""

    over_http = False

    @pytest.fixture
    def plugin(self, simulator):
        return simulator
