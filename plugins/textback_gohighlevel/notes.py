"""What happened with a contact, as notes; each ends with a mark by which it is found again.

A record of the kind "call" would need an app with a conversation provider, and would set off the
sub-account's own workflows for missed calls: the caller would be texted twice.
https://marketplace.gohighlevel.com/docs/ghl/contacts/create-note
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from textback.flow.notify import HOW
from textback.model import Activity, ActivityKind, CrmRef
from textback.once import Record, Trace, find_or_make
from textback.phones import display
from textback.services import Services
from textback.telling import clean
from textback_gohighlevel.api import Api
from textback_gohighlevel.contacts import region
from textback_gohighlevel.settings import Settings

REMEMBERED_S = 30 * 86_400.0  # longer than a step is tried again by itself


async def log(
    api: Api, settings: Settings, services: Services, ref: CrmRef, activity: Activity, key: str
) -> None:
    """Write one activity to a contact's notes, once for each *key*.

    Raises:
        ProviderError: It wasn't done, or nobody knows.
    """
    if activity.kind.value not in settings.log:
        return
    path, mark = f"contacts/{quote(ref.id, safe='')}/notes", mark_of(key)

    async def find(trace: Trace) -> Record | None:
        if trace.record is not None or trace.tried_at is None:
            return trace.record
        notes = (await api.get(path)).get("notes") or ()
        return next(
            ({"id": each.get("id")} for each in notes if mark in str(each.get("body"))), None
        )

    async def make() -> Record:
        body = clean("\n".join([*filter(None, _lines(activity, services)), mark]))
        made = await api.create(path, {"body": body})
        return {"id": (made.get("note") or {}).get("id")}

    await find_or_make(
        services,
        f"log/{key}",
        find=find,
        make=make,
        lag_s=settings.search_lag_s,
        keep_s=REMEMBERED_S,
    )


def mark_of(key: str) -> str:
    """What stands at the end of a note that was made for a step."""
    return f"textback {hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _lines(activity: Activity, services: Services) -> list[str]:
    home = region(services)
    at = f"{activity.at:%Y-%m-%d %H:%M} UTC"
    caller = display(activity.number, home)
    media = [each.url for each in activity.media]
    match activity.kind:
        case ActivityKind.CALL:
            missed = activity.outcome is None or activity.outcome.missed
            to = f" to {display(activity.line, home)}" if activity.line else ""
            words = HOW.get(activity.outcome) if activity.outcome is not None else None
            how = f"{words[0].upper()}{words[1:]}." if words else ""
            ms = activity.duration_ms
            took = f"It took {ms / 1000:.0f} s." if ms is not None else ""
            what = "Missed call" if missed else "Call"
            return [f"{what} from {caller}{to}, {at}", how, took, activity.body, *media]
        case ActivityKind.BOOKING:
            return [f"Appointment for {at}", activity.body]
    channel = "e-mail" if activity.channel == "email" else "text"
    what = f"{channel.capitalize()} from {caller}" if activity.incoming else f"Our {channel}"
    return [f"{what}, {at}", activity.body, *media]
