"""Telnyx's side of live calls: legs, commands that are done once, and the webhooks that they cause.

What it does is taken from the documentation of each command, and from what its webhooks are known
to say; what isn't documented is left out.
"""

from __future__ import annotations

import json
from collections import deque
from enum import Enum
from itertools import count

import attrs
import httpx

from textback.errors import MaybeSent, NotSent

LINE, CALLER = "+13035550100", "+13035550123"
APPLICATION = "1494404757140276705"
SESSION = "428c31b6-7af4-4bcb-b7f5-5013ef9657c1"


class Behaviour(Enum):
    """What becomes of a phone that is rung."""

    PERSON = "person"
    MAILBOX = "mailbox"
    RINGS_OUT = "timeout"
    BUSY = "user_busy"
    DECLINES = "call_rejected"


class Fault(Enum):
    """What goes wrong with one command."""

    NEVER_LEFT = "never left"
    DONE_UNHEARD = "done, and the answer is lost"
    BROKEN = "answered 500, not done"


@attrs.define
class Leg:
    """One leg of the call."""

    id: str
    control: str
    number: str
    behaviour: Behaviour | None = None  # None for the caller's
    state: str = "ringing"  # "up", "gone"
    mark: str | None = None
    transferred: bool = False
    bridged: bool = False


@attrs.define
class Exchange:
    """One call to `LINE`, whose phones behave as told.

    Attributes:
        phones: What becomes of each phone that may be rung.
        faults: What goes wrong with the commands to come, in their order.
        keys: What the caller presses when they are asked.
        refused: Numbers that Telnyx doesn't ring.
        spoken: What the caller heard.
        rung: The phones, in the order in which they rang.
        pending: Webhooks that have not been delivered.
        commands: Everything that was asked for.
    """

    phones: dict[str, Behaviour] = attrs.field(factory=dict)
    faults: deque[Fault | None] = attrs.field(factory=deque)
    keys: str = ""
    refused: frozenset[str] = frozenset()
    spoken: list[str] = attrs.field(factory=list)
    rung: list[str] = attrs.field(factory=list)
    pending: list[dict] = attrs.field(factory=list)
    commands: list[tuple[str, dict]] = attrs.field(factory=list)
    legs: dict[str, Leg] = attrs.field(factory=dict)
    bridges: list[tuple[str, str]] = attrs.field(factory=list)
    _done: dict[tuple[str, str], httpx.Response] = attrs.field(factory=dict)
    _ids: count = attrs.field(factory=count)

    def call(self) -> Leg:
        """Somebody calls."""
        leg = self._leg(CALLER)
        self._tell("call.initiated", leg, direction="incoming", state="parked")
        return leg

    @property
    def caller(self) -> Leg:
        """The caller's leg."""
        return self.legs["v3:0"]

    @property
    def talking(self) -> bool:
        """Whether the caller was ever connected with a phone."""
        return bool(self.bridges)

    def phones_act(self) -> bool:
        """Let the next phone that still rings do what it does; False if none rings."""
        for leg in self.legs.values():
            if leg.behaviour is not None and leg.state == "ringing":
                self._act(leg)
                return True
        return False

    def caller_hangs_up(self) -> None:
        """The caller has had enough, of the ringing or of the talk."""
        caller = self.caller
        if caller.state == "gone":
            return
        cause = "originator_cancel" if caller.state == "ringing" else "normal_clearing"
        self._end(caller, cause)
        for leg in list(self.legs.values()):
            if leg.state != "gone" and (leg.bridged or leg.transferred):
                self._end(leg, "normal_clearing" if leg.state == "up" else "originator_cancel")

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Take one command, with whatever goes wrong with it."""
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.NEVER_LEFT:
            raise NotSent("refused the connection")
        if fault is Fault.BROKEN:
            return httpx.Response(500, json={"errors": [{"code": "10007", "title": "Unexpected"}]})
        response = self._once(request)
        if fault is Fault.DONE_UNHEARD:
            raise MaybeSent("gave no whole answer")
        return response

    def _once(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v2/").split("/")
        body = json.loads(request.content)
        leg = self.legs.get(path[1]) if len(path) > 1 else self.legs.get(body["link_to"])
        action = path[3] if len(path) > 1 else "dial"
        self.commands.append((action, body))
        key = (path[1] if len(path) > 1 else "calls", body["command_id"])
        if key in self._done:
            return self._done[key]
        if leg is None or leg.state == "gone":
            return _no("90018", "Call has already ended")
        response = getattr(self, f"_{action}")(leg, body)
        self._done[key] = response
        return response

    def _transfer(self, leg: Leg, body: dict) -> httpx.Response:
        return self._ring(body["to"], body["target_leg_client_state"], transferred=True)

    def _dial(self, leg: Leg, body: dict) -> httpx.Response:
        return self._ring(body["to"], body["client_state"], transferred=False)

    def _ring(self, number: str, mark: str, *, transferred: bool) -> httpx.Response:
        if number in self.refused:
            return _no("10016", "Phone number must be in +E.164 format")
        leg = self._leg(number, self.phones[number], mark=mark, transferred=transferred)
        self.rung.append(number)
        self._tell("call.initiated", leg, direction="outgoing", state="bridging")
        data = {"call_control_id": leg.control, "call_leg_id": leg.id, "record_type": "call"}
        return httpx.Response(200, json={"data": data})

    def _answer(self, leg: Leg, body: dict) -> httpx.Response:
        if leg.state != "ringing":
            return _no("90034", "Call already answered")
        leg.state, leg.mark = "up", body.get("client_state")
        self._tell("call.answered", leg)
        return _yes()

    def _bridge(self, leg: Leg, body: dict) -> httpx.Response:
        other = self.legs[body["call_control_id"]]
        if leg.state != "up" or other.state != "up" or leg.bridged or other.bridged:
            return _no("90011", "Can't bridge")
        self._connect(leg, other)
        return _yes()

    def _speak(self, leg: Leg, body: dict) -> httpx.Response:
        if leg.state != "up":
            return _no("90034", "Not answered")
        leg.mark = body.get("client_state", leg.mark)
        self.spoken.append(body["payload"])
        self._tell("call.speak.ended", leg, status="completed")
        return _yes()

    def _gather_using_speak(self, leg: Leg, body: dict) -> httpx.Response:
        if leg.state != "up":
            return _no("90034", "Not answered")
        leg.mark = body.get("client_state", leg.mark)
        digits = self.keys if leg.behaviour is None else ""
        if leg.behaviour is Behaviour.PERSON:
            digits = "1"
        if leg.behaviour is None:
            self.spoken.append(body["payload"])
            # Whether speech within a gather is told of as such isn't said: it must not matter.
            self._tell("call.speak.ended", leg, status="completed")
        status = "valid" if digits else "timeout"
        self._tell("call.gather.ended", leg, digits=digits, status=status)
        return _yes()

    def _hangup(self, leg: Leg, body: dict) -> httpx.Response:
        self._end(leg, "normal_clearing")
        return _yes()

    def _reject(self, leg: Leg, body: dict) -> httpx.Response:
        if leg.state != "ringing":
            return _no("90034", "Call already answered")
        self._end(leg, "call_rejected")
        return _yes()

    def _act(self, leg: Leg) -> None:
        if leg.behaviour not in (Behaviour.PERSON, Behaviour.MAILBOX):
            self._end(leg, leg.behaviour.value)
            return
        leg.state = "up"
        self._tell("call.answered", leg)
        if leg.transferred and self.caller.state == "ringing":
            self.caller.state = "up"
            self._connect(self.caller, leg)

    def _connect(self, caller: Leg, phone: Leg) -> None:
        caller.bridged = phone.bridged = True
        self.bridges.append((caller.control, phone.control))
        self._tell("call.bridged", phone)
        if not phone.transferred:
            self._tell("call.bridged", caller)

    def _end(self, leg: Leg, cause: str) -> None:
        leg.state = "gone"
        self._tell("call.hangup", leg, hangup_cause=cause, hangup_source="unknown")

    def _leg(self, number: str, behaviour: Behaviour | None = None, **more) -> Leg:
        n = next(self._ids)
        leg = Leg(f"leg-{n}", f"v3:{n}", number, behaviour, **more)
        self.legs[leg.control] = leg
        return leg

    def _tell(self, kind: str, leg: Leg, **more) -> None:
        own = leg.behaviour is None
        self.pending.append(
            event(
                kind,
                call_control_id=leg.control,
                call_leg_id=leg.id,
                client_state=leg.mark,
                to=LINE if own else leg.number,
                **{"from": CALLER, **more},
            )
        )


def event(kind: str, *, occurred_at: str = "2026-03-02T17:30:00.000000Z", **payload) -> dict:
    """The body of a webhook about the one call."""
    given = {
        "call_control_id": "v3:0",
        "call_leg_id": "leg-0",
        "call_session_id": SESSION,
        "client_state": None,
        "connection_id": APPLICATION,
        "from": CALLER,
        "to": LINE,
        "start_time": "2026-03-02T17:29:40.000000Z",
        **payload,
    }
    return {
        "data": {
            "event_type": kind,
            "id": f"{kind}/{given['call_leg_id']}",
            "occurred_at": occurred_at,
            "payload": given,
            "record_type": "event",
        },
        "meta": {"attempt": 1, "delivered_to": "https://hooks.agency.example"},
    }


def _yes() -> httpx.Response:
    return httpx.Response(200, json={"data": {"result": "ok"}})


def _no(code: str, title: str) -> httpx.Response:
    return httpx.Response(422, json={"errors": [{"code": code, "title": title}]})
