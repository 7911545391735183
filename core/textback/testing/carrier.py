"""A carrier around a world: takes texts, leads and notices by HTTP, and sends signed webhooks.

It behaves as it is told to: see `Trouble` for what it does with requests, and `Webhooks` for how it
sends its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import attrs
import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from textback.events import (
    Booked,
    CallEvent,
    Event,
    OptOut,
    TeamReply,
    TextReceived,
    TextStatus,
)
from textback.model import Activity, CrmRef, Lead, Notice, PhoneNumber, Text, TextState
from textback.testing import signing, wire
from textback.testing.plays import ANONYMOUS, Play, Scene, script, spoken
from textback.testing.trouble import Trouble, instead
from textback.testing.world import World, shown
from textback.web import server


@attrs.define(kw_only=True)
class Webhooks:
    """How webhooks are sent.

    Attributes:
        repeat: How often each is sent.
        reverse: The events of one call come in the wrong order.
        delay_s: Seconds until each is sent.
    """

    repeat: int = 1
    reverse: bool = False
    delay_s: float = 0.0


class Carrier:
    """The simulated carrier of one business.

    Args:
        world: Where everything that it takes ends up.
        http: Sends the webhooks.
        address: Where the webhooks go: that of the plugin ``simulator`` of one client.
        line: The number of the business.
        secret: Signs the webhooks.

    Attributes:
        requests: How many came, by ``METHOD /path`` up to the first id.
        trouble: What to do with the next requests to ``/texts``, ``/contacts`` and ``/notices``,
            by the first part of the path.
        webhooks: How its own are sent.
        answers: The status codes that the webhooks got.
        calls: Their ids.
        told: Every event of a call, for those who ask for calls later.
    """

    def __init__(
        self,
        world: World,
        http: httpx.AsyncClient,
        *,
        address: str,
        line: str,
        secret: str = signing.DEVELOPMENT_SECRET,
    ) -> None:
        self.world = world
        self.http = http
        self.address = address
        self.line = line
        self.requests: Counter[str] = Counter()
        self.trouble: dict[str, deque[Trouble]] = {}
        self.webhooks = Webhooks()
        self.answers: list[int] = []
        self.calls: list[str] = []
        self.told: list[CallEvent] = []
        self._secret = secret
        self._numbers = count(1)
        self._run = uuid4().hex[:8]  # keys must not repeat in another run on the same store
        self.app = Starlette(
            routes=[
                Route("/texts", self._on("texts", self._text), methods=["POST"]),
                Route("/texts/{id}", self._on("texts", self._find), methods=["GET"]),
                Route("/contacts", self._on("contacts", self._contact), methods=["POST"]),
                Route("/contacts/{number}", self._on("contacts", self._who), methods=["GET"]),
                Route("/activities", self._on("activities", self._activity), methods=["POST"]),
                Route("/notices", self._on("notices", self._notice), methods=["POST"]),
                Route("/calls", self._on("calls", self._calls), methods=["GET"]),
            ]
        )

    @asynccontextmanager
    async def listening(self, address: str = "127.0.0.1:0") -> AsyncIterator[str]:
        """Take requests; gives the address for the setting ``url``."""
        listener, task = await server.listen(self.app, address)
        try:
            yield f"http://{listener.address}"
        finally:
            await server.close(listener, task)

    # ── what people do ──────────────────────────────────────────────────────────────────────────

    async def call(
        self,
        play: Play,
        caller: str = ANONYMOUS,
        *,
        ring_s: float = 0.0,
        talk_s: float = 0.0,
        tell: bool = True,
    ) -> str:
        """Play a call in its own time; the carrier's id of it.

        Args:
            play: How it goes.
            caller: Who calls, or is called.
            ring_s: Seconds that the phones ring.
            talk_s: Seconds that it goes on then.
            tell: Send the webhooks; without, the call is only known to those who ask for calls.
        """
        name = self._name("CALL")
        self.calls.append(name)
        self.world.record("detect", spoken(play, caller, self.line), caller=caller, line=self.line)
        scene = Scene(
            id=name,
            caller=caller,
            line=self.line,
            at=self.world.clock.now(),
            ring_s=ring_s,
            talk_s=talk_s,
        )
        events = script(play, scene)
        self.told += events
        if tell and self.webhooks.reverse:
            await self._wait_until(events[-1].at)
            events = events[::-1]
        for event in events if tell else ():
            await self._wait_until(event.at)
            await self.send(event)
        return name

    async def reply(self, number: str, body: str) -> None:
        """A phone writes to the business; STOP and the like are just texts here."""
        name = self._name("IN")
        self.world.record("reply", f"{shown(number)} wrote: {body}", number=number, body=body)
        await self.send(
            TextReceived(
                key=name,
                at=self.world.clock.now(),
                number=number,
                line=self.line,
                body=body,
                provider_id=name,
            )
        )

    async def opt_out(self, number: str) -> None:
        """A phone opts out at the carrier itself, without a text."""
        self.world.record("reply", f"{shown(number)} opted out at the carrier", number=number)
        await self.send(
            OptOut(
                key=self._name("OPTOUT"),
                at=self.world.clock.now(),
                number=number,
                evidence="opted out at the carrier",
            )
        )

    async def answer(self, number: str, body: str, by: str = "Robin") -> None:
        """Someone of the team writes to a caller from the team's inbox."""
        self.world.record("reply", f"{by} answers: {body}", number=number, body=body, by=by)
        await self.send(
            TeamReply(
                key=self._name("TEAM"),
                at=self.world.clock.now(),
                body=body,
                by=by,
                number=number,
            )
        )

    async def book(self, number: str, starts_at: datetime, title: str = "a visit") -> str:
        """A phone makes an appointment; the booking tool's id of it."""
        name = self._name("BOOKING")
        self.world.appointments[name] = starts_at
        self.world.record(
            "booking",
            f"{shown(number)} booked {title}",
            number=number,
            booking=name,
            starts_at=starts_at.isoformat(),
        )
        await self.send(
            Booked(
                key=name,
                at=self.world.clock.now(),
                booking=name,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=30),
                title=title,
                number=number,
            )
        )
        return name

    async def status(self, text: Text, state: TextState = TextState.DELIVERED) -> None:
        """Tell what became of a text, with our id and the carrier's."""
        await self.send(
            TextStatus(
                key=self._name("STATUS"),
                at=self.world.clock.now(),
                state=state,
                text=text.id,
                provider_id=text.provider_id,
            )
        )

    async def send(self, *events: Event, secret: str | None = None) -> list[int]:
        """Send one webhook, as `webhooks` says; the status codes of its answers.

        Args:
            *events: What it tells.
            secret: Another than the right one, to be refused.
        """
        body = httpx.Request("POST", self.address, json=wire.write_events(events)).content
        name = self._name("WEBHOOK")
        answers = []
        for _ in range(self.webhooks.repeat):
            if self.webhooks.delay_s:
                await asyncio.sleep(self.webhooks.delay_s)
            now = self.world.clock.now()
            headers = signing.sign(secret or self._secret, name, now, body)
            response = await self.http.post(
                self.address, content=body, headers={**headers, "content-type": "application/json"}
            )
            answers.append(response.status_code)
        self.answers += answers
        return answers

    def _name(self, kind: str) -> str:
        return f"{kind}-{self._run}-{next(self._numbers)}"

    async def _wait_until(self, at: datetime) -> None:
        await asyncio.sleep(max(0.0, (at - self.world.clock.now()).total_seconds()))

    # ── what textback asks ──────────────────────────────────────────────────────────────────────

    def fail(self, path: str, *troubles: Trouble) -> None:
        """Have the next requests to a path (``texts``, ``contacts``...) go wrong, one each."""
        self.trouble.setdefault(path, deque()).extend(troubles)

    def _on(self, path: str, answer: Callable[[Request], Awaitable[Response]]) -> Any:
        async def endpoint(request: Request) -> Response:
            self.requests[f"{request.method} /{path}"] += 1
            waiting = self.trouble.get(path)
            trouble = waiting.popleft() if waiting else None
            if trouble is not None and trouble is not Trouble.BREAK_AFTER:
                return instead(trouble)
            answered = await answer(request)
            return answered if trouble is None else instead(trouble)

        return endpoint

    async def _text(self, request: Request) -> Response:
        text = wire.read(Text, await request.json())
        return JSONResponse(wire.write(self.world.take_text(text, "simulator")), 201)

    async def _find(self, request: Request) -> Response:
        return _found(self.world.find_text(request.path_params["id"]))

    async def _who(self, request: Request) -> Response:
        return _found(self.world.identify(PhoneNumber(request.path_params["number"])))

    async def _contact(self, request: Request) -> Response:
        lead = wire.read(Lead, (await request.json())["lead"])
        return JSONResponse(wire.write(self.world.save_contact(lead, "simulator")), 201)

    async def _activity(self, request: Request) -> Response:
        told = await request.json()
        ref, activity = wire.read(CrmRef, told["ref"]), wire.read(Activity, told["activity"])
        self.world.log(ref, activity, told["key"], "simulator")
        return Response(status_code=204)

    async def _notice(self, request: Request) -> Response:
        self.world.tell(wire.read(Notice, await request.json()), "simulator")
        return Response(status_code=204)

    async def _calls(self, request: Request) -> Response:
        since = datetime.fromisoformat(request.query_params["since"]).astimezone(UTC)
        recent: Sequence[CallEvent] = [event for event in self.told if event.at >= since]
        return JSONResponse(wire.write_events(recent))


def _found(value: Any) -> Response:
    if value is None or not attrs.fields(type(value)):  # Absent has no fields
        return Response(status_code=404)
    return JSONResponse(wire.write(value))
