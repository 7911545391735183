"""Towards a CRM: what it may decline, and what it is handed to do its work with."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from support.house import CLIENT, House
from support.outside import Plugin
from textback.errors import ProviderError, Refused
from textback.hookspecs import hookimpl
from textback.model import Activity, CrmRef, Lead, Outcome

STACK = """
[plugins.phones]
[plugins.carrier]
[plugins.deals]
[[lead]]
when = { outcome = "busy" }
stage = "New"
[[lead]]
tag = "missed"
"""


class Deals(Plugin):
    """A CRM that makes a deal of leads with a stage."""

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        return CrmRef("contact")

    @hookimpl
    async def save_deal(self, ref: CrmRef, lead: Lead, key: str) -> CrmRef | None:
        return CrmRef("deal") if lead.stage else None


class Logging(Deals):
    """A CRM that also keeps activities; says in which order things were asked of it."""

    asked: ClassVar[list[str]]
    fails: ClassVar[list[ProviderError]]

    @hookimpl
    async def save_deal(self, ref: CrmRef, lead: Lead, key: str) -> CrmRef | None:
        await asyncio.sleep(0)  # others have their turn
        self.asked.append("deal")
        if self.fails:
            raise self.fails.pop()
        return CrmRef("deal")

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        self.asked.append(key.rpartition("/log/deals/")[2])


@pytest.fixture
def logging(closed: House) -> type[Logging]:
    """That CRM, for a house that is not open yet."""

    class Fresh(Logging):
        asked: ClassVar[list[str]] = []
        fails: ClassVar[list[ProviderError]] = []

    closed.outside.others["deals"] = Fresh
    return Fresh


async def opened(house: House) -> Any:
    """The plugin of a house that has it."""
    house.outside.others.setdefault("deals", Deals)
    house.write(stack=STACK, more="")
    await house.open()
    return (await house.runtime.ctx.stack(CLIENT)).plugin("deals")


async def test_a_lead_may_get_no_deal(closed: House) -> None:
    """The step is done all the same, and says why nothing was made."""
    await opened(closed)
    await closed.missed()

    (step,) = closed.rows("SELECT state, result FROM steps WHERE name = 'deal/deals'")
    assert step["state"] == "done"
    assert "makes no deal" in step["result"]
    assert closed.rows("SELECT ref FROM crm_refs WHERE kind = 'deal'") == []


async def test_what_is_logged_comes_after_the_deal(closed: House, logging: type[Logging]) -> None:
    """So that the CRM can show the first call and the first text with the deal, too."""
    await opened(closed)
    await closed.missed(outcome=Outcome.BUSY)
    assert logging.asked[0] == "deal"
    assert sorted(logging.asked[1:]) == ["call/1", "text/1"]
    await closed.write_in("Hello?")
    assert logging.asked[3:] == ["reply/1"]


@pytest.mark.parametrize("permanent", [True, False])
async def test_a_deal_that_fails_holds_up_nothing(
    closed: House, logging: type[Logging], permanent: bool
) -> None:
    """Parked for its stage, or tried again for hours: calls and texts are logged all the same."""
    logging.fails += [Refused("no such stage", permanent=permanent) for _ in range(3)]
    await opened(closed)
    await closed.missed(outcome=Outcome.BUSY)
    assert logging.asked[0] == "deal"
    assert sorted(logging.asked[1:]) == ["call/1", "text/1"]
    await closed.let_pass(timedelta(hours=1))
    deals = 1 if permanent else 4
    assert sorted(logging.asked) == ["call/1", *["deal"] * deals, "text/1"]
    assert set(closed.states("log/%").values()) == {"done"}


async def test_a_case_of_an_older_version_waits_for_no_deal(
    closed: House, logging: type[Logging]
) -> None:
    """Its steps were to come after the contact, and nothing would bring them forward later."""
    await opened(closed)
    await closed.missed(outcome=Outcome.BUSY)
    closed.change("UPDATE steps SET state = 'waiting' WHERE name = 'deal/deals'")
    closed.change(
        "UPDATE steps SET state = 'waiting', due_at = 0, after = 'lead/deals'"
        " WHERE name = 'log/deals/call/1'"
    )
    logging.asked.clear()
    await closed.run()
    assert logging.asked == ["call/1"]


async def test_a_plugin_knows_which_leads_will_come(closed: House) -> None:
    """So that its check can look whether their stages and fields exist."""
    plugin = await opened(closed)

    assert [(rule.stage, rule.tag) for rule in plugin.services.leads] == [
        ("New", None),
        (None, "missed"),
    ]


async def test_sdks_that_hang_hold_up_nobody_else(closed: House) -> None:
    """They wait in threads of their own: names are still resolved in those of the event loop."""
    plugin = await opened(closed)
    all_there = threading.Barrier(51)
    hanging = [plugin.services.in_thread(all_there.wait, 5) for _ in range(50)]
    await asyncio.gather(*hanging, asyncio.to_thread(all_there.wait, 5))
