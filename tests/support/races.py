"""Races of two processes: one is about to send a text, the other commits what forbids it.

    python tests/crash/races.py --races 1000

Who came first is read from the database alone.  Triggers note each intent to text, and the other
process notes, in the same commit, what it forbade.  SQLite has one writer, so the notes stand in
the order of the commits.  Postgres itself notes when it committed what.

A pause forbids for a moment only, each to the one caller of a client of its own: no intent may be
committed while it lasts, and what it held must go after it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import attrs

from support import postgres
from support.beside import Other, called_by, process_beside, store_of
from support.house import CLIENT, House
from textback.store import Store, every, statement
from textback.store.migrate import migrate
from textback.store.work import Row

ROUNDS = 20  # a round of races runs at the same time, each side a little later or sooner
LEAST = 20  # races in a round
FEW = 0.05  # who wins fewer of them never really took part
AT_MOST = 10  # times as many races as asked for, until both sides have won some
SPREAD_S = 0.01  # at random, around the moment at which each side wins half of them
DAY = timedelta(days=1)

FORBID = ("stop", "reply", "answered", "booking", "block", "team", "pause")
TEXTS = ("follow-up", "held first text", "first text")
# A booking of somebody who has no case is nobody's, and the team writes in a case.
KINDS = [
    (what, text)
    for what, text in product(FORBID, TEXTS)
    if text != "first text" or what not in ("booking", "team")
]

FOLLOW_UP = '[[follow_up]]\nafter = "2h"\nbody = "Still need us?"\n'
STACK = "[plugins.phones]\n[plugins.carrier]\n[plugins.booker]\n"  # nobody who has other work
LIVE = 'mode = "live"\n'
HELD = LIVE + 'wait_before_text = "30s"\n'

_SQLITE = """
CREATE TABLE race_log (id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT, what TEXT, step TEXT);
CREATE TRIGGER race_intent AFTER INSERT ON texts WHEN NEW.kind IN ('first', 'follow_up')
BEGIN
    INSERT INTO race_log (number, what, step) VALUES (NEW.number, 'intent', NEW.step);
END;
"""
_POSTGRES = """
CREATE TABLE race_log (id BIGSERIAL PRIMARY KEY, number TEXT, what TEXT, step TEXT);
CREATE FUNCTION race_intent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO race_log (number, what, step) VALUES (NEW.number, 'intent', NEW.step);
    RETURN NULL;
END $$;
CREATE TRIGGER race_intent AFTER INSERT ON texts
FOR EACH ROW WHEN (NEW.kind IN ('first', 'follow_up')) EXECUTE FUNCTION race_intent();
"""
_PLACES = {
    False: statement("SELECT number, what, step, id AS place FROM race_log"),
    True: statement("""
        SELECT number, what, step, pg_xact_commit_timestamp(xmin) AS place FROM race_log
    """),
}
_WAITING = statement("""
    SELECT cases.number, steps.name FROM steps
    JOIN cases ON cases.client = steps.client AND steps.subject = 'case/' || cases.case_id
    WHERE steps.state NOT IN ('done', 'cancelled') AND steps.name LIKE 'follow_up/%'
""")


@attrs.define
class Report:
    """What a number of races came to.

    Attributes:
        kind: What forbade, and which text.
        text_first: Races in which the intent was committed before.
        forbade_first: Those in which what forbids it was, so that there must be no intent.
        wrong: What must not be, in words.
    """

    kind: str
    text_first: int = 0
    forbade_first: int = 0
    wrong: list[str] = attrs.field(factory=list)

    @property
    def races(self) -> int:
        """How many."""
        return self.text_first + self.forbade_first

    @property
    def close(self) -> bool:
        """Whether each side won so often that they really met."""
        return min(self.text_first, self.forbade_first) >= FEW * self.races

    def __str__(self) -> str:
        return (
            f"{self.kind}: {self.races} races, the text first {self.text_first},"
            f" forbidden first {self.forbade_first}, wrong {len(self.wrong)}"
            + "".join(f"\n  {each}" for each in self.wrong[:5])
        )


class Races:
    """Races of one kind on one database.

    Args:
        folder: For the files.
        database: The address of an empty Postgres; None for SQLite.
        what: One of `FORBID`.
        text: One of `TEXTS`.
    """

    def __init__(self, folder: Path, database: str | None, what: str, text: str) -> None:
        self.house = House(folder, None, name="own")
        self.database = database
        self.what = what
        self.text = text
        self.step = "follow_up/1" if text == "follow-up" else "text/1"
        self.report = Report(f"{'Postgres' if database else 'SQLite'}, {what} against {text}")
        self.lead_s = 0.0  # by how much the text is ahead; moved until both sides win
        self.store: Store

    async def run(self, races: int) -> Report:
        """Let so many happen, more if they weren't close, and look at what was committed."""
        house = self.house
        settings = HELD if self.text == "held first text" else LIVE
        at_once = max(LEAST, races // ROUNDS)
        for index in range(at_once if self.what == "pause" else 1):
            name, line = f"{CLIENT}-{index:03d}", f"+1303556{index:04d}"
            which = {"client": name, "line": line} if self.what == "pause" else {}
            house.write(settings=settings, stack=STACK, more=FOLLOW_UP, **which)
        await self._prepare()
        self.store = await store_of(house.folder, self.database)
        await house.open(self.store)
        try:
            async with process_beside(house.folder, self.database) as other:
                for start in range(0, races * AT_MOST, at_once):
                    if start >= races and self.report.close:
                        break
                    some = range(start, start + at_once)
                    await self._some(other, [f"+1303{5551000 + index:07d}" for index in some])
        finally:
            await house.close()
            await self.store.close()
        return self.report

    async def _prepare(self) -> None:
        if self.database is None:
            path = self.house.folder / "textback.db"
            migrate(f"sqlite:///{path}")
            connection = sqlite3.connect(path)
            connection.executescript(_SQLITE)
            connection.close()
            return
        import asyncpg

        connected = await asyncpg.connect(self.database)
        await connected.execute(_POSTGRES)
        await connected.close()

    async def _some(self, other: Other, numbers: list[str]) -> None:
        """Some races at once, at nine in the morning."""
        house = self.house
        if self.text != "first text":
            await asyncio.gather(*(self._missed(number) for number in numbers))
            await house.run()
            wait = timedelta(hours=2) if self.text == "follow-up" else timedelta(seconds=30)
            house.clock.advance(wait + timedelta(seconds=1))
        random.shuffle(numbers)
        before = len(house.sent)
        lead_s = self.lead_s + random.uniform(-SPREAD_S, SPREAD_S)
        await asyncio.gather(
            self._act(numbers, max(-lead_s, 0)),
            other.tell(
                do="forbid",
                what=self.what,
                at=house.clock.now().isoformat(),
                numbers=numbers,
                after_s=max(lead_s, 0),
            ),
        )
        await house.run()
        first = self._judge(await self._look(), await self._waiting(), numbers, before)
        # whoever wins too often starts a little later the next time
        self.lead_s += 0.1 * (0.5 - first / len(numbers))
        house.clock.advance_to(_next_day(house.clock.now()))
        await house.run()

    async def _act(self, numbers: Sequence[str], after_s: float) -> None:
        """Do what is due; or let the calls come in, whose first texts go at once."""
        await asyncio.sleep(after_s)
        if self.text != "first text":
            await self.house.run()
            return
        for number in numbers:
            await self._missed(number)
        await self.house.run()

    async def _missed(self, number: str) -> None:
        client = called_by(self.house, number)
        event = self.house.ended(caller=number, line=client.lines[0])
        await self.house.tell(event, client=client.id)

    async def _look(self) -> Sequence[Row]:
        return await self.store.read(lambda: every(_PLACES[self.database is not None]))

    async def _waiting(self) -> set[str]:
        rows = await self.store.read(lambda: every(_WAITING))
        return {row["number"] for row in rows}

    def _judge(
        self, rows: Sequence[Row], waiting: set[str], numbers: list[str], before: int
    ) -> int:
        """Who was first, by the database; in how many races the text was."""
        report, first = self.report, 0
        intents: dict[str, Row] = {}
        for row in rows:
            if row["what"] == "intent" and row["step"] == self.step:
                if row["number"] in intents:
                    report.wrong.append(f"{row['number']}: there are two intents")
                intents[row["number"]] = row
        forbade = {row["number"]: row["place"] for row in rows if row["what"] == "forbade"}
        resumed = {row["number"]: row["place"] for row in rows if row["what"] == "resumed"}
        for number in numbers:
            intent, again = intents.get(number), resumed.get(number)
            if intent is None or (again is not None and intent["place"] > again):
                report.forbade_first += 1
                if intent is None and again is not None:
                    report.wrong.append(f"{number}: it is held, though nobody pauses any more")
                continue
            first += 1
            report.text_first += 1
            if intent["place"] > forbade[number]:
                report.wrong.append(f"{number}: an intent was committed after what forbids it")
            elif again is None and number in waiting:
                report.wrong.append(f"{number}: a follow-up still waits after what forbids it")
        sent = [text.to for _, text in self.house.sent[before:] if text.step == self.step]
        if sorted(sent) != sorted(intents.keys() & set(numbers)):
            report.wrong.append("the provider got other texts than were intended")
        return first


def _next_day(now: datetime) -> datetime:
    return (now + DAY).replace(hour=16, minute=0, second=0)


async def race(folder: Path, database: str | None, what: str, text: str, races: int) -> Report:
    """A number of races of one kind, in a folder."""
    return await Races(folder, database, what, text).run(races)


def main() -> int:
    """Run all kinds from the command line; 1 if anything was wrong, or no race."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=1000, help="of each kind")
    parser.add_argument("--on", choices=["sqlite", "postgres"], help="both, if not given")
    parser.add_argument("--what", choices=FORBID)
    parser.add_argument("--text", choices=TEXTS)
    options = parser.parse_args()
    sound = True
    with postgres.running() as server:
        for on, (what, text) in product(("sqlite", "postgres"), KINDS):
            chosen = (options.on or on, options.what or what, options.text or text)
            if chosen != (on, what, text):
                continue
            database = postgres.new_database(server) if on == "postgres" else None
            begun = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                report = asyncio.run(race(Path(folder), database, what, text, options.races))
            print(f"{report} ({time.monotonic() - begun:.0f} s)", flush=True)
            sound &= not report.wrong and report.close
    return 0 if sound else 1
