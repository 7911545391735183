"""A whole deployment in this process: real files, a real database, the real engine.

Time is virtual and only moves when a test says so.  What is outside is `support.outside`.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.outside import Outside
from textback.config import load
from textback.engine.starting.runtime import Runtime, open_runtime
from textback.engine.told import people
from textback.events import (
    AnsweredBy,
    Booked,
    CallEvent,
    Confidence,
    Event,
    Happened,
    TextReceived,
    TextStatus,
)
from textback.model import FailureReason, Outcome, Text, TextState
from textback.store import Store, cases, ledger
from textback.testing.clock import VirtualClock

START = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # a Monday, nine in the morning in Denver
LINE = "+13035550100"
CALLER = "+13035550123"
CLIENT = "bright"
TICK = timedelta(milliseconds=1)

TEXTBACK = """
[server]
public_url = "https://hooks.agency.example"
[store]
key = "a key of this test, long enough for anyone"
"""

HEAD = f"""
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["{LINE}"]
"""

STACK = """
[plugins.phones]
[plugins.carrier]
[plugins.crm]
[plugins.team]
[plugins.booker]
"""

FOLLOW_UPS = """
[[follow_up]]
after = "2h"
body = "One: still need us?"
[[follow_up]]
after = "1d"
body = "Two: still need us?"
[[follow_up]]
after = "3d"
body = "Three: still need us?"
"""


class House:
    """One client, its callers, and the time.

    Args:
        folder: Where its files are.
        empty: A database to begin with; None if there is one.
        start: What time it is.
        name: Stands in the keys of its providers, where several houses have one store.
    """

    def __init__(
        self, folder: Path, empty: Path | None, *, start: datetime = START, name: str = ""
    ) -> None:
        self.folder = folder
        self.name = name
        if empty is not None:
            shutil.copy(empty, folder / "textback.db")
        self.clock = VirtualClock(start)
        self.outside = Outside()
        self.runtime: Runtime
        self._open = AsyncExitStack()
        self._keys = itertools.count(1)

    def write(
        self,
        *,
        settings: str = 'mode = "live"',
        stack: str = STACK,
        more: str = FOLLOW_UPS,
        client: str = CLIENT,
        line: str = LINE,
    ) -> None:
        """Write the files, before the house is opened; of one client more at each call."""
        (self.folder / "clients").mkdir(exist_ok=True)
        (self.folder / "textback.toml").write_text(TEXTBACK)
        (self.folder / "clients" / f"{client}.toml").write_text(
            "\n".join((HEAD.replace(LINE, line), settings, stack, more))
        )

    async def open(self, store: Store | None = None, *, alone: bool = True) -> None:
        """Open it; what an earlier process left running is taken over, if no other may run."""
        config = load(self.folder / "textback.toml", environ={})
        assert not config.problems, config.problems
        self.runtime = await self._open.enter_async_context(
            open_runtime(
                config,
                clock=self.clock,
                found=self.outside.plugins(),
                store=store,
                alone=alone,
            )
        )
        if alone:
            await self.runtime.engine.take_over()

    async def close(self) -> None:
        """Close it, as `serve` does when it is stopped."""
        await self._open.aclose()

    async def reopen(self) -> None:
        """Stop, and start again on the same file."""
        await self.close()
        await self.open()

    async def tell(self, *events: Event, plugin: str = "phones", client: str = CLIENT) -> None:
        """A plugin reports events; returns when they are committed."""
        await self.runtime.engine.accept(client, plugin, events, self.clock.now())

    async def run(self) -> datetime | None:
        """Do what is due now; when something is due next."""
        return await self.runtime.engine.run_due()

    async def until(self, moment: datetime) -> None:
        """Let time pass until a moment, everything done when it is due."""
        for _ in range(5000):
            due = await self.run()
            if due is None or due > moment:
                self.clock.advance_to(moment)
                await self.run()
                return
            self.clock.advance_to(max(due, self.clock.now() + TICK))
        raise AssertionError(f"something is due again and again at {self.clock.now()}")

    async def let_pass(self, time: timedelta) -> None:
        """Let time pass, everything done when it is due."""
        await self.until(self.clock.now() + time)

    def key(self, what: str = "E") -> str:
        """A provider's key, never given before."""
        return f"{what}{self.name}{next(self._keys)}"

    def event(self, call: str, happened: Happened, **fields: Any) -> CallEvent:
        """One event of a call, now."""
        return CallEvent(
            **{
                "key": self.key(),
                "call": call,
                "happened": happened,
                "at": self.clock.now(),
                "caller": CALLER,
                "line": LINE,
                **fields,
            }
        )

    def ended(
        self, outcome: Outcome = Outcome.NO_ANSWER, *, call: str | None = None, **fields: Any
    ) -> CallEvent:
        """A provider's final word on a call."""
        return self.event(
            call or self.key("CA"),
            Happened.CONCLUDED,
            **{"outcome": outcome, "confidence": Confidence.CERTAIN, **fields},
        )

    def picked_up(self, *, call: str | None = None, **fields: Any) -> CallEvent:
        """A person took a call."""
        return self.event(
            call or self.key("CA"), Happened.LEG_ANSWERED, by=AnsweredBy.HUMAN, leg="L1", **fields
        )

    def text_from(self, body: str, *, number: str = CALLER, **fields: Any) -> TextReceived:
        """A caller writes."""
        return TextReceived(
            **{
                "key": self.key(),
                "at": self.clock.now(),
                "number": number,
                "line": LINE,
                "body": body,
                **fields,
            }
        )

    def booked(self, **fields: Any) -> Booked:
        """A caller has booked."""
        starts_at = self.clock.now() + timedelta(days=2)
        return Booked(
            **{
                "key": self.key(),
                "at": self.clock.now(),
                "booking": self.key("B"),
                "starts_at": starts_at,
                "number": CALLER,
                **fields,
            }
        )

    def status(
        self,
        state: TextState,
        *,
        text: str | None = None,
        provider_id: str | None = None,
        reason: FailureReason | None = None,
    ) -> TextStatus:
        """What the provider says of a text."""
        return TextStatus(
            key=self.key(),
            at=self.clock.now(),
            state=state,
            text=text,
            provider_id=provider_id,
            reason=reason,
        )

    async def missed(self, **fields: Any) -> None:
        """A call is missed, and all that is due at once is done."""
        await self.tell(self.ended(**fields))
        await self.run()

    async def write_in(self, body: str, **fields: Any) -> None:
        """A caller writes, and all that is due at once is done."""
        await self.tell(self.text_from(body, **fields), plugin="carrier")
        await self.run()

    async def write_as_team(self, body: str) -> None:
        """Someone of the team writes to the caller of the newest case, as the command does."""
        client = self.runtime.config.clients[CLIENT]
        row = await self.runtime.store.read(lambda: cases.latest_of(CLIENT, CALLER))
        assert row is not None
        await self.runtime.store.write(
            lambda: people.reply(client, row, body, self.runtime.ctx.now())
        )
        await self.run()

    async def suppress(self, number: str, *, scope: str = CLIENT) -> None:
        """Block a number, as the command does."""
        ctx = self.runtime.ctx
        await self.runtime.store.write(
            lambda: people.suppress(
                ctx.hash_of, list(ctx.clients.values()), scope, number, "asked us to", ctx.now()
            )
        )

    async def pause(self, client: str = CLIENT) -> None:
        """Hold all texts."""
        now = self.runtime.ctx.now()
        await self.runtime.store.write(lambda: people.pause(client, "a test", now))

    async def resume(self, client: str = CLIENT) -> None:
        """Let texts go again."""
        now = self.runtime.ctx.now()
        await self.runtime.store.write(lambda: people.resume(client, now))

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Look into the database, from outside of the engine."""
        connection = sqlite3.connect(self.folder / "textback.db")
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]
        finally:
            connection.close()

    def change(self, query: str) -> None:
        """Change the database as nothing of ours would."""
        connection = sqlite3.connect(self.folder / "textback.db")
        with connection:
            connection.execute(query)
        connection.close()

    def case(self) -> dict[str, Any]:
        """The only case."""
        (case,) = self.rows("SELECT * FROM cases")
        return case

    def ends(self) -> list[str | None]:
        """What each call came to, in the order of the calls."""
        query = "SELECT end_state FROM calls WHERE same_as IS NULL ORDER BY started_at, rowid"
        return [row["end_state"] for row in self.rows(query)]

    def states(self, pattern: str = "%") -> dict[str, str]:
        """The states of steps, by name."""
        query = "SELECT name, state FROM steps WHERE name LIKE ?"
        return {row["name"]: row["state"] for row in self.rows(query, pattern)}

    def texts(self, pattern: str = "%") -> list[dict[str, Any]]:
        """Our texts of some steps, oldest first."""
        query = "SELECT * FROM texts WHERE direction = 'out' AND step LIKE ? ORDER BY at, text_id"
        return self.rows(query, pattern)

    @property
    def sent(self) -> Sequence[tuple[str, Text]]:
        """What the senders took."""
        return self.outside.taken

    def told(self) -> list[str]:
        """The titles of what the team was told."""
        return [notice.title for notice in self.outside.notices]

    async def ledger_fault(self) -> str | None:
        """What is wrong with the client's ledger; None if it verifies."""
        proof = await self.runtime.store.read(lambda: ledger.verify(CLIENT))
        return proof.broken
