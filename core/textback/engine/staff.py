"""The team by SMS: notices to staff phones, and what is answered from there.

A text from a staff phone is never taken for a caller's words.  It goes to the caller of the case
that it names, or whose notice that phone got last.  Where that could be the wrong caller it goes to
nobody, and the member of the team is asked back.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from functools import partial

import attrs

from textback import dispatch
from textback.clock import micros
from textback.config.settings import Client
from textback.engine import opting, outcomes, replies
from textback.engine.context import Context, Wake, sides_of
from textback.engine.names import case_subject, text_id
from textback.engine.pictures import case_of
from textback.engine.records import Gone
from textback.errors import NotAsked, ProviderError, Refused
from textback.events import TextReceived
from textback.flow import deliver
from textback.flow import staff as wording
from textback.flow.reply import order_of
from textback.model import Case, Keyword, Kind, Notice, PhoneNumber, Text, TextState
from textback.phones import mask
from textback.plugins import Stack
from textback.store import Unit, Work, cases, contacts, ledger, steps, suppressions, team_texts
from textback.store.steps import Step
from textback.store.work import Row

ANSWERED_WITHIN = timedelta(minutes=30)  # an answer without a name is to a notice not older
CROSSED_WITHIN = timedelta(seconds=30)  # whoever typed may not have seen a notice so new
ASKED_WITHIN, MOST_ASKED = timedelta(hours=1), 5  # a phone that answers by itself is not asked on
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


def received(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    event: TextReceived,
    received_at: datetime,
) -> Work[list[Wake]]:
    """A text that came in: from the team, if this sender texts the team; else from a caller."""
    number, line = sides_of(client, event)
    ours = stack.to_team(plugin) is not None and number in client.staff_phones
    if number is not None and ours and not (yield from _plays_caller(client, number)):
        now = micros(received_at)
        return (yield from _from_staff(ctx, client, plugin, event, number, line, now))
    if "sender" not in stack.roles_of(plugin):
        return []  # it only speaks with the team
    return (yield from replies.received(ctx, client, stack, plugin, event, received_at))


def _plays_caller(client: Client, number: PhoneNumber) -> Work[bool]:
    """In test mode the team's own phones play the callers."""
    if client.mode != "test" or number not in client.test_phones:
        return False
    return (yield from cases.open_of(client.id, number)) is not None


def _from_staff(
    ctx: Context,
    client: Client,
    plugin: str,
    event: TextReceived,
    number: PhoneNumber,
    line: PhoneNumber,
    now: int,
) -> Work[list[Wake]]:
    forbidden = yield from suppressions.of(client.id, ctx.hash_of(number))
    opted_out = any(row["reason"] == opting.OPT_OUT for row in forbidden)
    match order_of(event, opted_out=opted_out):
        case Keyword.STOP | Keyword.START as order:
            yield from _obey(ctx, client, number, order, now)
            return []
        case _:
            said = wording.read(event.body)
    case = yield from _meant(client, said, number, now)
    if case is None or not said.words:
        return (yield from _ask_back(client, plugin, event, number, line, said, now))
    by = f"staff phone {mask(number)} by {plugin}"
    yield from replies.write_to_caller(client, case, said.words, by, now)
    return [Wake(client.id, case_subject(case["case_id"]))]


def _obey(
    ctx: Context, client: Client, number: PhoneNumber, order: Keyword, now: int
) -> Work[None]:
    """No more notices to this phone, or notices again."""
    hashed, said = ctx.hash_of(number), f"wrote {order.value.upper()}"
    yield from contacts.raise_version(client.id, number)
    if order is Keyword.STOP:
        yield from suppressions.add(client.id, number, hashed, opting.OPT_OUT, said, now)
        content = {"reason": opting.OPT_OUT, "evidence": said}
        yield from ledger.write(client.id, "suppressed", "number", hashed, content, now)
    else:
        ends = ((client.id, opting.OPT_OUT),)
        yield from opting.take_back(client.id, hashed, "number", ends, said, now)


def _meant(client: Client, said: wording.Said, number: PhoneNumber, now: int) -> Work[Row | None]:
    """The case that an answer is for; None if that could be another."""
    if said.case is not None:
        found = yield from cases.by_prefix(client.id, said.case)
        still_open = [case for case in found if case["closed_at"] is None]
        chosen = found if len(found) == 1 else still_open
        return chosen[0] if len(chosen) == 1 and chosen[0]["number"] is not None else None
    rows = yield from team_texts.recent(client.id, number, 0)
    told = [row for row in rows if row["case_id"] is not None]
    if not told:
        return None
    last = told[0]
    case = yield from cases.get(client.id, last["case_id"])
    if case is None or case["number"] is None:
        return None
    age = timedelta(microseconds=now - last["at"])
    others = [
        other["case_id"]
        for other in (yield from cases.open_ones(client.id, LISTED))
        if other["case_id"] != case["case_id"] and other["number"] not in client.staff_phones
    ]
    if age > ANSWERED_WITHIN:
        return case if case["closed_at"] is None and not others else None
    before = now - ANSWERED_WITHIN // timedelta(microseconds=1)
    crossed = age < CROSSED_WITHIN and any(
        row["case_id"] in others and row["at"] > before for row in told
    )
    return None if crossed else case


def _ask_back(
    client: Client,
    plugin: str,
    event: TextReceived,
    number: PhoneNumber,
    line: PhoneNumber,
    said: wording.Said,
    now: int,
) -> Work[list[Wake]]:
    since = now - ASKED_WITHIN // timedelta(microseconds=1)
    rows = yield from team_texts.recent(client.id, number, since)
    if sum(row["case_id"] is None for row in rows) >= MOST_ASKED:
        return []
    detail = {
        "plugin": plugin,
        "line": line,
        "to": number,
        "unknown": said.case,
        "words": bool(said.words),
    }
    key = hashlib.sha256(event.key.encode()).hexdigest()[:16]
    subject = f"team/{plugin}"
    step = Step(client=client.id, subject=subject, name=f"ask/{key}", due_at=now, detail=detail)
    yield from steps.add([step], now)
    return [Wake(client.id, subject)]


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
