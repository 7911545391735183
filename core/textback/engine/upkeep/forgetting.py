"""Forget a number: stop what is under way, ask the plugins, erase what is here, clear the file.

What is held elsewhere can only be told: at the carrier, in a CRM, in the team's mailbox.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs

from textback import dispatch
from textback.engine.context import Context
from textback.engine.names import case_subject
from textback.engine.retry import describe as in_words
from textback.errors import AssemblyError
from textback.model import Erased, PhoneNumber
from textback.phones import normalise, region_of
from textback.plugins import Stack
from textback.store import Work, contacts, forgetting, ledger
from textback.store.work import Row

AT_A_TIME = 500  # raw events in one look

# What a plugin without `erase` may hold of a number, by the role that it plays.
_HOLDS = {
    "source": "calls",
    "sender": "texts",
    "email": "e-mails",
    "crm": "the contact and its activities",
    "notifier": "notices to the team",
    "booking": "appointments",
}
_NUMBERS = ("caller", "number", "forwarded_from")  # fields of events that hold one
_ADDRESSES = ("sender", "email")  # that hold an e-mail address, perhaps with a name
_IDS = ("call", "case", "text", "provider_id", "booking")


@attrs.frozen(kw_only=True)
class Known:
    """All that belongs to a number at one client.

    Attributes:
        ids: What events may say of it, as (field, value); see `_IDS`.
    """

    client: str
    number: PhoneNumber
    cases: tuple[str, ...]
    calls: frozenset[str]
    emails: frozenset[str]
    ids: frozenset[tuple[str, str]]

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whatever an engine advances for it."""
        return (*map(case_subject, self.cases), *(f"call/{call}" for call in sorted(self.calls)))

    def concerns(self, event: Row) -> bool:
        """Whether a raw event tells of the number or of anything that belongs to it."""
        if event["subject"] in self.subjects:
            return True
        said: Mapping[str, Any] = json.loads(event["body"]) if event["body"] else {}
        if any((field, str(said[field])) in self.ids for field in _IDS if field in said):
            return True
        written = [str(said.get(field, "")).lower() for field in _ADDRESSES]
        if any(email in address for email in self.emails for address in written):
            return True
        region = region_of(self.number)
        return any(
            normalise(said[field], region) == self.number for field in _NUMBERS if field in said
        )


@attrs.frozen(kw_only=True)
class Forgotten:
    """What was erased at one client, and who may hold more, in words."""

    client: str
    cases: int
    calls: int
    events: int
    suppressions: int
    elsewhere: tuple[str, ...]


async def forget(ctx: Context, client: str, number: PhoneNumber) -> Forgotten:
    """Erase a number from the store, and ask the plugins of a client to erase it, too.

    Args:
        ctx: The deployment; an engine may be running beside.
        client: Also one whose file is gone, or ``*`` for what belongs to all.
        number: In E.164.
    """
    await ctx.store.write(partial(_stop, client, number))
    elsewhere = await _ask(ctx, client, number)
    known = await ctx.store.read(partial(_known, client, number))
    events = await _erase_events(ctx, known)
    suppressions = await ctx.store.write(partial(_erase, ctx, known))
    return Forgotten(
        client=client,
        cases=len(known.cases),
        calls=len(known.calls),
        events=events,
        suppressions=suppressions,
        elsewhere=elsewhere,
    )


def _stop(client: str, number: PhoneNumber) -> Work[None]:
    """Nothing more is begun or committed for this number: decisions are stale, leases taken."""
    yield from contacts.raise_version(client, number)
    known = yield from _known(client, number)
    for subject in known.subjects:
        yield from forgetting.stop(client, subject)


def _known(client: str, number: PhoneNumber) -> Work[Known]:
    rows = yield from forgetting.cases_of(client, number)
    cases = tuple(row["case_id"] for row in rows)
    calls = yield from forgetting.calls_of(client, number, cases)
    texts = yield from forgetting.texts_of(client, number)
    emails = frozenset(row["email"] for row in rows if row["email"])
    ids = {("case", case) for case in cases}
    ids |= {("call", call.partition("/")[2]) for call in calls}
    ids |= {("text", row["text_id"]) for row in texts}
    ids |= {("provider_id", row["provider_id"]) for row in texts if row["provider_id"]}
    for case in cases:
        ids |= {("booking", each) for each in (yield from forgetting.bookings_of(client, case))}
    return Known(
        client=client,
        number=number,
        cases=cases,
        calls=frozenset(calls),
        emails=emails,
        ids=frozenset(ids),
    )


async def _ask(ctx: Context, client: str, number: PhoneNumber) -> tuple[str, ...]:
    """Let every plugin erase what it holds; who may hold more, in words."""
    if client not in ctx.clients:
        return () if client == "*" else ("its file is gone: its plugins were not asked",)
    try:
        stack = await ctx.stack(client)
    except AssemblyError as error:
        return (f"its plugins can't be asked: {error}",)
    impls = stack.impls("erase")
    words = [*_silent(stack, {impl.plugin for impl in impls})]
    for answer in await dispatch.everyone(impls, number=number):
        if answer.error is not None:
            words.append(f"{answer.plugin} failed: {in_words(answer.error)}; run it again")
        elif isinstance(answer.value, Erased) and answer.value.elsewhere:
            words.append(f"{answer.plugin}: {answer.value.elsewhere}")
    return tuple(words)


def _silent(stack: Stack, asked: set[str]) -> Iterator[str]:
    """Plugins that can't erase, and what they are likely to hold."""
    for plugin in stack.plugins:
        held = [_HOLDS[role] for role in stack.roles_of(plugin) if role in _HOLDS]
        if plugin not in asked and held:
            yield f"{plugin} may hold {', '.join(held)}; erase them there"


async def _erase_events(ctx: Context, known: Known) -> int:
    """Empty the raw events that tell of the number, some at a time; how many."""
    after, found = ("", ""), 0
    while rows := await ctx.store.read(partial(forgetting.events, known.client, after, AT_A_TIME)):
        keys = [(row["plugin"], row["key"]) for row in rows if known.concerns(row)]
        if keys:
            await ctx.store.write(
                partial(forgetting.erase_events, known.client, keys, known.number)
            )
        after, found = (rows[-1]["plugin"], rows[-1]["key"]), found + len(keys)
    return found


def _erase(ctx: Context, known: Known) -> Work[int]:
    """Everything but the raw events; how many suppressions go on."""
    client, number = known.client, known.number
    number_hash = ctx.hash_of(number)
    for call in known.calls:
        yield from forgetting.erase_call(client, call)
    for case in known.cases:
        yield from forgetting.stop(client, case_subject(case))  # what began since it was stopped
        yield from forgetting.erase_case(client, case, ctx.now())
    for email in known.emails:
        yield from forgetting.erase_number(client, email, ctx.hash_of(email))
    suppressions = yield from forgetting.erase_number(client, number, number_hash)
    content = {"cases": len(known.cases), "calls": len(known.calls)}
    yield from ledger.write(client, "forgotten", "number", number_hash, content, ctx.now())
    return suppressions


def scopes(client: str | None, everybody: Sequence[str], number: PhoneNumber) -> Work[list[str]]:
    """Where a number is to be forgotten: at one client, or (None) at all.

    What belongs to the deployment as a whole, ``*``, goes with the last client that knows it.
    """
    known = yield from forgetting.known_to(number)
    chosen = sorted({*everybody, *known}) if client is None else [client]
    return chosen if set(known) - set(chosen) else [*chosen, "*"]
