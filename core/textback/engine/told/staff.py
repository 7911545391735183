"""What the team writes from its phones.

A text from a staff phone is never taken for a caller's words.  It goes to the caller of the case
that it names, or whose notice that phone got last.  Where that could be the wrong caller it goes to
nobody, and the member of the team is asked back.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.cases import opting
from textback.engine.context import Context, Wake, sides_of
from textback.engine.names import case_subject
from textback.engine.steps.staff import LISTED
from textback.engine.told import replies
from textback.events import TextReceived
from textback.flow import staff as wording
from textback.flow.reply import order_of
from textback.model import Keyword, PhoneNumber
from textback.phones import mask
from textback.plugins import Stack
from textback.store import Work, cases, contacts, ledger, steps, suppressions, team_texts
from textback.store.steps import Step
from textback.store.work import Row

ANSWERED_WITHIN = timedelta(minutes=30)  # an answer without a name is to a notice not older
CROSSED_WITHIN = timedelta(seconds=30)  # whoever typed may not have seen a notice so new
ASKED_WITHIN, MOST_ASKED = timedelta(hours=1), 5  # a phone that answers by itself is not asked on


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
