"""The team by SMS: notices to staff phones, and the question which caller an answer was for."""

from __future__ import annotations

import asyncio
from functools import partial

import attrs

from textback import dispatch
from textback.config.settings import Client
from textback.engine.cases import opting
from textback.engine.codec import case_of
from textback.engine.context import Context
from textback.engine.names import text_id
from textback.engine.steps import outcomes
from textback.engine.steps.records import Gone
from textback.errors import NotAsked, ProviderError, Refused
from textback.flow import deliver
from textback.flow import staff as wording
from textback.model import Case, Kind, Notice, PhoneNumber, Text, TextState
from textback.store import Unit, Work, cases, suppressions, team_texts
from textback.store.steps import Step

LISTED = 20  # open cases, of which as many are named as fit


async def tell(
    ctx: Context, client: Client, step: Step, texter: dispatch.Impl, notice: Notice
) -> Unit[None]:
    """Text a notice to every staff phone that has not got it; the unit that finishes the step."""
    phones = await ctx.store.read(partial(_phones, ctx, client, notice.number))
    line = notice.line or client.lines[0]
    body = wording.notice(notice)
    make = partial(Text, client=client.id, case=notice.case, line=line, body=body, kind=Kind.NOTICE)
    name = text_id(notice.case, step.name, 1)
    sent = [make(id=f"{name}-{phone[1:]}", to=phone, step=step.name) for phone in phones]
    declined = await asyncio.gather(*(_send(ctx, client, texter, text) for text in sent))
    failed = [each for each in declined if each is not None]
    if again := next((each for each in failed if not each.permanent), None):
        raise _later(again)
    if failed and len(failed) == len(sent):
        raise Refused(failed[0].because, permanent=True)
    result = {"title": notice.title, "phones": len(sent) - len(failed)}
    return outcomes.finished(ctx, step, result)


def _phones(ctx: Context, client: Client, caller: PhoneNumber | None) -> Work[list[PhoneNumber]]:
    """Staff phones that may be texted: not one that wrote STOP, nor the caller's own."""
    found: list[PhoneNumber] = []
    for phone in client.staff_phones:
        forbidden = yield from suppressions.of(client.id, ctx.hash_of(phone))
        stopped = any(row["reason"] == opting.OPT_OUT for row in forbidden)
        if phone != caller and not stopped:
            found.append(phone)
    return found


async def _send(
    ctx: Context, client: Client, texter: dispatch.Impl, text: Text
) -> deliver.Declined | None:
    """One text to one phone, once; why it surely did not leave, if it didn't."""
    address = ctx.address(client.id, texter.plugin)
    text = attrs.evolve(
        text,
        status_url=f"{address}/sms-status?text={text.id}",
        attempted_at=ctx.clock.now(),
    )
    case = text.case or None
    put = partial(team_texts.put, client.id, text.id, text.to, case, texter.plugin, ctx.now())
    if not await ctx.store.write(put):
        return None
    attempt = await deliver.send(texter, text)
    state, provider_id = TextState.UNKNOWN, None
    if isinstance(attempt, deliver.Taken):
        state, provider_id = attempt.receipt.state, attempt.receipt.provider_id
    elif isinstance(attempt, deliver.Declined):
        state = TextState.FAILED
    await ctx.store.write(partial(team_texts.became, client.id, text.id, state, provider_id))
    return attempt if isinstance(attempt, deliver.Declined) else None


async def ask(ctx: Context, client: Client, step: Step) -> Unit[None]:
    """Do ``ask/...``: ask a member of the team which caller was meant."""
    detail = step.detail
    stack = await ctx.stack(client.id)
    texter = stack.to_team(detail["plugin"])
    if texter is None:
        raise Gone(detail["plugin"])
    open_cases = await ctx.store.read(partial(_open_cases, client))
    asked = wording.which(open_cases, detail["unknown"])
    text = Text(
        id=step.name.replace("/", "-"),
        client=client.id,
        case="",
        to=PhoneNumber(detail["to"]),
        line=PhoneNumber(detail["line"]),
        body=asked if detail["words"] else wording.no_words(),
        kind=Kind.NOTICE,
        step=step.name,
    )
    declined = await _send(ctx, client, texter, text)
    if declined is not None and declined.permanent:
        raise Refused(declined.because, permanent=True)
    if declined is not None:
        raise _later(declined)
    return outcomes.finished(ctx, step, {})


def _later(declined: deliver.Declined) -> ProviderError:
    """It is tried again; if nobody was asked, that was no try."""
    if not declined.asked:
        return NotAsked(declined.because, retry_after=declined.retry_after)
    return Refused(declined.because, permanent=False, retry_after=declined.retry_after)


def _open_cases(client: Client) -> Work[list[Case]]:
    rows = yield from cases.open_ones(client.id, LISTED)
    found = [case_of(row) for row in rows if row["number"] not in client.staff_phones]
    return sorted(found, key=lambda case: case.opened_at, reverse=True)
