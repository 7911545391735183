"""A random history of one business and whoever calls it, and what must hold after any history.

What must hold is looked at from outside of the engine: by triggers that note at once what must not
be written, and by counting anew what the provider took.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from support.house import CLIENT, STACK, House
from support.outside import Outside, Plugin, Settings
from textback.clock import moment
from textback.engine.told import people
from textback.errors import DeliveryError, MaybeSent, NotSent
from textback.events import (
    Booked,
    BookingCancelled,
    CallEvent,
    EmailReceived,
    Event,
    OptIn,
    OptOut,
    TeamReply,
)
from textback.flow.segments import segments
from textback.hookspecs import hookimpl
from textback.model import (
    Absent,
    Caller,
    CannotTell,
    Email,
    Kind,
    Receipt,
    Text,
    TextState,
)
from textback.plugins import Found
from textback.store import Work, cases

CALLERS = ["+13035550121", "+13035550122"]
STAFF, TESTER = "+13035550160", "+13035550150"
ANNA = "anna@example.com"
ZONE = ZoneInfo("America/Denver")  # of the business, and of everybody who calls
AUTOMATIC = (Kind.FIRST, Kind.FOLLOW_UP)
ANSWERS = (Kind.CONFIRMATION, Kind.HELP)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=each) for each in (1, 60, 3600, 86400))
NIGHT_AFTER_S = 60  # so soon after the call a first text goes at night, too

WATCH = """
CREATE TABLE broken (what TEXT);
CREATE TRIGGER text_backwards AFTER UPDATE OF rank, state ON texts
WHEN NEW.rank < OLD.rank OR (NEW.rank = OLD.rank AND NEW.state <> OLD.state)
BEGIN
    INSERT INTO broken VALUES ('text ' || OLD.text_id || ': ' || OLD.state || ' -> ' || NEW.state);
END;
CREATE TRIGGER second_end AFTER UPDATE OF end_state ON calls
WHEN OLD.end_state IS NOT NULL AND NEW.end_state IS NOT OLD.end_state
    AND NOT (OLD.end_state = 'unknown' AND NEW.end_state IN ('sent', 'failed'))
BEGIN
    INSERT INTO broken VALUES (
        'call ' || OLD.call_id || ': ' || OLD.end_state || ' -> ' || coalesce(NEW.end_state, '-'));
END;
CREATE TRIGGER texted_after_suppression AFTER INSERT ON texts
WHEN NEW.direction = 'out' AND NEW.kind IN ('first', 'follow_up', 'reply') AND EXISTS (
    SELECT 1 FROM suppressions
    WHERE suppressions.number = NEW.number AND suppressions.client IN (NEW.client, '*')
        AND NOT (reason = 'maybe_opt_out' AND NEW.kind = 'reply')
        AND NOT (reason IN ('landline', 'unreachable') AND NEW.channel = 'email')
)
BEGIN
    INSERT INTO broken VALUES ('intent ' || NEW.text_id || ': the number is suppressed');
END;
CREATE TRIGGER held_without_time AFTER UPDATE ON cases
WHEN NEW.end_state IS NULL AND NEW.held_until IS NOT NULL AND NEW.closed_at IS NOT NULL
BEGIN
    INSERT INTO broken VALUES ('case ' || NEW.case_id || ': closed, and held');
END;
"""


@attrs.frozen(kw_only=True)
class Rules:
    """A client's settings that rules ask for.

    Attributes:
        start: When the history begins.
        parts: What `spend_per_day` pays.
    """

    start: datetime
    mode: str = "live"
    per_caller_day: int = 0
    per_hour: int = 0
    parts: int = 0
    cool_down: timedelta = DAY
    wait: timedelta = timedelta(0)
    scope: str = "client"

    def toml(self, mode: str) -> str:
        """As the client's file has them."""
        return "\n".join(
            (
                f'mode = "{mode}"',
                f'cool_down = "{int(self.cool_down.total_seconds())}s"',
                f'wait_before_text = "{int(self.wait.total_seconds())}s"',
                f'opt_out_scope = "{self.scope}"',
                "segment_price = 0.01",
                f'staff_phones = ["{STAFF}"]',
                f'test_phones = ["{TESTER}"]',
            )
        )

    def caps(self) -> str:
        """As the end of the client's file has them."""
        spend = [f"spend_per_day = {self.parts / 100}"] if self.parts else []
        lines = [f"per_caller_day = {self.per_caller_day}", f"per_hour = {self.per_hour}", *spend]
        return "\n".join(("[caps]", *lines))


STACK_OF_ALL = STACK + '[plugins.mailer]\n[plugins.pbx]\nuse = "phones"\nroles = ["source"]\n'
FOLLOW_UPS = """
[[follow_up]]
after = "2h"
body = "One: still need us?"
[[follow_up]]
after = "1d"
body = "Two: still need us?"
channel = "email"
[[follow_up]]
after = "30h"
body = "Three: still need us?"
"""


class Mailer(Plugin):
    """Sends e-mail."""

    @hookimpl
    async def send_email(self, email: Email) -> Receipt:
        world = self.world
        assert isinstance(world, World)
        world.mails.append(email)
        return Receipt(f"<{email.id}@example.com>")


@attrs.define
class World(Outside):
    """The outside, with a mail service."""

    mails: list[Email] = attrs.field(factory=list)

    def plugins(self) -> dict[str, Found]:
        """Those of every house, and the mailer."""
        kind = type("Mailer", (Mailer,), {"outside": self})
        kind.__annotations__ = {"settings": Settings, "services": Any}
        return {**super().plugins(), "mailer": Found.of("mailer", kind)}


@attrs.frozen
class Taken:
    """A text that the provider took, and the client's mode then."""

    text: Text
    mode: str

    @property
    def at(self) -> datetime:
        """When it was decided."""
        assert self.text.attempted_at is not None
        return self.text.attempted_at

    @property
    def counts(self) -> bool:
        """Whether caps are for it: testers have none."""
        return not (self.mode == "test" and self.text.to == TESTER)


class History:
    """One business, its callers, its team, and its provider."""

    def __init__(self, house: House, rules: Rules) -> None:
        self.house = house
        self.rules = rules
        self.mode = rules.mode
        self.told: list[tuple[str, Event]] = []
        self.mood = "takes"
        self.taken: list[Taken] = []
        self.wrong: list[str] = []
        house.outside = World()

    async def begin(self) -> None:
        """Write the files and open the house."""
        self._write()
        connection = sqlite3.connect(self.house.folder / "textback.db")
        connection.executescript(WATCH)
        connection.close()
        outside = self.house.outside
        outside.sending["carrier"] = self._send
        outside.finding = self._find
        outside.known = Caller(email=ANNA)
        await self.house.open()

    def _write(self) -> None:
        more = FOLLOW_UPS + self.rules.caps()
        self.house.write(settings=self.rules.toml(self.mode), stack=STACK_OF_ALL, more=more)

    async def _send(self, text: Text) -> Receipt:
        match self.mood:
            case "down":
                raise NotSent("no connection")
            case "busy":
                raise DeliveryError("too many requests", permanent=False, retry_after=60)
            case "refuses":
                raise DeliveryError("refused", permanent=True)
            case "no mobile":
                raise DeliveryError("a landline", permanent=True, unreachable=True)
            case "has an opt-out":
                raise DeliveryError("opted out", permanent=True, opted_out=True)
            case "breaks before":
                raise MaybeSent("broke")
            case "breaks after":
                self._take(text)
                raise MaybeSent("broke")
        return self._take(text)

    def _take(self, text: Text) -> Receipt:
        if self.mode == "shadow" or (self.mode == "test" and text.to != TESTER):
            self.wrong.append(f"{text.id}: sent in {self.mode} mode")
        self.taken.append(Taken(text, self.mode))
        return self.house.outside.take("carrier", text)

    def _find(self, text: Text) -> Receipt | Absent | CannotTell:
        if any(each.text.id == text.id for each in self.taken):
            return Receipt(f"SM-{text.id}")
        return CannotTell() if self.mood == "takes" else Absent()

    async def tell(self, plugin: str, event: Event) -> None:
        """Something is told, for the first time."""
        self.told.append((plugin, event))
        await self.house.tell(event, plugin=plugin)

    async def act(self, what: str, *how: Any) -> None:
        """Let one thing happen; what it leads to may still be under way afterwards."""
        house, now = self.house, self.house.clock.now()
        match what, how:
            case "call", (caller, outcome):
                await self.tell("phones", house.ended(outcome, caller=caller))
            case "late call", (caller, outcome, int(minutes)):
                at = now - minutes * MINUTE
                await self.tell("phones", house.ended(outcome, caller=caller, at=at))
            case "told twice", (caller, outcome, other):
                await self.tell("phones", house.ended(outcome, caller=caller))
                await self.tell("pbx", house.ended(other, caller=caller))
            case "answered late", (int(index),):
                if calls := [event for _, event in self.told if isinstance(event, CallEvent)]:
                    of = calls[index % len(calls)]
                    await self.tell("phones", house.picked_up(call=of.call, caller=of.caller))
            case "again", (int(index),) if self.told:
                plugin, event = self.told[index % len(self.told)]
                await house.tell(event, plugin=plugin)
            case "write", (number, body, int(times)):
                for _ in range(times):
                    await self.tell("carrier", house.text_from(str(body), number=number))
                    await house.run()
            case "mail", (body,):
                mail = EmailReceived(
                    key=house.key("M"), at=now, sender=ANNA, subject="Re", body=body
                )
                await self.tell("mailer", mail)
            case "team", (caller, int(times)):
                for _ in range(times):
                    reply = TeamReply(
                        key=house.key("R"), at=now, body="Hello!", by="Kim", number=caller
                    )
                    await self.tell("team", reply)
                    await house.run()
            case "close", (caller,):
                await self._close(caller)
            case "suppress", (number, scope, reason):
                await self._suppress(number, scope, reason)
            case "lift", (number, scope):
                ctx = house.runtime.ctx
                await house.runtime.store.write(
                    lambda: people.lift(ctx.hash_of, [], scope, number, "a mistake", ctx.now())
                )
            case "opted out", (number,):
                event = OptOut(key=house.key("O"), at=now, number=number, evidence="list")
                await self.tell("carrier", event)
            case "opted in", (number,):
                await self.tell(
                    "carrier", OptIn(key=house.key("O"), at=now, number=number, evidence="list")
                )
            case "book", (caller,):
                await self.tell("booker", house.booked(number=caller))
            case "move" | "call off", (int(index),):
                if made := [event for _, event in self.told if isinstance(event, Booked)]:
                    old = made[index % len(made)].booking
                    moved = house.booked(number=None, replaces=old)
                    gone = BookingCancelled(key=house.key(), at=moved.at, booking=old)
                    await self.tell("booker", moved if what == "move" else gone)
            case "status", (int(index), state, reason):
                if texts := house.texts():
                    text = texts[index % len(texts)]["text_id"]
                    why = reason if state is TextState.FAILED else None
                    await self.tell("carrier", house.status(state, text=text, reason=why))
            case "sender", (str(mood),):
                self.mood = mood
            case "pause", _:
                await house.pause()
            case "resume", _:
                await house.resume()
            case "wait", (int(seconds),):
                await house.let_pass(seconds * SECOND)
            case "restart", (str(mode),):
                self.mode = mode or self.mode
                await house.close()
                self._write()
                await house.open()

    async def _close(self, number: str) -> None:
        ctx = self.house.runtime.ctx

        def unit() -> Work[None]:
            case = yield from cases.open_of(CLIENT, number)
            if case is not None:
                yield from people.close(ctx.hash_of, ctx.clients[CLIENT], case, "done", ctx.now())

        await self.house.runtime.store.write(unit)

    async def _suppress(self, number: str, scope: str, reason: str) -> None:
        ctx = self.house.runtime.ctx
        clients = list(ctx.clients.values())
        await self.house.runtime.store.write(
            lambda: people.suppress(
                ctx.hash_of, clients, scope, number, "said so", ctx.now(), reason=reason
            )
        )

    async def end(self) -> None:
        """Everything works again, and a month passes."""
        self.mood = "takes"
        await self.house.resume()
        await self.house.let_pass(30 * DAY)

    async def faults(self) -> list[str]:
        """What does not hold, now that nothing is left to do; in words."""
        house = self.house
        found = [*self.wrong, *(row["what"] for row in house.rows("SELECT what FROM broken"))]
        if (due := await house.run()) is not None:
            found.append(f"something is due at {due}")
        if fault := await house.ledger_fault():
            found.append(f"ledger: {fault}")
        found += [
            f"{name} is {state}"
            for name, state in house.states().items()
            if state not in ("done", "cancelled")
        ]
        found += self._ends()
        found += self._texts()
        found += self._orders()
        failed = {row["text_id"] for row in house.texts() if row["state"] == "failed"}
        arrived = [each for each in self.taken if each.text.id not in failed and each.counts]
        found += self._caps(arrived)
        found += self._hours()
        return found

    def _ends(self) -> Iterator[str]:
        """Each missed call has one end, and a case that of its first call."""
        rows = self.house.rows("""
            SELECT calls.call_id, calls.end_state, calls.case_id, cases.end_state AS of_case
            FROM calls LEFT JOIN cases ON cases.case_id = calls.case_id
            WHERE calls.outcome NOT IN ('answered', 'outgoing') AND same_as IS NULL
        """)
        firsts: Counter[str] = Counter()
        for row in rows:
            call, end = row["call_id"], row["end_state"]
            if end not in ("sent", "suppressed", "failed", "unknown", "joined", "shadowed"):
                yield f"{call}: its end is {end}"
            elif end != "joined":
                firsts[row["case_id"]] += 1
                if end != row["of_case"]:
                    yield f"{call}: {end}, but its case says {row['of_case']}"
        yield from (f"{case}: opened by {n} calls" for case, n in firsts.items() if n > 1)

    def _texts(self) -> Iterator[str]:
        """No step's text goes twice; none is left on its way; staff get none."""
        steps = Counter((each.text.case, each.text.step) for each in self.taken)
        yield from (f"{step} was sent {n} times" for step, n in steps.items() if n > 1)
        for row in self.house.texts():
            if row["state"] == "sending" or (row["state"] == "queued" and row["plugin"]):
                yield f"{row['text_id']} is {row['state']}"
        mails = self.house.outside
        assert isinstance(mails, World)
        again = Counter((mail.case, mail.id) for mail in mails.mails)
        yield from (f"mail {mail} was sent {n} times" for mail, n in again.items() if n > 1)
        for each in self.taken:
            if each.text.to == STAFF and each.text.kind in AUTOMATIC:
                yield f"{each.text.id}: the team was texted as a caller"

    def _orders(self) -> Iterator[str]:
        """By the ledger alone: no decision to send while a number was suppressed."""
        rows = self.house.rows("""
            SELECT client, kind, number_hash, content FROM ledger
            WHERE kind IN ('suppressed', 'resumed', 'decided') ORDER BY rowid
        """)
        standing: set[tuple[str, str, str]] = set()
        for row in rows:
            content: Mapping[str, Any] = json.loads(row["content"])
            hashed = row["number_hash"]
            if row["kind"] == "suppressed":
                reason, scope = content["reason"], content.get("scope", row["client"])
                standing.add((hashed, scope, reason))
                if reason == "opt_out":
                    standing.discard((hashed, row["client"], "maybe_opt_out"))
            elif row["kind"] == "resumed":
                ended = {(hashed, each["scope"], each["reason"]) for each in content["lifted"]}
                if not ended <= standing:
                    yield f"what was taken back did not stand: {ended - standing}"
                standing -= ended
            elif content["action"] == "send":
                kind = content["step"].partition("/")[0]
                of = {reason for number, _, reason in standing if number == hashed}
                if kind in ("stop", "help"):
                    continue
                if kind == "text" and content["step"] != "text/1":
                    of.discard("maybe_opt_out")
                if content["via"] == "mailer":
                    of.discard("unreachable")
                if of:
                    yield f"{content['text']} was decided while there stood {of}"

    def _caps(self, arrived: Sequence[Taken]) -> Iterator[str]:
        """Caps, cool-down and loop guard, counted anew from what the provider took."""
        rules = self.rules
        automatic = [each for each in arrived if each.text.kind in AUTOMATIC]
        hours = Counter(
            each.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            for each in self.taken
            if each.counts and each.text.kind in AUTOMATIC
        )
        if rules.per_hour:
            yield from (
                f"{n} texts in the hour of {h}" for h, n in hours.items() if n > rules.per_hour
            )
        if rules.parts:
            spent: Counter[str] = Counter()
            for each in sorted((one for one in self.taken if one.counts), key=lambda one: one.at):
                day = f"{each.at.astimezone(ZONE):%Y-%m-%d}"
                spent[day] += segments(each.text.body)
                if spent[day] > rules.parts and each.text.kind not in ANSWERS:
                    yield f"{each.text.id}: {spent[day]} parts on {day}"
        for number in {each.text.to for each in arrived}:
            own = [each for each in automatic if each.text.to == number]
            if rules.per_caller_day:
                yield from _too_many(own, DAY, rules.per_caller_day)
            firsts = sorted(each.at for each in own if each.text.kind is Kind.FIRST)
            for one, next_ in pairwise(firsts):
                if next_ - one < rules.cool_down:
                    yield f"first texts to {number} at {one} and {next_}"
            for kinds, span, most in ((ANSWERS, DAY, 3), ((Kind.REPLY,), HOUR, 30)):
                of_kind = [e for e in arrived if e.text.to == number and e.text.kind in kinds]
                yield from _too_many(of_kind, span, most)

    def _hours(self) -> Iterator[str]:
        """Nothing goes by itself at night but what answers a call at once; nor before the wait."""
        opened = {
            row["case_id"]: moment(row["opened_at"])
            for row in self.house.rows("SELECT case_id, opened_at FROM cases")
        }
        for each in self.taken:
            text, hour = each.text, each.at.astimezone(ZONE).hour
            since = each.at - opened[text.case]
            night = not 8 <= hour < 21
            if text.kind is Kind.FOLLOW_UP and night:
                yield f"{text.id}: a follow-up at {hour} o'clock"
            if text.kind is Kind.FIRST:
                if night and since > NIGHT_AFTER_S * SECOND:
                    yield f"{text.id}: a first text at {hour} o'clock, {since} after the call"
                if since < self.rules.wait:
                    yield f"{text.id}: {since} after the call, within wait_before_text"


def _too_many(taken: Sequence[Taken], span: timedelta, most: int) -> Iterator[str]:
    times = sorted(each.at for each in taken)
    for first, last in zip(times, times[most:], strict=False):
        if last - first < span:
            yield f"{most + 1} texts to {taken[0].text.to} from {first} to {last}"
