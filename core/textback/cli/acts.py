"""``reply``, ``close``, ``pause``, ``resume``, ``retry``: what people decide.

Each writes to the store; `serve` sees it there within a fraction of a second.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from textback.cli.common import (
    DEFAULT_CONFIG,
    ClientOption,
    ConfigOption,
    Remembered,
    client_of,
    fail,
    misused,
    now,
    run,
    say,
)
from textback.engine.ledger import story
from textback.engine.told import people
from textback.flow.wording import MAX_CHARACTERS
from textback.store import clients, steps
from textback.words import counted

BecauseOption = Annotated[str, typer.Option("--because", help="Why, for the ledger.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (reply, close, pause, resume, retry):
        app.command()(command)


def reply(
    case: Annotated[str, typer.Argument(help="The case, as `cases` and notices name it.")],
    text: Annotated[str, typer.Argument(help="What to write to the caller.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write to the caller of a case; under the same rules as every text."""
    if not text.strip():
        misused("the text is empty")
    if len(text) > MAX_CHARACTERS:
        misused(f"the text has {len(text)} characters; no provider takes over {MAX_CHARACTERS}")

    async def work() -> None:
        async with Remembered(config) as remembered:
            row = await remembered.read(partial(story.named, case))
            if row is None:
                fail(f'there is no case "{case}"; see: textback cases')
            if row["number"] is None:
                fail("the number was withheld: nobody can be written to")
            client = client_of(remembered.config, row["client"])
            step = await remembered.write(lambda: people.reply(client, row, text, now()))
            say(f"{step} will be sent by `textback serve`; see: textback why {case}")

    run(work())


def close(
    case: Annotated[str, typer.Argument(help="The case.")],
    because: BecauseOption = "the team closed it",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Close a case: what waits in it is cancelled."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            row = await remembered.read(partial(story.named, case))
            if row is None:
                fail(f'there is no case "{case}"; see: textback cases')
            if row["closed_at"] is not None:
                say(f"case {case} is closed already: {row['closed_because']}")
                return
            client = client_of(remembered.config, row["client"])
            await remembered.write(
                lambda: people.close(remembered.hash_of, client, row, because, now())
            )
            say(f"case {case} is closed")

    run(work())


def pause(
    client: ClientOption = "*",
    because: BecauseOption = "paused by the team",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Hold all texts, of one client or (without --client) of all, until `resume`."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            if client != "*":
                client_of(remembered.config, client)
            await remembered.write(lambda: people.pause(client, because, now()))
            say(f"texts are held ({'all clients' if client == '*' else client})")

    run(work())


def resume(client: ClientOption = "*", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Let texts go again; what was held is decided anew."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            if await remembered.read(partial(clients.is_retired, client)):
                fail(f"{client} is retired; to serve it again: textback clients retire --undo")
            released = await remembered.write(lambda: people.resume(client, now()))
            if released is None:
                fail(f"nothing was paused for {'all clients' if client == '*' else client}")
            say(f"texts go again; {released} held ones are decided anew")

    run(work())


def retry(client: ClientOption = "*", config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Try parked steps again, of one client or (without --client) of all."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            if client != "*":
                client_of(remembered.config, client)
            count = await remembered.write(lambda: steps.retry_parked(client, now()))
            say(f"{counted(count, 'parked step')} to be tried again")

    run(work())
