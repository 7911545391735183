"""``forget`` and ``prune``: erase a person, and delete what has become old."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    Remembered,
    client_of,
    fail,
    misused,
    now,
    print_json,
    run,
    say,
)
from textback.config.durations import write_duration
from textback.engine.starting.deployment import load_all
from textback.engine.starting.runtime import open_runtime
from textback.engine.upkeep import forgetting, pruning
from textback.phones import mask, normalise, region_of
from textback.store import clients, place_of
from textback.store.clearing import clear
from textback.store.forgetting import known_to
from textback.words import counted


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(forget)
    app.command()(prune)


def forget(
    number: Annotated[str, typer.Argument(help="The number, e.g. +13035550123.")],
    client: Annotated[str | None, typer.Option(help="At this client.")] = None,
    all_clients: Annotated[
        bool, typer.Option("--all-clients", help="At every client, present and former.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Erase a person: contact, names, texts, raw events.

    What stays is that there were calls and texts, an opt-out under a keyed hash, and the chain of
    the ledger.  Says who outside may hold more.
    """
    if (client is None) == (not all_clients):
        misused("say where: --client NAME or --all-clients")

    files = load_all(config)

    async def work() -> None:
        async with open_runtime(files, alone=False) as runtime:
            known = await runtime.store.read(clients.all_ever)
            if client is not None and client not in known:
                client_of(runtime.config, client)
            own = [each.lines[0] for each in runtime.config.clients.values()]
            found = normalise(number, region_of(own[0]) if own else None)
            if found is None:
                misused(f'"{number}" is not a phone number; write it like +13035550123')
            everybody = {*known, *runtime.config.clients}
            scopes = partial(forgetting.scopes, client, sorted(everybody), found)
            for scope in await runtime.store.read(scopes):
                done = await forgetting.forget(runtime.ctx, scope, found)
                _tell(done, as_json)
            more = await runtime.store.read(partial(known_to, found))
        place = place_of(files.deployment.store.url, files.deployment.directory)
        cleared = await clear(place, found.removeprefix("+"))
        if more:
            say(f"still known to {', '.join(more)}; to forget it there too: --all-clients")
        elif not cleared:
            fail("something in the store still holds the number; run it again once all is quiet")
        say(f"{mask(found)} is forgotten; backups that were made before still hold it")

    run(work())


def _tell(done: forgetting.Forgotten, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "client": done.client,
                "cases": done.cases,
                "calls": done.calls,
                "events": done.events,
                "suppressions": done.suppressions,
                "elsewhere": list(done.elsewhere),
            }
        )
        return
    where = "the deployment" if done.client == "*" else done.client
    if done.client != "*" or done.suppressions:
        say(
            f"{where}: {counted(done.cases, 'case')}, {counted(done.calls, 'call')} and"
            f" {counted(done.events, 'raw event')} erased;"
            f" {counted(done.suppressions, 'suppression')} kept, under a keyed hash"
        )
    for words in done.elsewhere:
        say(f"{where}: outside of textback: {words}")


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and delete nothing.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Delete what is older than the retention of its kind; may run beside `serve`, once a day."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            retention = remembered.config.deployment.retention
            done = await pruning.prune(remembered.store, retention, now(), dry_run=dry_run)
            verb = "would be deleted" if dry_run else "deleted"
            for each in done:
                if as_json:
                    print_json({"what": each.what, "count": each.count, "dry_run": dry_run})
                else:
                    keep = write_duration(each.older_than)
                    say(f"{each.what}: {each.count} {verb}, older than {keep}")

    run(work())
