"""What is done with a live call: ring the phones, connect who picks up, speak to who got nobody.

Telnyx gets commands as requests of their own, not in the answer to a webhook.  So the order is:

1. the commands that follow from a webhook, while Telnyx waits for its answer;
2. the commit of what the webhook told;
3. the answer.

If the process dies in between, or a command may not have been done, the answer is no success:
Telnyx sends the webhook again, or to the fallback, and all is done again, each command under the id
that it had, by which Telnyx does it once.  The other order could lose a live call: committed and
answered, and nobody rings.  Only the first webhook of a call is answered with success although the
store fails (see `Reading.live`): the phones ring by then, and the fallback would ring them twice.

What one webhook must know of another is kept in two places: in the mark of a leg, which Telnyx
gives back (`marks`), and in the plugin's state, which phones ring and which of them are over.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Sequence
from typing import Final

import attrs

from textback.errors import Refused, StoreError
from textback.events import CallEvent, Confidence, Happened
from textback.model import Outcome
from textback.services import Services
from textback_telnyx import marks
from textback_telnyx.commands import Commands, may_be_repeated
from textback_telnyx.marks import Answered, Phone
from textback_telnyx.outcomes import OF_A_PHONE
from textback_telnyx.settings import Settings
from textback_telnyx.voice import PRESSED
from textback_telnyx.webhook import Webhook

LATE_S: Final = 50.0
"""A webhook that was sent so long after its event causes no command: Telnyx knows the ids of
commands for 60 s, and would do it again; and who called has given up."""

KEPT_S: Final = 3600.0  # longer than phones ring

_NUMBER = re.compile(r"\+\d{7,15}")
_NOTHING: Final = ()


@attrs.frozen(eq=False)
class Ringing:
    """The live calls of one client."""

    settings: Settings
    services: Services
    commands: Commands

    async def act(self, webhook: Webhook) -> tuple[CallEvent, ...]:
        """Do what follows from one webhook; what is known by that in addition to `voice.told`.

        Raises:
            ProviderError: A command may be missing; the same webhook is to be told again.
            StoreError: As above.
        """
        if not webhook.kind.startswith("call.") or webhook.age_s > LATE_S:
            return _NOTHING
        leg, mark = webhook.text("call_control_id") or "", marks.read(webhook)
        match webhook.kind, mark:
            case "call.initiated", None if webhook.text("direction") == "incoming":
                return await self._begin(webhook, leg)
            case "call.answered", Phone() if mark.ours:
                return await self._picked_up(webhook, leg, mark)
            case "call.answered", Answered():
                await self._caller_answered(leg, mark)
            case "call.gather.ended", Phone():
                return await self._asked(webhook, leg, mark)
            case "call.bridged", Phone():
                await self._silence(webhook, spare=leg)
            case "call.bridged", Answered() if mark.phone is not None:
                await self._silence(webhook, spare=mark.phone)
            case "call.hangup", Phone():
                outcome = OF_A_PHONE.get(webhook.need("hangup_cause"), Outcome.FAILED)
                if outcome is not Outcome.ABANDONED:
                    return await self._over(webhook, mark, outcome)
            case "call.hangup", _:
                await self._silence(webhook)
            case "call.speak.ended", Answered(asked=False):
                await self._greeted(leg)
            case "call.gather.ended", Answered(asked=True):
                await self._try(self.commands.hang_up(leg))
        return _NOTHING

    async def _begin(self, webhook: Webhook, leg: str) -> tuple[CallEvent, ...]:
        """A call came in: ring every phone."""
        ring = self.settings.ring if self.settings.detect == "ring" else ()
        if not ring:
            await self._say_sorry(leg)
            return _NOTHING
        phones = [
            Phone(
                index=index,
                of=len(ring),
                leg=leg,
                caller=webhook.text("from") or "",
                line=webhook.text("to") or "",
                ours=len(ring) > 1 or self.settings.whisper,
            )
            for index in range(len(ring))
        ]
        rung = await asyncio.gather(
            *(self._ring(webhook, phone, to) for phone, to in zip(phones, ring, strict=True)),
            return_exceptions=True,
        )
        await self._remember(webhook, [each for each in rung if isinstance(each, str)])
        unsure = [each for each in rung if isinstance(each, BaseException) and not _final(each)]
        if unsure:
            raise unsure[0]
        events: tuple[CallEvent, ...] = _NOTHING
        for phone, answer in zip(phones, rung, strict=True):
            if isinstance(answer, Refused):
                self.services.log.warning("telnyx_phone_not_rung", error=str(answer))
                events = await self._over(webhook, phone, Outcome.FAILED)
        return events

    async def _ring(self, webhook: Webhook, phone: Phone, to: str) -> str | None:
        """Ring one phone; its leg, if there is need to know it.

        If Telnyx lets it not show the caller's number, it shows that of the line: better than a
        phone that doesn't ring.
        """
        wanted = phone.caller if self.settings.caller_id == "caller" else ""
        shown = wanted if _NUMBER.fullmatch(wanted) else None
        try:
            return await self._ring_showing(webhook, phone, to, shown)
        except Refused as error:
            if shown is None or not _final(error):
                raise
            return await self._ring_showing(webhook, phone, to, None, again=True)

    async def _ring_showing(
        self, webhook: Webhook, phone: Phone, to: str, shown: str | None, *, again: bool = False
    ) -> str | None:
        if phone.ours:
            application = webhook.text("connection_id") or self.settings.application_id or ""
            return await self.commands.dial(phone, to, application=application, shown=shown)
        # The fallback rings under this id, too: should both be asked, the phone rings once.
        command_id = None if again else webhook.text("call_leg_id")
        await self.commands.transfer(phone, to, shown=shown, command_id=command_id)
        return None

    async def _picked_up(self, webhook: Webhook, leg: str, phone: Phone) -> tuple[CallEvent, ...]:
        """One of several phones was picked up, or one that a mailbox may have taken."""
        if not self.settings.whisper:
            await self._try(self.commands.answer(phone.leg, Answered(phone=leg)))
            return _NOTHING
        if await self._try(self.commands.ask_for_key(leg)):
            return _NOTHING
        return await self._refuse(webhook, leg, phone)

    async def _asked(self, webhook: Webhook, leg: str, phone: Phone) -> tuple[CallEvent, ...]:
        if webhook.text("digits") == PRESSED:
            await self._try(self.commands.answer(phone.leg, Answered(phone=leg)))
            return _NOTHING
        return await self._refuse(webhook, leg, phone)

    async def _refuse(self, webhook: Webhook, leg: str, phone: Phone) -> tuple[CallEvent, ...]:
        await self._try(self.commands.hang_up(leg))
        return await self._over(webhook, phone, Outcome.NO_ANSWER)

    async def _caller_answered(self, leg: str, mark: Answered) -> None:
        """We took the caller's leg: connect it to the phone that it is for, or speak."""
        if mark.phone is not None and await self._try(self.commands.bridge(leg, mark.phone)):
            return
        words = self.settings.greeting  # also for who was to talk to somebody who has just gone
        if not words or not await self._try(self.commands.speak(leg, words)):
            await self._greeted(leg)

    async def _greeted(self, leg: str) -> None:
        """The caller has heard the greeting: ask whether they want texts, or hang up."""
        asks = self.settings.consent_prompt
        if not asks or not await self._try(self.commands.ask_for_consent(leg)):
            await self._try(self.commands.hang_up(leg))

    async def _over(
        self, webhook: Webhook, phone: Phone, outcome: Outcome
    ) -> tuple[CallEvent, ...]:
        """A phone rings no longer and nobody took it; after the last, the caller is told.

        Each phone is noted before all are looked at: of two that end at the same time, in
        whatever processes, one at least sees both, and what both do is done once.
        """
        call, state = webhook.need("call_session_id"), self.services.state
        await state.add(f"over/{call}/{phone.index}", outcome.value, ttl_s=KEPT_S)
        ends = [await state.get(f"over/{call}/{index}") for index in range(phone.of)]
        if not all(ends):
            return _NOTHING
        await self._say_sorry(phone.leg)
        how = Outcome(ends[0]) if len(set(ends)) == 1 else Outcome.NO_ANSWER
        return (
            CallEvent(
                key=f"{call}/nobody",
                call=call,
                happened=Happened.CONCLUDED,
                at=webhook.at,
                caller=phone.caller,
                line=phone.line,
                outcome=how,
                confidence=Confidence.CERTAIN,
                evidence=f"no phone was answered: {', '.join(ends)}",
            ),
        )

    async def _say_sorry(self, leg: str) -> None:
        if self.settings.greeting or self.settings.consent_prompt:
            await self._try(self.commands.answer(leg, Answered()))
        else:
            await self._try(self.commands.give_busy_tone(leg))

    async def _silence(self, webhook: Webhook, *, spare: str = "") -> None:
        """Let the phones that still ring for this call ring no longer."""
        state, key = self.services.state, f"phones/{webhook.need('call_session_id')}"
        legs = await state.get(key)
        if legs:
            others = [leg for leg in legs if leg != spare]
            await asyncio.gather(*(self._try(self.commands.hang_up(leg)) for leg in others))
            await state.delete(key)

    async def _remember(self, webhook: Webhook, legs: Sequence[str]) -> None:
        if not legs:
            return
        try:
            key = f"phones/{webhook.need('call_session_id')}"
            await self.services.state.set(key, list(legs), ttl_s=KEPT_S)
        except StoreError as error:  # they ring; those that lose will until ring_s is over
            self.services.log.warning("telnyx_phones_not_noted", error=str(error))

    async def _try(self, command: Awaitable[None]) -> bool:
        """Whether a command was done; False if it can't be, as its leg has gone."""
        try:
            await command
        except Refused as error:
            if not _final(error):
                raise
            self.services.log.info("telnyx_command_refused", error=str(error))
            return False
        return True


def _final(error: BaseException) -> bool:
    return isinstance(error, Refused) and not may_be_repeated(error)
