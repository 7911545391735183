"""Wake-ups by LISTEN and NOTIFY alone: sent when the transaction commits, kept by nobody.

Every worker hears each; one of them is meant, by the hash of the subject.  What nobody heard, as it
was said while a connection was down, is found in `steps` by whoever keeps the timers, and then said
so that everybody may take it.
"""

from __future__ import annotations

import asyncio
from typing import Final
from zlib import crc32

from textback.store.postgres import connect
from textback.store.shared import Advance, Subjects
from textback.store.work import Work, statement

CHANNEL: Final = "textback_wake"
CHECK_EVERY_S: Final = 1.0

_NOTIFY = statement(f"""
    SELECT pg_notify('{CHANNEL}', said) FROM unnest(CAST(:said AS TEXT[])) AS said
""")


class NotifyQueue:
    """Wake-ups by LISTEN and NOTIFY.

    Attributes:
        workers: Everybody who listens.
    """

    workers: tuple[str, ...] = ()

    def __init__(self, url: str, owner: str) -> None:
        self._url = url
        self._owner = owner

    async def prepare(self) -> None:
        """Nothing has to be made."""

    def wake(self, subjects: Subjects, *, again: bool = False) -> Work[None]:
        """Once the transaction commits, the workers hear of it."""
        said = [f"{'*' if again else ''}\n{client}\n{name}" for client, name in subjects]
        if said:
            yield _NOTIFY, {"said": said}

    async def attend(self, advance: Advance) -> None:
        """Hear until cancelled.

        Raises:
            Exception: The connection was lost.
        """
        connection = await connect(self._url)
        running: set[asyncio.Future[None]] = set()

        def heard(_: object, __: object, ___: object, payload: object) -> None:
            everybody, client, subject = str(payload).split("\n", 2)
            if everybody or self._is_meant(client, subject):
                task = asyncio.ensure_future(advance(client, subject))
                running.add(task)
                task.add_done_callback(running.discard)

        try:
            await connection.add_listener(CHANNEL, heard)
            while True:
                await asyncio.sleep(CHECK_EVERY_S)
                await connection.execute("SELECT 1", timeout=5.0)
        finally:
            connection.terminate()

    def _is_meant(self, client: str, subject: str) -> bool:
        def weight(owner: str) -> tuple[int, str]:
            return crc32(f"{owner}\n{client}\n{subject}".encode()), owner

        return max(self.workers, key=weight, default=self._owner) == self._owner

    async def upkeep(self) -> None:
        """Nothing is left behind."""
