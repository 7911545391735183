"""The manager interface as a connection: messages in, actions out.

https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from textback.errors import NotSent, Refused
from textback.services import Services
from textback_asterisk.settings import Settings

Message = dict[str, str]
"""The headers of one message by their names in lower case: Asterisk writes them in several ways."""

BANNER: Final = b"Asterisk Call Manager/"
LONGEST: Final = 1 << 18  # bytes of one message
_END: Final = b"\r\n\r\n"


class Ami:
    """One connection, logged in or not yet."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, settings: Settings
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._settings = settings
        self._asked = 0
        self._passed_over: deque[Message] = deque()  # what came while an answer was waited for

    async def read(self) -> Message:
        """The next message, however long it takes.

        Raises:
            NotSent: The connection is gone.
            Refused: What comes is no message.
        """
        if self._passed_over:
            return self._passed_over.popleft()
        return await self._next()

    async def send(self, action: str, **fields: str) -> str:
        """Send an action; its id, which comes back with the answer."""
        self._asked += 1
        id_ = f"textback-{self._asked}"
        headers = {"Action": action, "ActionID": id_, **fields}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        try:
            self._writer.write(f"{lines}\r\n".encode())
            await self._writer.drain()
        except OSError as error:
            raise self._gone(error) from None
        return id_

    async def ask(self, action: str, **fields: str) -> Message:
        """Send an action and wait for its answer; what else comes is kept for `read`.

        Raises:
            Refused: Asterisk says no.
            NotSent: It doesn't answer, or the connection is gone.
        """
        return await self._answer(await self.send(action, **fields), action)

    async def listing(self, action: str, **fields: str) -> list[Message]:
        """Ask for a list: its entries, as they come after the answer; raises as `ask`."""
        id_ = await self.send(action, **fields)
        await self._answer(id_, action)
        entries: list[Message] = []
        while (entry := await self._own(id_)).get("eventlist", "").lower() != "complete":
            entries.append(entry)
        return entries

    async def log_in(self, classes: str = "off") -> None:
        """Log in, and choose the classes of events that are told, e.g. ``call,agent``.

        The secret stays here: what is sent is made from it and from a word of Asterisk's.

        Raises:
            Refused: The name or the secret is wrong, or this address may not log in.
            NotSent: There was no answer.
        """
        given = await self.ask("Challenge", AuthType="MD5")
        word = given.get("challenge", "") + self._settings.secret.value
        key = hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()
        await self.ask(
            "Login", AuthType="MD5", Username=self._settings.username, Key=key, Events=classes
        )

    async def greeted(self) -> None:
        """Read the line that comes first.

        Raises:
            Refused: Whoever answers there, it is no manager interface.
            NotSent: The connection is gone.
        """
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                line = await self._reader.readline()
        except (OSError, ValueError) as error:
            raise self._gone(error) from None
        if not line.startswith(BANNER):
            raise Refused(f"{self._settings.account} is no manager interface", permanent=True)

    async def _answer(self, id_: str, action: str) -> Message:
        answer = await self._own(id_)
        if answer.get("response", "").lower() in ("success", "pong"):
            return answer
        words = answer.get("message") or answer.get("response") or "it gives no reason"
        raise Refused(
            f"{self._settings.account} refused {action}: {words[:200]}", permanent=True, code=action
        )

    async def _own(self, id_: str) -> Message:
        """The next message about an action of ours."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                while (message := await self._next()).get("actionid") != id_:
                    self._passed_over.append(message)
        except TimeoutError:
            raise NotSent(f"{self._settings.account} gave no answer in time") from None
        return message

    async def _next(self) -> Message:
        try:
            block = await self._reader.readuntil(_END)
        except asyncio.LimitOverrunError:
            words = f"{self._settings.account} sent a message of more than {LONGEST} bytes"
            raise Refused(words, permanent=False) from None
        except (OSError, asyncio.IncompleteReadError) as error:
            raise self._gone(error) from None
        return parse(block)

    def _gone(self, error: Exception) -> NotSent:
        return NotSent(f"{self._settings.account} is gone ({type(error).__name__})")


def parse(block: bytes) -> Message:
    """One message; of a header that is repeated, the first.  Lines without a colon say nothing."""
    message: Message = {}
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            message.setdefault(name.strip().lower(), value.strip())
    return message


@asynccontextmanager
async def connected(settings: Settings, services: Services) -> AsyncIterator[Ami]:
    """A connection that has been greeted; closed at the end.

    Raises:
        NotSent: Asterisk can't be reached, or its certificate isn't good.
        Refused: What is there is no manager interface.
    """
    context = await services.in_thread(_trust, settings) if settings.tls else None
    reader, writer = await _open(settings, context)
    try:
        ami = Ami(reader, writer, settings)
        await ami.greeted()
        yield ami
    finally:
        writer.close()
        with suppress(OSError):
            async with asyncio.timeout(1):
                await writer.wait_closed()


async def _open(
    settings: Settings, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = settings.place
    try:
        async with asyncio.timeout(settings.timeout_s):
            return await asyncio.open_connection(host, port, ssl=context, limit=LONGEST)
    except TimeoutError:
        raise NotSent(f"{settings.account} gave no connection in time") from None
    except OSError as error:
        raise NotSent(f"{settings.account} can't be reached: {_why(error)}") from None


def _trust(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        words = f"ca_file can't be read: {error.strerror or 'it has no certificates'}"
        raise Refused(words, permanent=True) from None


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate can't be trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "no agreement on TLS"
    if isinstance(error, ConnectionRefusedError):
        return "it refused the connection"
    return error.strerror or type(error).__name__
