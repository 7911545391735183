"""``/hooks/{client}/{plugin}[/{topic}]``: one webhook, verified, committed, answered.

A bare ASGI application, as this is the way of every call.  Nothing is read from the store before
the plugin has verified the signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from textback import dispatch
from textback.engine.context import Context
from textback.engine.engine import Engine
from textback.errors import (
    AssemblyError,
    ProviderError,
    StoreError,
    UnreadableWebhook,
    WebhookRejected,
)
from textback.events import Reading, WebhookRequest, WebhookResponse
from textback.web import body

PREFIX = "/hooks/"
LIVE_WITHIN_S = 1.5  # that a caller on the phone waits for the store, at the most


class Hooks:
    """The address of every plugin of every client.

    Args:
        left_out: Clients whose files can't be used: their providers should try again.
        renamed: Earlier names of clients, and what they are called now.
    """

    def __init__(
        self,
        ctx: Context,
        engine: Engine,
        left_out: Mapping[str, object],
        renamed: Mapping[str, str],
    ) -> None:
        self._ctx = ctx
        self._engine = engine
        self._left_out = left_out
        self._renamed = renamed

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        response, plugin = await self._answer(scope, receive)
        self._ctx.metrics.webhooks.labels(plugin, str(response.status)).inc()
        content = response.body.encode()
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in response.headers.items()
        ]
        headers.append((b"content-length", str(len(content)).encode()))
        if content:
            headers.append((b"content-type", response.content_type.encode()))
        if response.status == 503:
            headers.append((b"retry-after", b"10"))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Any, receive: Any) -> tuple[WebhookResponse, str]:
        parts = scope["path"][len(PREFIX) :].split("/", 2)
        if len(parts) < 2:
            return WebhookResponse(404, "no such address"), "-"
        client, plugin, topic = parts[0], parts[1], parts[2] if len(parts) > 2 else ""
        client = self._renamed.get(client, client)
        if client in self._ctx.retired:
            return WebhookResponse(410, "this client is served no longer"), "-"
        if client in self._left_out:
            return WebhookResponse(503, "this client's file can't be used now"), "-"
        if client not in self._ctx.clients:
            return WebhookResponse(404, "no such client"), "-"
        try:
            stack = await self._ctx.stack(client)
        except AssemblyError:
            return WebhookResponse(503, "this client's file can't be used now"), "-"
        plugin = stack.renamed.get(plugin, plugin)
        impl = stack.impl("read_webhook", plugin)
        if impl is None:
            return WebhookResponse(404, "no such plugin"), "-"
        if scope["method"] not in ("GET", "POST"):
            return WebhookResponse(405, "only GET and POST"), plugin
        try:
            request = await self._request(scope, receive, topic)
        except body.BodyError as error:
            return WebhookResponse(error.status, str(error)), plugin
        return await self._read(client, plugin, impl, request), plugin

    async def _request(self, scope: Any, receive: Any, topic: str) -> WebhookRequest:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        declared = headers.get("content-length", "").encode() or None
        content = await body.read(receive, declared)
        query = scope["query_string"].decode("latin-1")
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        return WebhookRequest(
            method=scope["method"],
            url=f"{self._ctx.public_url}{path}{'?' + query if query else ''}",
            topic=topic,
            headers=headers,
            body=content,
            received_at=self._ctx.clock.now(),
            remote_ip=(scope.get("client") or ("",))[0],
        )

    async def _read(
        self, client: str, plugin: str, impl: dispatch.Impl, request: WebhookRequest
    ) -> WebhookResponse:
        try:
            with self._engine.shares.webhook(client):
                reading = await dispatch.call(impl, request=request)
                if not isinstance(reading, Reading):
                    raise TypeError("read_webhook gave no Reading")
                return await self._keep(client, plugin, reading, request)
        except WebhookRejected as error:
            self._warn("webhook rejected", client, plugin, str(error))
            return WebhookResponse(401, "the signature is missing or wrong")
        except UnreadableWebhook as error:
            self._warn("webhook unreadable", client, plugin, str(error))
            return WebhookResponse(400, "not in the provider's format")
        except (StoreError, ProviderError) as error:
            self._warn("webhook not taken", client, plugin, str(error))
            return WebhookResponse(503, "not stored; try again")
        except Exception as error:  # noqa: BLE001 (whatever it is, the provider gets an answer)
            self._warn("webhook failed", client, plugin, type(error).__name__, error)
            return WebhookResponse(500, "the plugin failed")

    async def _keep(
        self, client: str, plugin: str, reading: Reading, request: WebhookRequest
    ) -> WebhookResponse:
        """Commit what a webhook told; its answer."""
        accepting = asyncio.ensure_future(self._accept(client, plugin, reading, request))
        try:
            async with asyncio.timeout(LIVE_WITHIN_S if reading.live else None):
                await asyncio.shield(accepting)
        except TimeoutError:  # somebody is on the phone: it must ring, the store goes on by itself
            accepting.add_done_callback(partial(self._kept_late, client, plugin))
            self._warn("the store is slow", client, plugin, "the call is answered from memory")
        except StoreError as error:
            if not reading.live:
                raise
            self._warn("webhook not stored", client, plugin, str(error))
        return reading.response

    async def _accept(
        self, client: str, plugin: str, reading: Reading, request: WebhookRequest
    ) -> None:
        self._engine.shares.refuse_if_behind()
        await self._engine.accept(client, plugin, reading.events, request.received_at, reading.once)

    def _kept_late(self, client: str, plugin: str, accepting: asyncio.Future[None]) -> None:
        if not accepting.cancelled() and (error := accepting.exception()) is not None:
            self._warn("webhook not stored", client, plugin, type(error).__name__, error)

    def _warn(
        self,
        what: str,
        client: str,
        plugin: str,
        why: str,
        error: BaseException | None = None,
    ) -> None:
        where = {"exc_info": error} if error is not None else {}
        self._ctx.log.warning(what, client=client, plugin=plugin, error=why, **where)
