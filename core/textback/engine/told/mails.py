"""What callers write by e-mail: inside the commit of what a mail service or mailbox brought."""

from __future__ import annotations

from datetime import datetime

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.cases import addresses, closing, opting, todo, unsubscribing
from textback.engine.cases.unsubscribing import Link
from textback.engine.context import Context, Wake
from textback.engine.names import case_subject, reply_id
from textback.events import EmailReceived
from textback.flow.keywords import keyword_of
from textback.flow.opt_out import Wish, wants_out
from textback.model import Keyword, TextState
from textback.plugins import Stack
from textback.store import Work, cases, steps, texts
from textback.store.work import Row


def received(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    event: EmailReceived,
    received_at: datetime,
) -> Work[list[Wake]]:
    """A mail of a caller: what waits is cancelled and the team reads it, as with a text.

    One that belongs to no case opens none: mailboxes get mail from all the world.
    """
    now = micros(received_at)
    case = yield from _case_of(client, event)
    if case is None:
        return []
    if case["number"] is not None:
        yield from opting.heard(client, case["number"])
    name = case["case_id"]
    count = yield from cases.replied(client.id, name, now)
    yield from _keep(client, plugin, event, case, count)
    yield from addresses.learn(client, case, event.sender)
    yield from closing.cancel_texts(client, case, "the caller replied by e-mail", now)
    wakes = [Wake(client.id, case_subject(name))]
    number, text = case["number"], reply_id(name, count)
    reading = wants_out(event.body)
    evidence = f"{opting.evidence(event.body, reading.words)} by e-mail"
    if reading.wish is Wish.OUT:
        # A word such as STOP is about e-mail, as it may come from a mail program's button; who
        # asks in words of their own is heard as one who wants to hear nothing, by text either.
        everything = keyword_of(event.body) is not Keyword.STOP and number is not None
        link = Link(client.id, name, unsubscribing.hash_of(ctx, event.sender))
        teller = None if everything else stack
        wakes += yield from unsubscribing.unsubscribe(ctx, teller, link, evidence, now)
        if everything:
            yield from opting.stop(ctx, client, stack, case, number, evidence, now, text)
        return wakes
    detail = {"text": text}
    doubt = {}
    if reading.wish is Wish.UNSURE and number is not None:
        yield from opting.doubt(ctx, client, number, case_subject(name), evidence, now)
        doubt = {"doubt": reading.words}
    yield from steps.add(
        [
            *todo.notices(client, stack, name, f"reply/{count}", now, {**detail, **doubt}),
            *todo.logs(client, stack, name, f"reply/{count}", now, detail),
        ],
        now,
    )
    return wakes


def _case_of(client: Client, event: EmailReceived) -> Work[Row | None]:
    """The case that the mail answers, else the one of the caller who has this address."""
    if event.case is not None:
        case = yield from cases.get(client.id, event.case)
        if case is not None:
            return case
    return (yield from cases.by_email(client.id, event.sender))


def _keep(client: Client, plugin: str, event: EmailReceived, case: Row, count: int) -> Work[None]:
    yield from texts.put(
        {
            "client": client.id,
            "text_id": reply_id(case["case_id"], count),
            "case_id": case["case_id"],
            "step": f"reply/{count}",
            "kind": "received",
            "direction": "in",
            "channel": "email",
            "number": case["number"] or "",
            "line": case["line"],
            "address": event.sender,
            "subject": event.subject,
            "body": event.body,
            "state": TextState.RECEIVED.value,
            "rank": TextState.RECEIVED.rank,
            "plugin": plugin,
            "provider_id": None,
            "at": micros(event.at),
            "segments": 0,
            "media": "[]",
        }
    )
