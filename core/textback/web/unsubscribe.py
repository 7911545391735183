"""``/u/{token}``: a page with one button, and what the button (or a mail program) posts.

Mail programs and virus scanners open every link in a mail, so GET changes nothing.  POST does, at
once and without a question, as RFC 8058 asks for.  Nothing is read from the store before the
token's signature has been found to be ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from textback.engine.cases import unsubscribing
from textback.engine.cases.unsubscribing import Link
from textback.engine.context import Context
from textback.engine.engine import Engine
from textback.errors import AssemblyError, StoreError
from textback.plugins import Stack
from textback.web import body

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
}


class Unsubscribe:
    """Ends e-mail to who follows the link.

    Args:
        renamed: Earlier names of clients, and what they are called now.
    """

    def __init__(self, ctx: Context, engine: Engine, renamed: Mapping[str, str]) -> None:
        self._ctx = ctx
        self._engine = engine
        self._renamed = renamed

    def route(self) -> Route:
        """Where it answers."""
        return Route("/u/{token}", self._answer, methods=["GET", "POST"])

    async def _answer(self, request: Request) -> Response:
        link = unsubscribing.read(self._ctx, request.path_params["token"])
        if link is None:
            return _page(
                "This link is not complete",
                "Open it again from the e-mail, or answer the e-mail with the word STOP.",
                HTTPStatus.NOT_FOUND,
            )
        link = Link(self._renamed.get(link.client, link.client), link.case, link.address)
        client = self._ctx.clients.get(link.client)
        business = client.name if client else "this business"
        if request.method != "POST":
            return _page(
                f"No more e-mail from {business}?", "One click is enough.", button="Unsubscribe"
            )
        try:
            declared = request.headers.get("content-length", "").encode() or None
            await body.read(request.receive, declared)  # it says nothing that we don't know
            await self._unsubscribe(link)
        except body.BodyError as error:
            return _page("That did not work", str(error), HTTPStatus(error.status))
        except StoreError as error:
            self._ctx.log.warning("not unsubscribed", client=link.client, error=str(error))
            return _page(
                "That did not work",
                "Please try again in a minute.",
                HTTPStatus.SERVICE_UNAVAILABLE,
                button="Try again",
            )
        return _page("Done", f"{business} will send you no more e-mail.")

    async def _unsubscribe(self, link: Link) -> None:
        ctx = self._ctx
        stack = await self._stack(link.client)
        now = ctx.now()
        wakes = await ctx.store.write(
            lambda: unsubscribing.unsubscribe(ctx, stack, link, "by the link in an e-mail", now)
        )
        self._engine.wake(wakes)

    async def _stack(self, client: str) -> Stack | None:
        if client not in self._ctx.clients:
            return None
        try:
            return await self._ctx.stack(client)
        except AssemblyError:
            return None


def _page(
    title: str, words: str, status: HTTPStatus = HTTPStatus.OK, *, button: str = ""
) -> HTMLResponse:
    form = f'<form method="post"><button>{escape(button)}</button></form>' if button else ""
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(words)}</p>{form}"
        "</html>\n",
        status,
        _HEADERS,
    )
