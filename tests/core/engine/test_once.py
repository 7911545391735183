"""Requests that carry a mark of the provider's: each counts once, and none is lost for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.house import CLIENT, House
from textback.errors import StoreBusy, WebhookRejected
from textback.events import Event, Once

MARK = Once("token-1", 300)


async def accept(house: House, *events: Event, once: Once | None = MARK) -> None:
    """A plugin has read a request with this mark."""
    await house.runtime.engine.accept(CLIENT, "phones", events, house.clock.now(), once)


async def test_the_same_request_again_is_rejected(house: House) -> None:
    """Whatever it tells the second time, nothing comes of it."""
    await accept(house, house.ended(call="CA1"))

    with pytest.raises(WebhookRejected, match="before"):
        await accept(house, house.ended(call="CA2"))
    await house.run()

    assert [row["call_id"] for row in house.rows("SELECT call_id FROM calls")] == ["phones/CA1"]


async def test_another_mark_is_another_request(house: House) -> None:
    """Each is for one request."""
    await accept(house, house.ended(call="CA1"))
    await accept(house, house.ended(call="CA2"), once=Once("token-2", 300))

    assert len(house.rows("SELECT * FROM calls")) == 2


async def test_a_mark_is_another_plugins_too(house: House) -> None:
    """Two plugins of one client may be given the same mark by different providers."""
    await accept(house, house.ended(call="CA1"))
    await house.runtime.engine.accept(
        CLIENT, "carrier", [house.text_from("Hi")], house.clock.now(), MARK
    )

    assert len(house.rows("SELECT * FROM inbox")) == 2


async def test_a_request_that_was_not_stored_may_come_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark is in the commit of the events: without it, there is no mark."""
    event = house.ended()

    async def busy(unit: object) -> None:
        raise StoreBusy("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(type(house.runtime.store), "write", lambda self, unit: busy(unit))
        with pytest.raises(StoreBusy):
            await accept(house, event)
    await accept(house, event)
    await house.run()

    assert len(house.sent) == 1


async def test_a_mark_is_forgotten_with_its_signature(house: House) -> None:
    """After that the provider's own time tells that a request is old."""
    await accept(house, house.ended(call="CA1"))
    await house.let_pass(timedelta(seconds=301))

    await accept(house, house.ended(call="CA2"))

    assert len(house.rows("SELECT * FROM calls")) == 2


async def test_what_tells_nothing_is_not_marked(house: House) -> None:
    """There is nothing that could count twice."""
    await accept(house)
    await accept(house, house.ended())

    assert len(house.rows("SELECT * FROM calls")) == 1
