"""Units of work: whole or not at all, alone or in a group, on both databases."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from textback.engine.crew.duty import take_over
from textback.store import (
    Store,
    Work,
    consents,
    contacts,
    pauses,
    steps,
    subjects,
    suppressions,
    texts,
)
from textback.store.contacts import Stale
from textback.store.steps import Step
from textback.store.subjects import LEASE_US, LostLease

NUMBER = "+13035550123"


async def test_a_lease_that_was_freed_is_taken_back_by_who_still_works(store: Store) -> None:
    """It was not heard for a while; as long as nobody else has the subject, it goes on."""
    generation = await store.write(lambda: subjects.claim("acme", "case/1", "a", 1_000))
    assert generation is not None
    await store.write(lambda: subjects.free_expired(LEASE_US * 10))

    await store.write(lambda: subjects.renew("acme", "case/1", generation, LEASE_US * 20))

    claim = partial(subjects.claim, "acme", "case/1", "b", LEASE_US * 11, expired=False)
    assert await store.write(claim) is None


async def test_a_failed_unit_leaves_nothing(store: Store) -> None:
    """What a unit did before it failed is not there afterwards."""

    def unit() -> Work[None]:
        yield from pauses.pause("acme", "because", 1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(unit)

    assert await store.read(lambda: pauses.of("acme")) is None


async def test_one_failure_in_a_group_breaks_no_other(store: Store) -> None:
    """Units committed at the same moment stand each for itself."""

    def unit(number: int) -> Work[int]:
        yield from pauses.pause(f"client-{number}", "because", 1)
        if number % 5 == 3:
            raise ValueError(number)
        return number

    results = await asyncio.gather(
        *(store.write(lambda number=number: unit(number)) for number in range(20)),
        return_exceptions=True,
    )

    assert [isinstance(result, ValueError) for result in results] == [
        number % 5 == 3 for number in range(20)
    ]
    for number in range(20):
        paused = await store.read(lambda name=f"client-{number}": pauses.of(name))
        assert (paused is None) == (number % 5 == 3)


async def test_a_decision_is_stale_once_anything_happened(store: Store) -> None:
    """Compare-and-set: of two decisions on one version, one is committed."""
    seen = await store.read(lambda: contacts.versions("acme", NUMBER))

    await store.write(lambda: contacts.compare_and_set("acme", NUMBER, seen))

    with pytest.raises(Stale):
        await store.write(lambda: contacts.compare_and_set("acme", NUMBER, seen))


@pytest.mark.parametrize("scope", ["acme", "*"])
async def test_a_suppression_outdates_decisions(store: Store, scope: str) -> None:
    """Raised by the client or by the whole deployment: both versions are compared."""
    seen = await store.read(lambda: contacts.versions("acme", NUMBER))

    await store.write(lambda: contacts.raise_version(scope, NUMBER))

    with pytest.raises(Stale):
        await store.write(lambda: contacts.compare_and_set("acme", NUMBER, seen))


async def test_of_many_decisions_at_once_one_is_committed(store: Store) -> None:
    """Twenty deciders saw the same version."""
    seen = await store.read(lambda: contacts.versions("acme", NUMBER))

    results = await asyncio.gather(
        *(store.write(lambda: contacts.compare_and_set("acme", NUMBER, seen)) for _ in range(20)),
        return_exceptions=True,
    )

    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, Stale) for result in results) == 19


async def test_a_lease_has_one_holder(store: Store) -> None:
    """Nobody else gets it until its time is over or it is given back."""
    first = await store.write(lambda: subjects.claim("acme", "case/1", "a", 1_000))

    assert first == 1
    assert await store.write(lambda: subjects.claim("acme", "case/1", "b", 2_000)) is None
    await store.write(lambda: subjects.renew("acme", "case/1", 1, 0))
    assert await store.write(lambda: subjects.claim("acme", "case/1", "b", 3_000)) == 2


async def test_what_a_dead_process_ran_is_due_once_it_is_freed(store: Store) -> None:
    """Where several work nobody takes an expired lease alone: its running steps come along."""
    late = 2_000
    step = Step(client="acme", subject="case/1", name="lead/crm", due_at=900)

    def begin() -> Work[None]:
        yield from subjects.claim("acme", "case/1", "a", 1_000, lease_us=500)
        yield from steps.add([step], 900)
        yield from steps.start(step, 1_000)

    await store.write(begin)
    claim = partial(subjects.claim, "acme", "case/1", "b", late, expired=False)

    assert await store.write(claim) is None
    assert await store.write(lambda: take_over(1_001)) == (0, 0)
    assert await store.write(lambda: take_over(late)) == (1, 1)
    assert await store.write(claim) == 2
    assert [each.name for each in await store.read(lambda: steps.due("acme", "case/1", late))] == [
        "lead/crm"
    ]


async def test_who_lost_the_lease_commits_nothing(store: Store) -> None:
    """The generation tells a worker that was away too long."""
    late = 1_000 + LEASE_US + 1
    await store.write(lambda: subjects.claim("acme", "case/1", "a", 1_000))
    await store.write(lambda: subjects.claim("acme", "case/1", "b", late))

    def unit() -> Work[None]:
        yield from pauses.pause("acme", "by a", 1)
        yield from subjects.renew("acme", "case/1", 1, 5)

    with pytest.raises(LostLease):
        await store.write(unit)
    assert await store.read(lambda: pauses.of("acme")) is None


async def test_due_subjects_that_nobody_holds(store: Store) -> None:
    """The longest due comes first; what is leased or later is left out."""

    def unit() -> Work[None]:
        for subject, due_at in (("case/late", 900), ("case/soon", 100), ("case/held", 50)):
            step = Step(client="acme", subject=subject, name="text/1", due_at=due_at)
            yield from steps.add([step], 1)
        yield from subjects.claim("acme", "case/held", "a", 1)

    await store.write(unit)

    rows = await store.read(lambda: subjects.due(500, 10))
    assert [row["subject"] for row in rows] == ["case/soon"]
    rows = await store.read(lambda: subjects.due(1_000, 10))
    assert [row["subject"] for row in rows] == ["case/soon", "case/late"]


async def test_a_step_lives_once(store: Store) -> None:
    """Added twice it is one; finished twice it is finished once."""
    step = Step(client="acme", subject="case/1", name="lead/crm", due_at=10)
    later = Step(client="acme", subject="case/1", name="log/crm/call/1", after="lead/crm")

    await store.write(lambda: steps.add([step, later], 1))
    await store.write(lambda: steps.add([step], 2))
    assert await store.write(lambda: steps.start(step, 3))
    assert not await store.write(lambda: steps.start(step, 3))
    assert await store.write(lambda: steps.finish("acme", "case/1", "lead/crm", {"id": "7"}, 4))
    assert not await store.write(lambda: steps.finish("acme", "case/1", "lead/crm", {}, 5))

    found = {each.name: each for each in await store.read(lambda: steps.of("acme", "case/1"))}
    assert found["lead/crm"].state == "done"
    assert found["lead/crm"].result == {"id": "7"}
    assert found["log/crm/call/1"].due_at == 4  # brought forward by the result


async def test_a_step_only_comes_sooner(store: Store) -> None:
    """Repeated events never put a verdict off."""
    await store.write(lambda: steps.sooner("acme", "call/1", "conclude", 500, 1))
    await store.write(lambda: steps.sooner("acme", "call/1", "conclude", 900, 2))
    await store.write(lambda: steps.sooner("acme", "call/1", "conclude", 300, 3))

    (step,) = await store.read(lambda: steps.of("acme", "call/1"))
    assert step.due_at == 300


async def test_cancelling_by_name_and_kind(store: Store) -> None:
    """``follow_up`` means all of them; what is done stays done."""
    names = ["text/1", "follow_up/1", "follow_up/2", "lead/crm"]

    def unit() -> Work[list[str]]:
        yield from steps.add(
            [Step(client="acme", subject="case/1", name=name, due_at=9) for name in names], 1
        )
        yield from steps.finish("acme", "case/1", "text/1", {}, 2)
        return (yield from steps.cancel("acme", "case/1", ["text/1", "follow_up"], "replied", 3))

    assert sorted(await store.write(unit)) == ["follow_up/1", "follow_up/2"]


async def test_parked_steps_come_back(store: Store) -> None:
    """`retry` makes them due again."""
    step = Step(client="acme", subject="case/1", name="lead/crm", due_at=9)
    await store.write(lambda: steps.add([step], 1))
    await store.write(lambda: steps.park("acme", "case/1", "lead/crm", "no such stage", 2))

    assert await store.write(lambda: steps.retry_parked("other", 3)) == 0
    assert await store.write(lambda: steps.retry_parked("*", 3)) == 1
    (found,) = await store.read(lambda: steps.of("acme", "case/1"))
    assert (found.state, found.due_at, found.attempts) == ("waiting", 3, 0)


async def test_suppressions_are_found_by_hash(store: Store) -> None:
    """The client's own and the deployment's; lifting one leaves the other."""
    await store.write(lambda: suppressions.add("acme", NUMBER, "h1", "opt_out", "STOP", 1))
    await store.write(lambda: suppressions.add("*", NUMBER, "h1", "block", "asked", 2))

    rows = await store.read(lambda: suppressions.of("acme", "h1"))
    assert [(row["client"], row["reason"]) for row in rows] == [("acme", "opt_out"), ("*", "block")]
    rows = await store.read(lambda: suppressions.of("other", "h1"))
    assert [row["client"] for row in rows] == ["*"]
    assert await store.write(lambda: suppressions.lift("acme", "h1", "opt_out"))
    assert not await store.write(lambda: suppressions.lift("acme", "h1", "opt_out"))


async def test_of_each_consent_the_latest_is_kept(store: Store) -> None:
    """By hash, with what all clients heard; forgetting leaves what was withdrawn."""
    await store.write(lambda: consents.put("acme", "h1", "form", 5, "new"))
    await store.write(lambda: consents.put("acme", "h1", "form", 4, "old"))
    await store.write(lambda: consents.withdraw("*", "h1", 6))
    await store.write(lambda: consents.put("acme", "h2", "crm", 1, "other"))

    rows = await store.read(lambda: consents.of("acme", "h1"))
    found = [(row["client"], row["basis"], row["at"], row["evidence"]) for row in rows]
    assert found == [("acme", "form", 5, "new"), ("*", "withdrawn", 6, "")]
    for client in ("acme", "*"):
        await store.write(lambda client=client: consents.forget(client, "h1"))
    rows = await store.read(lambda: consents.of("acme", "h1"))
    assert [row["basis"] for row in rows] == ["withdrawn"]
    assert len(await store.read(lambda: consents.of("acme", "h2"))) == 1


async def test_a_text_never_moves_backwards(store: Store) -> None:
    """Delivered, then the late receipt: it stays delivered, and its id is kept."""
    from textback.model import TextState

    values = {
        "client": "acme", "text_id": "t1", "case_id": "c1", "step": "text/1", "kind": "first",
        "direction": "out", "channel": "sms", "number": NUMBER, "line": None, "body": "Hi",
        "state": "sending", "rank": TextState.SENDING.rank, "plugin": "twilio",
        "provider_id": None, "at": 1, "segments": 1, "media": "[]",
    }  # fmt: skip
    await store.write(lambda: texts.put(values))

    def move(state: TextState, provider_id: str | None = None) -> Work[bool]:
        return texts.advance("acme", "t1", state, 2, provider_id=provider_id)

    assert await store.write(lambda: move(TextState.DELIVERED))
    assert not await store.write(lambda: move(TextState.SENT, "SM1"))
    row = await store.read(lambda: texts.by_provider("acme", "twilio", "SM1"))
    assert row is not None
    assert row["state"] == "delivered"
