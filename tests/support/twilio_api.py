"""The far side of Twilio's REST API on loopback: takes texts, counts them, and misbehaves on order.

A bare asyncio server, so that it can break a connection at any point, as only a real one can.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import attrs

OK, BREAK_AFTER, BREAK_BEFORE, BUSY, BROKEN, SILENT = (
    "ok",
    "takes it and breaks the connection",
    "breaks the connection before it takes it",
    "429",
    "500",
    "no answer",
)


@attrs.define
class Taken:
    """A text that the provider has."""

    sid: str
    to: str
    sender: str
    body: str
    status_url: str
    at: datetime


@attrs.define
class TwilioApi:
    """Counts what it is asked for.

    Attributes:
        behave: Says for each text how to answer it.
        requests: Every request as ``METHOD path``.
        received: What callers wrote, as it is listed.
        text_arrived: Called when a text has come in, before it is answered.
    """

    behave: Callable[[dict[str, str]], str] = lambda form: OK
    lists: bool = True
    taken: list[Taken] = attrs.field(factory=list)
    received: list[dict[str, object]] = attrs.field(factory=list)
    requests: list[str] = attrs.field(factory=list)
    counts: Counter[str] = attrs.field(factory=Counter)
    _server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen on a free port; the address."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    def to(self, number: str) -> list[Taken]:
        """The texts that a phone got."""
        return [text for text in self.taken if text.to == number]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path = urlsplit(target).path
        self.requests.append(f"{method} {path}")
        if method == "GET":
            status, answer = self._listing(path, target)
        else:
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            how = self.behave(form)
            self.counts[how] += 1
            if how == BREAK_BEFORE:
                return False
            if how == SILENT:
                await asyncio.sleep(3600)
            if how in (BUSY, BROKEN):
                code = {BUSY: 429, BROKEN: 500}[how]
                status, answer = code, {"code": 20429 if code == 429 else 20500, "message": how}
            else:
                status, answer = 201, self._take(form)
            if how == BREAK_AFTER:
                return False
        content = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        return True

    def _take(self, form: dict[str, str]) -> dict[str, object]:
        text = Taken(
            sid=f"SM{len(self.taken):032x}",
            to=form["To"],
            sender=form.get("From", ""),
            body=form["Body"],
            status_url=form.get("StatusCallback", ""),
            at=datetime.now(UTC),
        )
        self.taken.append(text)
        return self._message(text)

    def _message(self, text: Taken) -> dict[str, object]:
        return {
            "sid": text.sid,
            "to": text.to,
            "from": text.sender,
            "body": text.body,
            "status": "queued",
            "direction": "outbound-api",
            "date_created": format_datetime(text.at),
            "date_sent": format_datetime(text.at),
            "error_code": None,
            "num_segments": "1",
        }

    def write_in(self, sid: str, caller: str, line: str, body: str) -> None:
        """A caller writes, and nobody hears of it but those who look."""
        at = format_datetime(datetime.now(UTC))
        self.received.append(
            {
                "sid": sid,
                "from": caller,
                "to": line,
                "body": body,
                "status": "received",
                "direction": "inbound",
                "date_created": at,
                "date_sent": at,
                "error_code": None,
            }
        )

    def _listing(self, path: str, target: str) -> tuple[int, dict[str, object]]:
        query = parse_qs(urlsplit(target).query)
        if path.endswith("/Messages.json"):
            to, sender = (query.get(name, [None])[0] for name in ("To", "From"))
            found = [
                *(
                    self._message(text)
                    for text in self.taken
                    if to in (None, text.to) and sender in (None, text.sender)
                ),
                *(
                    each
                    for each in self.received
                    if to in (None, each["to"]) and sender in (None, each["from"])
                ),
            ]
            found = found if self.lists else []
            return 200, {"messages": found, "next_page_uri": None}
        if path.endswith("/Calls.json"):
            return 200, {"calls": [], "next_page_uri": None}
        if path.endswith("/IncomingPhoneNumbers.json"):
            return 200, {"incoming_phone_numbers": [], "next_page_uri": None}
        return 200, {"sid": "AC1", "status": "active"}
