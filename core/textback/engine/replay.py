"""A client's past played again, by one set of files: what would have been texted, and when.

The same rules, judges and templates are asked as by the engine, about the same pictures, but there
is no store, no provider and no waiting: the little that a decision rests on is kept here.  Where
the past has a provider's no to a first text, it is taken over; of any other text it is assumed
that it went out.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Final

import attrs

from textback.clock import micros, moment
from textback.config.settings import Client
from textback.dispatch import Impl
from textback.engine.context import policy_of
from textback.engine.judged import Judged
from textback.engine.names import FIRST_TEXT, IDLE, case_id
from textback.engine.past import Closed, Event, Missed, Opened, Orders, Spoke, Texted, Wrote
from textback.engine.pictures import picture_of
from textback.flow import choice, deliver, follow_up
from textback.flow.segments import segments
from textback.model import Caller, Case, Kind, Outcome, PhoneNumber
from textback.picture import Action, Decision, History, Picture, Policy
from textback.store.calls import SHORT_US

LINK: Final = "https://booking.example/link"
"""Stands for a booking tool's link, which nobody asks for here."""

_HOUR_US: Final = 3_600 * 1_000_000
_DAY_US: Final = 24 * _HOUR_US
_WEEK_US: Final = 7 * _DAY_US
_WROTE_US: Final = 30 * _DAY_US  # as long as what a caller wrote is looked back for

_AUTOMATIC: Final = (Kind.FIRST, Kind.FOLLOW_UP)
_ANSWERS: Final = (Kind.CONFIRMATION, Kind.HELP)


@attrs.frozen(kw_only=True)
class Tools:
    """What a client's plugins can do, as far as a replay depends on it.

    Attributes:
        judges: Asked for verdicts, which are pure.
        judging: Their classes, names and settings; equal ones judge alike.
        texts: Whether one can send texts.
        mails: Whether one can send e-mail.
        books: Whether one gives links for booking.
        composes: Whether one writes texts itself; what it would write isn't known.
    """

    judges: Sequence[Impl] = ()
    judging: Sequence[tuple[type, str, Any]] = ()
    texts: bool = False
    mails: bool = False
    books: bool = False
    composes: bool = False


@attrs.frozen(kw_only=True)
class Fate:
    """What became of one text.

    Attributes:
        what: An end of a missed call; of a follow-up also ``cancelled`` and ``dropped``; of both
            ``held`` if it still waits when the past ends.
        rule: Who decided, if a rule did.
        at: When, in microseconds.
        held: The rule that held it before.
        body: The words, if they were written.
        template: What they were made from.
    """

    what: str
    at: int
    because: str = ""
    rule: str = ""
    held: str = ""
    body: str = ""
    template: str = ""


@attrs.define(eq=False)
class _Wait:
    due: int | None  # none: until somebody resumes
    decision: Decision | None = None  # by which it was held
    runs: int = 0  # how often it was looked at since it was first decided on


@attrs.define(eq=False)
class Life:
    """A call, and what became of its texts, step by step."""

    call: Missed
    fates: dict[str, Fate] = attrs.field(factory=dict)
    waits: dict[str, _Wait] = attrs.field(factory=dict)

    @property
    def settled(self) -> bool:
        """Whether nothing of it waits."""
        return not self.waits


@attrs.define(eq=False)
class _Case:
    id: str
    number: PhoneNumber | None
    line: PhoneNumber | None
    opened_at: int
    caller: Caller
    outcome: Outcome | None
    last_at: int
    life: Life | None = None  # none of a case that no call of this past has opened
    recorded: bool = False  # from before: it closes when it was closed
    calls: int = 1
    talked: bool = False
    closed: bool = False
    idle_at: int = 0


@attrs.define(eq=False)
class _Known:
    """What is remembered of a number."""

    case: _Case | None = None
    spoke_at: int | None = None
    wrote_at: int | None = None
    texts: list[tuple[int, Kind]] = attrs.field(factory=list)  # of ours, of the last week or so
    short_calls: list[int] = attrs.field(factory=list)  # when they began
    last_at: int = 0


class Replay:
    """One client's past, by one set of files.

    Args:
        client: The files.
        tools: What its plugins can do.
        orders: Suppressions and pauses, as they were.
        hash_of: The keyed hash of a number or address.
        judged: Decides.
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
        self._judged = judged
        self.policy: Policy = policy_of(client)
        self.tools = tools
        self._orders = orders
        self._hash_of = hash_of
        self._settled = settled
        self._numbers: dict[str, _Known] = {}
        self._timers: list[tuple[int, int, _Case, str]] = []
        self._made = 0
        self._idle_us = _us(client.idle_after.total_seconds())
        afters = [_us(each.after.total_seconds()) for each in client.follow_up]
        self._afters = {f"follow_up/{n}": after for n, after in enumerate(afters, 1)}
        self._longest_us = max(afters, default=0)
        self._cool_us = _us(self.policy.cool_down_s)
        self._kept_us = max(self._cool_us, _WEEK_US)
        self._wrote_us = max(self._cool_us, _WROTE_US)
        self._remembered_us = max(self._idle_us, self._wrote_us)
        self._in_hour: tuple[int, int] = (0, 0)
        self._on_day: tuple[date | None, int] = (None, 0)
        self._swept_at = 0

    def happen(self, event: Event) -> None:
        """Do all that is due before an event, and then what follows from it."""
        self.advance(event.at)
        match event:
            case Missed():
                self._missed(event)
            case Spoke():
                known = self._known(event.number, event.at)
                known.spoke_at = max(known.spoke_at or 0, event.started_at)
                self._close(known.case, event.because, event.at)
            case Wrote():
                self._wrote(event)
            case Closed():
                case = self._known(event.number, event.at).case
                if case is not None and (case.recorded or not event.idle):
                    self._close(case, event.because, event.at)
            case Texted():
                if not event.shadow or self.client.mode == "shadow":
                    self._known(event.number, event.at).texts.append((event.at, event.kind))
            case Opened():
                self._known(event.number, event.at).case = _Case(
                    event.case,
                    PhoneNumber(event.number),
                    _number(event.line),
                    event.at,
                    event.who,
                    event.outcome,
                    last_at=event.at,
                    recorded=True,
                )

    def advance(self, until: int) -> None:
        """Do all that is due until a moment, each at its time."""
        timers = self._timers
        while timers and timers[0][0] <= until:
            at, _, case, step = heapq.heappop(timers)
            if step == IDLE:
                self._idle(case, at)
            elif case.life is not None and step in case.life.waits:
                self._decide(case, case.life, step, at)  # else it was cancelled
        if until > self._swept_at + _DAY_US:
            self._sweep(until)

    def end(self, until: int) -> None:
        """The past is over: what still waits is held."""
        self.advance(until)
        for life in {id(t[2]): t[2].life for t in self._timers if t[2].life is not None}.values():
            assert life is not None
            for step, wait in list(life.waits.items()):
                rule = wait.decision.rule if wait.decision is not None else ""
                because = wait.decision.because if wait.decision is not None else "not due yet"
                fate = Fate(what="held", at=wait.due or until, because=because, rule=rule)
                self._done(life, step, fate)

    # ── what happens ────────────────────────────────────────────────────────────────────────────

    def _missed(self, call: Missed) -> None:
        life, now = Life(call), call.at
        number = _number(call.caller)
        known = self._known(number, now) if number is not None else None
        if known is not None and 0 < call.ended_at - call.started_at < SHORT_US:
            known.short_calls.append(call.started_at)
        case = _Case(
            case_id(self.client.id, call.call),
            number,
            _number(call.line),
            call.ended_at,
            call.who,
            call.outcome,
            last_at=call.ended_at,
            life=life,
        )
        if known is not None:
            before = known.case
            if before is not None:
                if not self._starts_anew(before, case, call):
                    self._join(before, life, now)
                    return
                self._close(before, "the caller called again", now)
            known.case = case
            self._idle_from(case, now + self._idle_us + self._longest_us)
        life.waits[FIRST_TEXT] = _Wait(now)
        self._decide(case, life, FIRST_TEXT, now, call)
        if number is None:
            self._close(case, "nobody can answer a withheld number", now)

    def _starts_anew(self, before: _Case, case: _Case, call: Missed) -> bool:
        """Whether a call opens a case although there is one: nothing came of that, or of tests."""
        if self.client.mode == "test" and case.number in self.client.test_phones:
            return True
        fate = before.life.fates.get(FIRST_TEXT) if before.life is not None else None
        if before.talked or fate is None or fate.what not in ("suppressed", "failed"):
            return False
        told = _told(self.client, case)
        picture = self._picture(told, case, FIRST_TEXT, call.at, call, None, retried=False)
        return self._judged.decide(picture, self.tools.judges).action is not Action.SUPPRESS

    def _join(self, case: _Case, life: Life, now: int) -> None:
        case.calls += 1
        case.line = _number(life.call.line) or case.line
        case.last_at = now
        because = "the caller already had an open conversation"
        life.fates[FIRST_TEXT] = Fate(what="joined", at=now, because=because)
        self._settled(life)

    def _wrote(self, event: Wrote) -> None:
        known = self._known(event.number, event.at)
        case = known.case
        if event.by_text and event.team:
            known.texts.append((event.at, Kind.REPLY))
        elif event.by_text:
            known.wrote_at = event.at
        if case is None:
            if event.team:
                return
            number = PhoneNumber(event.number)
            line = _number(event.line)
            case = known.case = _Case(
                event.id, number, line, event.at, Caller(number=number), None, last_at=event.at
            )
            self._idle_from(case, event.at + self._idle_us + self._longest_us)
        case.talked = True
        case.last_at = event.at
        because = "someone of the team wrote" if event.team else "the caller replied"
        self._cancel(case, because, event.at)

    def _close(self, case: _Case | None, because: str, now: int) -> None:
        if case is None or case.closed:
            return
        case.closed = True
        self._cancel(case, because, now)
        if case.number is not None:
            known = self._numbers.get(case.number)
            if known is not None and known.case is case:
                known.case = None

    def _cancel(self, case: _Case, because: str, now: int) -> None:
        if not case.closed:
            self._idle_from(case, min(case.idle_at, now + self._idle_us))
        if case.life is None:
            return
        for step in list(case.life.waits):
            what = "suppressed" if step == FIRST_TEXT else "cancelled"
            self._done(case.life, step, Fate(what=what, at=now, because=because))

    def _idle_from(self, case: _Case, at: int) -> None:
        if not case.recorded and at != case.idle_at:
            case.idle_at = at
            self._timer(at, case, IDLE)

    def _idle(self, case: _Case, at: int) -> None:
        if case.closed or at != case.idle_at:
            return
        waits = case.life.waits.values() if case.life is not None else ()
        waiting = (wait.due for wait in waits if wait.due is not None)
        quiet_until = max(case.last_at, *waiting, 0) + self._idle_us
        if quiet_until > at:
            self._idle_from(case, quiet_until)
        else:
            self._close(case, "nothing happened any more", at)

    # ── one text ────────────────────────────────────────────────────────────────────────────────

    def _decide(
        self, case: _Case, life: Life, step: str, now: int, call: Missed | None = None
    ) -> None:
        first = step == FIRST_TEXT
        address = None
        by_email = not first and follow_up.channel_of(self.client, step) == "email"
        told = _told(self.client, case)
        if by_email:
            address = (case.caller.email or "").strip().lower() or None
            if address is None:
                fate = Fate(what="dropped", at=now, because="no e-mail address is known")
                self._done(life, step, fate)
                return
        runs = life.waits[step].runs + (call is None)
        life.waits[step].runs = runs
        picture = self._picture(told, case, step, now, call, address, retried=runs > 1)
        decision = self._judged.decide(picture, self.tools.judges)
        template = body = ""
        if decision.action in (Action.SEND, Action.SHADOW):
            template, body = self._judged.words(picture, partial(self._words, told, step))
            if body:
                decision = self._judged.decide_on(body, picture, decision)
        match decision.action:
            case Action.HOLD:
                self._hold(case, life, step, now, decision)
            case Action.SUPPRESS:
                self._done(life, step, _fate("suppressed", now, decision))
            case Action.SHADOW:
                self._out(case, life, step, _fate("shadowed", now, decision, template, body))
            case _ if not (self.tools.mails if by_email else self.tools.texts):
                what = "e-mail" if by_email else "texts"
                because = f"no plugin of this client can send {what}"
                self._done(life, step, Fate(what="failed", at=now, because=because))
            case _ if first and life.call.end in ("failed", "unknown") and life.call.words:
                fate = Fate(what=life.call.end, at=now, because=life.call.because)
                self._done(life, step, fate)
            case _:
                self._out(case, life, step, _fate("sent", now, decision, template, body))

    def _hold(self, case: _Case, life: Life, step: str, now: int, decision: Decision) -> None:
        due = micros(decision.until) if decision.until else self._orders.resumed(now)
        if due is not None:
            due = max(due, now + 1)
            self._timer(due, case, step)
        life.waits[step] = _Wait(due, decision, life.waits[step].runs)

    def _words(self, told: Case, step: str) -> tuple[str, str]:
        """The template of a text, and what it makes of what is known."""
        first = step == FIRST_TEXT
        if first:
            template = choice.first_text(self.client, told)
        else:
            template = follow_up.body_of(self.client, told, step) or ""
        if self.tools.composes:
            return template, ""
        kind = Kind.FIRST if first else Kind.FOLLOW_UP
        link = LINK if self.tools.books else ""
        return template, deliver.write(self.client, told, kind, template, link)

    def _out(self, case: _Case, life: Life, step: str, fate: Fate) -> None:
        """A text went out, or would have if the client did more than watch."""
        first, now = step == FIRST_TEXT, fate.at
        by_text = first or follow_up.channel_of(self.client, step) == "sms"
        if by_text and case.number is not None:
            kind = Kind.FIRST if first else Kind.FOLLOW_UP
            self._numbers[case.number].texts.append((now, kind))
            if fate.what == "sent":
                self._count(case.number, fate)
        if first and not case.talked and not case.closed:
            for name, after in self._afters.items():
                life.waits[name] = _Wait(now + after)
                self._timer(now + after, case, name)
        case.last_at = now
        self._done(life, step, fate)

    def _count(self, number: PhoneNumber, fate: Fate) -> None:
        """Count a text for the client's own caps."""
        policy = self.policy
        if policy.mode == "test" and number in policy.test_phones:
            return
        if policy.per_hour:
            self._in_hour = (fate.at // _HOUR_US, self._of_hour(fate.at) + 1)
        if policy.segments_per_day is not None:
            parts = segments(fate.body) if fate.body else 1
            self._on_day = (self._day(fate.at), self._of_day(fate.at) + parts)

    def _of_hour(self, now: int) -> int:
        hour, count = self._in_hour
        return count if hour == now // _HOUR_US else 0

    def _of_day(self, now: int) -> int:
        day, count = self._on_day
        return count if day == self._day(now) else 0

    def _day(self, now: int) -> date:
        return moment(now).astimezone(self.client.time_zone).date()

    def _done(self, life: Life, step: str, fate: Fate) -> None:
        wait = life.waits.pop(step, None)
        if wait is not None and wait.decision is not None and fate.what != "held":
            fate = attrs.evolve(fate, held=wait.decision.rule)
        life.fates[step] = fate
        if life.settled:
            self._settled(life)

    # ── what a decision sees ────────────────────────────────────────────────────────────────────

    def _picture(
        self,
        told: Case,
        case: _Case,
        step: str,
        now: int,
        call: Missed | None,
        address: str | None,
        *,
        retried: bool,
    ) -> Picture:
        """The picture that `textback.engine.pictures.look` would have made."""
        number = case.number
        first = step == FIRST_TEXT
        suppressions = self._orders.forbidding(self._hash_of(number), now) if number else ()
        if address is not None:
            suppressions += self._orders.forbidding(self._hash_of(address), now)
        return picture_of(
            self.client,
            self.policy,
            told,
            now=moment(now),
            kind=Kind.FIRST if first else Kind.FOLLOW_UP,
            step=step,
            raw=call.raw if call is not None else "",
            channel="sms" if address is None else "email",
            call_ended_at=moment(call.ended_at) if call is not None else None,
            suppressions=suppressions,
            history=self._history(case, now, first=first),
            paused=self._orders.paused(now),
            retried=retried,
        )

    def _history(self, case: _Case, now: int, *, first: bool) -> History:
        if case.number is None:
            return History()
        known = self._numbers[case.number]
        known.texts = [each for each in known.texts if each[0] >= now - self._kept_us]
        ours = known.texts
        firsts = [at for at, kind in ours if kind is Kind.FIRST and at >= now - self._cool_us]
        week = [at for at, kind in ours if kind in _AUTOMATIC and at > now - _WEEK_US]
        day = [at for at in week if at > now - _DAY_US]
        wrote, spoke = known.wrote_at, known.spoke_at
        return History(
            first_text_at=moment(max(firsts)) if firsts and first else None,
            reached_at=_moment(spoke if first and spoke and spoke >= case.opened_at else None),
            wrote_at=_moment(wrote if wrote and wrote >= now - self._wrote_us else None),
            texts_in_day=len(day),
            day_from=_moment(min(day, default=None)),
            texts_in_week=len(week),
            week_from=_moment(min(week, default=None)),
            answers_in_day=sum(k in _ANSWERS and at > now - _DAY_US for at, k in ours),
            replies_in_hour=sum(k is Kind.REPLY and at > now - _HOUR_US for at, k in ours),
            short_calls=sum(at > now - _DAY_US for at in known.short_calls),
            client_in_hour=self._of_hour(now),
            client_segments=self._of_day(now) if self.policy.segments_per_day is not None else 0,
        )

    # ── the rest ────────────────────────────────────────────────────────────────────────────────

    def _known(self, number: str, now: int) -> _Known:
        known = self._numbers.get(number)
        if known is None:
            known = self._numbers[number] = _Known()
        known.last_at = now
        return known

    def _timer(self, at: int, case: _Case, step: str) -> None:
        self._made += 1
        heapq.heappush(self._timers, (at, self._made, case, step))

    def _sweep(self, now: int) -> None:
        """Forget numbers on which no decision can rest any more."""
        self._swept_at = now
        for number in list(_old(self._numbers, now - self._remembered_us)):
            del self._numbers[number]


def _old(numbers: dict[str, _Known], before: int) -> Iterator[str]:
    for number, known in numbers.items():
        last = known.texts[-1][0] if known.texts else 0
        if known.case is None and max(known.last_at, last) < before:
            yield number


def _told(client: Client, case: _Case) -> Case:
    return Case(
        id=case.id,
        client=client.id,
        number=case.number,
        line=case.line,
        opened_at=moment(case.opened_at),
        caller=case.caller,
        outcome=case.outcome,
        calls=case.calls,
    )


def _fate(what: str, now: int, decision: Decision, template: str = "", body: str = "") -> Fate:
    return Fate(
        what=what,
        at=now,
        because=decision.because,
        rule=decision.rule,
        template=template,
        body=body,
    )


def _moment(at: int | None) -> datetime | None:
    return moment(at) if at is not None else None


def _us(seconds: float) -> int:
    return int(seconds * 1_000_000)


def _number(value: str | None) -> PhoneNumber | None:
    return PhoneNumber(value) if value is not None else None
