"""Towards the CRMs: the contact, the deal and what is logged with them, each a step of its own."""

from __future__ import annotations

from functools import partial

import attrs

from textback import dispatch
from textback.clock import moment
from textback.config.settings import Client
from textback.engine.codec import call_of, case_of, read_media
from textback.engine.context import Context
from textback.engine.steps import outcomes
from textback.errors import Refused
from textback.flow import record
from textback.model import Activity, Case, CrmRef, PhoneNumber
from textback.store import Unit, Work, calls, cases, contacts, steps, texts
from textback.store.steps import DONE, RUNNING, WAITING, Step


class Gone(Refused):
    """The plugin that a step is for is not in the client's file any more."""

    def __init__(self, plugin: str) -> None:
        super().__init__(f"the client's file has no plugin {plugin} that does this", permanent=True)


async def save_contact(ctx: Context, client: Client, step: Step, case: Case) -> Unit[None]:
    """Do ``lead/CRM``; the unit that keeps the record's id."""
    plugin = step.name.partition("/")[2]
    impl = (await ctx.stack(client.id)).impl("save_contact", plugin)
    if impl is None:
        raise Gone(plugin)
    assert case.number is not None
    lead = record.lead(client, case, case.number)
    ref = await dispatch.call(impl, lead=lead, key=record.key(case.id, step.name))
    if not isinstance(ref, CrmRef):
        raise Refused(f"{plugin} gave no record", permanent=True)
    return partial(_saved, ctx, client, step, plugin, "contact", lead.number, ref)


async def save_deal(
    ctx: Context, client: Client, step: Step, looked: tuple[Case, CrmRef | None]
) -> Unit[None]:
    """Do ``deal/CRM``; the unit that keeps the record's id."""
    plugin = step.name.partition("/")[2]
    impl = (await ctx.stack(client.id)).impl("save_deal", plugin)
    if impl is None:
        raise Gone(plugin)
    case, contact = looked
    assert case.number is not None
    if contact is None:
        raise Refused("the contact is not there yet", permanent=False)
    lead = record.lead(client, case, case.number)
    ref = await dispatch.call(impl, ref=contact, lead=lead, key=record.key(case.id, step.name))
    if ref is None:
        return outcomes.finished(ctx, step, {"because": f"{plugin} makes no deal of this lead"})
    if not isinstance(ref, CrmRef):
        raise Refused(f"{plugin} gave no record", permanent=True)
    return partial(_saved, ctx, client, step, plugin, "deal", lead.number, ref)


def _saved(
    ctx: Context,
    client: Client,
    step: Step,
    plugin: str,
    kind: str,
    number: PhoneNumber,
    ref: CrmRef,
) -> Work[None]:
    yield from contacts.keep_ref(client.id, plugin, kind, number, ref.id, ref.url)
    result = {"id": ref.id, "url": ref.url}
    yield from steps.finish(client.id, step.subject, step.name, result, ctx.now())


@attrs.frozen(kw_only=True)
class ToLog:
    """What is to be logged.

    Attributes:
        ref: The contact; None while it is not known, and then there is no activity.
        early: A deal that shows what is logged after it is still to be made.
    """

    case: Case
    ref: CrmRef | None
    activity: Activity | None
    early: bool


async def log(ctx: Context, client: Client, step: Step, found: ToLog) -> Unit[None]:
    """Do ``log/CRM/...``: write a call, text, reply or booking to the contact's record."""
    plugin = step.name.split("/")[1]
    impl = (await ctx.stack(client.id)).impl("log_activity", plugin)
    if impl is None:
        raise Gone(plugin)
    if found.ref is None:
        return partial(_wait_for_contact, ctx, step, f"lead/{plugin}")
    if found.early:
        return partial(_wait_for_deal, ctx, step)
    key = record.key(found.case.id, step.name)
    await dispatch.call(impl, ref=found.ref, activity=found.activity, key=key)
    return outcomes.finished(ctx, step, {})


def _wait_for_contact(ctx: Context, step: Step, lead: str) -> Work[None]:
    """The contact comes first; its step brings this one forward."""
    now = ctx.now()
    before = yield from steps.get(step.client, step.subject, lead)
    if before is None:  # the case came of an order like HELP: there is no contact to write to
        result = {"because": "this case has no contact"}
        yield from steps.finish(step.client, step.subject, step.name, result, now)
        return
    due_at = now if before.state == DONE else None
    yield from steps.wait(
        step.client, step.subject, step.name, due_at, "waits for the contact", now
    )


def _wait_for_deal(ctx: Context, step: Step) -> Work[None]:
    """A deal shows what is logged after it was made; its step brings this one forward."""
    now = ctx.now()
    due_at = None if (yield from _untried(step)) else now
    yield from steps.wait(step.client, step.subject, step.name, due_at, "waits for the deal", now)


def _untried(step: Step) -> Work[bool]:
    """Whether what is to come before a step has come to nothing yet, not even a failure."""
    before = yield from steps.get(step.client, step.subject, step.after or "")
    return before is not None and before.state in (WAITING, RUNNING) and before.error is None


def look_lead(client: Client, step: Step) -> Work[Case]:
    """The case of a lead."""
    row = yield from cases.get(client.id, step.subject.partition("/")[2])
    assert row is not None
    return case_of(row)


def look_deal(client: Client, step: Step) -> Work[tuple[Case, CrmRef | None]]:
    """The case of a deal, and the contact that it is for, if that is known."""
    case = yield from look_lead(client, step)
    return case, (yield from _ref(client, step.name.partition("/")[2], case.number or ""))


def look_log(client: Client, step: Step) -> Work[ToLog]:
    """What is to be logged, and with which contact."""
    _, plugin, about = step.name.split("/", 2)
    case = yield from look_lead(client, step)
    assert case.number is not None
    ref = yield from _ref(client, plugin, case.number)
    if ref is None:
        return ToLog(case=case, ref=None, activity=None, early=False)
    activity = yield from _activity(client, step, case, case.number, about.partition("/")[0])
    early = step.after is not None and (yield from _untried(step))
    return ToLog(case=case, ref=ref, activity=activity, early=early)


def _ref(client: Client, plugin: str, number: str) -> Work[CrmRef | None]:
    row = yield from contacts.ref(client.id, plugin, "contact", number)
    return CrmRef(row["ref"], row["url"]) if row else None


def _activity(
    client: Client, step: Step, case: Case, number: PhoneNumber, what: str
) -> Work[Activity]:
    detail = step.detail
    match what:
        case "call":
            row = yield from calls.get(client.id, detail["call"])
            assert row is not None
            return record.call_activity(call_of(row), number)
        case "booking" | "moved" | "cancelled":
            starts_at, title = moment(detail["at"]), detail["title"]
            return record.booking_activity(what, title, starts_at, number, case.line)
        case _:
            row = yield from texts.get(client.id, detail["text"])
            assert row is not None
            return record.text_activity(
                incoming=row["direction"] == "in",
                body=row["body"],
                channel=row["channel"],
                at=moment(row["at"]),
                number=number,
                line=PhoneNumber(row["line"]) if row["line"] else None,
                media=read_media(row["media"]),
            )
