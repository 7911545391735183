"""Appointments that come of cases: made, moved and cancelled, told in any order and repeatedly."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.house import CALLER, START, House
from textback.cli.cases import sentences
from textback.clock import micros
from textback.engine.ledger import story
from textback.events import Booked, BookingCancelled, Event
from textback.model import ActivityKind, Caller, Notice, NoticeKind
from textback.store import cases

UTC = ZoneInfo("UTC")
EMAIL = "anna@example.com"
OTHER = "+13035550124"
TELLING = {NoticeKind.BOOKED, NoticeKind.BOOKING_MOVED, NoticeKind.BOOKING_CANCELLED}
STARTS = [START + timedelta(days=2 + day) for day in range(5)]


def at(house: House, minute: int) -> datetime:
    """A moment by the booking tool's clock, which differs from ours."""
    return house.clock.now() + timedelta(minutes=minute)


def told(house: House) -> list[Notice]:
    """What the team was told of appointments, in order."""
    return [each for each in house.outside.notices if each.kind in TELLING]


def bookings(house: House) -> dict[str, dict[str, Any]]:
    """What is kept, by the tool's ids."""
    return {row["booking"]: row for row in house.rows("SELECT * FROM bookings")}


async def book(house: House, *events: Event) -> None:
    """The booking tool tells, and all that is due at once is done."""
    await house.tell(*events, plugin="booker")
    await house.run()


def called_off(house: House, booking: str, **fields: Any) -> BookingCancelled:
    """An appointment is no more."""
    return BookingCancelled(key=house.key(), at=house.clock.now(), booking=booking, **fields)


async def test_cancelled(house: House) -> None:
    """The case stays closed and nobody is texted; the team and the CRM are told."""
    await house.missed()
    await book(house, house.booked(booking="B1", starts_at=STARTS[0], title="Cleaning"))
    texts = len(house.sent)

    await book(house, called_off(house, "B1"))
    await book(house, called_off(house, "B1"))
    await house.let_pass(timedelta(days=20))

    assert house.case()["closed_because"] == "the caller booked"
    assert len(house.sent) == texts
    booked, cancelled = told(house)
    assert booked.title == "(303) 555-0123 booked Cleaning for Wed 04 Mar 2026, 09:00 MST"
    assert cancelled.kind is NoticeKind.BOOKING_CANCELLED
    assert cancelled.lines == (
        "Cleaning with (303) 555-0123 on Wed 04 Mar 2026, 09:00 MST was cancelled.",
        "Nothing is texted by itself; a call would be best.",
    )
    logged = [each for each in house.outside.logged.values() if each.kind is ActivityKind.BOOKING]
    assert [each.body for each in logged] == ["Cleaning", "Cancelled: Cleaning"]
    assert await house.ledger_fault() is None


async def test_moved(house: House) -> None:
    """A new booking in place of the old: one notice, with both times."""
    await house.missed()
    await book(house, house.booked(booking="B1", starts_at=STARTS[0]))

    await book(
        house,
        called_off(house, "B1", moved=True),
        house.booked(booking="B2", starts_at=STARTS[1], replaces="B1", number=None),
    )

    _, moved = told(house)
    assert moved.kind is NoticeKind.BOOKING_MOVED
    assert moved.lines == (
        "An appointment with (303) 555-0123 was moved to Thu 05 Mar 2026, 09:00 MST.",
        "It was to be Wed 04 Mar 2026, 09:00 MST.",
    )
    assert bookings(house)["B2"]["case_id"] == house.case()["case_id"]


async def test_why_tells_of_them(house: House) -> None:
    """What stands, and what became of what doesn't."""
    await house.missed()
    await book(
        house,
        house.booked(booking="B1", starts_at=STARTS[0], title="Cleaning"),
        house.booked(booking="B2", starts_at=STARTS[1], title="Cleaning", replaces="B1"),
        house.booked(booking="B3", starts_at=STARTS[2], title="Check-up"),
        called_off(house, "B3"),
    )
    row = await house.runtime.store.read(lambda: cases.find(house.case()["case_id"]))
    assert row is not None

    said = sentences(await house.runtime.store.read(lambda: story.read(row)), UTC)

    assert "2026-03-04 16:00:00 UTC: was booked, Cleaning; moved." in said
    assert "2026-03-05 16:00:00 UTC: booked, Cleaning." in said
    assert "2026-03-06 16:00:00 UTC: was booked, Check-up; called off." in said
    assert any(line.endswith("booking cancelled.") for line in said)


async def test_moved_in_place(house: House) -> None:
    """A tool that keeps the id: the later word counts, whichever comes first."""
    await house.missed()
    first = house.booked(booking="B1", starts_at=STARTS[0], at=at(house, 1))
    later = attrs.evolve(first, key="k2", starts_at=STARTS[1], at=at(house, 2), replaces="B1")
    last = attrs.evolve(later, key="k3", starts_at=STARTS[0], at=at(house, 3))

    await book(house, later)
    await book(house, first)
    await book(house, last)
    await book(house, attrs.evolve(last, key="k4"))

    assert [each.kind for each in told(house)] == [NoticeKind.BOOKING_MOVED] * 2
    assert "Thu 05 Mar" in told(house)[0].title
    assert "Wed 04 Mar" in told(house)[1].title
    assert bookings(house)["B1"]["starts_at"] == micros(STARTS[0])


async def test_cancelled_before_it_is_told(house: House) -> None:
    """The caller did book: follow-ups stop.  The team hears once, and only what is so."""
    await house.missed()

    await book(house, called_off(house, "B1"))
    assert told(house) == []
    await book(house, house.booked(booking="B1"))

    assert house.case()["closed_because"] == "the caller booked"
    assert [each.kind for each in told(house)] == [NoticeKind.BOOKING_CANCELLED]
    assert set(house.states("follow_up%").values()) == {"cancelled"}


async def test_someone_elses(house: House) -> None:
    """A booking of nobody who called closes nothing and is told to nobody."""
    await house.missed()

    await book(house, house.booked(booking="B1", number=OTHER))
    await book(house, called_off(house, "B1"))

    assert house.case()["closed_at"] is None
    assert told(house) == []


async def test_the_case_that_the_link_carried(house: House) -> None:
    """It counts before the number, which may be another's; the team sees both."""
    await house.missed()
    case = house.case()["case_id"]

    await book(house, house.booked(case=case, number="(303) 555-0124"))

    (notice,) = told(house)
    assert notice.case == case
    assert "The booking gives another number: (303) 555-0124." in notice.lines


async def test_a_case_that_is_not_ours(house: House) -> None:
    """What a link carried may be anything: then the number counts."""
    await house.missed()

    await book(house, house.booked(case="nothing of ours"))

    assert house.case()["closed_because"] == "the caller booked"


async def test_an_old_link(house: House) -> None:
    """Who books by the link of an earlier conversation ends the one that is open."""
    await house.missed()
    old = house.case()["case_id"]
    await house.tell(house.picked_up())
    await house.let_pass(timedelta(days=2))
    await house.missed()

    await book(house, house.booked(case=old, number=None))

    open_ones = house.rows("SELECT case_id FROM cases WHERE closed_at IS NULL")
    assert open_ones == []
    (notice,) = told(house)
    assert notice.case != old


async def test_a_number_of_long_ago(house: House) -> None:
    """A customer who books a year later doesn't owe it to that call."""
    await house.missed()
    await house.tell(house.picked_up())
    await house.let_pass(timedelta(days=6))
    await book(house, house.booked(booking="B1"))
    assert len(told(house)) == 1

    await house.let_pass(timedelta(days=365))
    await book(house, house.booked(booking="B2"))

    assert len(told(house)) == 1
    assert bookings(house)["B2"]["case_id"] is None


async def test_by_email(house: House) -> None:
    """The address that a CRM has of the caller, however it is written."""
    house.outside.known = Caller(email=EMAIL)
    await house.missed()

    await book(house, house.booked(number=OTHER, email="Anna@Example.com"))

    assert house.case()["closed_because"] == "the caller booked"


async def test_by_email_of_several(house: House) -> None:
    """An address that two open cases share is a guess: neither is closed."""
    house.outside.known = Caller(email=EMAIL)
    await house.missed()
    await house.missed(caller=OTHER)

    await book(house, house.booked(number=None, email=EMAIL))

    assert house.rows("SELECT 1 FROM cases WHERE closed_at IS NOT NULL") == []
    assert told(house) == []


async def test_by_email_told_in_disorder(house: House) -> None:
    """The last of three bookings closes the case; the earlier ones, told after it, are its too."""
    house.outside.known = Caller(email=EMAIL)
    await house.missed()
    (case,) = house.rows("SELECT case_id FROM cases")

    for booking, replaces in (("B2", "B1"), ("B0", None), ("B1", "B0")):
        await book(
            house,
            house.booked(booking=booking, number=None, email=EMAIL, replaces=replaces),
        )

    assert {row["case_id"] for row in bookings(house).values()} == {case["case_id"]}


@attrs.frozen
class Life:
    """What becomes of one appointment, as the tool tells it in the order in which it happened.

    Attributes:
        tool: How it tells of a move: it cancels and makes anew, makes anew, or keeps the id.
        matched: What of the first booking leads to the case.
        always: Whether later bookings carry it, too.
    """

    tool: str
    moves: int
    cancelled: bool
    matched: str
    always: bool

    def events(self, case: str, begin: datetime) -> list[Event]:
        """All that is told."""
        lead = {"case": case, "number": CALLER, "email": EMAIL}
        events: list[Event] = []
        for number in range(self.moves + 1):
            now = begin + timedelta(minutes=number)
            keeps = self.tool == "keeps the id"
            name, before = f"B{0 if keeps else number}", f"B{0 if keeps else number - 1}"
            if number and self.tool == "cancels":
                events.append(
                    BookingCancelled(key=f"off{number}", at=now, booking=before, moved=True)
                )
            known = {self.matched: lead[self.matched]} if not number or self.always else {}
            events.append(
                Booked(
                    key=f"made{number}",
                    at=now,
                    booking=name,
                    starts_at=STARTS[number],
                    replaces=before if number else None,
                    **known,
                )
            )
        if self.cancelled:
            end = begin + timedelta(hours=1)
            events.append(BookingCancelled(key="end", at=end, booking=name))
        return events


lives = st.builds(
    Life,
    tool=st.sampled_from(["cancels", "makes anew", "keeps the id"]),
    moves=st.integers(0, 3),
    cancelled=st.booleans(),
    matched=st.sampled_from(["case", "number", "email"]),
    always=st.booleans(),
)


@pytest.mark.slow
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(life=lives, data=st.data())
def test_any_order_comes_to_the_same(empty: Path, life: Life, data: st.DataObject) -> None:
    """Whatever is told when, and twice: the case is closed, and the last word told is true."""

    async def live() -> None:
        with tempfile.TemporaryDirectory() as folder:
            house = House(Path(folder), empty)
            house.write()
            await house.open()
            try:
                house.outside.known = Caller(email=EMAIL)
                await house.missed()
                events = life.events(house.case()["case_id"], house.clock.now())
                again = data.draw(st.lists(st.sampled_from(events), max_size=3))
                other = [attrs.evolve(each, key=f"{n}") for n, each in enumerate(again)]
                order = data.draw(st.permutations([*events, *again, *other]))
                for event in order:
                    await book(house, event)
                    if data.draw(st.integers(0, 9)) == 0:
                        await house.reopen()
                await house.let_pass(timedelta(days=30))
                check(house, life, in_order=order == events)
                assert await house.ledger_fault() is None
            finally:
                await house.close()

    asyncio.run(live())


def check(house: House, life: Life, *, in_order: bool) -> None:
    """What must hold when all is told."""
    case = house.case()
    assert case["closed_because"] == "the caller booked"
    assert set(house.states("follow_up%").values()) == {"cancelled"}
    assert set(house.states().values()) <= {"done", "cancelled"}

    kept = bookings(house)
    names = sorted(kept)
    assert len(names) == (1 if life.tool == "keeps the id" else life.moves + 1)
    assert {row["case_id"] for row in kept.values()} == {case["case_id"]}
    last = kept[names[-1]]
    assert bool(last["cancelled"]) == life.cancelled
    assert last["starts_at"] == micros(STARTS[life.moves])
    assert [kept[name]["replaced_by"] for name in names] == [*names[1:], None]

    notices = told(house)
    told_of = [name for name in house.states("notify/team/%") if "/call/" not in name]
    assert len(notices) == len(told_of)
    assert len(notices) <= life.moves + 2
    if in_order:
        assert len(notices) == 1 + life.moves + life.cancelled
    assert (notices[-1].kind is NoticeKind.BOOKING_CANCELLED) == life.cancelled
    if not (life.cancelled and life.tool == "keeps the id"):  # its last move may come too late
        assert f"{STARTS[life.moves]:%a %d %b}" in notices[-1].title
    assert sum(each.kind is NoticeKind.BOOKING_CANCELLED for each in notices) <= 1 + life.moves
