"""Live from US lines: with a registration, or with a word to the record."""

import json
from datetime import timedelta

import pytest

from support.house import CLIENT
from textback import plugins
from textback.config import load
from textback.engine.starting.check import advice, complete
from textback.store import ledger

LIVE = 'mode = "live"'


async def declared(house):
    rows = await house.runtime.store.read(lambda: ledger.of(CLIENT, "registration"))
    return [json.loads(row["content"]) for row in rows]


@pytest.mark.parametrize(
    ("settings", "refused", "warned"),
    [
        (LIVE, True, True),
        (f"{LIVE}\nunregistered = true", False, True),
        (f'{LIVE}\nregistration.id = "CMP1"', False, False),
        ('mode = "shadow"', False, True),
    ],
)
def test_live_needs_it(closed, settings, refused, warned):
    """Said by `check`, with what to do; a warning comes before that."""
    closed.write(settings=settings)
    config = load(closed.folder / "textback.toml", environ={})
    found = complete(config, closed.outside.plugins()).problems
    assert [each.path for each in found] == ["registration"] * refused
    told = [each.message for _, _, each in advice(config, closed.outside.plugins())]
    assert any("US carriers block texts" in words for words in told) == warned


def test_drift_is_told(closed):
    """`check` compares the sheet that was handed in with what the file says now."""
    (closed.folder / "handed-in.toml").write_text('brand = "Bright Smile"')
    closed.write(settings='registration = { id = "CMP1", sheet = "handed-in.toml" }')
    config = load(closed.folder / "textback.toml", environ={})
    told = [each.message for _, _, each in advice(config, closed.outside.plugins())]
    words = "brand: registered as 'Bright Smile', the file says 'Bright Smile Dental'"
    assert f"not as registered: {words}" in told


async def test_the_ledger_keeps_it(closed):
    """Once for each change, however often it is started."""
    closed.write(settings=f"{LIVE}\nunregistered = true")
    await closed.open()
    await closed.reopen()
    assert await declared(closed) == [{"registration": None, "unregistered": True}]
    await closed.let_pass(timedelta(days=1))
    closed.write(settings=f'{LIVE}\nregistration.id = "CMP1"')
    await closed.reopen()
    assert (await declared(closed))[1:] == [{"registration": "CMP1", "unregistered": False}]


def test_the_simulator_needs_none(closed):
    """What it sends reaches no carrier."""
    closed.write(settings=LIVE, stack="[plugins.simulator]")
    config = load(closed.folder / "textback.toml", environ={})
    assert complete(config, plugins.find(None)).problems == ()
