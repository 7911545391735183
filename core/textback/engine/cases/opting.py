"""Opting out and in: what is remembered of who wants no more texts, and who may take it back.

An opt-out is a suppression that only the caller takes back.  What may be one is a suppression, too:
nothing goes to the number but what people of the team write, until they decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textback.config.settings import Client
from textback.engine.cases import closing, todo
from textback.engine.context import Context
from textback.engine.names import case_subject
from textback.model import Basis
from textback.plugins import Stack
from textback.store import Work, consents, contacts, forgetting, ledger, steps, suppressions
from textback.store.contacts import DEPLOYMENT
from textback.store.work import Row

OPT_OUT: Final = "opt_out"
DOUBT: Final = "maybe_opt_out"

_EVIDENCE: Final = 80  # characters of what was written


def evidence(body: str, words: str) -> str:
    """How an opt-out was said: what was written, and the words that it rests on."""
    wrote = body.strip()
    said = f"wrote {wrote[:_EVIDENCE]!r}"
    return said if words.casefold() == wrote.casefold() else f"{said}, read as {words!r}"


def heard(client: Client, number: str, *, start: bool = False) -> Work[None]:
    """The caller was heard: make every decision stale that what was said may concern.

    An opt-out or an opt-in (*start*) may concern all clients, and what does is locked first.
    """
    everywhere = start or client.opt_out_scope == "deployment"
    yield from contacts.raise_version(client.id, number, everywhere=everywhere)


def opt_out(
    ctx: Context, client: Client, number: str, subject: str, said: str, now: int
) -> Work[bool]:
    """No more texts to a number, as far as the client's `opt_out_scope` goes; False if known."""
    hashed = ctx.hash_of(number)
    scope = DEPLOYMENT if client.opt_out_scope == "deployment" else client.id
    yield from heard(client, number)
    yield from suppressions.lift(client.id, hashed, DOUBT)
    yield from consents.withdraw(scope, hashed, now)
    new = yield from suppressions.add(scope, number, hashed, OPT_OUT, said, now)
    if not new:
        return False
    content = {"reason": OPT_OUT, "evidence": said, "scope": scope}
    yield from ledger.write(client.id, "suppressed", subject, hashed, content, now)
    if scope == DEPLOYMENT:
        for name in (yield from forgetting.known_to(number)):
            other = ctx.clients.get(name)
            if other is not None and name != client.id:
                because = f"the caller opted out at {client.id}"
                yield from closing.by_event(ctx.hash_of, other, number, because, now)
    return True


def stop(
    ctx: Context,
    client: Client,
    stack: Stack,
    case: Row,
    number: str,
    said: str,
    now: int,
    text: str | None = None,
) -> Work[bool]:
    """A caller opts out: the case is closed and the team told; False if it was so already.

    Args:
        ctx: The deployment.
        client: Whose caller.
        stack: Who tells the team.
        case: Where it is kept.
        number: The caller's.
        said: How, for the ledger.
        now: When.
        text: The id of the text or mail that said it, if one did.
    """
    new = yield from opt_out(ctx, client, number, case_subject(case["case_id"]), said, now)
    if new:
        about = f"opt_out/{case['replies'] + 1}"
        detail = {"text": text} if text is not None else {}
        yield from steps.add(todo.notices(client, stack, case["case_id"], about, now, detail), now)
    if case["closed_at"] is None:
        yield from closing.close(ctx.hash_of, client, case, "the caller opted out", now)
    return new


def doubt(
    ctx: Context, client: Client, number: str, subject: str, said: str, now: int
) -> Work[None]:
    """Somebody may have opted out: nothing goes by itself until people decide."""
    hashed = ctx.hash_of(number)
    yield from contacts.raise_version(client.id, number)
    if (yield from suppressions.add(client.id, number, hashed, DOUBT, said, now)):
        content = {"reason": DOUBT, "evidence": said}
        yield from ledger.write(client.id, "suppressed", subject, hashed, content, now)


def opt_in(
    ctx: Context, client: Client, number: str, subject: str, said: str, now: int
) -> Work[None]:
    """The caller wants texts again: what forbids them for all clients ends with it, too."""
    yield from heard(client, number, start=True)
    ends = ((client.id, OPT_OUT), (client.id, DOUBT), (DEPLOYMENT, OPT_OUT))
    hashed, basis = ctx.hash_of(number), Basis.REPLIED.value
    lifted = yield from take_back(client.id, hashed, subject, ends, said, now, basis=basis)
    if lifted:
        yield from consents.put(client.id, hashed, basis, now, said)


def take_back(
    scope: str,
    hashed: str,
    subject: str,
    which: Sequence[tuple[str, str]],
    said: str,
    now: int,
    *,
    basis: str | None = None,
) -> Work[list[tuple[str, str]]]:
    """End suppressions, and write down which ended; the version must have been raised.

    Args:
        scope: In whose ledger it is written, if there is anything to write.
        hashed: The keyed hash of the number.
        subject: What the ledger has it under.
        which: The scope and the reason of each, whether it is there or not.
        said: How it was said, for the ledger.
        now: When.
        basis: Of the consent that is given with it, if it is.

    Returns:
        Those that were there.
    """
    lifted: list[tuple[str, str]] = []
    for of, reason in which:
        lifted += [(of, reason)] if (yield from suppressions.lift(of, hashed, reason)) else []
    if lifted:
        ended = [{"scope": of, "reason": reason} for of, reason in lifted]
        content = {"lifted": ended, "evidence": said, **({"basis": basis} if basis else {})}
        yield from ledger.write(scope, "resumed", subject, hashed, content, now)
    return lifted
