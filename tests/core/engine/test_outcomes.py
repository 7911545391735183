"""What becomes of a text: taken, handed on, unsure, refused; and what a status says later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from support.house import STACK, House
from support.outside import Outside
from textback.errors import DeliveryError, MaybeSent, NotSent, StoreBusy
from textback.model import Absent, CannotTell, FailureReason, Receipt, Text, TextState
from textback.store import Store, steps, subjects

TWO_SENDERS = STACK + '[plugins.backup]\nuse = "carrier"\n'
ONLY_SENDERS = '[plugins.phones]\n[plugins.carrier]\n[plugins.backup]\nuse = "carrier"\n'
DAY = timedelta(days=1)

Send = Callable[[Text], Awaitable[Receipt]]


def fails(error: Exception) -> Send:
    """A sender that always raises this."""

    async def send(text: Text) -> Receipt:
        raise error

    return send


def breaks(outside: Outside, *, after_taking: bool) -> Send:
    """A sender whose connection breaks; the provider has the text or it hasn't."""

    async def send(text: Text) -> Receipt:
        if after_taking:
            outside.take("carrier", text)
        raise MaybeSent("the connection broke before the answer")

    return send


async def test_the_next_sender_takes_what_the_first_surely_did_not_send(closed: House) -> None:
    """Each attempt is an intent of its own; one text reaches the caller."""
    closed.write(stack=TWO_SENDERS)
    await closed.open()
    closed.outside.sending["carrier"] = fails(NotSent("no connection"))

    await closed.missed()

    assert [sender for sender, _ in closed.sent] == ["backup"]
    assert [(text["plugin"], text["state"]) for text in closed.texts("text/1")] == [
        ("carrier", "failed"),
        ("backup", "sent"),
    ]
    assert closed.ends() == ["sent"]


async def test_no_next_sender_is_asked_once_another_process_has_the_case(closed: House) -> None:
    """That one may be sending: it found an intent without an answer, and shows it to the team."""
    closed.write(stack=ONLY_SENDERS)
    await closed.open()
    ctx = closed.runtime.ctx

    async def loses_the_case(text: Text) -> Receipt:
        subject, later = f"case/{text.case}", ctx.now() + subjects.LEASE_US + 1
        await ctx.store.write(lambda: subjects.claim(text.client, subject, "another", later, 0))
        raise NotSent("no connection")

    closed.outside.sending["carrier"] = loses_the_case

    await closed.missed()
    closed.clock.advance(timedelta(minutes=2))
    await closed.let_pass(DAY)

    assert [sender for sender, _ in closed.outside.asked] == ["carrier"]
    assert closed.ends() == ["unknown"]


async def test_a_store_that_is_away_breaks_off_no_text(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider takes it while nobody can look into the store."""
    store, looked = type(house.runtime.ctx.store), asyncio.Event()

    async def read(_: Store, unit: Any) -> None:
        if getattr(unit, "func", None) is steps.due:  # its own subject's
            looked.set()
        raise StoreBusy("the store is away")

    async def send(text: Text) -> Receipt:
        with monkeypatch.context() as away:
            away.setattr(store, "read", read)
            await looked.wait()
        return house.outside.take("carrier", text)

    house.outside.sending["carrier"] = send

    await house.missed()

    assert house.ends() == ["sent"]


async def test_nobody_else_sends_what_may_have_left(closed: House) -> None:
    """The end is unknown, and the team is told."""
    closed.write(stack=TWO_SENDERS)
    await closed.open()
    closed.outside.sending["carrier"] = breaks(closed.outside, after_taking=False)

    await closed.missed()
    await closed.let_pass(DAY)

    assert [sender for sender, _ in closed.outside.asked] == ["carrier"]
    assert closed.ends() == ["unknown"]
    assert closed.outside.notices[0].text_state is TextState.UNKNOWN


async def test_a_plugins_bug_counts_as_may_have_left(house: House) -> None:
    """It may have struck after the request had left."""
    house.outside.sending["carrier"] = fails(KeyError("sid"))

    await house.missed()

    assert house.ends() == ["unknown"]
    assert len(house.outside.asked) == 1


async def test_an_unsure_text_is_found_at_the_provider(house: House) -> None:
    """It is sent after all, is not sent again, and its follow-ups wait for their times."""
    house.outside.sending["carrier"] = breaks(house.outside, after_taking=True)
    house.outside.finding = lambda text: Receipt(f"SM-{text.id}", TextState.DELIVERED)

    await house.missed()
    assert house.ends() == ["unknown"]
    await house.let_pass(timedelta(seconds=6))

    assert house.ends() == ["sent"]
    assert len(house.outside.asked) == 1
    (text,) = house.texts("text/1")
    assert (text["state"], text["provider_id"]) == ("delivered", f"SM-{text['text_id']}")
    assert house.states("follow_up/%") == dict.fromkeys(
        ("follow_up/1", "follow_up/2", "follow_up/3"), "waiting"
    )


async def test_an_unsure_text_that_never_arrived_is_sent_again_once(house: House) -> None:
    """Only the provider's own word permits it."""
    house.outside.sending["carrier"] = breaks(house.outside, after_taking=False)
    house.outside.finding = lambda text: Absent()
    await house.missed()
    del house.outside.sending["carrier"]

    await house.let_pass(timedelta(minutes=30))

    assert len(house.sent) == 1
    assert [text["state"] for text in house.texts("text/1")] == ["failed", "sent"]
    assert house.ends() == ["sent"]


async def test_news_that_come_while_the_provider_is_asked_are_right(house: House) -> None:
    """A provider may not see in one place what it told of by another: nobody is texted twice."""
    house.outside.sending["carrier"] = breaks(house.outside, after_taking=True)
    house.outside.finding = lambda text: Absent()

    async def delivered(text: Text) -> None:
        await house.tell(house.status(TextState.DELIVERED, text=text.id), plugin="carrier")

    house.outside.seeking = delivered
    await house.missed()
    await house.let_pass(timedelta(minutes=30))

    assert len(house.outside.asked) == 1
    assert [text["state"] for text in house.texts("text/1")] == ["delivered"]
    assert house.ends() == ["sent"]


async def test_an_unsure_text_stays_unknown_while_nobody_can_tell(house: House) -> None:
    """The provider is asked a few times, then no more; the text is never sent again."""
    house.outside.sending["carrier"] = breaks(house.outside, after_taking=False)
    house.outside.finding = lambda text: CannotTell()

    await house.missed()
    await house.let_pass(20 * DAY)

    assert len(house.outside.sought) == 5
    assert len(house.outside.asked) == 1
    assert house.ends() == ["unknown"]
    assert house.states("settle/%") == {"settle/text/1": "done"}


async def test_an_unsure_text_that_never_arrived_is_not_sent_after_a_reply(house: House) -> None:
    """The caller has written meanwhile: the first text would only puzzle."""
    house.outside.sending["carrier"] = breaks(house.outside, after_taking=False)
    house.outside.finding = lambda text: Absent()
    await house.missed()

    await house.write_in("are you there?")
    await house.let_pass(DAY)

    assert len(house.outside.asked) == 1
    assert house.ends() == ["failed"]


async def test_an_unsure_text_that_never_arrived_fails_when_it_is_too_late(house: House) -> None:
    """Told absent after max_age: nobody was texted, so the end is not unknown any more."""
    house.outside.sending["carrier"] = breaks(house.outside, after_taking=False)
    await house.missed()
    await house.let_pass(timedelta(minutes=14))
    house.outside.finding = lambda text: Absent()

    await house.let_pass(DAY)

    assert len(house.outside.asked) == 1
    assert house.ends() == ["failed"]


async def test_a_busy_provider_is_asked_again_when_it_said(house: House) -> None:
    """Never before Retry-After is over."""
    house.outside.sending["carrier"] = fails(
        DeliveryError("too many requests", permanent=False, retry_after=120)
    )
    await house.missed()
    due = house.rows("SELECT due_at FROM steps WHERE name = 'text/1'")[0]["due_at"]
    assert due >= house.runtime.ctx.now() + 120 * 1_000_000
    del house.outside.sending["carrier"]

    await house.let_pass(timedelta(seconds=119))
    assert not house.sent
    await house.let_pass(timedelta(minutes=2))

    assert len(house.sent) == 1
    assert house.ends() == ["sent"]


async def test_a_provider_that_stays_down_lets_the_call_fail(house: House) -> None:
    """Until max_age it is tried; then the end is failed, in the provider's words."""
    house.outside.sending["carrier"] = fails(NotSent("no connection to the provider"))

    await house.missed()
    await house.let_pass(DAY)

    assert house.ends() == ["failed"]
    assert house.case()["because"] == "no connection to the provider"
    assert not house.sent
    assert len(house.outside.notices) >= 1


async def test_a_lasting_refusal_ends_as_failed_at_once(closed: House) -> None:
    """Nobody else is tried, and the number may be texted again."""
    closed.write(stack=TWO_SENDERS)
    await closed.open()
    closed.outside.sending["carrier"] = fails(DeliveryError("body refused", permanent=True))

    await closed.missed()

    assert len(closed.outside.asked) == 1
    assert closed.ends() == ["failed"]
    assert closed.case()["because"] == "body refused"
    assert closed.rows("SELECT * FROM suppressions") == []


@pytest.mark.parametrize(
    ("said", "reason"), [({"opted_out": True}, "opt_out"), ({"unreachable": True}, "unreachable")]
)
@pytest.mark.parametrize("try_next", [False, True])
async def test_what_a_provider_says_of_a_number_is_remembered(
    house: House, said: dict[str, Any], reason: str, try_next: bool
) -> None:
    """It becomes a suppression of ours; the next call is recorded and not texted."""
    house.outside.sending["carrier"] = fails(
        DeliveryError("not to this number", permanent=True, try_next=try_next, **said)
    )
    await house.missed()
    assert house.ends() == ["failed"]
    (known,) = house.rows("SELECT reason FROM suppressions")
    assert known == {"reason": reason}
    del house.outside.sending["carrier"]
    await house.let_pass(30 * DAY)

    await house.missed()

    assert not house.sent
    assert house.ends() == ["failed", "suppressed"]
    kinds = [row["kind"] for row in house.rows("SELECT kind FROM ledger")]
    assert "suppressed" in kinds


@pytest.mark.parametrize("by_our_id", [True, False], ids=["by our id", "by the provider's id"])
async def test_a_status_may_come_before_the_receipt(house: House, by_our_id: bool) -> None:
    """It isn't lost, and the receipt takes nothing back."""

    async def send(text: Text) -> Receipt:
        receipt = house.outside.take("carrier", text)
        ids: dict[str, Any] = (
            {"text": text.id} if by_our_id else {"provider_id": receipt.provider_id}
        )
        await house.tell(house.status(TextState.DELIVERED, **ids), plugin="carrier")
        return receipt

    house.outside.sending["carrier"] = send

    await house.missed()

    (text,) = house.texts()
    assert (text["state"], text["provider_id"]) == ("delivered", f"SM-{text['text_id']}")
    assert house.ends() == ["sent"]
    assert len(house.states("follow_up/%")) == 3


async def test_a_status_settles_an_unsure_text(house: House) -> None:
    """It carries our id, so it proves that the text left."""
    house.outside.sending["carrier"] = breaks(house.outside, after_taking=True)
    await house.missed()
    (text,) = house.texts()

    await house.tell(house.status(TextState.SENT, text=text["text_id"]), plugin="carrier")
    await house.let_pass(timedelta(minutes=1))

    assert house.ends() == ["sent"]
    assert house.states("settle/%") == {"settle/text/1": "cancelled"}
    assert house.outside.sought == []


async def test_a_late_word_starts_no_flood_of_follow_ups(house: House) -> None:
    """An unsure text is settled after two days: what was due meanwhile doesn't go all at once."""
    house.outside.sending["carrier"] = breaks(house.outside, after_taking=True)
    await house.missed()
    del house.outside.sending["carrier"]
    await house.let_pass(2 * DAY)
    (text,) = house.texts()

    await house.tell(house.status(TextState.DELIVERED, text=text["text_id"]), plugin="carrier")
    await house.let_pass(timedelta(minutes=1))

    assert len(house.sent) == 1


async def test_states_never_move_backwards(house: House) -> None:
    """Delivered, then a late "sent": still delivered."""
    await house.missed()
    (text,) = house.texts()

    for state in (TextState.DELIVERED, TextState.SENT, TextState.QUEUED):
        await house.tell(house.status(state, text=text["text_id"]), plugin="carrier")
    await house.run()

    assert house.texts()[0]["state"] == "delivered"


async def test_a_text_that_fails_after_it_was_sent_is_told_to_the_team(house: House) -> None:
    """The end stays; an unreachable number gets no follow-ups and is remembered."""
    await house.missed()
    (text,) = house.texts()

    status = house.status(TextState.FAILED, text=text["text_id"], reason=FailureReason.UNREACHABLE)
    await house.tell(status, plugin="carrier")
    await house.let_pass(7 * DAY)

    assert house.ends() == ["sent"]
    assert house.texts()[0]["state"] == "failed"
    assert [notice.kind.value for notice in house.outside.notices] == ["missed_call", "failed"]
    assert len(house.sent) == 1
    assert set(house.states("follow_up/%").values()) == {"cancelled"}
    assert [row["reason"] for row in house.rows("SELECT reason FROM suppressions")] == [
        "unreachable"
    ]


async def test_an_answered_call_stops_a_text_that_is_being_tried(closed: House) -> None:
    """The first sender fails, and meanwhile the caller got through: the second isn't tried."""
    closed.write(stack=TWO_SENDERS)
    await closed.open()

    async def send(text: Text) -> Receipt:
        await closed.tell(closed.picked_up())
        raise NotSent("no connection")

    closed.outside.sending["carrier"] = send
    await closed.missed()
    await closed.let_pass(DAY)

    assert not closed.sent
    assert closed.ends()[0] == "suppressed"
    assert "running" not in closed.states().values()


@pytest.mark.parametrize("what", ["reply", "answered", "booked", "stop"])
async def test_nothing_is_tried_again_after_the_caller_was_heard(house: House, what: str) -> None:
    """A first text that nobody took yet is not sent after a reply, a call, a booking."""
    house.outside.sending["carrier"] = fails(NotSent("no connection"))
    meanwhile = {
        "reply": lambda: house.tell(house.text_from("hello?"), plugin="carrier"),
        "stop": lambda: house.tell(house.text_from("STOP"), plugin="carrier"),
        "answered": lambda: house.tell(house.picked_up()),
        "booked": lambda: house.tell(house.booked(), plugin="booker"),
    }

    async def send(text: Text) -> Receipt:
        if text.step == "text/1":
            await meanwhile[what]()
            raise NotSent("no connection")
        return house.outside.take("carrier", text)

    house.outside.sending["carrier"] = send
    await house.missed()
    del house.outside.sending["carrier"]
    await house.let_pass(8 * DAY)

    assert not [text for _, text in house.sent if text.step == "text/1"]
    assert house.ends()[0] == "suppressed"
    assert house.outside.notices


async def test_who_lost_the_case_makes_no_second_attempt(closed: House) -> None:
    """The first sender fails, and meanwhile another process took the case over: it decides now."""
    closed.write(stack=TWO_SENDERS)
    await closed.open()

    async def hang(lead: object) -> None:  # no other step's end tells us of the loss
        await asyncio.sleep(3600)

    async def fail(text: Text) -> Receipt:
        closed.change("UPDATE subjects SET generation = generation + 1, owner = 'another'")
        raise NotSent("no connection")

    closed.outside.sending["carrier"] = fail
    closed.outside.saving = hang
    await closed.tell(closed.ended())
    running = closed.runtime.engine._running
    while running:
        await asyncio.wait(running)

    assert not closed.sent
