"""When a step that failed is tried again, and when it is set aside for people."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from support.house import CALLER, House
from textback.engine import retry
from textback.errors import NotAsked, NotSent, Refused, StoreBusy
from textback.model import Lead, Receipt, Text
from textback.store import steps

DAY = timedelta(days=1)


@given(attempts=st.integers(1, 200))
def test_a_wait_grows_and_is_bounded(attempts: int) -> None:
    """Half a second at least, twice as long at most each time, never much above an hour."""
    longest = min(retry.FIRST_S * 2**attempts, retry.LONGEST_S)

    assert 0.5 <= retry.delay_s(attempts) <= 0.5 + longest


def test_waits_differ() -> None:
    """Many steps that failed together are not tried together."""
    assert len({retry.delay_s(8) for _ in range(20)}) > 15


@given(attempts=st.integers(1, 30), after=st.floats(0, 100_000))
def test_never_before_the_provider_said(attempts: int, after: float) -> None:
    """Retry-After is the least."""
    assert retry.delay_s(attempts, after) >= after


def test_only_our_own_words_are_kept() -> None:
    """An error of somebody else may quote a body or a secret."""
    assert retry.describe(NotSent("no connection to crm.example")) == "no connection to crm.example"
    assert retry.describe(StoreBusy("the store is away")) == "the store is away"
    assert retry.describe(TimeoutError()) == "no answer in time"
    assert "hunter2" not in retry.describe(ValueError("password hunter2 is wrong"))


class Crm:
    """What the CRM does with the next leads."""

    def __init__(self, house: House, error: Exception) -> None:
        self.error: Exception | None = error
        self.times: list[timedelta] = []
        self._house = house
        self._start = house.clock.now()
        house.outside.saving = self._save

    async def _save(self, lead: Lead) -> None:
        self.times.append(self._house.clock.now() - self._start)
        if self.error is not None:
            raise self.error


async def test_a_crm_that_is_down_is_tried_until_it_is_parked(house: House) -> None:
    """A number of times over hours; then people see it, with what it said."""
    crm = Crm(house, NotSent("no connection to crm.example"))

    await house.missed()
    await house.let_pass(3 * DAY)

    assert len(crm.times) == retry.TRIES
    assert crm.times[-1] > timedelta(hours=2)
    (step,) = house.rows("SELECT state, error, due_at FROM steps WHERE name = 'lead/crm'")
    assert step == {"state": "parked", "error": "no connection to crm.example", "due_at": None}
    assert house.ends() == ["sent"]


async def test_what_can_not_get_better_is_parked_at_once(house: House) -> None:
    """A permanent refusal is not tried twice."""
    crm = Crm(house, Refused("the field lead_source is unknown", permanent=True))

    await house.missed()
    await house.let_pass(DAY)

    assert len(crm.times) == 1
    assert house.states("lead/%") == {"lead/crm": "parked"}


async def test_a_crm_that_says_when_is_not_asked_before(house: House) -> None:
    """Retry-After holds for every step, not only for texts."""
    crm = Crm(house, Refused("too many requests", permanent=False, retry_after=900))
    await house.missed()
    crm.error = None

    await house.let_pass(DAY)

    assert len(crm.times) == 2
    assert crm.times[1] >= timedelta(seconds=900)
    assert [lead.number for lead in house.outside.leads.values()] == [CALLER]


async def test_retry_revives_what_is_parked_and_what_waits_for_it(house: House) -> None:
    """The contact is saved, and the call is logged with it."""
    crm = Crm(house, Refused("the token is wrong", permanent=True))
    await house.missed()
    await house.let_pass(DAY)
    assert not house.outside.logged
    crm.error = None

    now = house.runtime.ctx.now()
    revived = await house.runtime.store.write(lambda: steps.retry_parked("bright", now))
    await house.run()

    assert revived == 1
    assert house.states("lead/%") == {"lead/crm": "done"}
    assert {key.rpartition("/log/")[2] for key in house.outside.logged} >= {"crm/call/1"}


async def test_what_nobody_was_asked_for_goes_soon_after_the_account_has_rested(
    house: House,
) -> None:
    """However often it was put off, a text is no later for it, and nothing is parked."""
    rests_until = house.clock.now() + timedelta(minutes=10)

    def is_at_rest() -> None:
        left = rests_until - house.clock.now()
        if left > timedelta(0):
            raise NotAsked("it rests a while", retry_after=min(20.0, left.total_seconds()))

    async def send(text: Text) -> Receipt:
        is_at_rest()
        return house.outside.take("carrier", text)

    async def save(lead: Lead) -> None:
        is_at_rest()

    house.outside.sending["carrier"] = send
    house.outside.saving = save
    await house.missed()
    await house.until(rests_until + timedelta(seconds=retry.NOT_ASKED_S + 1))

    assert len(house.sent) == len(house.outside.leads) == 1
    (step,) = house.rows("SELECT attempts FROM steps WHERE name = 'lead/crm'")
    assert step["attempts"] == 1
