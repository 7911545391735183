"""The past happening again, by one set of files: cases open, wait, go on and close.

Where the past has a provider's no to a first text, it is taken over; of any other text it is
assumed that it went out.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import attrs

from textback.clock import micros, moment
from textback.config.settings import Client
from textback.engine.codec import read_number
from textback.engine.context import policy_of
from textback.engine.names import CALLED_AGAIN, FIRST_TEXT, IDLE, case_id
from textback.engine.replaying.counts import Counts
from textback.engine.replaying.deciding import Decider, kind_of
from textback.engine.replaying.fates import Fate, Life, Wait
from textback.engine.replaying.judged import Decided, Judged
from textback.engine.replaying.orders import Orders
from textback.engine.replaying.past import Closed, Event, Missed, Opened, Spoke, Texted, Wrote
from textback.engine.replaying.remembered import Known, Numbers, Talk, begin
from textback.engine.replaying.tools import Tools
from textback.flow import follow_up
from textback.flow.segments import segments
from textback.flow.situation import situation_of
from textback.model import Caller, Kind, PhoneNumber
from textback.picture import Action
from textback.store.calls import SHORT_US


class Replay:
    """One client's past, by one set of files.

    Args:
        client: The files.
        tools: What the client's plugins can do.
        orders: Suppressions and pauses, as they were.
        hash_of: The keyed hash of a number or address.
        judged: Asks the rules.
        settled: Told of each call of which nothing waits any more.
    """

    def __init__(
        self,
        client: Client,
        tools: Tools,
        orders: Orders,
        hash_of: Callable[[str], str],
        judged: Judged,
        settled: Callable[[Life], None],
    ) -> None:
        self.client = client
        self.tools = tools
        self._orders = orders
        self._settled = settled
        policy = policy_of(client)
        self._counts = Counts(client, policy)
        self._decider = Decider(client, policy, tools, orders, hash_of, judged, self._counts)
        self._numbers = Numbers(client)
        self._timers: list[tuple[int, str, str, int, Talk]] = []
        self._made = 0
        self._idle_us = int(client.idle_after.total_seconds() * 1_000_000)

    def happen(self, event: Event) -> None:
        """Do all that is due before an event, and then what follows from it."""
        self.advance(event.at)
        match event:
            case Missed():
                self._missed(event)
            case Spoke():
                known = self._numbers.at(event.number, event.at)
                known.spoke_at = max(known.spoke_at or 0, event.started_at)
                self._close(known.talk, event.because, event.at)
            case Wrote():
                self._wrote(event)
            case Closed():
                talk = self._numbers.at(event.number, event.at).talk
                if talk is not None and (talk.recorded or not event.follows):
                    self._close(talk, event.because, event.at)
            case Texted():
                if not event.shadow or self.client.mode == "shadow":
                    self._remember(event.number, event.kind, "", event.at)
                    if not event.shadow:
                        self._counts.add(event.number, event.kind, event.parts, event.at)
            case Opened():
                talk = begin(self.client, event.case, event.number, event.line, event.at, event.who)
                talk.recorded = True  # nothing is decided in it, so that its outcome doesn't matter
                self._numbers.at(event.number, event.at).talk = talk

    def advance(self, until: int) -> None:
        """Do all that is due until a moment, each at its time."""
        timers = self._timers
        while timers and timers[0][0] <= until:
            at, _, step, _, talk = heapq.heappop(timers)
            if step == IDLE:
                self._idle(talk, at)
            elif talk.life is not None and step in talk.life.waits:
                self._look_again(talk, talk.life, step, at)  # else it was cancelled
        self._numbers.sweep(until)

    def end(self, until: int) -> None:
        """The past is over: what still waits is held."""
        self.advance(until)
        for life in {id(talk): talk.life for *_, talk in self._timers}.values():
            for step, wait in list(life.waits.items()) if life is not None else ():
                held = wait.held
                because = held.because if held is not None else "not due yet"
                rule = held.rule if held is not None else ""
                assert life is not None
                fate = Fate(what="held", at=wait.due or until, because=because, rule=rule)
                if life.came_to(step, fate):
                    self._settled(life)

    # ── what happens ────────────────────────────────────────────────────────────────────────────

    def _missed(self, call: Missed) -> None:
        life, now = Life(call), call.at
        if call.caller is None:
            self._first(self._opened(call, life), life, None, now)
            return
        known = self._numbers.at(call.caller, now)
        if 0 < call.ended_at - call.started_at < SHORT_US:
            known.short_calls += (call.started_at,)
        talk, before = self._opened(call, life), known.talk
        if before is not None:
            if not self._starts_anew(before, talk, known, call):
                self._join(before, life, now)
                return
            self._close(before, CALLED_AGAIN, now)
        known.talk = talk
        self._idle_from(talk, micros(follow_up.idle_at(self.client, moment(now))))
        self._first(talk, life, known, now)

    def _starts_anew(self, before: Talk, talk: Talk, known: Known, call: Missed) -> bool:
        """Whether a call opens a case although there is one: nothing came of that, or of tests."""
        if self.client.mode == "test" and call.caller in self.client.test_phones:
            return True
        if before.talked or not before.came_to_nothing:
            return False
        decided = self._decider.decide(talk, known, FIRST_TEXT, call.at, call=call)
        action = decided.decision.action
        return action is not Action.SUPPRESS and (action is not Action.SEND or self.tools.texts)

    def _opened(self, call: Missed, life: Life) -> Talk:
        name, at = case_id(self.client.id, call.call), call.ended_at
        talk = begin(self.client, name, call.caller, call.line, at, call.who, call.outcome)
        talk.life = life
        return talk

    def _join(self, talk: Talk, life: Life, now: int) -> None:
        line = read_number(life.call.line) or talk.case.line
        moved = line != talk.case.line
        talk.case = attrs.evolve(talk.case, line=line, calls=talk.case.calls + 1)
        if moved:
            talk.situation = situation_of(self.client, talk.case)
        talk.last_at = now
        because = "the caller already had an open conversation"
        life.fates[FIRST_TEXT] = Fate(what="joined", at=now, because=because)
        self._settled(life)

    def _wrote(self, event: Wrote) -> None:
        now = event.at
        known = self._numbers.at(event.number, now)
        if event.by_text and event.team:
            self._remember(event.number, Kind.REPLY, "", now)
            self._counts.add(event.number, Kind.REPLY, event.parts, now)
        elif event.by_text:
            known.wrote_at = now
        talk = known.talk
        if talk is None:
            if event.team:
                return
            who = Caller(number=PhoneNumber(event.number))
            talk = begin(self.client, event.id, event.number, event.line, now, who)
            known.talk = talk
            self._idle_from(talk, micros(follow_up.idle_at(self.client, moment(now))))
        talk.talked = True
        talk.last_at = now
        self._cancel(talk, "someone of the team wrote" if event.team else "the caller replied", now)

    def _close(self, talk: Talk | None, because: str, now: int) -> None:
        if talk is None or talk.closed:
            return
        talk.closed = True
        self._cancel(talk, because, now)
        if talk.case.number is not None:
            known = self._numbers.of(talk.case.number)
            if known.talk is talk:
                known.talk = None

    def _cancel(self, talk: Talk, because: str, now: int) -> None:
        if not talk.closed:
            self._idle_from(talk, min(talk.idle_at, now + self._idle_us))
        for step in list(talk.life.waits) if talk.life is not None else ():
            what = "suppressed" if step == FIRST_TEXT else "cancelled"
            self._came_to(talk, step, Fate(what=what, at=now, because=because))

    def _idle_from(self, talk: Talk, at: int) -> None:
        if not talk.recorded and at != talk.idle_at:
            talk.idle_at = at
            self._timer(at, talk, IDLE)

    def _idle(self, talk: Talk, at: int) -> None:
        if talk.closed or at != talk.idle_at:
            return
        waits = talk.life.waits.values() if talk.life is not None else ()
        waiting = (wait.due for wait in waits if wait.due is not None)
        quiet_until = max(talk.last_at, *waiting, 0) + self._idle_us
        if quiet_until > at:
            self._idle_from(talk, quiet_until)
        else:
            self._close(talk, "nothing happened any more", at)

    # ── one text ────────────────────────────────────────────────────────────────────────────────

    def _first(self, talk: Talk, life: Life, known: Known | None, now: int) -> None:
        life.waits[FIRST_TEXT] = Wait(now)
        decided = self._decider.decide(talk, known, FIRST_TEXT, now, call=life.call)
        self._follow(talk, life, FIRST_TEXT, now, decided)
        if known is None:
            self._close(talk, "nobody can answer a withheld number", now)

    def _look_again(self, talk: Talk, life: Life, step: str, now: int) -> None:
        address = None
        if step != FIRST_TEXT and follow_up.channel_of(self.client, step) == "email":
            address = (talk.case.caller.email or "").strip().lower()
            if not address:
                because = "no e-mail address is known"
                self._came_to(talk, step, Fate(what="dropped", at=now, because=because))
                return
        wait = life.waits[step]
        wait.runs += 1
        known = self._numbers.of(talk.case.number) if talk.case.number is not None else None
        decided = self._decider.decide(
            talk, known, step, now, address=address, retried=wait.runs > 1
        )
        self._follow(talk, life, step, now, decided, by_email=address is not None)

    def _follow(
        self,
        talk: Talk,
        life: Life,
        step: str,
        now: int,
        decided: Decided,
        *,
        by_email: bool = False,
    ) -> None:
        """Do what was decided."""
        decision, call, first = decided.decision, life.call, step == FIRST_TEXT
        fate = Fate(
            what="sent",
            at=now,
            because=decision.because,
            rule=decision.rule,
            template=decided.template,
            body=decided.body,
        )
        match decision.action:
            case Action.HOLD:
                due = micros(decision.until) if decision.until else self._orders.resumed(now)
                if due is not None:
                    due = max(due, now + 1)
                    self._timer(due, talk, step)
                life.waits[step] = Wait(due, decision, life.waits[step].runs)
            case Action.SUPPRESS:
                fate = attrs.evolve(fate, what="suppressed", template="", body="")
                self._came_to(talk, step, fate)
            case Action.SHADOW:
                self._out(talk, step, attrs.evolve(fate, what="shadowed"), by_email=by_email)
            case _ if not (self.tools.mails if by_email else self.tools.texts):
                what = "e-mail" if by_email else "texts"
                because = f"no plugin of this client can send {what}"
                self._came_to(talk, step, Fate(what="failed", at=now, because=because))
            case _ if first and call.end in ("failed", "unknown") and call.words:
                self._came_to(talk, step, Fate(what=call.end, at=now, because=call.because))
            case _:
                self._out(talk, step, fate, by_email=by_email)

    def _out(self, talk: Talk, step: str, fate: Fate, *, by_email: bool) -> None:
        """A text went out, or would have if the client did more than watch."""
        number, now = talk.case.number, fate.at
        if number is not None and not by_email:
            self._remember(number, kind_of(step), talk.case.id, now)
            if fate.what == "sent":
                parts = segments(fate.body) if fate.body else 1
                self._counts.add(number, kind_of(step), parts, now)
        if step == FIRST_TEXT and talk.life is not None and not talk.talked and not talk.closed:
            for due in follow_up.plan(self.client, moment(now)):
                at = micros(due.at)
                talk.life.waits[due.step] = Wait(at)
                self._timer(at, talk, due.step)
        talk.last_at = now
        self._came_to(talk, step, fate)

    def _came_to(self, talk: Talk, step: str, fate: Fate) -> None:
        life = talk.life
        if step == FIRST_TEXT:
            talk.came_to_nothing = fate.what in ("suppressed", "failed")
        if life is not None and life.came_to(step, fate):
            talk.life = None  # the case goes on for days, and nothing more is asked of its call
            self._settled(life)

    # ── the rest ────────────────────────────────────────────────────────────────────────────────

    def _remember(self, number: str, kind: Kind, case: str, at: int) -> None:
        self._numbers.at(number, at).texts += ((at, kind, case),)

    def _timer(self, at: int, talk: Talk, step: str) -> None:
        self._made += 1
        # What is due at the same moment comes in the order in which the engine takes it.
        heapq.heappush(self._timers, (at, talk.case.id, step, self._made, talk))
