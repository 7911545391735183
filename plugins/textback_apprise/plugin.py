"""The plugin: each service by itself, in a thread, once for each notice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Final

import attrs
from apprise import NotifyType

from textback.clock import micros
from textback.errors import MaybeSent, ProviderError, Refused
from textback.hookspecs import hookimpl
from textback.model import Finding, Notice, NoticeKind, Severity
from textback.services import Services
from textback.telling import in_words, take_apart, without_mentions
from textback_apprise.service import Outcome, Service
from textback_apprise.settings import Settings

TOLD_S: Final = 24 * 3600
"""How long it is remembered which services took a notice: its tries are over by then."""

GRACE_S: Final = 1.0  # for Apprise to keep its own time-out

_KINDS: Final = {
    NoticeKind.BOOKED: NotifyType.SUCCESS,
    NoticeKind.UNCONFIRMED: NotifyType.WARNING,
    NoticeKind.FAILED: NotifyType.FAILURE,
}


@attrs.frozen(eq=False)
class Apprise:
    """Tells every service of ``urls``; one that fails doesn't let the others be told twice."""

    api = 1

    settings: Settings
    services: Services
    _made: dict[int, Service] = attrs.field(init=False, factory=dict, repr=False)

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        """Tell all services that haven't taken this notice yet.

        Raises:
            Refused: A service was not reached or said no.  Whether that is for good can't be known,
                so it never says so.
            MaybeSent: A service gave no answer in time.
            NotSent: There were too many requests, or the services rest after failures.
        """
        outcomes = await asyncio.gather(
            *(self._tell(place, notice) for place in range(len(self.settings.urls))),
            return_exceptions=True,
        )
        failed = [each for each in outcomes if isinstance(each, BaseException)]
        if failed:
            raise _worst(failed)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether Apprise understands all URLs; nothing is sent."""
        findings = []
        for place in range(len(self.settings.urls)):
            try:
                service = await self._service(place)
            except Refused as error:
                findings.append(Finding(Severity.ERROR, str(error)))
            else:
                words = f"notices go to {service.name}, entry {place + 1} of urls"
                findings.append(Finding(Severity.OK, words))
        return findings

    async def _tell(self, place: int, notice: Notice) -> None:
        mark = f"told/{_identity(notice)}/{_digest(self.settings.urls[place].value)}"
        if await self.services.state.get(mark):
            return
        service = await self._service(place)
        told = take_apart(notice)
        title, body = without_mentions(told.title), without_mentions(in_words(told))
        kind = _KINDS.get(notice.kind, NotifyType.INFO)
        limit_s = self.settings.timeout_s
        async with self.services.gate:
            try:
                async with asyncio.timeout(limit_s + GRACE_S):
                    outcome = await self.services.in_thread(
                        service.tell, title, body, kind, limit_s
                    )
            except TimeoutError:
                outcome = Outcome.LATE
            if outcome is Outcome.LATE:
                raise MaybeSent(f"{service.name} gave no answer within {limit_s:g} s")
            if outcome is Outcome.REFUSED:
                words = "said no, or was not reached; Apprise doesn't say why"
                raise Refused(f"{service.name} {words}", permanent=False)
        await self.services.state.set(mark, True, ttl_s=TOLD_S)

    async def _service(self, place: int) -> Service:
        """The service of one URL, made when it is first needed, as that can take a second."""
        made = self._made.get(place)
        if made is None:
            try:
                made = await self.services.in_thread(Service, self.settings.urls[place])
            except ValueError:  # from None: the traceback would show frames that hold the URL
                words = f"entry {place + 1} of urls is no URL that Apprise understands"
                more = "see https://github.com/caronc/apprise/wiki, or a package for it is missing"
                raise Refused(f"{words}; {more}", permanent=True) from None
            self._made[place] = made
        return made


def _worst(failed: Sequence[BaseException]) -> BaseException:
    """The one error that stands for several: one that may pass, if there is one."""
    for error in failed:
        if not isinstance(error, ProviderError) or not error.permanent:
            return error
    return failed[0]


def _identity(notice: Notice) -> str:
    """The same for the same notice, however often it is told."""
    which = notice.key or str(micros(notice.at))
    return f"{notice.case}/{notice.kind}/{which}"


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]
