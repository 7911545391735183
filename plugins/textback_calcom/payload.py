"""The body of a webhook of Cal.com's, as far as it is asked for.

Format of version 2021-10-20: https://cal.com/docs/developing/guides/automation/webhooks
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs

from textback.errors import UnreadableWebhook
from textback.events import WebhookRequest
from textback_calcom.link import METADATA


@attrs.frozen
class Told:
    """One webhook: what triggered it, when, and the booking that it is about.

    Attributes:
        fields: The payload; its ``responses`` are what was asked on the booking page.
    """

    trigger: str
    at: datetime
    fields: Mapping[str, Any]

    @classmethod
    def of(cls, request: WebhookRequest) -> Told:
        """Read a verified request.

        Raises:
            UnreadableWebhook: It isn't in Cal.com's own format.
        """
        body = request.json
        if not isinstance(body, dict) or not isinstance(body.get("triggerEvent"), str):
            raise UnreadableWebhook("it has no triggerEvent; a custom payload can't be read")
        fields = body.get("payload")
        # MEETING_STARTED and MEETING_ENDED have the booking's fields beside the trigger
        fields = fields if isinstance(fields, dict) else {}
        return cls(body["triggerEvent"], moment(body.get("createdAt"), "createdAt"), fields)

    @property
    def uid(self) -> str:
        """The booking's id."""
        return self.text("uid")

    @property
    def seats(self) -> bool:
        """Whether several people book the same appointment, which is one booking for Cal.com."""
        return self.fields.get("seatsPerTimeSlot") is not None

    @property
    def case(self) -> str | None:
        """Our case, if the link carried it."""
        metadata = self.fields.get("metadata")
        value = metadata.get(METADATA) if isinstance(metadata, dict) else None
        return value if isinstance(value, str) and value else None

    @property
    def email(self) -> str | None:
        """The address of who booked."""
        return _text(self.answer("email")) or next(iter(self.emails), None)

    @property
    def emails(self) -> tuple[str, ...]:
        """The addresses of who takes part; who booked is the first."""
        given = (_text(each.get("email")) for each in self._attendees())
        return tuple(each for each in given if each)

    def number(self, field: str) -> str | None:
        """The phone number of who booked, as it was written.

        Args:
            field: The identifier of the question that asks for it.
        """
        place = self.answer("location")
        call = place if isinstance(place, dict) and place.get("value") == "phone" else {}
        first = next(self._attendees(), {})
        candidates = (
            self.answer(field),
            call.get("optionValue"),
            self.answer("attendeePhoneNumber"),
            self.answer("smsReminderNumber"),
            None if self.seats else first.get("phoneNumber"),
            None if self.seats else self.fields.get("smsReminderNumber"),
        )
        return next(filter(None, map(_text, candidates)), None)

    def answer(self, field: str) -> Any:
        """What was answered to a question of the booking page; None if it wasn't asked."""
        responses = self.fields.get("responses")
        answer = responses.get(field) if isinstance(responses, dict) else None
        return answer.get("value") if isinstance(answer, dict) else None

    def text(self, field: str) -> str:
        """A field that must be there.

        Raises:
            UnreadableWebhook: It isn't.
        """
        value = _text(self.fields.get(field))
        if value is None:
            raise UnreadableWebhook(f"the payload has no {field}")
        return value

    def optional(self, field: str) -> str | None:
        """A field that may be missing."""
        return _text(self.fields.get(field))

    def booking(self, uid: str, email: str | None) -> str:
        """The id of one person's appointment: the booking's, with whose seat it is."""
        if not self.seats:
            return uid
        seat = hashlib.sha256(f"{uid}/{(email or '').lower()}".encode()).hexdigest()[:12]
        return f"{uid}/{seat}"

    def _attendees(self) -> Iterator[Mapping[str, Any]]:
        attendees = self.fields.get("attendees")
        for each in attendees if isinstance(attendees, list) else ():
            if isinstance(each, dict):
                yield each


def moment(value: object, field: str) -> datetime:
    """A moment as Cal.com writes it.

    Raises:
        UnreadableWebhook: It isn't one.
    """
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UnreadableWebhook(f"{field} is not a time with its zone")
    return at


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
