"""What people decide by hand, as units of work: commands use them beside a running engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textback.config.settings import Client
from textback.engine.cases import closing, opting
from textback.engine.told import replies
from textback.store import Work, consents, contacts, ledger, pauses, steps, suppressions
from textback.store.work import Row

HashOf = Callable[[str], str]

PAUSES = "pauses"  # the subject of what the ledger has of them

REASONS = {
    "opt_out": "the caller opted out",
    "staff": "the number belongs to the team",
    "block": "the number is blocked",
}
"""Why people suppress a number, and what a case is closed with for it."""


def reply(client: Client, case: Row, body: str, now: int) -> Work[str]:
    """Write to a caller; the name of the step that will do it."""
    return (yield from replies.write_to_caller(client, case, body, "command line", now))


def close(hash_of: HashOf, client: Client, case: Row, because: str, now: int) -> Work[None]:
    """Close a case."""
    if case["number"] is not None:
        yield from contacts.raise_version(client.id, case["number"])
    yield from closing.close(hash_of, client, case, because, now)


def suppress(
    hash_of: HashOf,
    clients: Sequence[Client],
    scope: str,
    number: str,
    because: str,
    now: int,
    *,
    reason: str = "block",
    since: int | None = None,
) -> Work[bool]:
    """Never text a number, for one client or (``*``) for all; False if it was so already.

    Args:
        hash_of: The keyed hash of a number.
        clients: Those whose open cases with the number are closed.
        scope: The client, or ``*``.
        number: In E.164.
        because: Why, for the ledger.
        now: When it is written down.
        reason: One of `REASONS`.
        since: When it began, if that was before.
    """
    yield from contacts.raise_version(scope, number)
    if reason == opting.OPT_OUT:  # it is decided
        yield from suppressions.lift(scope, hash_of(number), opting.DOUBT)
        yield from consents.withdraw(scope, hash_of(number), now)
    began = now if since is None else since
    new = yield from suppressions.add(scope, number, hash_of(number), reason, because, began)
    yield from ledger.write(
        scope,
        "suppressed",
        "number",
        hash_of(number),
        {"reason": reason, "evidence": because},
        now,
    )
    for client in clients:
        if scope in (client.id, "*"):
            yield from closing.by_event(hash_of, client, number, REASONS[reason], now)
    return new


def lift(
    hash_of: HashOf, clients: Sequence[Client], scope: str, number: str, because: str, now: int
) -> Work[bool]:
    """Take back what people said of a number, and what may have been an opt-out.

    A sure opt-out only the caller takes back.
    """
    del clients
    yield from contacts.raise_version(scope, number)
    ends = [(scope, reason) for reason in ("block", "staff", opting.DOUBT)]
    return bool((yield from opting.take_back(scope, hash_of(number), "number", ends, because, now)))


def pause(client: str, because: str, now: int) -> Work[None]:
    """Hold all texts of a client, or (``*``) of all."""
    yield from pauses.pause(client, because, now)
    yield from ledger.write(client, "paused", PAUSES, None, {"because": because}, now)


def resume(client: str, now: int) -> Work[int | None]:
    """End a pause; how many held steps are decided anew, None if nothing was paused."""
    if not (yield from pauses.resume(client)):
        return None
    yield from ledger.write(client, "unpaused", PAUSES, None, {}, now)
    return (yield from steps.release_held(client, now))
