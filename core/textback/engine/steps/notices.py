"""Towards the team: each notice is a step of its own, made from the case as it stands then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from textback import dispatch
from textback.clock import moment
from textback.config.settings import Client
from textback.engine.codec import call_of, case_of, read_media
from textback.engine.context import Context
from textback.engine.names import FIRST_TEXT
from textback.engine.steps import outcomes, staff
from textback.engine.steps.records import Gone
from textback.flow import choice, follow_up, notify
from textback.model import Notice, TextState
from textback.store import Unit, Work, calls, cases, steps, texts
from textback.store.steps import Step
from textback.store.work import Row

_BOOKINGS = {
    "booking": notify.booked,
    "moved": notify.booking_moved,
    "cancelled": notify.booking_cancelled,
}


async def tell(ctx: Context, client: Client, step: Step, facts: notify.Facts) -> Unit[None]:
    """Do ``notify/NOTIFIER/...`` with what `look` has read for it."""
    _, plugin, about = step.name.split("/", 2)
    stack = await ctx.stack(client.id)
    impl, texter = stack.impl("notify_team", plugin), stack.to_team(plugin)
    if impl is None and texter is None:
        raise Gone(plugin)
    wrote = facts.text or "" if about.startswith("reply/") else ""
    chosen = choice.told(client, facts.case, facts.at, wrote)
    if chosen is not None and stack.renamed.get(plugin, plugin) not in chosen:
        return outcomes.finished(ctx, step, {"because": "others are told, by [[notify]]"})
    notice = attrs.evolve(_notice(client, step, about, facts), key=about)
    if impl is None:
        assert texter is not None
        return await staff.tell(ctx, client, step, texter, notice)
    await dispatch.call(impl, notice=notice)
    return outcomes.finished(ctx, step, {"title": notice.title})


def _notice(client: Client, step: Step, about: str, facts: notify.Facts) -> Notice:
    what, _, number = about.partition("/")
    detail = step.detail
    match what:
        case "call" if number == "1":
            return notify.missed_call(facts)
        case "call":
            return notify.called_again(facts, int(number))
        case "reply":
            return notify.replied(facts, detail.get("doubt", ""))
        case "voicemail":
            return notify.left_voicemail(facts)
        case "unsubscribed":
            return notify.unsubscribed(facts)
        case "opt_out":
            return notify.opted_out(facts)
        case "booking" | "moved" | "cancelled":
            return _BOOKINGS[what](facts, _appointment(detail))
        case _:
            channel = follow_up.channel_of(client, number)
            return notify.troubled(attrs.evolve(facts, channel=channel), detail["because"])


def _appointment(detail: Mapping[str, Any]) -> notify.Appointment:
    was = detail.get("was")
    return notify.Appointment(
        starts_at=moment(detail["at"]),
        title=detail["title"],
        was=moment(was) if was is not None else None,
        number=detail.get("number"),
    )


def look(client: Client, step: Step) -> Work[notify.Facts]:
    """What a notice can tell."""
    case_id, what = step.subject.partition("/")[2], step.name.split("/")[2]
    row = yield from cases.get(client.id, case_id)
    assert row is not None
    detail = step.detail
    call = None
    if "call" in detail:
        found = yield from calls.get(client.id, detail["call"])
        call = call_of(found) if found else None
    text = yield from _text(client, step, case_id, what)
    next_at, leads = yield from steps.outlook(client.id, step.subject)
    case = case_of(row)
    url = next((lead["url"] for lead in leads if lead.get("url")), None)
    if url is not None and case.caller.url is None:  # where the contact is by now
        case = attrs.evolve(case, caller=attrs.evolve(case.caller, url=url))
    at = call.ended_at or call.started_at if call else moment(row["last_at"])
    if text is not None and what == "reply":
        at = moment(text["at"])
    return notify.Facts(
        client=client,
        case=case,
        at=at,
        call=call,
        text=text["body"] if text else None,
        text_state=TextState(text["state"]) if text else None,
        channel=text["channel"] if text else "sms",
        held_until=moment(row["held_until"]) if row["held_until"] is not None else None,
        next_at=moment(next_at) if next_at is not None else None,
        media=read_media(text["media"]) if text else (),
    )


def _text(client: Client, step: Step, case_id: str, what: str) -> Work[Row | None]:
    if "text" in step.detail:
        return (yield from texts.get(client.id, step.detail["text"]))
    if what != "call":
        return None
    attempts = yield from texts.of_step(client.id, case_id, FIRST_TEXT)
    return attempts[-1] if attempts else None
