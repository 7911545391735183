"""Towards a CRM: what it may decline, and what it is handed to do its work with."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from support.house import CLIENT, House
from support.outside import Plugin
from textback.hookspecs import hookimpl
from textback.model import CrmRef, Lead

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


async def opened(house: House) -> Any:
    """The plugin of a house that has it."""
    house.outside.others["deals"] = Deals
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
