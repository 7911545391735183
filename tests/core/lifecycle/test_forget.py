"""A person who asks for it is forgotten: in the tables, in the file, and the proofs still hold."""

from __future__ import annotations

import asyncio
import json

import pytest

from support import deployment as d
from textback.store import SQLiteStore, ledger

pytestmark = pytest.mark.slow

CALLER = "+13035550123"
OTHER = "+13035550124"
NAME = "Wilhelmina Unforgettable"
WORDS = "my crown fell out at the wedding"


async def until(rows, query, within_s=20.0):
    async with asyncio.timeout(within_s):
        while not rows(query):
            await asyncio.sleep(0.02)


async def conversation(config, textback, rows, http, serving, caller, name=NAME, words=WORDS):
    """A call from somebody who is known, a text, an answer."""
    file = config.parent / "people.csv"
    file.write_text(f"number,name,fields.note\n{caller},{name},{name}'s note\n")
    await textback("contacts", "--client", "bright", "import", str(file))
    file.unlink()
    call = f"CA{caller[-2:]}"
    assert (await d.post(http, serving.address, "dial", d.missed(call, caller))).is_success
    sent = f"SELECT 1 FROM texts WHERE number = '{caller}' AND state = 'sent'"
    await until(rows, sent)
    assert (
        await d.post(http, serving.address, "sms", d.text(f"SM{caller[-2:]}", caller, words))
    ).is_success
    logged = f"SELECT 1 FROM contact_log WHERE number = '{caller}' AND entry LIKE '%{words}%'"
    await until(rows, logged)


def on_disk(config):
    """All that the store's files hold."""
    return b"".join(file.read_bytes() for file in config.parent.glob("textback.db*"))


async def proof(config):
    store = SQLiteStore(config.parent / "textback.db")
    try:
        await store.write(ledger.seal)
        return await store.read(lambda: ledger.verify("bright"))
    finally:
        await store.close()


async def test_nothing_of_a_person_is_left_in_the_file(
    config, textback, rows, http, serving, provider
):
    """Beside a running engine: neither number, name nor words; another caller keeps everything."""
    await conversation(config, textback, rows, http, serving, CALLER)
    await conversation(config, textback, rows, http, serving, OTHER, "Bert Example", "ring me")
    assert WORDS.encode() in on_disk(config)
    cases = rows("SELECT count(*) FROM cases")

    code, out, words = await d.command(config, "forget", CALLER, "--client", "bright", "--json")

    assert code == 0, words
    done = json.loads(out.splitlines()[0])
    assert (done["client"], done["cases"], done["calls"]) == ("bright", 1, 1)
    assert done["elsewhere"] == ["twilio may hold calls, texts; erase them there"]
    left = on_disk(config)
    for said in (CALLER[1:], "3035550123", NAME, "Wilhelmina", WORDS):
        assert said.encode() not in left, said
    assert b"Bert Example" in left
    assert b"ring me" in left
    assert rows("SELECT count(*) FROM cases") == cases
    assert rows("SELECT count(*) FROM cases WHERE number IS NULL AND closed_at IS NULL") == [(0,)]
    assert (await proof(config)).broken is None
    assert await serving.stop() == 0
    assert CALLER[1:].encode() not in on_disk(config)


async def test_what_waited_is_cancelled_and_the_story_can_be_told(
    config, textback, rows, http, serving
):
    """No follow-up goes to somebody who is forgotten, and `why` says what can still be said."""
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await until(rows, "SELECT 1 FROM steps WHERE name = 'follow_up/1'")
    ((case,),) = rows("SELECT case_id FROM cases")

    await d.command(config, "forget", CALLER, "--client", "bright")

    assert rows("SELECT state FROM steps WHERE name = 'follow_up/1'") == [("cancelled",)]
    assert rows("SELECT count(*) FROM steps WHERE due_at IS NOT NULL") == [(0,)]
    code, out, words = await textback("why", case)
    assert code == 0, words
    assert "the content was erased" in out
    assert CALLER[-4:] not in out


async def test_an_opt_out_outlives_the_number(config, textback, rows, http, serving, provider):
    """It is known by its keyed hash: the next call is not texted."""
    await conversation(config, textback, rows, http, serving, CALLER)
    await d.post(http, serving.address, "sms", d.text("SM2", CALLER, "STOP"))
    await until(rows, "SELECT 1 FROM suppressions")
    before = len(provider.to(CALLER))

    code, out, _ = await d.command(config, "forget", CALLER, "--all-clients", "--json")

    assert code == 0
    assert json.loads(out.splitlines()[0])["suppressions"] == 1
    assert rows("SELECT number, evidence FROM suppressions") == [(None, "")]
    await d.post(http, serving.address, "dial", d.missed("CA2", CALLER))
    await until(rows, f"SELECT 1 FROM cases WHERE number = '{CALLER}' AND end_state IS NOT NULL")
    query = f"SELECT end_state, because FROM cases WHERE number = '{CALLER}'"
    ((end, because),) = rows(query)
    assert (end, len(provider.to(CALLER))) == ("suppressed", before)
    assert "opted out" in because


async def test_a_repeated_webhook_of_a_forgotten_call_is_still_known(
    config, rows, http, serving, provider
):
    """The event's key stays, so that a carrier's repetition is no new call."""
    form = d.missed("CA1", CALLER)
    await d.post(http, serving.address, "dial", form)
    await until(rows, "SELECT 1 FROM texts WHERE state = 'sent'")
    await d.command(config, "forget", CALLER, "--client", "bright")

    assert (await d.post(http, serving.address, "dial", form)).is_success

    assert rows("SELECT count(*) FROM calls WHERE caller IS NOT NULL") == [(0,)]
    assert len(provider.taken) == 1


async def test_where_must_be_said(textback):
    """One client or all; a client that nobody knows is told."""
    assert (await textback("forget", CALLER))[0] == 2
    assert (await textback("forget", CALLER, "--client", "bright", "--all-clients"))[0] == 2
    code, _, words = await textback("forget", CALLER, "--client", "brihgt")
    assert (code, "no client" in words) == (1, True)
