"""What callers and the team write: inside the commit of the webhook that brought it."""

from __future__ import annotations

from datetime import datetime

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.cases import addresses, closing, opting, todo
from textback.engine.codec import write_caller, write_media
from textback.engine.context import Context, Wake, number_of, sides_of
from textback.engine.names import IDLE, case_id, case_subject, reply_id
from textback.events import OptIn, OptOut, TeamReply, TextReceived
from textback.flow import follow_up
from textback.flow.reply import meaning, order_of
from textback.model import Caller, Keyword, PhoneNumber, TextState
from textback.plugins import Stack
from textback.store import Work, cases, contacts, steps, suppressions, texts
from textback.store.steps import Step
from textback.store.work import Row


def received(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    event: TextReceived,
    received_at: datetime,
) -> Work[list[Wake]]:
    """A text from a caller: an order (STOP, START, HELP), or words for the team."""
    number, line = sides_of(client, event)
    now = micros(received_at)
    if number is None or number in client.lines:
        return []  # kept in the inbox; nobody could be answered
    start = order_of(event, opted_out=True) is Keyword.START
    yield from opting.heard(client, number, start=start)
    forbidden = yield from suppressions.of(client.id, ctx.hash_of(number))
    meant = meaning(event, opted_out=any(row["reason"] == opting.OPT_OUT for row in forbidden))
    keyword = meant.keyword
    case = yield from _case_for(ctx, client, stack, event, number, line, keyword, now)
    if case is None:
        return []
    count = yield from cases.replied(client.id, case["case_id"], now)
    kind = "received" if keyword is None else keyword.value
    yield from _keep(client, plugin, event, case["case_id"], number, line, count, kind)
    subject = case_subject(case["case_id"])
    text = reply_id(case["case_id"], count)
    evidence = opting.evidence(event.body, meant.words or event.body.strip())
    answer = keyword is Keyword.HELP
    match keyword:
        case Keyword.STOP:
            answer = yield from opting.stop(ctx, client, stack, case, number, evidence, now, text)
        case Keyword.START:
            yield from opting.opt_in(ctx, client, number, subject, "wrote START", now)
        case None:
            yield from closing.cancel_texts(client, case, "the caller replied", now)
            yield from addresses.learn(client, case, addresses.written_in(event.body))
            if meant.doubtful:
                yield from opting.doubt(ctx, client, number, subject, evidence, now)
    if answer and keyword and (stack.answers_keywords(plugin) or meant.ours_alone):
        yield from _answer(client, case["case_id"], keyword, count, line, now)
    if keyword is None:
        about = f"reply/{count}"
        detail = {"text": text}
        doubt = {"doubt": meant.words} if meant.doubtful else {}
        yield from steps.add(
            [
                *todo.notices(client, stack, case["case_id"], about, now, {**detail, **doubt}),
                *todo.logs(client, stack, case["case_id"], about, now, detail),
            ],
            now,
        )
    return [Wake(client.id, case_subject(case["case_id"]))]


def _case_for(
    ctx: Context,
    client: Client,
    stack: Stack,
    event: TextReceived,
    number: PhoneNumber,
    line: PhoneNumber,
    keyword: Keyword | None,
    now: int,
) -> Work[Row | None]:
    """The conversation that a text belongs to.

    Words without one open one; an order without any is kept in a case that is closed at once.
    """
    case = yield from cases.open_of(client.id, number)
    if case is not None:
        return case
    if keyword is not None:
        latest = yield from cases.latest_of(client.id, number)
        if latest is not None:
            return latest
    name = case_id(client.id, f"text/{event.key}")
    yield from cases.open_new(
        {
            "client": client.id,
            "case_id": name,
            "number": number,
            "line": line,
            "opened_at": now,
            "caller": write_caller(Caller(number=number)),
            "outcome": None,
            "end_state": None,
            "because": "the caller wrote first",
            "held_until": None,
            "calls": 0,
            "closed_at": now if keyword else None,
            "closed_because": "there was nothing but an order to this program" if keyword else None,
        }
    )
    if keyword is not None:
        return (yield from cases.get(client.id, name))
    subject = case_subject(name)
    idle_at = micros(follow_up.idle_at(client, event.at))
    yield from steps.add(
        [
            Step(client=client.id, subject=subject, name=IDLE, due_at=idle_at),
            *(
                Step(client=client.id, subject=subject, name=f"lead/{impl.plugin}", due_at=now)
                for impl in stack.impls("save_contact")
            ),
        ],
        now,
    )
    return (yield from cases.get(client.id, name))


def _keep(
    client: Client,
    plugin: str,
    event: TextReceived,
    case: str,
    number: PhoneNumber,
    line: PhoneNumber,
    count: int,
    kind: str,
) -> Work[None]:
    yield from texts.put(
        {
            "client": client.id,
            "text_id": reply_id(case, count),
            "case_id": case,
            "step": f"reply/{count}",
            "kind": kind,
            "direction": "in",
            "channel": "sms",
            "number": number,
            "line": line,
            "body": event.body,
            "state": TextState.RECEIVED.value,
            "rank": TextState.RECEIVED.rank,
            "plugin": plugin,
            "provider_id": event.provider_id,
            "at": micros(event.at),
            "segments": 0,
            "media": write_media(event.media),
        }
    )


def _answer(
    client: Client, case: str, keyword: Keyword, count: int, line: PhoneNumber, now: int
) -> Work[None]:
    """We answer STOP and HELP ourselves, where the provider does not."""
    step = Step(
        client=client.id,
        subject=case_subject(case),
        name=f"{keyword.value}/{count}",
        due_at=now,
        detail={"line": line, "at": now},
    )
    yield from steps.add([step], now)


def opted_out(
    ctx: Context, client: Client, stack: Stack, plugin: str, event: OptOut, received_at: datetime
) -> Work[list[Wake]]:
    """The provider tells of an opt-out that did not reach us as a text."""
    number, now = number_of(client, event.number), micros(received_at)
    if number is None:
        return []
    case = yield from cases.latest_of(client.id, number)
    if case is None:
        yield from opting.opt_out(ctx, client, number, "number", event.evidence, now)
        return []
    yield from opting.stop(ctx, client, stack, case, number, event.evidence, now)
    return [Wake(client.id, case_subject(case["case_id"]))]


def opted_in(
    ctx: Context, client: Client, stack: Stack, plugin: str, event: OptIn, received_at: datetime
) -> Work[list[Wake]]:
    """The provider tells that a number wants texts again."""
    del stack, plugin
    number = number_of(client, event.number)
    if number is not None:
        now = micros(received_at)
        yield from opting.opt_in(ctx, client, number, "number", event.evidence, now)
    return []


def from_team(
    ctx: Context, client: Client, stack: Stack, plugin: str, event: TeamReply, received_at: datetime
) -> Work[list[Wake]]:
    """Someone of the business answers a caller."""
    del stack
    row = None
    if event.case is not None:
        row = yield from cases.get(client.id, event.case)
    elif (number := number_of(client, event.number)) is not None:
        row = yield from cases.open_of(client.id, number)
    if row is None:
        return []
    by = f"{event.by} by {plugin}"
    yield from write_to_caller(client, row, event.body, by, micros(received_at))
    return [Wake(client.id, case_subject(row["case_id"]))]


def write_to_caller(client: Client, case: Row, body: str, by: str, now: int) -> Work[str]:
    """Add the step that sends what someone of the business wrote; follow-ups stop with it."""
    if case["number"] is not None:
        yield from contacts.raise_version(client.id, case["number"])
    yield from cases.touch(client.id, case["case_id"], now)  # what settles a text waits from here
    subject = case_subject(case["case_id"])
    known = yield from steps.of(client.id, subject)
    number = 1 + max(
        (int(step.name.partition("/")[2]) for step in known if step.name.startswith("text/")),
        default=1,
    )
    yield from closing.cancel_texts(client, case, "someone of the team wrote", now)
    step = Step(
        client=client.id,
        subject=subject,
        name=f"text/{number}",
        due_at=now,
        detail={"body": body, "by": by},
    )
    yield from steps.add([step], now)
    return step.name
