"""How calls, texts, e-mails and bookings are written to HubSpot."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import attrs
from hubspot.crm.association_type import AssociationType

from textback.model import Activity, ActivityKind, Outcome
from textback.phones import display, region_of
from textback_hubspot.records import Record
from textback_hubspot.settings import Settings

AT: Final = "hs_timestamp"

# Not in the SDK's table, but in that of
# https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide#association-type-id-values
COMMUNICATION_TO_CONTACT: Final = 81

# https://developers.hubspot.com/docs/api/crm/calls: a call's status is never "missed".
_STATUS: Mapping[Outcome | None, str] = {
    Outcome.ANSWERED: "COMPLETED",
    Outcome.OUTGOING: "COMPLETED",
    Outcome.BUSY: "BUSY",
    Outcome.FAILED: "FAILED",
}
_ENDED: Mapping[Outcome | None, str] = {
    Outcome.ANSWERED: "Somebody took the call.",
    Outcome.OUTGOING: "The business called.",
    Outcome.BUSY: "It was busy.",
    Outcome.DECLINED: "The call was declined.",
    Outcome.ABANDONED: "The caller gave up while it rang.",
    Outcome.VOICEMAIL: "A mailbox took the call.",
    Outcome.FAILED: "The call failed.",
    Outcome.OUT_OF_HOURS: "It came out of hours.",
}
_TAG = re.compile(r"<[^>]*>")


@attrs.frozen(kw_only=True)
class Form:
    """One record of a timeline.

    Attributes:
        kind: Its type.
        values: Its properties.
        to_contact: HubSpot's number for its belonging to a contact.
        same: The property that tells it from others of the same moment.
    """

    kind: str
    values: Mapping[str, str]
    to_contact: int
    same: str

    def is_it(self, record: Record) -> bool:
        """Whether a record is what this form has become."""
        then, at = _moment(record.get(AT)), _moment(self.values[AT])
        return then == at and _plain(record.get(self.same)) == _plain(self.values[self.same])


def form_of(activity: Activity, settings: Settings) -> Form:
    """The form of an activity."""
    match activity.kind:
        case ActivityKind.CALL:
            return _call(activity, settings)
        case ActivityKind.BOOKING:
            return _booking(activity)
        case _ if activity.channel == "email":
            return _email(activity)
        case _:
            return _text(activity)


def _call(activity: Activity, settings: Settings) -> Form:
    """https://developers.hubspot.com/docs/api/crm/calls."""
    outcome = activity.outcome
    missed = outcome is None or outcome.missed
    what = "Missed call from" if missed else "Call from"
    caller, called = "hs_call_from_number", "hs_call_to_number"
    if outcome is Outcome.OUTGOING:
        what, caller, called = "Call to", called, caller
    values = {
        AT: _time(activity.at),
        "hs_call_title": f"{what} {display(activity.number, region_of(activity.number))}",
        "hs_call_body": _html(_ENDED.get(outcome, "Nobody answered."), activity.body),
        "hs_call_direction": "OUTBOUND" if outcome is Outcome.OUTGOING else "INBOUND",
        "hs_call_status": _STATUS.get(outcome, "NO_ANSWER"),
        caller: activity.number,
    }
    if activity.line is not None:
        values[called] = activity.line
    if activity.duration_ms is not None:
        values["hs_call_duration"] = str(activity.duration_ms)
    if missed and settings.disposition is not None:
        values["hs_call_disposition"] = settings.disposition
    return Form(
        kind="calls", values=values, to_contact=AssociationType.CALL_TO_CONTACT, same=caller
    )


def _text(activity: Activity) -> Form:
    """https://developers.hubspot.com/docs/api/crm/communications: they have no direction."""
    words = "Received" if activity.incoming else "Sent"
    pictures = (media.url for media in activity.media)
    return Form(
        kind="communications",
        values={
            AT: _time(activity.at),
            "hs_communication_channel_type": "SMS",
            "hs_communication_logged_from": "CRM",
            "hs_communication_body": _html(f"{words}: {activity.body}", *pictures),
        },
        to_contact=COMMUNICATION_TO_CONTACT,
        same="hs_communication_body",
    )


def _email(activity: Activity) -> Form:
    """https://developers.hubspot.com/docs/api/crm/email."""
    return Form(
        kind="emails",
        values={
            AT: _time(activity.at),
            "hs_email_direction": "INCOMING_EMAIL" if activity.incoming else "EMAIL",
            "hs_email_status": "SENT",
            "hs_email_subject": "Answer of the caller" if activity.incoming else "Follow-up",
            "hs_email_text": activity.body,
        },
        to_contact=AssociationType.EMAIL_TO_CONTACT,
        same="hs_email_direction",  # to read more than this takes a scope of its own
    )


def _booking(activity: Activity) -> Form:
    """https://developers.hubspot.com/docs/api/crm/meetings; its time is that of the meeting."""
    return Form(
        kind="meetings",
        values={
            AT: _time(activity.at),
            "hs_meeting_title": activity.body or "Appointment",
            "hs_meeting_start_time": _time(activity.at),
            "hs_meeting_outcome": "SCHEDULED",
        },
        to_contact=AssociationType.MEETING_TO_CONTACT,
        same="hs_meeting_title",
    )


def _time(at: datetime) -> str:
    """A moment as HubSpot writes it, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(value: str) -> datetime | None:
    """The reverse, also of milliseconds since 1970."""
    try:
        if value.isdigit():
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        return datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        return None


def _html(*lines: str) -> str:
    """Lines of text as HubSpot's rich text."""
    return "<br>".join(html.escape(line).replace("\n", "<br>") for line in lines if line)


def _plain(rich: str) -> str:
    """The words of rich text, however it is set."""
    return " ".join(html.unescape(_TAG.sub(" ", rich)).split())
