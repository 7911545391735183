"""What a client's file names: kept a while, found by id or name, looked for again once a minute."""

from datetime import timedelta

import pytest

from textback.catalog import Listing, Named, Stage, Unknown, find_stage, matching
from textback.errors import NotSent
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock

ANNA = Named(id="7", name="Anna Example", others=("anna@example.com", ""))
BEN = Named(id="8", name="Ben")
PIPELINES = [
    Named(id="1", name="Sales"),
    Named(id="2", name="Service"),
    Named(id="3", name="Empty"),
]
STAGES = [
    Stage(id="12", name="Contacted", pipeline="1", order=2),
    Stage(id="11", name="New lead", pipeline="1", order=1),
    Stage(id="21", name="Contacted", pipeline="2", order=1),
]


@pytest.fixture
def clock():
    return VirtualClock(NOW)


class Account:
    """Has things, and counts how often it is asked for them."""

    def __init__(self, *things):
        self.things = list(things)
        self.asked = 0

    async def read(self):
        self.asked += 1
        if isinstance(self.things, Exception):
            raise self.things
        return self.things


class TestMatching:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ("7", [ANNA]),
            ("anna example", [ANNA]),
            (" Anna Example ", [ANNA]),
            ("anna_example", [ANNA]),
            ("Anna@Example.com", [ANNA]),
            ("ben", [BEN]),
            ("Be", []),
            ("", []),
            (" ", []),
            ("--", []),
        ],
    )
    def test_how_people_write(self, wanted, found):
        """Capitals and spaces don't matter; nothing but the whole name does."""
        assert matching(wanted, [BEN, ANNA, Named(id="9", name="??")]) == found

    def test_the_surest_comes_first(self):
        """An id before a name, a name before one that looks like it."""
        by_id, by_name = Named(id="new", name="x"), Named(id="1", name="New")
        similar = Named(id="2", name="new!")

        assert matching("new", [similar, by_name, by_id]) == [by_id]
        assert matching("new", [similar, by_name]) == [by_name]
        assert matching("new", [similar]) == [similar]

    def test_several(self):
        """All that are meant equally."""
        assert matching("contacted", STAGES) == [STAGES[0], STAGES[2]]


class TestListing:
    async def test_is_kept_for_ten_minutes(self, clock):
        """Then it is read again."""
        account = Account(ANNA)
        users = Listing(clock, account.read)

        assert await users() == await users() == (ANNA,)
        clock.advance(timedelta(minutes=9, seconds=59))
        await users()
        assert account.asked == 1
        clock.advance(timedelta(seconds=1))
        await users()
        assert account.asked == 2

    async def test_a_name_that_is_new(self, clock):
        """Is found at the first try, once what was read is a minute old."""
        account = Account(ANNA)
        users = Listing(clock, account.read)
        await users()
        account.things.append(BEN)

        assert await users.find("ben") == []
        clock.advance(timedelta(minutes=1))
        assert await users.find("ben") == [BEN]
        assert account.asked == 2

    async def test_a_wrong_name_is_not_asked_for_at_each_call(self, clock):
        """Once a minute at the most."""
        account = Account(ANNA)
        users = Listing(clock, account.read)

        for _ in range(90):
            assert await users.find("nobody") == []
            clock.advance(timedelta(seconds=1))

        assert account.asked == 2

    async def test_a_failure_is_not_kept(self, clock):
        """What was read before stays known; the next who asks reads again."""
        account = Account(ANNA)
        users = Listing(clock, account.read)
        await users()
        clock.advance(timedelta(hours=1))
        account.things = NotSent("it is down")
        with pytest.raises(NotSent):
            await users()
        account.things = [BEN]

        assert await users() == (BEN,)

    async def test_a_part_is_read_with_the_whole(self, clock):
        """And looked for again there."""
        account = Account(*STAGES)
        stages = Listing(clock, account.read)
        sales = stages.part(lambda all_: [each for each in all_ if each.pipeline == "1"])

        assert [each.id for each in await sales.find("contacted")] == ["12"]
        await stages()
        assert account.asked == 1
        account.things.append(Stage(id="13", name="Won", pipeline="1", order=3))
        clock.advance(timedelta(minutes=1))
        assert [each.id for each in await sales.find("won")] == ["13"]
        assert account.asked == 2


@pytest.fixture
def find(clock):
    """Finds a stage among those of the account."""
    pipelines = Listing(clock, Account(*PIPELINES).read)
    stages = Listing(clock, Account(*STAGES).read)

    async def find(pipeline, stage):
        return await find_stage(pipeline, stage, pipelines=pipelines, stages=stages)

    return find


class TestStages:
    @pytest.mark.parametrize(
        ("pipeline", "stage", "id_"),
        [
            (None, "new-lead", "11"),
            (None, "21", "21"),
            ("sales", "contacted", "12"),
            ("2", "Contacted", "21"),
            ("Sales", None, "11"),
            ("service", None, "21"),
        ],
    )
    async def test_where_a_deal_begins(self, find, pipeline, stage, id_):
        """By name or id; with a pipeline alone, at its beginning."""
        assert (await find(pipeline, stage)).id == id_

    async def test_nothing_named(self, find):
        """There is to be no deal."""
        assert await find(None, None) is None

    @pytest.mark.parametrize(
        ("pipeline", "stage", "words"),
        [
            ("Repair", "New lead", 'no pipeline "Repair"; there are: Sales, Service, Empty'),
            ("Empty", None, 'the pipeline "Empty" has no stage'),
            ("Empty", "Won", 'there is no stage "Won" in "Empty"; there is none'),
            ("Sales", "Won", 'no stage "Won" in "Sales"; there are: Contacted, New lead'),
            (None, "Won", 'there is no stage "Won"; there are: Contacted, New lead'),
            (None, "contacted", "several pipelines have a stage"),
        ],
    )
    async def test_what_can_not_be_meant(self, find, pipeline, stage, words):
        """For good, until the file or the account is mended; it says what there is."""
        with pytest.raises(Unknown, match=words) as caught:
            await find(pipeline, stage)
        assert caught.value.permanent
