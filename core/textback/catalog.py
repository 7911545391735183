"""What people name in a client's file and an account knows by an id: stages, fields, users.

An account rarely changes, and is asked within the second in which a caller waits: so what was read
is kept a while.  A name that isn't found is looked for once more in what the account says now, as
somebody may just have added it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import attrs

from textback.clock import Clock
from textback.errors import Refused

KEPT: Final = timedelta(minutes=10)
AGAIN_AFTER: Final = timedelta(minutes=1)  # a wrong name isn't looked up at each call
_OFFERED = 20  # names in an error


@attrs.frozen(kw_only=True)
class Named:
    """Anything with an id and a name.

    Attributes:
        id: The account's.
        name: As people see it there.
        others: More words that mean it, e.g. a user's e-mail address.
    """

    id: str
    name: str
    others: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Stage(Named):
    """A stage of a pipeline.

    Attributes:
        pipeline: The pipeline's id.
        order: Counts from the pipeline's beginning.
    """

    pipeline: str
    order: int


T = TypeVar("T", bound=Named)
N = TypeVar("N", bound=Named)


class Unknown(Refused):
    """The client's file names what the account doesn't have, or what can't be meant."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Listing(Generic[T]):
    """All things of one kind that an account has, read when they are needed.

    Args:
        clock: Of the plugin's services.
        read: Reads all of them from the account.
    """

    def __init__(self, clock: Clock, read: Callable[[], Awaitable[Iterable[T]]]) -> None:
        self.clock = clock
        self._read = read
        self._at: datetime | None = None
        self._all: tuple[T, ...] = ()

    async def __call__(self, *, least: datetime | None = None) -> tuple[T, ...]:
        """All of them, as they were at most `KEPT` ago.

        Args:
            least: What was read by then is not good enough.

        Raises:
            ProviderError: They can't be read.
        """
        now = self.clock.now()
        if self._at is None or self._at <= (least or now - KEPT):
            self._all = tuple(await self._read())
            self._at = now
        return self._all

    async def find(self, wanted: str) -> list[T]:
        """Those that are meant, as `matching` sees it; read again if there are none.

        Raises:
            ProviderError: They can't be read.
        """
        if found := matching(wanted, await self()):
            return found
        return matching(wanted, await self(least=self.clock.now() - AGAIN_AFTER))

    def part(self, choose: Callable[[tuple[T, ...]], Iterable[N]]) -> Listing[N]:
        """What is within, e.g. the stages of pipelines, or some of them; read with the whole."""
        return _Part(self, choose)


class _Part(Listing[N], Generic[T, N]):
    def __init__(self, whole: Listing[T], choose: Callable[[tuple[T, ...]], Iterable[N]]) -> None:
        self.clock = whole.clock
        self._whole = whole
        self._choose = choose

    async def __call__(self, *, least: datetime | None = None) -> tuple[N, ...]:
        return tuple(self._choose(await self._whole(least=least)))


def matching(wanted: str, among: Iterable[T]) -> list[T]:
    """Those with this id, or another word for it; else with this name; else with a similar name.

    Capitals don't matter but in ids, and ``new-lead`` and ``new_lead`` are similar to "New lead".
    """
    found, folded, plain = list(among), wanted.strip().casefold(), _plain(wanted)
    if not folded:
        return []
    by_id = [
        each
        for each in found
        if wanted == each.id or folded in (other.casefold() for other in each.others)
    ]
    by_name = [each for each in found if folded == each.name.casefold()]
    return by_id or by_name or [each for each in found if plain == _plain(each.name) != ""]


async def find_stage(
    pipeline: str | None,
    stage: str | None,
    *,
    pipelines: Listing[N],
    stages: Listing[Stage],
) -> Stage | None:
    """Where a deal is to be; with a pipeline alone, its first stage.

    Args:
        pipeline: As the client's file names it.
        stage: Likewise.
        pipelines: Those of the account.
        stages: All stages of all pipelines.

    Returns:
        None if neither is named: then there is to be no deal.

    Raises:
        Unknown: There is no such place, or more than one.
        ProviderError: They can't be read.
    """
    if pipeline is None:
        if stage is None:
            return None
        within = stages
    else:
        ids = {each.id for each in await pipelines.find(pipeline)}
        if not ids:
            raise Unknown(f'there is no pipeline "{pipeline}"; {_offer(await pipelines())}')
        within = stages.part(lambda all_: [each for each in all_ if each.pipeline in ids])
    if stage is None:
        first = min(await within(), key=lambda each: each.order, default=None)
        if first is None:
            raise Unknown(f'the pipeline "{pipeline}" has no stage')
        return first
    found = await within.find(stage)
    if not found:
        where = f' in "{pipeline}"' if pipeline is not None else ""
        raise Unknown(f'there is no stage "{stage}"{where}; {_offer(await within())}')
    if len(found) > 1:
        words = f'several pipelines have a stage "{stage}"; name the pipeline in [[lead]], too'
        raise Unknown(words)
    return found[0]


def _offer(things: Iterable[Named]) -> str:
    names = list(dict.fromkeys(each.name for each in things))
    more = ", ..." if len(names) > _OFFERED else ""
    return f"there are: {', '.join(names[:_OFFERED])}{more}" if names else "there is none"


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")
