"""The steps of a missed call, in order: what a plugin may implement.

A plugin is an attrs class ``Name(settings, services)``.  It implements the hooks of the roles it
plays, each marked with `hookimpl`; hooks are ``async`` but for `judge`, and each call has a
time-out.  What a hook raises is its plugin's trouble alone: the error tree in `textback.errors`
says what the engine does about it.  Each docstring names in italics how answers are combined;
"in order" is the order of the plugin tables in the client's file.  Settings that are needed in some
roles only are checked by a method of theirs, ``check_roles(roles)``, which raises `ConfigError`.

A plugin says for which version of this contract it is written: ``api = 1`` in its class.  Within a
version hooks and arguments are added, never renamed, and none of them changes its meaning.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import pluggy

from textback.events import Event, Reading, WebhookRequest
from textback.model import (
    Absent,
    Activity,
    Addresses,
    Call,
    Caller,
    CannotTell,
    Case,
    Change,
    Committed,
    CrmRef,
    Email,
    Erased,
    Finding,
    Lead,
    Notice,
    PhoneNumber,
    Receipt,
    Text,
)
from textback.picture import Picture, Verdict

API: Final = 1
"""The version of this contract: raised when a hook or an argument goes, or means something else."""

OLDEST_API: Final = 1
"""The oldest version for which a plugin may be written.  One that doesn't say is taken for it."""

hookspec = pluggy.HookspecMarker("textback")
hookimpl = pluggy.HookimplMarker("textback")


# ── detect ──────────────────────────────────────────────────────────────────────────────────────


@hookspec
async def read_webhook(request: WebhookRequest) -> Reading:  # type: ignore[empty-body]
    """Verify one webhook and say what happened in it.  *Only the addressed plugin is asked.*

    A source reports what it was told (a leg rang, was answered, ended) and judges nothing: the
    engine folds the events of one call into one outcome.  A sender reports replies and statuses,
    a booking tool appointments.  Verify before anything else, and read no store before that.

    Raises:
        WebhookRejected: The signature is missing or wrong.
        UnreadableWebhook: It is signed, but not in the provider's format.
    """


@hookspec
async def listen(emit: Callable[[Sequence[Event]], Awaitable[None]]) -> None:
    """Hold a connection and report what comes over it.  *Each source has a task of its own.*

    ``await emit(events)`` returns after they are committed.  Return or raise when the connection
    is gone: the engine calls again, later each time, until it holds.
    """


@hookspec
def list_calls(since: datetime) -> AsyncIterator[Event]:  # type: ignore[empty-body]
    """Yield the events of calls since a moment.  *Each source is asked, after an outage.*

    An async generator.  It finds calls whose webhook never came, and is the only hook of a source
    that polls (its setting ``poll_every_s``).  Keys are those of the webhooks, so that what was
    told already counts once.
    """


# ── identify ────────────────────────────────────────────────────────────────────────────────────


@hookspec
async def identify_caller(call: Call) -> Caller | None:
    """Say what is known of a caller.  *Everyone at once; merged field by field, in order.*

    Leave out what isn't known.  There is little time (``identify_within_s``): what comes late is
    left out of the text and told to the team.  It may be asked before the call is stored, and for
    a call that is told again or joins a conversation: change nothing.
    """


# ── decide ──────────────────────────────────────────────────────────────────────────────────────


@hookspec
def judge(picture: Picture) -> Verdict | None:
    """Say whether this text may be sent, and when.  *Everyone; the strictest verdict wins.*

    Synchronous and pure: it sees a frozen picture and does no I/O, so that the same code answers
    for live traffic and for what-if questions about the past.
    """


# ── deliver ─────────────────────────────────────────────────────────────────────────────────────


@hookspec
async def compose_text(picture: Picture, step: str) -> str | None:
    """Write the body of one text.  *First answer in order, else the client's template.*"""


@hookspec
async def booking_link(case: Case) -> str | None:
    """Give the address where this caller books.  *First answer in order.*

    It stands for ``{{ booking_link }}`` in templates.
    """


@hookspec
async def send_text(text: Text) -> Receipt:  # type: ignore[empty-body]
    """Hand one text to a provider.  *In order, until one takes it.*

    Raises:
        DeliveryError: The provider said no.  With ``try_next=True`` only if the text surely did
            not leave.
        NotSent: Nothing was written to the provider: the next sender is tried.
        MaybeSent: The text may have left.  Nobody else is tried, and it is never sent again by
            itself; see `find_text`.
    """


@hookspec
async def find_text(text: Text) -> Receipt | Absent | CannotTell:  # type: ignore[empty-body]
    """Look up a text whose sending was cut off.  *The plugin that tried.*

    Only `Absent` permits another attempt.  A listing without a hit is `CannotTell`: listings lag.
    """


@hookspec
def list_texts(since: datetime) -> AsyncIterator[Event]:  # type: ignore[empty-body]
    """Yield what was sent, received and opted out since a moment.  *Each sender, on restoring.*"""


# ── record ──────────────────────────────────────────────────────────────────────────────────────


@hookspec
async def save_contact(lead: Lead, key: str) -> CrmRef:  # type: ignore[empty-body]
    """Find or make the contact of a lead, and set tag, stage and fields.  *Each CRM, own step.*

    *key* is the same for every try: with it, a record whose answer was lost is found again.

    Raises:
        Refused: With ``permanent=True`` if trying again can't help; the step is parked.
        NotSent, MaybeSent: It is tried again later.
    """


@hookspec
async def save_deal(ref: CrmRef, lead: Lead, key: str) -> CrmRef | None:
    """Find or make the open deal of a contact.  *Each CRM, own step; errors as above.*

    None says that this lead gets no deal, e.g. since it names no stage.
    """


@hookspec
async def log_activity(ref: CrmRef, activity: Activity, key: str) -> None:
    """Write a call, text, reply or booking to a contact's record.  *Each CRM, own step.*

    Comes after the plugin's own `save_deal`, so that it can be shown with the deal too; after one
    that failed it comes all the same.
    """


# ── notify ──────────────────────────────────────────────────────────────────────────────────────


@hookspec
async def notify_team(notice: Notice) -> None:
    """Tell the team.  *Each notifier, own step.*  May be called again after a crash.

    `textback.telling` takes a notice apart, for a layout other than its sentences.
    """


# ── follow up ───────────────────────────────────────────────────────────────────────────────────


@hookspec
async def send_email(email: Email) -> Receipt:  # type: ignore[empty-body]
    """Send one e-mail to a caller.  *In order, until one takes it; errors as for send_text.*"""


# ── around the flow ─────────────────────────────────────────────────────────────────────────────


@hookspec
async def connect(addresses: Addresses, dry_run: bool) -> list[Change]:  # type: ignore[empty-body]
    """Set our addresses at the provider, and say what changed.  *The plugin itself.*"""


@hookspec
async def maintain() -> None:
    """Renew subscriptions and tokens.  *Each, every ``maintain_every_s`` of its settings.*"""


@hookspec
async def erase(number: PhoneNumber) -> Erased:  # type: ignore[empty-body]
    """Erase what is held of a number.  *Everyone, for ``forget``.*"""


@hookspec
async def resolve_secret(reference: str) -> str | None:
    """Give the value of ``${reference}``.  *Plugins of the deployment; first answer in order.*"""


@hookspec
async def observe(event: Committed) -> None:
    """See what was committed.  *Everyone, best effort; never delays the flow.*

    A plugin that is too slow for all that is committed misses rows.  The newest row of a client's
    ledger is told again once a day, as ``ledger_head``: its hash covers all that were missed.
    """


@hookspec
async def check() -> list[Finding]:  # type: ignore[empty-body]
    """Look whether everything at the provider is as it must be.  *Everyone; sends nothing.*"""
