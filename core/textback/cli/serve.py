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
from textback.dispatch import OnCall
from textback.engine.blocking import watched
from textback.engine.starting.check import complete, store_problem
from textback.engine.starting.deployment import load_all
from textback.engine.starting.runtime import Runtime, open_runtime
from textback.log import set_up
from textback.store import Work, clients, place_of
from textback.web import descriptors, server
from textback.web.app import admin_app, public_app


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(worker)
    app.command()(migrate)


ListenOption = Annotated[
    str | None, typer.Option(help="HOST:PORT instead of the file's; port 0 takes a free one.")
]
AdminOption = Annotated[
    str | None,
    typer.Option(help="HOST:PORT for metrics instead of the file's admin_listen."),
]


def serve(
    listen: ListenOption = None,
    admin_listen: AdminOption = None,
    work: Annotated[
        bool, typer.Option("--work", help="On a Postgres store: run steps, too, as `worker` does.")
    ] = False,
    trace: TraceOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Take webhooks and do the work, until SIGTERM.

    On a Postgres store any number of processes may serve; there, the work is done by `worker`, or
    here with --work.
    """
    files = _files(config, trace=trace)
    run(
        _serve(
            files,
            listen or files.deployment.server.listen,
            admin_listen or files.deployment.server.admin_listen,
            work=work,
            trace=trace,
        )
    )


def worker(
    admin_listen: Annotated[
        str | None,
        typer.Option(
            help="HOST:PORT for health and metrics; nowhere if not given, whatever the file says."
        ),
    ] = None,
    trace: TraceOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run steps until SIGTERM, one of any number of processes on a Postgres store.

    Refused with an SQLite store: there, `serve` does all the work.
    """
    store = load(config).deployment.store
    if place_of(store.url, Path()).file is not None:
        fail("with an SQLite store `serve` does all the work; there is nothing for a worker")
    run(_work(_files(config, trace=trace), admin_listen, trace=trace))


def _files(config: Path, *, trace: bool) -> Config:
    """The files of those clients that can be served; what is wrong with the others is said."""
    files = load_all(config)
    set_up(tracing.visible(files.deployment.log) if trace else files.deployment.log)
    if (trouble := run(store_problem(files))) is not None:
        fail(trouble)
    files = complete(files, plugins.find(files.deployment.directory))
    if files.problems:
        say(f"left out are {', '.join(sorted(files.broken))}:\n{report(files.problems)}")
    if not files.clients:
        fail("no client can be served; run: textback check")
    return files


async def _serve(
    config: Config, address: str, admin: str | None, *, work: bool, trace: bool
) -> None:
    stop = _stopped()
    async with open_runtime(config, trace=_tracer(trace), works=work) as runtime:
        await _begin(config, runtime)
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
        await runtime.start()
        sys.stdout.write(f"listening on http://{listening[0][0].address}\n")
        sys.stdout.flush()
        with watched(runtime.ctx.metrics, runtime.ctx.log):
            await stop.wait()
            for each, task in listening:
                await server.close(each, task)


async def _work(config: Config, admin: str | None, *, trace: bool) -> None:
    stop = _stopped()
    async with open_runtime(config, trace=_tracer(trace), kind="worker") as runtime:
        await _begin(config, runtime)
        descriptors.make_room(0, runtime.ctx.log)
        listening = []
        if admin is not None:
            listening.append(await server.listen(admin_app(runtime.ctx), admin))
        await runtime.start()
        where = f", metrics on http://{listening[0][0].address}" if listening else ""
        sys.stdout.write(f"working{where}\n")
        sys.stdout.flush()
        with watched(runtime.ctx.metrics, runtime.ctx.log):
            await stop.wait()
            for each, task in listening:
                await server.close(each, task)


async def _begin(config: Config, runtime: Runtime) -> None:
    """Before anything comes in: what a dead process held, and who is served."""
    if runtime.crew is None:
        await runtime.engine.take_over()
    gc.freeze()  # what is here now stays until the end: no need to look at it again and again
    gc.set_threshold(20_000, 20, 20)  # a call makes thousands of objects, and hardly a cycle
    await runtime.store.write(partial(_known, config, runtime.ctx.now()))


def _stopped() -> asyncio.Event:
    """Set when we are told to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _tracer(trace: bool) -> OnCall | None:
    return tracing.to_log(structlog.get_logger("textback")) if trace else None


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


def migrate(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Bring the store to the schema of this version."""
    from textback.store.migrate import migrate as bring_up_to_date  # loads SQLAlchemy, alembic

    deployment = load(config).deployment
    place = place_of(deployment.store.url, deployment.directory)
    done = bring_up_to_date(place.url)
    if place.file is None and deployment.store.queue == "pgqueuer":
        from textback.store.shared import pgq

        run(pgq.install(place.url))
    if done.before == done.after:
        say(f"{place} has schema {done.after} already")
    else:
        say(f"{place}: schema {done.before or 'none'} -> {done.after}")
