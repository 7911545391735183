"""The floor: the same HTTP work with nothing remembered, and nothing decided.

Webhook in, one lookup, three posts out, with the same client library, server and plugin.

    python floor.py FAR_SIDE [plain]      plain: with httpx's own transport
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

import httpx
import structlog
import uvloop
from stand_in import Settings, StandIn

from textback import http
from textback.clock import SystemClock
from textback.config.settings import Limits
from textback.events import CallEvent, WebhookRequest
from textback.flow.wording import DEFAULT_BODY, render
from textback.gate import Gate
from textback.model import Call, Lead, Notice, NoticeKind, Outcome, PhoneNumber, Text
from textback.services import Services
from textback.web import body, server

LINE = PhoneNumber("+13035550100")
AT_WORK = Limits().work_of_client  # at once, as textback has it


class Floor:
    """The application."""

    def __init__(self, plugin: StandIn) -> None:
        self.plugin = plugin
        self.at_work = asyncio.Semaphore(AT_WORK)
        self.tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the webhook, start the work, answer."""
        request = WebhookRequest(
            method=scope["method"],
            url="http://floor/",
            topic="",
            headers={name.decode(): value.decode() for name, value in scope["headers"]},
            body=await body.read(receive, None),
            received_at=self.plugin.services.clock.now(),
        )
        reading = await self.plugin.read_webhook(request)
        for event in reading.events:
            assert isinstance(event, CallEvent)
            task = asyncio.ensure_future(self.work(event))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def work(self, event: CallEvent) -> None:
        """One lookup, then three posts at once."""
        async with self.at_work:
            await self._work(event)

    async def _work(self, event: CallEvent) -> None:
        number = PhoneNumber(event.caller or "")
        call = Call(id=event.call, client="b", line=LINE, caller=number, started_at=event.at)
        caller = await self.plugin.identify_caller(call)
        assert caller is not None
        words = render(DEFAULT_BODY, {"business": "Floor", "first_name": caller.first_name or ""})
        text = Text(id=event.call, client="b", case="c", to=number, line=LINE, body=words)
        lead = Lead(client="b", case="c", number=number, line=LINE, called_at=event.at,
                    outcome=Outcome.NO_ANSWER, tag="missed-call")  # fmt: skip
        notice = Notice(kind=NoticeKind.MISSED_CALL, client="b", client_name="Floor", case="c",
                        at=event.at, local_time="", title="Missed", lines=(words,))  # fmt: skip
        await asyncio.gather(
            self.plugin.send_text(text),
            self.plugin.save_contact(lead, "key"),
            self.plugin.notify_team(notice),
        )


async def main() -> None:
    """Serve until SIGTERM."""
    plain = sys.argv[2:] == ["plain"]
    transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport() if plain else http.Transport()
    services = Services(
        client="b",
        plugin="stand_in",
        address="",
        http=http.client(transport, Gate("floor", SystemClock())),
        clock=SystemClock(),
        log=structlog.get_logger(),
        state=None,  # type: ignore[arg-type]
        contacts=None,  # type: ignore[arg-type]
        in_thread=None,  # type: ignore[arg-type]
    )
    floor = Floor(StandIn(Settings(base_url=sys.argv[1]), services))
    listening, task = await server.listen(floor, "127.0.0.1:0")
    print(f"listening on http://{listening.address}", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.close(listening, task)
    await asyncio.gather(*floor.tasks)
    await transport.aclose()


uvloop.run(main())
