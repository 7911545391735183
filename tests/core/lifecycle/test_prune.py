"""What is older than its time goes, class by class, beside a running engine."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from functools import partial

import pytest

from support import deployment as d
from textback.clock import SystemClock, micros
from textback.config.settings import Retention
from textback.engine.upkeep.pruning import prune
from textback.store import SQLiteStore, bookings, consents, contacts, ledger, pruning
from textback.store import suppressions as suppressed

pytestmark = pytest.mark.slow

CALLER = "+13035550123"


async def one_case(config, http, rows):
    """A call, its text, a reply; the case is closed."""
    serving = await d.Serving.start(config)
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await d.post(http, serving.address, "sms", d.text("SM1", CALLER, "call me"))
    async with asyncio.timeout(20):
        while not rows("SELECT 1 FROM contact_log WHERE entry LIKE '%call me%'"):
            await asyncio.sleep(0.02)
    ((case,),) = rows("SELECT case_id FROM cases")
    await d.command(config, "close", case)
    await serving.stop()


async def pruned(config, after):
    """Prune as if that much time had passed; what was deleted."""
    store = SQLiteStore(config.parent / "textback.db")
    try:
        now = micros(SystemClock().now() + after)
        done = await prune(store, Retention(), now)
        proof = await store.read(partial(ledger.verify, "bright"))
        assert proof.broken is None
        return {each.what: each.count for each in done if each.count}
    finally:
        await store.close()


async def test_each_class_goes_at_its_time(config, http, rows):
    """A month, three months, five years; the chain of the ledger holds all the time."""
    await one_case(config, http, rows)

    assert await pruned(config, timedelta(days=29)) == {}
    assert set(await pruned(config, timedelta(days=31))) == {"raw events"}
    assert rows("SELECT count(*) FROM inbox") == [(0,)]
    assert rows("SELECT count(*) FROM texts WHERE body <> ''") == [(2,)]

    bodies = await pruned(config, timedelta(days=91))
    assert bodies["bodies of texts"] == 2
    assert bodies["bodies in contacts' logs"] == 2
    assert rows("SELECT count(*) FROM texts WHERE body <> ''") == [(0,)]
    assert rows("SELECT count(*) FROM contact_log") == [(3,)]
    assert rows("SELECT name FROM contacts WHERE created_at IS NOT NULL") == [(None,)]

    evidence = await pruned(config, timedelta(days=1826))
    assert evidence["closed cases"] == 1
    assert evidence["ledger contents"] > 2
    for table in ("cases", "calls", "texts", "steps", "subjects"):
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)], table


async def test_portions_find_everything(tmp_path, monkeypatch):
    """A table of many portions is gone through once."""
    from textback.store import open_embedded

    monkeypatch.setattr(pruning, "AT_A_TIME", 3)
    store = open_embedded(tmp_path / "textback.db")
    for number in range(10):
        row = partial(suppressed.add, "bright", None, f"hash{number}", "opt_out", "", number)
        await store.write(row)
        log = partial(contacts.log, "bright", CALLER, f"key{number}", 0, {"body": "x", "kind": "a"})
        await store.write(log)

    done = await prune(store, Retention(), 10 * 365 * 86_400_000_000 + 7)

    counts = {each.what: each.count for each in done if each.count}
    assert counts == {"suppressions": 7, "bodies in contacts' logs": 10}
    assert await store.read(partial(contacts.entries, "bright", CALLER)) == [{"kind": "a"}] * 10
    await store.close()


async def test_appointments(tmp_path):
    """They go five years after they were to be, whoever booked."""
    from textback.store import open_embedded

    store = open_embedded(tmp_path / "textback.db")
    for number in range(3):
        made = bookings.Appointment(
            client="bright", plugin="calcom", booking=f"B{number}", starts_at=number
        )
        await store.write(partial(bookings.known, "bright", "calcom", [made.booking]))
        await store.write(partial(bookings.keep, made))

    done = await prune(store, Retention(), Retention().evidence // timedelta(microseconds=1) + 2)

    assert {each.what: each.count for each in done if each.count} == {"appointments": 2}
    await store.close()


async def test_consents(tmp_path):
    """They go with the evidence; that they were withdrawn stays as long as an opt-out."""
    from textback.store import open_embedded

    store = open_embedded(tmp_path / "textback.db")
    await store.write(partial(consents.put, "bright", "hash1", "form", 0, "a form"))
    await store.write(partial(consents.withdraw, "bright", "hash1", 0))
    for kept_for, what in (
        (Retention().evidence, "consents"),
        (Retention().suppressions, "withdrawals of consent"),
    ):
        done = await prune(store, Retention(), kept_for // timedelta(microseconds=1) + 1)
        assert {each.what: each.count for each in done if each.count} == {what: 1}
    await store.close()


async def test_the_command_tells_what_it_deleted(config, textback, rows, http, serving):
    """With the file's own times, beside `serve`; --dry-run deletes nothing."""
    with config.open("a") as file:
        file.write('[retention]\nraw_events = "1d"\n')
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    rows("UPDATE inbox SET received_at = 1")  # long ago
    before = rows("SELECT count(*) FROM inbox")

    code, out, _ = await textback("prune", "--dry-run", "--json")
    assert code == 0
    assert json.loads(out.splitlines()[0])["count"] == before[0][0] > 0
    assert rows("SELECT count(*) FROM inbox") == before

    code, _, words = await textback("prune")
    assert code == 0
    assert f"raw events: {before[0][0]} deleted, older than 1d" in words
    assert "suppressions: 0 deleted, older than 3650d" in words
    assert rows("SELECT count(*) FROM inbox") == [(0,)]
