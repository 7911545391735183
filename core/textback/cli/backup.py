"""``backup`` and ``restore``: a copy of the store while it is served, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    fail,
    now,
    print_json,
    run,
    say,
)
from textback.clock import moment
from textback.config import Config
from textback.config.settings import LogSettings
from textback.engine.starting.deployment import load_all
from textback.engine.starting.keys import fingerprint
from textback.engine.starting.runtime import open_runtime
from textback.engine.upkeep.restoring import Found, reconcile
from textback.log import set_up
from textback.store import Lock, backup, open_embedded, place_of
from textback.store.sqlite import refuse_network
from textback.words import counted

FileArgument = Annotated[Path, typer.Argument(help="The copy.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(make)
    app.command()(restore)


def make(
    file: Annotated[Path, typer.Argument(help="Where to; it must not be there.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Copy the store into one file, beside a running `serve`, and check the copy.

    The copy doesn't hold the files of the deployment, and not the key.
    """
    files = load_all(config)
    size = backup.back_up(
        _file(files, "copy it with pg_dump, or let its server archive the log"),
        file,
        backup.Stamp(now(), fingerprint(files.deployment.store)),
    )
    say(
        f"{file}: {size / 1e6:.1f} MB, checked. store.key ({_key_hint(files)}) and the files in"
        f" {files.deployment.directory.resolve()} are not in it: keep them elsewhere, too."
        " Without the key nobody who opted out is recognised"
    )


def restore(
    file: FileArgument,
    force: Annotated[
        bool, typer.Option("--force", help="Although there is a store; it is moved aside.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make the store from a copy: paused, and with what the providers tell of the time since.

    Nothing is texted until `resume`.
    """
    files = load_all(config)
    set_up(LogSettings(level="error"))
    store = _file(
        files,
        "put it back with pg_restore while nothing serves, with all texts paused (textback pause)"
        " until you know what was sent since",
    )
    stamp = backup.inspect(file)
    if stamp is not None and stamp.key != fingerprint(files.deployment.store):
        fail(
            f"store.key is not the one that {file} was made with, so that nobody who opted out"
            f" would be recognised; bring back that key ({_key_hint(files)})"
        )
    refuse_network(store)
    lock = Lock(store)
    try:
        if store.exists() and not force:
            fail(f"{store}: there is a store; with --force it is moved aside")
        since = moment(stamp.at if stamp is not None else backup.last_heard(file) or now())
        day = since.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        because = f"restored from a backup of {day}; `textback resume` lets texts go again"
        before = backup.put_back(file, store, because, now())
        if before is not None:
            say(f"the store that was there is {before.name} now")
        say(f"{store.name} is as it was at {day}; all texts are paused")
        found = run(_reconcile(files, store, since))
    finally:
        lock.release()
    for each in found:
        _tell(each, as_json)
    say(
        "Decisions of people since then (suppress, close, reply) are lost: make them again. Then"
        " start `textback serve`, look at `textback cases`, and let texts go: textback resume"
    )


async def _reconcile(files: Config, place: Path, since: datetime) -> list[Found]:
    store = open_embedded(place)
    try:
        async with open_runtime(files, store=store) as runtime:
            return await reconcile(runtime.ctx, since)
    finally:
        await store.close()


def _tell(found: Found, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "client": found.client,
                "settled": found.settled,
                "kept": found.kept,
                "replies": found.replies,
                "opt_outs": found.opt_outs,
                "held": found.held,
                "parked": found.parked,
                "blind": found.blind,
            }
        )
        return
    say(
        f"{found.client}: {counted(found.settled + found.kept, 'text')} had been sent since,"
        f" {found.replies} replies and {found.opt_outs} opt-outs had come;"
        f" {counted(found.held, 'due text')} held until `resume`"
    )
    for words in found.blind:
        say(f"{found.client}: {words}")
    if found.parked:
        say(
            f"{found.client}: {counted(found.parked, 'due text')} parked: nobody can tell whether"
            f" it went already. Close their cases, or: textback retry --client {found.client}"
        )


def _file(files: Config, instead: str) -> Path:
    place = place_of(files.deployment.store.url, files.deployment.directory)
    if place.file is None:
        fail(f"the store is a Postgres database, {place}: {instead}")
    return place.file


def _key_hint(files: Config) -> str:
    return "textback.key" if (files.deployment.directory / "textback.key").exists() else "its value"
