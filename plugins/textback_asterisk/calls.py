"""Calls, as the manager interface tells of their channels.

All channels of one customer call have the same ``Linkedid``: the id of the first one.  Where that
one began says whether the call is from outside; channels that are dialled may be on trunks, too.

Causes of hangups can't be gone by: a caller whom nobody answered has cause 16, "normal clearing".
What counts is how dialling each phone ended (``DialEnd``).  The dialplan's own Answer(), Queue() or
VoiceMail() isn't told as dialling, so it is no answer.

https://docs.asterisk.org/Asterisk_20_Documentation/API_Documentation/AMI_Events/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final

from textback.events import AnsweredBy, CallEvent, Happened
from textback.model import Outcome, PhoneNumber
from textback.phones import normalise, region_of
from textback_asterisk.ami import Message
from textback_asterisk.call import Call, age_of, time_of
from textback_asterisk.settings import Settings

# After any other word the leg decides nothing: CANCEL is what loses to another phone, or to the
# caller's patience.
# https://docs.asterisk.org/Asterisk_20_Documentation/API_Documentation/AMI_Events/DialEnd/
ENDINGS: Final[Mapping[str, Outcome]] = {
    "NOANSWER": Outcome.NO_ANSWER,
    "BUSY": Outcome.BUSY,
    "CONGESTION": Outcome.FAILED,
    "CHANUNAVAIL": Outcome.FAILED,
    "INVALIDARGS": Outcome.FAILED,
    "DONTCALL": Outcome.DECLINED,
    "TORTURE": Outcome.DECLINED,
}

SHORT_GAP_S: Final = 15.0
"""A call that rang when the connection broke and is gone so soon after wasn't served meanwhile."""

_MAILBOX: Final = frozenset({"voicemail", "minivmrecord"})
_NUMBER: Final = re.compile(r"\+?\d{7,15}")


class Calls:
    """The calls of one PBX that go on now, and what is told of them.

    It outlives the connection, so that what ended without one can be seen when there is one again.

    Args:
        settings: Where calls from outside begin, and which phones are none.
        lines: The client's.
        on_unknown: Told where a call from outside arrives that is to no line of the client.
    """

    def __init__(
        self, settings: Settings, lines: Sequence[PhoneNumber], on_unknown: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._lines = lines
        self._on_unknown = on_unknown
        self._calls: dict[str, Call] = {}
        self._readers: Mapping[str, Callable[[Call, Message, datetime], Iterator[CallEvent]]] = {
            "newcallerid": self._named,
            "dialbegin": self._rings,
            "dialend": self._dialled,
            "agentconnect": self._connected,
            "bridgeenter": self._bridged,
            "pickup": self._picked_up,
            "queuecallerjoin": self._queued,
            "queuecallerleave": self._left_queue,
            "queuecallerabandon": self._left_queue,
            "newexten": self._runs,
            "hangup": self._hung_up,
        }

    @property
    def under_way(self) -> int:
        """How many calls from outside go on."""
        return sum(call.line is not None for call in self._calls.values())

    def read(self, message: Message, now: datetime) -> list[CallEvent]:
        """What one message means, if it is about a call of ours.

        Args:
            message: As it came.
            now: When it came, for an Asterisk that writes no times.
        """
        kind, at = message.get("event", "").lower(), time_of(message) or now
        if kind == "newchannel":
            return self._began(message, at)
        linked = message.get("targetlinkedid" if kind == "pickup" else "linkedid")
        call = self._calls.get(linked or message.get("destlinkedid", ""))
        reader = self._readers.get(kind)
        if call is None or reader is None:
            return []
        if message.get("uniqueid") == call.id:
            call.learn(message)
        events = list(reader(call, message, at))
        return [*self._beginning(call, at), *events] if events else []

    def resume(self, channels: Sequence[Message], now: datetime, gap_s: float) -> list[CallEvent]:
        """Compare what is known with the channels that are there when a connection begins.

        Args:
            channels: As CoreShowChannels lists them.
            now: The present moment.
            gap_s: For how long nothing was heard.

        Returns:
            What happened meanwhile, as far as it shows: calls that began, phones that ring, calls
            that were taken, and, after a short gap, those that are over.
        """
        events: list[CallEvent] = []
        present = {each.get("uniqueid", "") for each in channels}
        for gone in [call for call in self._calls.values() if call.id not in present]:
            del self._calls[gone.id]
            if gone.told and gap_s <= SHORT_GAP_S:
                events += gone.over(now, "it was gone when Asterisk was back")
        for each in channels:
            events += self._began(each, now - age_of(each))
        for call in self._calls.values():
            own = [each for each in channels if each.get("linkedid") == call.id]
            call.channels = {each.get("uniqueid", "") for each in own}
            if call.line is not None:
                found = list(_stands(call, own, now))
                events += [*self._beginning(call, now), *found] if found else []
        return events

    # ── one message each ────────────────────────────────────────────────────────────────────────

    def _began(self, message: Message, at: datetime) -> list[CallEvent]:
        """A channel; the first of a call says whose call it is."""
        id_, linked = message.get("uniqueid", ""), message.get("linkedid", "")
        if linked in self._calls:
            self._calls[linked].channels.add(id_)
        if id_ != linked or linked in self._calls:
            return []
        exten = message.get("exten", "")
        incoming = self._is_outside(message.get("channel", ""), message.get("context", ""))
        line = self._line(exten) if incoming else None
        if incoming and line is None:
            self._on_unknown(exten)
            return []
        call = self._calls[linked] = Call(id=linked, line=line, channels={id_})
        call.learn(message)
        return self._beginning(call, at) if call.caller is not None else []

    def _named(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        """The first channel may not know at once who calls."""
        if message.get("uniqueid") == call.id and (call.caller is not None or call.withheld):
            yield from self._beginning(call, at)

    def _rings(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        leg, channel = message.get("destuniqueid", ""), message.get("destchannel", "")
        number = _NUMBER.search(message.get("dialstring", ""))
        if leg == call.id:  # somebody had Asterisk call the first channel itself
            if not channel.startswith("Local/"):
                yield _goes_out(call, at, number[0] if number else None)
            return
        call.legs[leg] = channel
        if call.line is not None:
            yield call.rings(f"{leg}/rings", at, leg, f"{channel} rings")
        elif number and self._is_outside(channel, message.get("destcontext", "")):
            call.dialled[leg] = number[0]

    def _dialled(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        leg, channel = message.get("destuniqueid", ""), message.get("destchannel", "")
        status = message.get("dialstatus", "")
        words, key = f"DialStatus={status}", f"{leg}/{status}"
        if leg == call.id:
            return
        if call.line is None:
            if status == "ANSWER" and leg in call.dialled:
                number, by = call.dialled[leg], AnsweredBy.UNKNOWN
                yield _goes_out(call, at, number)
                yield call.taken(key, at, leg, by, words, caller=number)
        elif status != "ANSWER":
            outcome = ENDINGS.get(status, Outcome.ABANDONED)
            yield call.ended(key, at, leg, outcome, words)
        elif channel in call.mailboxes or self._is_machine(channel):
            yield call.taken(key, at, leg, AnsweredBy.MACHINE, words)
        elif self._settings.confirm:
            call.unconfirmed.add(leg)
        else:  # perhaps a mobile's mailbox: nobody can tell
            yield call.taken(key, at, leg, AnsweredBy.UNKNOWN, words)

    def _connected(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        """An agent of a queue has the caller."""
        leg = message.get("destuniqueid", "")
        if call.line is not None:
            yield call.taken(f"{leg}/agent", at, leg, AnsweredBy.HUMAN, "AgentConnect")

    def _bridged(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        """Two who hear each other; a bridge that only holds somebody is none."""
        several = message.get("bridgenumchannels", "") not in ("", "0", "1")
        holds = message.get("bridgetechnology") == "holding_bridge"
        if self._settings.confirm and several and not holds and call.line is not None:
            bridge = message.get("bridgeuniqueid", "")
            yield call.taken(f"{bridge}/bridge", at, bridge, AnsweredBy.HUMAN, "BridgeEnter")

    def _picked_up(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        """A colleague took the call at another phone than those that rang."""
        leg = message.get("uniqueid", "")
        if call.line is not None:
            yield call.taken(f"{leg}/pickup", at, leg, AnsweredBy.HUMAN, "Pickup")

    def _queued(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        queue = message.get("queue", "")
        call.queues[queue] = call.queues.get(queue, 0) + 1
        if call.line is not None:
            leg = f"queue {queue} {call.queues[queue]}"
            yield call.rings(f"{leg}/rings", at, leg, f"in {leg}")

    def _left_queue(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        """Even "abandon" is told when the queue's time is over, so it doesn't say who gave up."""
        queue = message.get("queue", "")
        if call.line is not None and queue in call.queues:
            leg = f"queue {queue} {call.queues[queue]}"
            yield call.ended(f"{leg}/left", at, leg, Outcome.ABANDONED, f"left {leg}")

    def _runs(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        """The dialplan goes on; told only where the class dialplan is read."""
        if message.get("application", "").lower() not in _MAILBOX or call.line is None:
            return
        other_half = re.sub(r";2$", ";1", message.get("channel", ""))
        if other_half in call.legs.values():
            call.mailboxes.add(other_half)  # of a phone that was dialled, not of the call
            return
        words = "the dialplan runs VoiceMail"
        yield call.event(
            "voicemail", Happened.CONCLUDED, at, outcome=Outcome.VOICEMAIL, evidence=words
        )

    def _hung_up(self, call: Call, message: Message, at: datetime) -> Iterator[CallEvent]:
        id_ = message.get("uniqueid", "")
        call.channels.discard(id_)
        if not call.channels:
            del self._calls[call.id]
        if call.line is None:
            return
        if id_ == call.id:
            yield from call.over(at, f"Hangup, cause {message.get('cause', '?')}")
        elif id_ in call.unconfirmed:
            words = "picked up, and perhaps never connected"
            yield call.ended(f"{id_}/hangup", at, id_, Outcome.NO_ANSWER, words)

    # ── what several ask ────────────────────────────────────────────────────────────────────────

    def _beginning(self, call: Call, at: datetime) -> list[CallEvent]:
        return list(call.begin(at, wait=self._settings.wait_for_hangup))

    def _is_outside(self, channel: str, context: str) -> bool:
        return context in self._settings.contexts or channel.startswith(self._settings.trunks)

    def _is_machine(self, channel: str) -> bool:
        return any(fnmatchcase(channel, pattern) for pattern in self._settings.machines)

    def _line(self, exten: str) -> PhoneNumber | None:
        known = self._settings.dids.get(exten)
        if known is None and self._lines:
            known = normalise(exten, region_of(self._lines[0]))
        return known if known in self._lines else None


def _goes_out(call: Call, at: datetime, number: str | None) -> CallEvent:
    """The business makes this call: never missed, but perhaps the call-back of a caller."""
    words = "the business calls out"
    return call.event(
        "out", Happened.STARTED, at, line=None, caller=number, outgoing=True, evidence=words
    )


def _stands(call: Call, channels: Sequence[Message], now: datetime) -> Iterator[CallEvent]:
    """How a call stands that was there before us."""
    bridges = [each.get("bridgeid", "") for each in channels]
    for each in channels:
        id_, bridge = each.get("uniqueid", ""), each.get("bridgeid", "")
        if each.get("channelstatedesc") == "Ringing" and id_ != call.id:
            call.legs[id_] = each.get("channel", "")
            yield call.rings(f"{id_}/rings", now, id_, "it rings")
        if bridge and bridges.count(bridge) >= 2:
            words = "they were connected"
            yield call.taken(f"{bridge}/bridge", now, bridge, AnsweredBy.UNKNOWN, words)
