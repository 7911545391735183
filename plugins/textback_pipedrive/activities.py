"""What happened with a person: calls as activities, all else as notes, or as activities too.

Each carries a mark made from the step's key at its end: by it, one whose answer was lost is found.
https://developers.pipedrive.com/docs/api/v1/Activities#addActivity
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC
from html import escape
from typing import Any

from textback.errors import Refused
from textback.flow.notify import HOW
from textback.model import Activity, ActivityKind, CrmRef
from textback.once import Record, Trace, find_or_make
from textback.phones import display
from textback.services import Services
from textback.telling import clean, one_line
from textback_pipedrive import deals
from textback_pipedrive.api import Api
from textback_pipedrive.persons import region
from textback_pipedrive.settings import Settings

REMEMBERED_S = 30 * 86_400.0  # longer than a step is tried again by itself
_LATEST = 100  # of a person, among which one is that may have been made


async def log(
    api: Api, settings: Settings, services: Services, ref: CrmRef, activity: Activity, key: str
) -> None:
    """Write one activity to a person's record, once for each *key*.

    Raises:
        ProviderError: It wasn't done, or nobody knows.
    """
    if not ref.id.isdigit():
        raise Refused(f'"{ref.id}" is no person of Pipedrive', permanent=True)
    person, mark = int(ref.id), mark_of(key)
    as_note = activity.kind is not ActivityKind.CALL and settings.texts_as == "notes"
    known = await services.state.get(deals.remembered_as(ref.id))
    deal = known.get("id") if isinstance(known, dict) else None

    async def find(trace: Trace) -> Record | None:
        if trace.record is not None or trace.tried_at is None:
            return trace.record
        found = await (_notes(api, person) if as_note else _activities(api, person))
        return next(({"id": each["id"]} for each in found if mark in _said(each)), None)

    async def make() -> Record:
        path = "v1/notes" if as_note else "v2/activities"
        body = _note(activity, mark) if as_note else _activity(activity, mark, settings, services)
        body["person_id"] = person
        if deal is None:
            return {"id": (await api.create(path, body))["id"]}
        try:
            return {"id": (await api.create(path, {**body, "deal_id": deal}))["id"]}
        except Refused as error:
            if not error.permanent:
                raise
        # The deal may have been deleted since; the person is there.
        return {"id": (await api.create(path, body))["id"]}

    await find_or_make(
        services,
        f"log/{key}",
        find=find,
        make=make,
        lag_s=settings.search_lag_s,
        keep_s=REMEMBERED_S,
    )


def mark_of(key: str) -> str:
    """What stands at the end of a record that was made for a step."""
    return f"textback {hashlib.sha256(key.encode()).hexdigest()[:12]}"


async def _activities(api: Api, person: int) -> list[dict[str, Any]]:
    query = {
        "person_id": person,
        "sort_by": "add_time",
        "sort_direction": "desc",
        "limit": _LATEST,
    }
    return await api.entries("v2/activities", query)


async def _notes(api: Api, person: int) -> list[dict[str, Any]]:
    query = {"person_id": person, "sort": "add_time DESC", "limit": _LATEST}
    return await api.entries("v1/notes", query)


def _said(entry: Mapping[str, Any]) -> str:
    return str(entry.get("note") or entry.get("content") or "")


def _activity(
    activity: Activity, mark: str, settings: Settings, services: Services
) -> dict[str, Any]:
    at = activity.at.astimezone(UTC)
    body: dict[str, Any] = {
        "subject": _subject(activity, services),
        "type": _type(activity, settings),
        "done": True,  # an appointment may be moved or called off: this is no entry of a calendar
        "due_date": f"{at:%Y-%m-%d}",
        "due_time": f"{at:%H:%M}",  # in UTC
        "note": _html(*_lines(activity, services), mark=mark),
    }
    if activity.duration_ms is not None:
        minutes = activity.duration_ms // 60_000
        body["duration"] = f"{minutes // 60:02}:{minutes % 60:02}"
    return body


def _note(activity: Activity, mark: str) -> dict[str, Any]:
    return {"content": _html(_what(activity), activity.body, *_media(activity), mark=mark)}


def _type(activity: Activity, settings: Settings) -> str:
    match activity.kind:
        case ActivityKind.CALL:
            return settings.call_type
        case ActivityKind.BOOKING:
            return settings.booking_type
    return settings.text_type


def _subject(activity: Activity, services: Services) -> str:
    caller = display(activity.number, region(services))
    match activity.kind:
        case ActivityKind.CALL:
            missed = activity.outcome is None or activity.outcome.missed
            return f"{'Missed call' if missed else 'Call'} from {caller}"
        case ActivityKind.BOOKING:
            return f"{_what(activity)} {one_line(activity.body)}"[:255].rstrip(": ")
    return f"{_what(activity)[:-1]}: {caller}"


def _lines(activity: Activity, services: Services) -> tuple[str, ...]:
    """What there is to say besides what has a field of its own; seconds have none."""
    if activity.kind is not ActivityKind.CALL:
        return (activity.body, *_media(activity))
    home = region(services)
    how = HOW.get(activity.outcome) if activity.outcome is not None else None
    lines = [f"{how[0].upper()}{how[1:]}."] if how else []
    to = f" to {display(activity.line, home)}" if activity.line else ""
    lines.append(f"From {display(activity.number, home)}{to}.")
    if activity.duration_ms is not None:
        lines.append(f"It took {activity.duration_ms / 1000:.0f} s.")
    return (*lines, activity.body, *_media(activity))


def _what(activity: Activity) -> str:
    if activity.kind is ActivityKind.BOOKING:
        return f"Appointment for {activity.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC:"
    channel = "e-mail" if activity.channel == "email" else "text"
    return f"{channel.capitalize()} from the caller:" if activity.incoming else f"Our {channel}:"


def _media(activity: Activity) -> tuple[str, ...]:
    return tuple(media.url for media in activity.media)


def _html(*lines: str, mark: str) -> str:
    """What callers write must not become markup."""
    said = [escape(clean(line)).replace("\n", "<br>") for line in lines if line]
    return "<br>".join([*said, mark])
