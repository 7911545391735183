"""``store copy``: a deployment moves from a file to a Postgres database."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from textback.cli.common import DEFAULT_CONFIG, ConfigOption, fail, misused, now, run, say
from textback.cli.progress import progress
from textback.config.references import References
from textback.store import Lock, Place, open_embedded, pauses, place_of
from textback.words import counted

group = typer.Typer(help="The store as a whole.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group ``store``."""
    app.add_typer(group, name="store")
    group.command()(copy)
    group.callback()(lambda: None)


def copy(
    source: Annotated[
        str, typer.Argument(metavar="SQLITE_URL", help="sqlite:///FILE, as in store.url.")
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="POSTGRES_URL",
            help="An empty database; ${NAME} is looked up in the environment, as in the file.",
        ),
    ],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Copy all that is remembered into a Postgres database, and check it row by row.

    Stop `serve` first. If it is interrupted nothing was copied: begin it again. Afterwards the old
    store is paused, so that nobody is texted from both.
    """
    references = References(directory=config.parent)
    old = place_of(references.expand(source), config.parent)
    new = place_of(references.expand(target), config.parent)
    if old.file is None or new.file is not None:
        misused("a copy goes from sqlite:///FILE to postgresql://...")
    try:
        counts = run(_copy(old.file, new))
    except KeyboardInterrupt:
        fail("interrupted; nothing was copied, so begin it again")
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    say(f"{new}: {counted(sum(counts.values()), 'row')} copied and compared: {told or 'none'}")
    say(
        f"{old} is as it was, and all its texts are paused. Now set store.url to the new address"
        " and start: textback serve, and textback worker"
    )


async def _copy(file: Path, target: Place) -> dict[str, int]:
    from textback.store.shared import copying  # loads SQLAlchemy and asyncpg

    await copying.must_fit(file, target)
    lock = Lock(file)
    try:
        with progress("rows, copied and compared") as (step, longer):
            longer(2 * copying.count(file))
            counts = await copying.copy(file, target, step, step)
        store = open_embedded(file)
        try:
            because = f"moved to {target}; this file is served no longer"
            await store.write(partial(pauses.pause, "*", because, now()))
        finally:
            await store.close()
    finally:
        lock.release()
    return counts
