"""A small world in one process: phones, a CRM, a team, a booking tool; and what each of them saw.

Nothing in here knows of textback's store: what stands in a world was really received.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from textback.clock import Clock
from textback.model import (
    Absent,
    Activity,
    Caller,
    CrmRef,
    Email,
    Lead,
    Notice,
    PhoneNumber,
    Receipt,
    Text,
)
from textback.phones import display, region_of


@attrs.frozen(kw_only=True)
class Happening:
    """One thing that somebody in the world saw or did.

    Attributes:
        t: Seconds since the world began.
        step: The step of the flow: ``detect``, ``deliver``, ``record``, ``notify``, ``reply`` or
            ``booking``.
        what: In a sentence.
        detail: What JSON can hold, for programs.
    """

    t: float
    at: datetime
    step: str
    what: str
    detail: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.define(kw_only=True)
class Person:
    """A contact in the CRM; activities and deals by the keys under which they were written."""

    id: str
    number: PhoneNumber
    name: str | None = None
    tags: list[str] = attrs.field(factory=list)
    stage: str | None = None
    fields: dict[str, str] = attrs.field(factory=dict)
    deals: dict[str, CrmRef] = attrs.field(factory=dict)
    activities: dict[str, Activity] = attrs.field(factory=dict)


class World:
    """Who is there and what they know.

    Attributes:
        texts: Every text that a phone got, as often as it came, each with its provider's id.
        contacts: The CRM, by number.
        callers: Who is known besides, by number: what CRMs and lookups had before it all began.
        notices: What the team was told.
        emails: What mailboxes got.
        appointments: The booking tool's, by id: when they begin.
        happened: All of it, in order.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.began = clock.now()
        self.texts: list[Text] = []
        self.contacts: dict[PhoneNumber, Person] = {}
        self.callers: dict[PhoneNumber, Caller] = {}
        self.notices: list[Notice] = []
        self.emails: list[Email] = []
        self.appointments: dict[str, datetime] = {}
        self.happened: list[Happening] = []
        self.watchers: list[Callable[[Happening], None]] = []
        self._changed = asyncio.Event()

    def record(self, step: str, what: str, **detail: Any) -> None:
        """Write down what happened, and tell who watches."""
        now = self.clock.now()
        t = (now - self.began).total_seconds()
        happening = Happening(t=t, at=now, step=step, what=what, detail=detail)
        self.happened.append(happening)
        for watcher in self.watchers:
            watcher(happening)
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, seen: Callable[[], object], within_s: float = 5.0) -> None:
        """Wait until something is true that only a happening can make true.

        Raises:
            TimeoutError: It did not become true in time, by the machine's clock.
        """
        async with asyncio.timeout(within_s):
            while not seen():
                await self._changed.wait()

    # ── phones ──────────────────────────────────────────────────────────────────────────────────

    def take_text(self, text: Text, by: str) -> Receipt:
        """A phone gets a text; each time that it is sent."""
        receipt = Receipt(f"SIM{len(self.texts) + 1}")
        self.texts.append(attrs.evolve(text, provider_id=receipt.provider_id))
        self.record(
            "deliver",
            f"{shown(text.to)} got: {text.body}",
            name=text.step,
            to=text.to,
            line=text.line,
            body=text.body,
            plugin=by,
            text=text.id,
        )
        return receipt

    def find_text(self, text_id: str) -> Receipt | Absent:
        """Whether a text was ever taken; the carrier knows our ids, so it can surely say no."""
        found = next((text for text in self.texts if text.id == text_id), None)
        if found is None or found.provider_id is None:
            return Absent()
        return Receipt(found.provider_id)

    def inbox(self, number: str) -> list[str]:
        """The texts that one phone shows."""
        return [text.body for text in self.texts if text.to == number]

    # ── the CRM ─────────────────────────────────────────────────────────────────────────────────

    def identify(self, number: PhoneNumber | None) -> Caller | None:
        """Who has a number, as far as anybody knows."""
        if number is None:
            return None
        person = self.contacts.get(number)
        if number in self.callers or person is None:
            return self.callers.get(number)
        first = person.name.split()[0] if person.name else None
        return Caller(number=person.number, name=person.name, first_name=first, known=True)

    def save_contact(self, lead: Lead, by: str) -> CrmRef:
        """Find or make a contact; tags are added, the rest replaced."""
        person = self.contacts.get(lead.number)
        if person is None:
            number = len(self.contacts) + 1
            person = Person(id=f"contact-{number}", number=lead.number)
            self.contacts[lead.number] = person
        person.name = person.name or lead.name
        person.stage = lead.stage or person.stage
        person.fields.update(lead.fields)
        if lead.tag and lead.tag not in person.tags:
            person.tags.append(lead.tag)
        said = [f"tag {lead.tag}" if lead.tag else "", f"stage {lead.stage}" if lead.stage else ""]
        said += [f"{name} = {value}" for name, value in lead.fields.items()]
        self.record(
            "record",
            f"{by} has the contact {shown(lead.number)}"
            + "".join(f", {each}" for each in said if each),
            name="lead",
            plugin=by,
            number=lead.number,
            tags=list(person.tags),
            stage=person.stage,
            fields=dict(person.fields),
        )
        return CrmRef(person.id)

    def save_deal(self, ref: CrmRef, lead: Lead, key: str, by: str) -> CrmRef:
        """Find or make a deal by its key."""
        person = self._person(ref)
        deal = person.deals.setdefault(key, CrmRef(f"{ref.id}-deal-{len(person.deals) + 1}"))
        stage = f" in stage {lead.stage}" if lead.stage else ""
        self.record(
            "record",
            f"{by} has a deal{stage}",
            name="deal",
            plugin=by,
            deal=deal.id,
            stage=lead.stage,
        )
        return deal

    def log(self, ref: CrmRef, activity: Activity, key: str, by: str) -> None:
        """Write an activity to a contact's record; the same key again changes nothing."""
        person = self._person(ref)
        if key in person.activities:
            return
        person.activities[key] = activity
        how = f": {activity.outcome.value.replace('_', ' ')}" if activity.outcome else ""
        seconds = activity.duration_ms / 1000 if activity.duration_ms is not None else None
        lasted = f", {seconds:g} s" if seconds is not None else ""
        words = f": {activity.body}" if activity.body else ""
        self.record(
            "record",
            f"{by} has a {activity.kind.value} in the log{how}{lasted}{words}",
            name="log",
            plugin=by,
            kind=activity.kind.value,
            outcome=activity.outcome.value if activity.outcome else None,
            duration_s=seconds,
            body=activity.body or None,
        )

    def _person(self, ref: CrmRef) -> Person:
        """The contact with an id.

        Raises:
            KeyError: There is none.
        """
        for person in self.contacts.values():
            if person.id == ref.id:
                return person
        raise KeyError(ref.id)

    # ── the team ────────────────────────────────────────────────────────────────────────────────

    def tell(self, notice: Notice, by: str) -> None:
        """The team reads a notice."""
        self.notices.append(notice)
        self.record(
            "notify",
            f"the team reads: {notice.title}",
            plugin=by,
            kind=notice.kind.value,
            title=notice.title,
            lines=list(notice.lines),
            case=notice.case,
        )

    def take_email(self, email: Email, by: str) -> Receipt:
        """A mailbox gets a message."""
        self.emails.append(email)
        self.record(
            "deliver",
            f"{email.to} got the message {email.subject!r}",
            name="email",
            plugin=by,
            to=email.to,
            subject=email.subject,
            body=email.body,
        )
        return Receipt(f"MAIL{len(self.emails)}")


def shown(number: str) -> str:
    """A number as people write it."""
    return display(number, region_of(number))
