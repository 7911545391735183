"""Towards the CRMs: the contact, the deal and what is logged with them, each a step of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textback import dispatch
from textback.clock import moment
from textback.config.settings import Client
from textback.engine import outcomes
from textback.engine.calls import call_of
from textback.engine.codec import read_media
from textback.engine.context import Context
from textback.engine.pictures import case_of
from textback.errors import Refused
from textback.flow import record
from textback.model import Activity, Case, CrmRef, PhoneNumber
from textback.store import Work, calls, cases, contacts, steps, texts
from textback.store.steps import DONE, RUNNING, WAITING, Step

Result = Callable[[], Work[None]]


class Gone(Refused):
    """The plugin that a step is for is not in the client's file any more."""

    def __init__(self, plugin: str) -> None:
        super().__init__(f"the client's file has no plugin {plugin} that does this", permanent=True)


async def save(ctx: Context, client: Client, step: Step, opened: Case | None = None) -> Result:
    """Do ``lead/CRM`` or ``deal/CRM``; the unit that keeps the record's id.

    Args:
        ctx: The deployment.
        client: Whose CRM.
        step: What to do.
        opened: The case as it was opened just now; else it is read.
    """
    what, plugin = step.name.split("/", 1)
    stack = await ctx.stack(client.id)
    impl = stack.impl("save_contact" if what == "lead" else "save_deal", plugin)
    if impl is None:
        raise Gone(plugin)
    case = opened if opened is not None else await ctx.store.read(lambda: _case(client, step))
    assert case.number is not None
    lead = record.lead(client, case, case.number)
    key = record.key(case.id, step.name)
    kind = "contact" if what == "lead" else "deal"
    if what == "lead":
        ref = await dispatch.call(impl, lead=lead, key=key)
    else:
        contact = await ctx.store.read(lambda: _ref(client, plugin, lead.number))
        if contact is None:
            raise Refused("the contact is not there yet", permanent=False)
        ref = await dispatch.call(impl, ref=contact, lead=lead, key=key)
    if ref is None and what == "deal":
        return outcomes.finished(ctx, step, {"because": f"{plugin} makes no deal of this lead"})
    if not isinstance(ref, CrmRef):
        raise Refused(f"{plugin} gave no record", permanent=True)
    return partial(_saved, ctx, client, step, plugin, kind, lead.number, ref)


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


async def log(ctx: Context, client: Client, step: Step) -> Result:
    """Do ``log/CRM/...``: write a call, text, reply or booking to the contact's record."""
    _, plugin, about = step.name.split("/", 2)
    stack = await ctx.stack(client.id)
    impl = stack.impl("log_activity", plugin)
    if impl is None:
        raise Gone(plugin)
    found = await ctx.store.read(lambda: _activity(client, step, plugin, about))
    if found is None:
        return partial(_wait_for_contact, ctx, step, f"lead/{plugin}")
    if await ctx.store.read(lambda: _untried(step)):
        return partial(_wait_for_deal, ctx, step)
    ref, activity, case = found
    await dispatch.call(impl, ref=ref, activity=activity, key=record.key(case.id, step.name))
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


def _case(client: Client, step: Step) -> Work[Case]:
    row = yield from cases.get(client.id, step.subject.partition("/")[2])
    assert row is not None
    return case_of(row)


def _ref(client: Client, plugin: str, number: str) -> Work[CrmRef | None]:
    row = yield from contacts.ref(client.id, plugin, "contact", number)
    return CrmRef(row["ref"], row["url"]) if row else None


def _activity(
    client: Client, step: Step, plugin: str, about: str
) -> Work[tuple[CrmRef, Activity, Case] | None]:
    """What is to be logged, and with which contact; None while that is not known."""
    case = yield from _case(client, step)
    assert case.number is not None
    ref = yield from _ref(client, plugin, case.number)
    if ref is None:
        return None
    detail = step.detail
    match about.partition("/")[0]:
        case "call":
            row = yield from calls.get(client.id, detail["call"])
            assert row is not None
            return ref, record.call_activity(call_of(row), case.number), case
        case "booking" | "moved" | "cancelled" as what:
            starts_at, title = moment(detail["at"]), detail["title"]
            booked = record.booking_activity(what, title, starts_at, case.number, case.line)
            return ref, booked, case
        case _:
            row = yield from texts.get(client.id, detail["text"])
            assert row is not None
            text = record.text_activity(
                incoming=row["direction"] == "in",
                body=row["body"],
                channel=row["channel"],
                at=moment(row["at"]),
                number=case.number,
                line=PhoneNumber(row["line"]) if row["line"] else None,
                media=read_media(row["media"]),
            )
            return ref, text, case
