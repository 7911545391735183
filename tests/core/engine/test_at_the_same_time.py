"""What happens at once: a slow CRM, two callers' calls, a text while all else is down."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from support.house import House
from textback.errors import NotSent
from textback.model import Call, Caller, Lead, Receipt, Text
from textback.store import Unit

WITHIN_S = 10  # only ends a test that fails


async def test_a_crm_that_never_answers_delays_neither_text_nor_notice(house: House) -> None:
    """Both are out while its request still hangs; the contact is saved once it answers."""
    told, answer = asyncio.Event(), asyncio.Event()

    async def hang(lead: Lead) -> None:
        await answer.wait()

    async def tell(notice: object) -> None:
        told.set()

    house.outside.saving = hang
    house.outside.telling = tell
    await house.tell(house.ended())
    async with asyncio.timeout(WITHIN_S):
        await told.wait()

    assert len(house.sent) == 1
    assert house.ends() == ["sent"]
    assert not house.outside.leads
    answer.set()
    await house.run()
    assert len(house.outside.leads) == 1
    assert house.states("log/crm/call/1") == {"log/crm/call/1": "done"}


async def test_text_and_contact_are_under_way_at_the_same_time(house: House) -> None:
    """A sender that answers only once the CRM's request has arrived: both come to their end."""
    arrived = asyncio.Event()

    async def arrive(lead: Lead) -> None:
        arrived.set()

    async def send(text: Text) -> Receipt:
        async with asyncio.timeout(WITHIN_S):
            await arrived.wait()
        return house.outside.take("carrier", text)

    house.outside.saving = arrive
    house.outside.sending["carrier"] = send

    await house.missed()

    assert len(house.sent) == 1
    assert len(house.outside.leads) == 1


async def test_one_clients_hanging_sender_delays_no_other_client(closed: House) -> None:
    """The other one's caller is texted while it hangs."""
    other_line = "+13035550101"
    closed.write()
    closed.write(client="other", line=other_line)
    await closed.open()
    answer, texted = asyncio.Event(), asyncio.Event()

    async def send(text: Text) -> Receipt:
        if text.client == "other":
            texted.set()
        else:
            await answer.wait()
        return closed.outside.take("carrier", text)

    closed.outside.sending["carrier"] = send
    await closed.tell(closed.ended())
    await closed.tell(closed.ended(line=other_line), client="other")
    async with asyncio.timeout(WITHIN_S):
        await texted.wait()

    assert closed.texts()[0]["state"] == "sending"
    answer.set()
    await closed.run()
    assert [text.client for _, text in closed.sent] == ["other", "bright"]


async def test_a_text_goes_out_when_everything_else_is_down(house: House) -> None:
    """CRM and notifier fail; they are tried again, and the caller has the text once."""

    async def fail(what: object) -> None:
        raise NotSent("no connection")

    house.outside.saving = house.outside.telling = fail
    await house.missed()
    assert house.ends() == ["sent"]
    house.outside.saving = house.outside.telling = None
    await house.let_pass(timedelta(minutes=30))

    assert len(house.sent) == len(house.outside.leads) == len(house.outside.notices) == 1


async def test_two_calls_of_one_caller_at_the_same_moment_get_one_text(house: House) -> None:
    """One opens the case, the other joins it."""
    await asyncio.gather(*(house.tell(house.ended()) for _ in range(5)))
    await house.run()

    assert len(house.sent) == 1
    assert sorted(map(str, house.ends())) == ["joined"] * 4 + ["sent"]
    assert house.case()["calls"] == 5


async def test_who_called_is_asked_while_the_webhook_is_committed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that waits until the CRM is asked; it is asked once."""
    asked = asyncio.Event()
    write = house.runtime.store.write

    async def when_asked(unit: Unit[Any]) -> Any:
        async with asyncio.timeout(WITHIN_S):
            await asked.wait()
        return await write(unit)

    async def look(call: Call) -> None:
        asked.set()

    house.outside.looking = look
    house.outside.known = Caller(name="Anna Example", known=True)
    monkeypatch.setattr(house.runtime.store, "write", when_asked)
    await house.missed()

    assert len(house.outside.lookups) == 1
    assert house.ends() == ["sent"]
    assert house.outside.notices[0].name == "Anna Example"


async def test_a_webhook_that_is_repeated_asks_in_vain(house: House) -> None:
    """What was asked while it was committed is given up; nothing else comes of it."""
    event = house.ended()
    await house.tell(event)
    await house.run()
    hanging = asyncio.Event()

    async def hang(call: Call) -> None:
        hanging.set()
        await asyncio.Event().wait()

    house.outside.looking = hang
    await house.tell(event)
    await house.run()

    assert len(house.sent) == 1
    assert house.ends() == ["sent"]
