"""In which situation a call came in: hours by the clock on the wall, and what is known."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import attrs
import pytest

from textback.config.hours import Holidays, read_holidays, read_hours, write_hours
from textback.config.places import Hours, Location
from textback.config.settings import Client
from textback.errors import ConfigError
from textback.flow.situation import situation_of, state_at
from textback.model import Caller, Case, Outcome, PhoneNumber

DOWNTOWN, AIRPORT = PhoneNumber("+13035550100"), PhoneNumber("+13035550101")
CALLER = PhoneNumber("+13035550123")
DENVER = ZoneInfo("America/Denver")

OFFICE = Hours(
    **{day: read_hours("08:00-12:00, 13:00-17:00") for day in ("mon", "tue", "wed", "thu", "fri")},
    holidays=Holidays("US-CO"),
    closed=(date(2026, 12, 24),),
)
BAR = Hours(fri=read_hours("18:00-02:00"), sat=read_hours("18:00-24:00"), holidays=Holidays("US"))


def a_client(**settings):
    """A business in Denver with two lines."""
    return Client(
        **{
            "id": "acme",
            "file": "clients/acme.toml",
            "name": "Acme",
            "time_zone": DENVER,
            "lines": (DOWNTOWN, AIRPORT),
            **settings,
        }
    )


def a_case(**fields):
    """A missed call on a Monday at nine in the morning, in Denver."""
    return Case(
        **{
            "id": "c1",
            "client": "acme",
            "number": CALLER,
            "line": DOWNTOWN,
            "opened_at": datetime(2026, 3, 2, 16, 0, tzinfo=UTC),
            "outcome": Outcome.NO_ANSWER,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("local", "state"),
    [
        ("2026-03-02T07:59:59", "closed"),
        ("2026-03-02T08:00:00", "open"),
        ("2026-03-02T11:59:59", "open"),
        ("2026-03-02T12:00:00", "closed"),  # lunch
        ("2026-03-02T13:00:00", "open"),
        ("2026-03-02T17:00:00", "closed"),
        ("2026-03-07T10:00:00", "closed"),  # Saturday
        ("2026-07-03T10:00:00", "holiday"),  # Independence Day is a Saturday: observed on Friday
        ("2026-07-03T23:00:00", "holiday"),  # all day, not only in the hours of a Friday
        ("2027-12-31T10:00:00", "holiday"),  # New Year's Day of the next year, observed
        ("2026-12-24T10:00:00", "holiday"),  # one of their own
        ("2025-12-24T10:00:00", "open"),  # but not in other years
    ],
)
def test_hours_of_an_office(local, state):
    """From the first minute to the last one before the end."""
    assert state_at(OFFICE, datetime.fromisoformat(local)) == state


@pytest.mark.parametrize(
    ("local", "state"),
    [
        ("2026-03-06T17:59", "closed"),
        ("2026-03-06T23:59", "open"),  # Friday
        ("2026-03-07T00:00", "open"),  # still Friday's night
        ("2026-03-07T01:59", "open"),
        ("2026-03-07T02:00", "closed"),
        ("2026-03-07T23:59", "open"),
        ("2026-03-08T00:00", "closed"),  # Saturday ends at midnight
        ("2026-07-03T23:00", "holiday"),  # observed on this Friday ...
        ("2026-07-04T01:00", "holiday"),  # ... whose night doesn't happen
        ("2027-01-01T19:00", "holiday"),
        ("2026-06-19T20:00", "holiday"),
        ("2026-06-20T20:00", "open"),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(local, state):
    """A range that ends before it starts goes on after midnight."""
    assert state_at(BAR, datetime.fromisoformat(local)) == state


def test_a_night_goes_on_into_a_holiday():
    """Who opened on the evening before is open until the night is over."""
    hours = attrs.evolve(BAR, holidays=None, closed=(date(2026, 3, 7),))

    assert state_at(hours, datetime(2026, 3, 7, 1, 59)) == "open"  # noqa: DTZ001
    assert state_at(hours, datetime(2026, 3, 7, 2, 0)) == "holiday"  # noqa: DTZ001


@pytest.mark.parametrize(
    ("at", "state"),
    [
        # The clocks went forward on 8 March 2026, from 02:00 to 03:00.
        ("2026-03-06T14:59Z", "closed"),  # 07:59 in winter
        ("2026-03-06T15:00Z", "open"),
        ("2026-03-09T13:59Z", "closed"),  # 07:59 in summer
        ("2026-03-09T14:00Z", "open"),
    ],
)
def test_hours_follow_the_clock_of_the_place(at, state):
    """Eight o'clock is another moment in summer than in winter."""
    client = a_client(hours=OFFICE)

    found = situation_of(client, a_case(opened_at=datetime.fromisoformat(at)))

    assert found.hours == state


def test_an_hour_that_comes_twice_is_open_twice():
    """On 1 November 2026 it was half past one twice in Denver; there was no half past two."""
    night = a_client(hours=Hours(sat=read_hours("20:00-02:00")))

    def at(hour, minute):
        moment = datetime(2026, 11, 1, hour, minute, tzinfo=UTC)
        return situation_of(night, a_case(opened_at=moment)).hours

    assert at(7, 30) == "open"  # 01:30, summer time
    assert at(8, 30) == "open"  # 01:30, winter time
    assert at(9, 0) == "closed"  # 02:00


def test_each_location_has_its_own_hours():
    """Where a place says nothing of its own, the client's hold."""
    places = (
        Location(lines=(AIRPORT,), hours=Hours(sun=read_hours("00:00-24:00"))),
        Location(lines=(DOWNTOWN,), name="Downtown"),
    )
    client = a_client(hours=OFFICE, location=places)
    sunday = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)

    assert situation_of(client, a_case(opened_at=sunday)).hours == "closed"
    assert situation_of(client, a_case(opened_at=sunday, line=AIRPORT)).hours == "open"


def test_the_phone_system_may_know_of_a_time_off():
    """What it calls out of hours is closed, whatever the file says; a holiday stays one."""
    closed = a_case(outcome=Outcome.OUT_OF_HOURS)
    holiday = datetime(2026, 12, 25, 18, 0, tzinfo=UTC)

    assert situation_of(a_client(), a_case()).hours == "open"
    assert situation_of(a_client(), closed).hours == "closed"
    assert situation_of(a_client(hours=OFFICE), closed).hours == "closed"
    assert (
        situation_of(a_client(hours=OFFICE), attrs.evolve(closed, opened_at=holiday)).hours
        == "holiday"
    )


def test_what_is_known_of_the_caller():
    """Nothing known means unknown, no VIP, and the client's language."""
    stranger = situation_of(a_client(), a_case(line=None))
    known = situation_of(
        a_client(language="fr"), a_case(caller=Caller(known=True, vip=True, language="es_MX"))
    )
    listed = situation_of(a_client(vip_phones=(CALLER,), language="fr-CA"), a_case())

    assert (stranger.known, stranger.vip, stranger.language) == (False, False, "en")
    assert stranger.line == DOWNTOWN
    assert (known.known, known.vip, known.language) == (True, True, "es-mx")
    assert (listed.known, listed.vip, listed.language) == (False, True, "fr-ca")


@pytest.mark.parametrize(
    "text", ["08:00-17:00", "08:00-12:00, 13:00-17:00", "00:00-24:00", "22:00-02:00"]
)
def test_hours_are_written_as_they_are_read(text):
    """Such as the reference and the JSON Schema show them."""
    assert write_hours(read_hours(text)) == text


def test_hours_are_sorted():
    """The order in the file makes no difference."""
    assert read_hours("13:00-17:00,08:00-12:00") == read_hours("08:00-12:00, 13:00-17:00")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("8-17", "is no time of opening"),
        ("", "is no time of opening"),
        ("08:00-17:00,", "is no time of opening"),
        ("08:60-17:00", "no clock shows"),
        ("24:00-08:00", "no clock shows"),
        ("08:00-24:01", "no clock shows"),
        ("08:00-08:00", "the whole day is"),
        ("08:00-12:00, 11:00-17:00", "overlap"),
        ("22:00-02:00, 23:00-24:00", "overlap"),
    ],
)
def test_what_are_no_hours(text, problem):
    """It is said when the file is read."""
    with pytest.raises(ConfigError, match=problem):
        read_hours(text)


@pytest.mark.parametrize(
    ("region", "problem"),
    [
        ("Colorado", "no country"),
        ("us", "no country"),
        ("XX", "no country"),
        ("US-", "has the parts AK, AL"),
        ("US-XX", "has the parts AK, AL"),
        ("MC-1", "MC has no parts"),
    ],
)
def test_regions_without_holidays(region, problem):
    """The parts that a country has are named."""
    with pytest.raises(ConfigError, match=problem):
        read_holidays(region)


def test_holidays_differ_between_parts_of_a_country():
    """Frances Xavier Cabrini Day is one in Colorado alone."""
    day = date(2026, 10, 5)

    assert day in read_holidays("US-CO")
    assert day not in read_holidays("US")
    assert date(2026, 1, 6) in read_holidays("DE-BY")
