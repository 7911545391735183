"""The mailbox that answers come to, over IMAP: looked at again and again, never changed.

The folder is opened read-only and messages are peeked at, so that people who read the same mailbox
find everything as new as it was.  What was read is remembered by its UID.
"""

from __future__ import annotations

import asyncio
import imaplib
import re
import ssl
from collections.abc import Iterator
from typing import Any, Final

from textback.errors import NotSent, ProviderError, Refused
from textback.services import Services
from textback_email.settings import IMAP_PORTS, Imap, Settings
from textback_email.smtp import trust, unreachable

LARGEST: Final = 1 << 20  # bytes of one message that are read: an answer's words come first
AT_A_TIME: Final = 50  # messages between two commits
_CURSOR: Final = "imap"


class Mailbox:
    """An open folder.  Everything here blocks: it runs in a thread."""

    def __init__(self, server: imaplib.IMAP4, validity: int, next_uid: int) -> None:
        self._server = server
        self.validity = validity
        self.next_uid = next_uid

    @classmethod
    def open(cls, settings: Settings) -> Mailbox:
        """Connect, log in and open the folder.

        Raises:
            NotSent: The server can't be reached.
            Refused: It doesn't let us in, or has no such folder.
        """
        imap = settings.imap
        assert imap is not None
        try:
            server = _connect(imap, settings)
        except (OSError, imaplib.IMAP4.error) as error:
            raise NotSent(unreachable(imap.host, error)) from None
        try:
            return cls._enter(server, imap, settings)
        except BaseException:
            server.shutdown()
            raise

    @classmethod
    def _enter(cls, server: imaplib.IMAP4, imap: Imap, settings: Settings) -> Mailbox:
        password = imap.password or settings.password
        try:
            server.login(imap.username or settings.username or "", _quotable(password))
        except imaplib.IMAP4.error:
            words = f"{imap.host} doesn't let {imap.username or settings.username} in"
            raise Refused(f"{words}; see username and password", permanent=True) from None
        folder = '"' + imap.folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
        try:
            answer, _ = server.select(folder, readonly=True)
            if answer != "OK":
                raise Refused(f"{imap.host} has no folder {imap.folder}", permanent=True)
            return cls(server, _number(server, "UIDVALIDITY"), _number(server, "UIDNEXT"))
        except (OSError, imaplib.IMAP4.error) as error:
            raise _gone(imap, error) from None

    def after(self, uid: int) -> list[tuple[int, bytes]]:
        """The next messages after one, oldest first, each with its UID."""
        self._server.noop()  # or the server may not tell of new ones
        _, found = self._server.uid("SEARCH", f"UID {uid + 1}:*")
        known = sorted({int(each) for each in b" ".join(f or b"" for f in found).split()})
        new = [each for each in known if each > uid]  # "n:*" gives the last one, even if older
        return list(self._fetch(new[:AT_A_TIME]))

    def _fetch(self, uids: list[int]) -> Iterator[tuple[int, bytes]]:
        for uid in uids:
            _, parts = self._server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LARGEST}>)")
            # One that was deleted meanwhile has no content; it is passed over.
            yield uid, next((part[1] for part in parts if isinstance(part, tuple)), b"")

    def close(self) -> None:
        """Hang up, whatever is under way."""
        self._server.shutdown()


async def watch(settings: Settings, services: Services, take: Any) -> None:
    """Hand each new message to ``await take(raw)``, until the connection is gone.

    The first time it begins with what comes from then on; what came earlier stays unread.

    Raises:
        ProviderError: The connection is gone, in words.
    """
    imap = settings.imap
    assert imap is not None
    box: Mailbox = await services.in_thread(Mailbox.open, settings)
    try:
        uid = await _cursor(services, box)
        while True:
            for uid, raw in await services.in_thread(box.after, uid):  # noqa: B020 (the cursor)
                if raw:
                    await take(raw)
                await services.state.set(_CURSOR, {"validity": box.validity, "uid": uid})
            await asyncio.sleep(imap.poll_s)
    except (OSError, imaplib.IMAP4.error) as error:
        raise _gone(imap, error) from None
    finally:
        box.close()


async def _cursor(services: Services, box: Mailbox) -> int:
    """The last message that was read; all UIDs are new when the server has counted anew."""
    known = await services.state.get(_CURSOR)
    if known is not None and known["validity"] == box.validity:
        return int(known["uid"])
    uid = box.next_uid - 1
    await services.state.set(_CURSOR, {"validity": box.validity, "uid": uid})
    return uid


def _connect(imap: Imap, settings: Settings) -> imaplib.IMAP4:
    port = imap.port or IMAP_PORTS[imap.security]
    if imap.security == "tls":
        context: ssl.SSLContext = trust(settings.ca_file)
        return imaplib.IMAP4_SSL(imap.host, port, ssl_context=context, timeout=settings.timeout_s)
    server = imaplib.IMAP4(imap.host, port, timeout=settings.timeout_s)
    if imap.security == "starttls":
        try:
            server.starttls(trust(settings.ca_file))
        except BaseException:
            server.shutdown()
            raise
    return server


def _quotable(password: Any) -> str:
    return password.value if password is not None else ""


def _number(server: imaplib.IMAP4, name: str) -> int:
    """What the server said of the folder when it was opened."""
    _, said = server.response(name)
    found = re.search(rb"\d+", (said[0] if said else None) or b"")
    if found is None:
        raise imaplib.IMAP4.abort(f"the server gave no {name}")
    return int(found[0])


def _gone(imap: Imap, error: Exception) -> ProviderError:
    if isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort):
        return Refused(
            f"{imap.host} said no: {' '.join(str(error).split())[:200]}", permanent=False
        )
    return NotSent(f"the connection to {imap.host} is gone; it is made again")
