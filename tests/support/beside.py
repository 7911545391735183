"""A process beside a test's own, on the same database, that does as it is told on its input.

    python tests/support/beside.py FOLDER [POSTGRES]

Each order is a line of JSON, and each is answered by one.  The first word is "ready".
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import attrs

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.house import CLIENT, House
from textback.clock import micros
from textback.config.settings import Client, LogSettings
from textback.engine.context import Context
from textback.engine.told import people
from textback.engine.told.accept import accept
from textback.engine.told.replies import write_to_caller
from textback.errors import DeliveryError
from textback.events import Event
from textback.log import set_up
from textback.model import Receipt, Text
from textback.store import Store, Unit, Work, cases, open_embedded, statement

T = TypeVar("T")

MARK = statement("INSERT INTO race_log (number, what, step) VALUES (:number, :what, '')")
AT_ONCE = 4  # so that the two processes' commits alternate
PAUSED_S = 0.005  # at the most


@attrs.frozen
class Marking:
    """A store that notes in the commit of a unit what that was for a number."""

    store: Store
    number: str
    what: str = "forbade"

    async def write(self, unit: Unit[T]) -> T:
        """Commit a unit, and the note with it."""

        def marked() -> Work[T]:
            result = yield from unit()
            yield MARK, {"number": self.number, "what": self.what}
            return result

        return await self.store.write(marked)

    async def read(self, unit: Unit[T]) -> T:
        """As the store does."""
        return await self.store.read(unit)

    async def close(self) -> None:
        """The store is somebody else's."""


async def store_of(folder: Path, postgres: str | None) -> Store:
    """The store of a deployment."""
    if postgres is None:
        return open_embedded(folder / "textback.db")
    from textback.store.postgres import PostgresStore

    return await PostgresStore.open(postgres)


async def refusing_some(house: House, text: Text) -> Receipt:
    """A provider that surely sends nothing to every third caller."""
    if refuses(text.to):
        raise DeliveryError("not a mobile", permanent=True)
    return house.outside.take("carrier", text)


def refuses(number: str) -> bool:
    """Whether `refusing_some` does."""
    return int(number) % 3 == 0


def called_by(house: House, number: str) -> Client:
    """Whom a number calls, if there are several clients: numbers in a row call one each."""
    clients = house.runtime.ctx.clients
    return clients[sorted(clients)[int(number) % len(clients)]]


class Beside:
    """The other process."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.random = random.Random(house.name)

    async def do(self, order: dict[str, Any]) -> Any:
        """Carry out one order."""
        self.house.clock.advance_to(
            max(datetime.fromisoformat(order["at"]), self.house.clock.now())
        )
        match order["do"]:
            case "forbid":
                await self._forbid(order["what"], order["numbers"], order["after_s"])
            case "call":
                await call(self.house, order["numbers"])
            case "call and close":
                await call_and_close(self.house, order["number"], order["times"])
        return [[text.to, text.step] for _, text in self.house.sent]

    async def _forbid(self, what: str, numbers: list[str], after_s: float) -> None:
        """Commit what forbids texts to these numbers, a few at once, in any order."""
        await asyncio.sleep(after_s)
        self.random.shuffle(numbers)
        while numbers:
            some = self.random.randint(1, AT_ONCE)
            batch, numbers = numbers[:some], numbers[some:]
            await asyncio.gather(*(self._forbid_one(what, number) for number in batch))

    async def _forbid_one(self, what: str, number: str) -> None:
        house, ctx = self.house, self.house.runtime.ctx
        ctx = attrs.evolve(ctx, store=Marking(ctx.store, number))
        match what:
            case "stop":
                await self._accept(ctx, "carrier", house.text_from("STOP", number=number))
            case "reply":
                await self._accept(ctx, "carrier", house.text_from("Hello?", number=number))
            case "answered":
                await self._accept(ctx, "phones", house.picked_up(caller=number))
            case "booking":
                await self._accept(ctx, "booker", house.booked(number=number))
            case "block":
                clients, now = list(ctx.clients.values()), ctx.now()
                await ctx.store.write(
                    lambda: people.suppress(ctx.hash_of, clients, "*", number, "blocked", now)
                )
            case "team":
                await ctx.store.write(lambda: self._team_writes(ctx, number))
            case "pause":
                await self._pause(ctx, number)

    async def _pause(self, ctx: Context, number: str) -> None:
        """Hold the texts of the client that a number calls, for a moment."""
        client, now = called_by(self.house, number).id, ctx.now()
        await ctx.store.write(lambda: people.pause(client, "a race", now))
        await asyncio.sleep(self.random.uniform(0, PAUSED_S))
        resuming = Marking(self.house.runtime.ctx.store, number, "resumed")
        await resuming.write(lambda: people.resume(client, now))

    async def _accept(self, ctx: Context, plugin: str, event: Event) -> None:
        client, stack = ctx.clients[CLIENT], await ctx.stack(CLIENT)
        await accept(ctx, client, stack, plugin, [event], ctx.clock.now())

    def _team_writes(self, ctx: Context, number: str) -> Work[None]:
        case = yield from cases.open_of(CLIENT, number)
        if case is not None:
            yield from write_to_caller(ctx.clients[CLIENT], case, "Hi!", "Kim", ctx.now())


async def call(house: House, numbers: Sequence[str]) -> None:
    """All of these miss somebody at the same moment, a few at once, and what is due is done."""
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        await asyncio.gather(*(house.tell(house.ended(caller=number)) for number in some))
        await house.run()


async def call_and_close(house: House, number: str, times: int) -> None:
    """One caller, again and again, each time in a conversation of its own."""
    ctx = house.runtime.ctx

    def close() -> Work[None]:
        case = yield from cases.open_of(CLIENT, number)
        if case is not None:
            client, now = ctx.clients[CLIENT], micros(house.clock.now())
            yield from people.close(ctx.hash_of, client, case, "enough", now)

    for _ in range(times):
        await house.missed(caller=number)
        await ctx.store.write(close)


class Other:
    """The process beside, as a test sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def tell(self, **order: Any) -> Any:
        """Give an order, and wait until it is carried out; what that process has sent so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        answer = await self._process.stdout.readline()
        assert answer, "the process beside has ended"
        return json.loads(answer)


@asynccontextmanager
async def process_beside(folder: Path, postgres: str | None) -> AsyncIterator[Other]:
    """Start one, and end it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        str(folder),
        *([postgres] if postgres else []),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert await process.stdout.readline() == b'"ready"\n'
        yield Other(process)
    finally:
        process.stdin.close()
        await process.wait()


async def main(folder: Path, postgres: str | None) -> None:
    """Take orders until there are no more."""
    set_up(LogSettings())  # not on standard output, where the answers are
    store = await store_of(folder, postgres)
    house = House(folder, None, name="other")
    house.outside.sending["carrier"] = lambda text: refusing_some(house, text)
    await house.open(store, alone=False)
    beside = Beside(house)
    print(json.dumps("ready"), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await beside.do(json.loads(line))), flush=True)
    await house.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
