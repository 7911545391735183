"""What a provider lists settles what a restored store still wants to send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import attrs
import pytest

from support.house import CALLER, FOLLOW_UPS, House
from support.outside import Carrier, Outside
from textback.engine.upkeep.restoring import Found as Told
from textback.engine.upkeep.restoring import reconcile
from textback.events import Event, TextStatus
from textback.hookspecs import hookimpl
from textback.model import TextState
from textback.plugins import Found

OTHER = "+13035550124"
STAFF = "+13035550181"
TWO_HOURS = timedelta(hours=2)
STACK = '[plugins.phones]\n[plugins.lister]\nroles = ["sender", "notifier"]\n'


@attrs.define(eq=False)
class Listing(Outside):
    """A world whose carrier lists what it has sent and received."""

    listed: list[Event] = attrs.field(factory=list)

    def plugins(self):
        kind = type("Lister", (Lister,), {"outside": self})
        return {**super().plugins(), "lister": Found.of("lister", kind)}


class Lister(Carrier):
    """A sender that lists."""

    @hookimpl
    async def list_texts(self, since: datetime) -> AsyncIterator[Event]:
        for event in self.world.listed:
            if event.at >= since:
                yield event


@pytest.fixture
async def house(closed: House) -> House:
    """A client with follow-ups and a sender that lists."""
    closed.outside = Listing()
    settings = f'mode = "live"\nstaff_phones = ["{STAFF}"]'
    closed.write(settings=settings, stack=STACK, more=FOLLOW_UPS)
    await closed.open()
    return closed


def seen(house: House, number: str, sid: str, at: datetime | None = None, **more) -> None:
    """The provider lists a text that it has sent."""
    at = at or house.clock.now()
    event = TextStatus(
        key=f"{sid}/list", at=at, state=TextState.SENT, provider_id=sid, number=number, **more
    )
    house.outside.listed.append(event)


async def restored(house: House) -> Told:
    """Paused, and asked what happened in the last day."""
    await house.pause()
    since = house.clock.now() - timedelta(days=1)
    (found,) = await reconcile(house.runtime.ctx, since)
    return found


async def test_a_follow_up_that_was_seen_is_done(house):
    """And the next one still comes at its time."""
    await house.missed()
    house.clock.advance_to(house.clock.now() + TWO_HOURS + timedelta(minutes=5))
    seen(house, CALLER, "SM9")

    found = await restored(house)
    await house.resume()
    await house.run()

    assert (found.settled, found.kept, found.held) == (1, 0, 0)
    assert house.states("follow_up/1") == {"follow_up/1": "done"}
    assert len(house.outside.bodies(CALLER)) == 1
    await house.let_pass(timedelta(days=1))
    assert house.outside.bodies(CALLER)[1:] == ["Two: still need us?"]


async def test_a_follow_up_that_was_not_seen_is_held_until_resume(house):
    """Then it goes, once."""
    await house.missed()
    house.clock.advance_to(house.clock.now() + TWO_HOURS)

    found = await restored(house)
    await house.run()

    assert (found.settled, found.held) == (0, 1)
    assert len(house.outside.bodies(CALLER)) == 1
    await house.resume()
    await house.run()
    assert house.outside.bodies(CALLER)[1:] == ["One: still need us?"]


async def test_an_attempt_that_was_cut_off_is_settled(house):
    """The copy was made between the intent and the receipt."""
    await house.missed()
    house.change("UPDATE texts SET state = 'sending', rank = 1, provider_id = NULL")
    house.change("UPDATE steps SET state = 'running' WHERE name = 'text/1'")
    seen(house, CALLER, "SM9")

    found = await restored(house)
    await house.resume()
    await house.run()

    assert found.settled == 1
    (text,) = house.texts("text/1")
    assert (text["state"], text["provider_id"]) == ("sent", "SM9")
    assert len(house.outside.bodies(CALLER)) == 1


async def test_a_caller_of_whom_the_copy_knows_nothing_is_not_texted_again(house):
    """The source tells of the call once more, as its webhook is not known."""
    seen(house, OTHER, "SM9", house.clock.now() - timedelta(minutes=2))

    found = await restored(house)
    await house.resume()
    await house.missed(caller=OTHER)

    assert found.kept == 1
    assert house.outside.bodies(OTHER) == []
    assert "texted 2 minutes ago" in house.case()["because"]


async def test_what_the_store_knows_changes_nothing(house):
    """Listed texts that are here already, and notices to the team."""
    await house.missed()
    (text,) = house.texts("text/1")
    seen(house, CALLER, text["provider_id"])
    seen(house, STAFF, "SM8")

    found = await restored(house)

    assert (found.settled, found.kept) == (0, 0)
    assert house.states("follow_up/%") == dict.fromkeys(
        ("follow_up/1", "follow_up/2", "follow_up/3"), "waiting"
    )


async def test_replies_and_opt_outs_are_heard(house):
    """As if they had just come in."""
    await house.missed()
    await house.missed(caller=OTHER)
    house.outside.listed += [house.text_from("Call me"), house.text_from("STOP", number=OTHER)]

    found = await restored(house)

    assert (found.replies, found.opt_outs) == (1, 1)
    assert set(house.states("follow_up/%").values()) == {"cancelled"}
    assert house.rows("SELECT reason FROM suppressions") == [{"reason": "opt_out"}]


async def test_a_later_status_of_a_kept_text_breaks_nothing(house):
    """It fails after all: there is no case to tell it in."""
    seen(house, OTHER, "SM9")
    await restored(house)

    failed = TextStatus(
        key="SM9/failed", at=house.clock.now(), state=TextState.FAILED, provider_id="SM9"
    )
    await house.tell(failed, plugin="lister")
    await house.run()

    assert house.texts()[0]["state"] == "failed"
    assert house.rows("SELECT 1 FROM steps") == []
