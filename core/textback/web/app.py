"""The ASGI applications: one for providers, one for those who run the machine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from textback import dispatch
from textback.engine.context import Context
from textback.engine.engine import Engine
from textback.errors import StoreError
from textback.store import plugin_state, steps, subjects
from textback.web.guard import guarded
from textback.web.hooks import PREFIX, Hooks
from textback.web.unsubscribe import Unsubscribe


def health_routes(ctx: Context) -> list[Route]:
    """``/healthz``: the process is alive.  ``/readyz``: its store can be read and written."""

    async def healthz(request: Request) -> Response:
        del request
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        del request
        try:
            await ctx.store.read(subjects.next_due)
        except StoreError:
            return PlainTextResponse("the store can't be read\n", 503)
        try:
            if not ctx.store.can_commit:  # it couldn't: can it again?
                probe = partial(plugin_state.put, "*", "textback", "ready", ctx.now(), None)
                await ctx.store.write(probe)
        except StoreError:
            return PlainTextResponse("the store can't be written\n", 503)
        return PlainTextResponse("ready\n")

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def admin_routes(ctx: Context) -> list[Route]:
    """``/metrics``: for ``admin_listen``."""

    async def metrics(request: Request) -> Response:
        del request
        ctx.metrics.steps.clear()
        with suppress(StoreError):  # all the rest is known here, and wanted most just then
            for state, number in (await ctx.store.read(steps.count)).items():
                ctx.metrics.steps.labels(state).set(number)
        ctx.metrics.waiting.set(len(ctx.store.waiting))
        ctx.metrics.tasks.set(len(asyncio.all_tasks()))
        ctx.metrics.left_behind.clear()
        for (_, plugin), number in dispatch.left_behind().items():
            ctx.metrics.left_behind.labels(plugin).inc(number)
        return Response(generate_latest(ctx.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics)]


def public_app(
    ctx: Context,
    engine: Engine,
    *,
    left_out: Mapping[str, object],
    renamed: Mapping[str, str],
    admin: bool,
) -> Any:
    """Webhooks, the unsubscribe page and health; with *admin*, metrics too."""
    unsubscribe = Unsubscribe(ctx, engine, renamed)
    routes = [*health_routes(ctx), unsubscribe.route()]
    others = Starlette(routes=[*routes, *(admin_routes(ctx) if admin else ())])
    hooks = Hooks(ctx, engine, left_out, renamed)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await hooks(scope, receive, send)
        else:
            await others(scope, receive, send)

    return guarded(app, ctx.log)


def admin_app(ctx: Context) -> Any:
    """Health and metrics, on an address of their own."""
    return guarded(Starlette(routes=[*health_routes(ctx), *admin_routes(ctx)]), ctx.log)
