"""``serve``, ``worker`` and ``migrate``: run the machine."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import typer

from textback import plugins
from textback.cli import tracing
from textback.cli.common import DEFAULT_CONFIG, ConfigOption, TraceOption, fail, run, say
from textback.config import Config, load, report
from textback.engine.blocking import watched
from textback.engine.check import complete, store_problem
from textback.engine.deployment import load_all
from textback.engine.runtime import open_runtime
from textback.engine.sources import supervise
from textback.log import set_up
from textback.store import Work, clients, sqlite_path
from textback.web import descriptors, server
from textback.web.app import admin_app, public_app


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)


def serve(
    listen: Annotated[
        str | None, typer.Option(help="HOST:PORT instead of the file's; port 0 takes a free one.")
    ] = None,
    trace: TraceOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Take webhooks and do the work, until SIGTERM."""
    files = load_all(config)
    set_up(tracing.visible(files.deployment.log) if trace else files.deployment.log)
    if (trouble := store_problem(files)) is not None:
        fail(trouble)
    files = complete(files, plugins.find(files.deployment.directory))
    if files.problems:
        say(f"left out are {', '.join(sorted(files.broken))}:\n{report(files.problems)}")
    if not files.clients:
        fail("no client can be served; run: textback check")
    run(_serve(files, listen or files.deployment.server.listen, trace=trace))


async def _serve(config: Config, address: str, *, trace: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tracer = tracing.to_log(structlog.get_logger("textback")) if trace else None
    async with open_runtime(config, trace=tracer) as runtime:
        await runtime.engine.take_over()
        gc.freeze()  # what is here now stays until the end: no need to look at it again and again
        await runtime.store.write(partial(_known, config, runtime.ctx.now()))
        admin = config.deployment.server.admin_listen
        app = public_app(
            runtime.ctx,
            runtime.engine,
            left_out=runtime.left_out,
            renamed=renamed(config),
            admin=admin is None,
        )
        most = descriptors.make_room(config.deployment.limits.connections, runtime.ctx.log)
        listening = [await server.listen(app, address, most=most)]
        if admin is not None:
            listening.append(await server.listen(admin_app(runtime.ctx), admin))
        runtime.engine.start()
        supervise(runtime.ctx, runtime.engine)
        sys.stdout.write(f"listening on http://{listening[0][0].address}\n")
        sys.stdout.flush()
        with watched(runtime.ctx.metrics, runtime.ctx.log):
            await stop.wait()
            for each, task in listening:
                await server.close(each, task)


def _known(config: Config, now: int) -> Work[None]:
    """Remember who is served, and hand over what is stored under earlier names."""
    for client in config.clients.values():
        for was in client.was:
            yield from clients.renamed(client.id, was)
        for table in client.plugins.values():
            for was in table.was:
                yield from clients.plugin_renamed(client.id, table.name, was)
    yield from clients.seen(config.clients, now)


def renamed(config: Config) -> dict[str, str]:
    """Earlier names of clients, and what they are called now."""
    return {was: client.id for client in config.clients.values() for was in client.was}


def worker(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Refused with an SQLite store: there, `serve` does all the work."""
    sqlite_path(load(config).deployment.store.url, Path())
    fail("with an SQLite store `serve` does all the work; there is nothing for a worker")


def migrate(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Bring the store to the schema of this version."""
    from textback.store.migrate import migrate as bring_up_to_date  # loads SQLAlchemy, alembic

    deployment = load(config).deployment
    path = sqlite_path(deployment.store.url, deployment.directory)
    done = bring_up_to_date(f"sqlite:///{path}")
    if done.before == done.after:
        say(f"{path.name} has schema {done.after} already")
    else:
        say(f"{path.name}: schema {done.before or 'none'} -> {done.after}")
