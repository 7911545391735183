"""Units of work: what is committed whole or not at all.

A unit is a function that makes a generator.  The generator yields statements with their values and
is handed the rows, so that the same lines run on sqlite3 and on asyncpg:

    def rename(client: str, number: str, name: str) -> Work[bool]:
        rows = yield RENAME, {"client": client, "number": number, "name": name}
        return bool(rows)

    await store.write(lambda: rename("acme", "+13035550123", "Anna"))

A unit may run twice: it may change nothing but the store.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

import attrs

T = TypeVar("T")

_NAME = re.compile(r"(?<!:):([a-z_]+)")


class Row(Protocol):
    """One row of an answer; columns by name."""

    def __getitem__(self, column: str) -> Any: ...


@attrs.frozen(eq=False, slots=True)
class Statement:
    """SQL with ``:name`` for its values, written so that SQLite and Postgres both take it."""

    sql: str
    postgres: str
    names: tuple[str, ...]


def statement(sql: str, *, on_postgres: str = "") -> Statement:
    """Prepare a statement once, when a module is imported.

    Args:
        sql: What both databases take.
        on_postgres: Put behind it there: what SQLite needs not say, as it has one writer.
    """
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    sql = " ".join(sql.split())
    there = _NAME.sub(number, f"{sql} {on_postgres}".rstrip())
    return Statement(sql=sql, postgres=there, names=tuple(names))


Values = Mapping[str, Any]
Work = Generator[tuple[Statement, Values], Sequence[Row], T]
Unit = Callable[[], Work[T]]


def one(query: Statement, **values: Any) -> Work[Row | None]:
    """The first row, or None."""
    rows = yield query, values
    return rows[0] if rows else None


def every(query: Statement, **values: Any) -> Work[Sequence[Row]]:
    """All rows."""
    return (yield query, values)


class Job(Generic[T]):
    """A unit that waits for its commit, and who waits for it."""

    __slots__ = ("_future", "unit")

    def __init__(self, unit: Unit[T]) -> None:
        self.unit = unit
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    async def over(self) -> T:
        """Wait for it."""
        return await self._future

    def answer(self, result: T) -> None:
        """It is committed."""
        if not self._future.done():  # nobody may wait any more
            self._future.set_result(result)

    def refuse(self, error: BaseException) -> None:
        """It is not."""
        if not self._future.done():
            self._future.set_exception(error)


class Waiting:
    """The units that wait for their commit: whether a store keeps up shows in them."""

    def __init__(self) -> None:
        self._since: dict[object, float] = {}

    @contextmanager
    def one(self) -> Iterator[None]:
        """While this lasts, one more waits."""
        key = object()
        self._since[key] = monotonic()
        try:
            yield
        finally:
            del self._since[key]

    def __len__(self) -> int:
        return len(self._since)

    def oldest_s(self) -> float:
        """How long the first of them has waited."""
        return monotonic() - next(iter(self._since.values())) if self._since else 0.0


class Store(Protocol):
    """Where everything is remembered.

    Attributes:
        can_commit: False from a commit that failed for the store's sake until one that succeeds.
    """

    waiting: Waiting
    can_commit: bool

    async def write(self, unit: Unit[T]) -> T:
        """Commit one unit of work, on disk when this returns.

        Raises:
            StoreBusy: It could not be committed now; nothing of it is stored.
        """

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that changes nothing on one consistent snapshot."""

    async def close(self) -> None:
        """Finish what was begun and let go of the database."""
