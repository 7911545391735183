"""Evidence on a number: by command, beside the store."""

from __future__ import annotations

import pytest

from support import deployment as d
from textback.engine.ledger import proof
from textback.store import SQLiteStore, ledger

pytestmark = pytest.mark.slow

CALLER = "+13035550123"
WORDS = "my crown fell out"


@pytest.fixture
async def file(config, textback, rows, http, serving):
    """The evidence on a caller who was texted, wrote, and opted out."""
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await d.until(lambda: len(rows("SELECT 1 FROM texts WHERE state = 'sent'")) == 1)
    await d.post(http, serving.address, "sms", d.text("SM1", CALLER, WORDS))
    await d.post(http, serving.address, "sms", d.text("SM2", CALLER, "STOP"))
    await d.until(lambda: rows("SELECT 1 FROM suppressions"))
    assert await serving.stop() == 0
    await seal(config)
    return await written(config, textback)


async def seal(config):
    store = SQLiteStore(config.parent / "textback.db")
    try:
        await store.write(ledger.seal)
    finally:
        await store.close()


async def written(config, textback, name="evidence.html"):
    path = config.parent / name
    code, _, words = await textback("evidence", CALLER, "--out", str(path))
    assert code == 0, words
    return path


async def verified(textback, path):
    """Exit code and words of a check."""
    code, _, words = await textback("evidence", "--verify", str(path))
    return code, words


async def test_written_checked_and_forgotten(file, config, textback, rows):
    """The head is told; after `forget` the proof holds, the words are gone, the opt-out is not."""
    code, words = await verified(textback, file)
    assert code == 0, words
    assert "bright: holds, up to row" in words

    code, _, words = await textback("forget", CALLER, "--client", "bright")
    assert code == 0, words
    await seal(config)
    path = await written(config, textback, "after.html")

    page = path.read_text(encoding="utf-8")
    everyone, part = proof.read(page)["clients"]
    assert [row["kind"] for row in everyone["ledger"]["rows"]] == ["forgotten"]
    assert part["cases"] == []
    assert [each["reason"] for each in part["suppressions"]] == ["opt_out"]
    assert all(row["content"] is None for row in part["ledger"]["rows"] if row["kind"] == "decided")
    assert "crown" not in page
    assert (await verified(textback, path))[0] == 0
    assert (await verified(textback, file))[0] == 0

    rows("UPDATE ledger SET chain = 'other' WHERE seq = (SELECT max(seq) FROM ledger)")
    code, said = await verified(textback, path)
    assert (code, "the store's chain is another" in said) == (1, True)


async def test_wrong_use(config, textback):
    """In words, with the exit codes of all commands."""
    assert (await textback("evidence"))[0] == 2
    assert (await textback("evidence", "nobody"))[0] == 2
    code, words = await verified(textback, config)
    assert (code, "is no file that `textback evidence` has written" in words) == (1, True)
    code, words = await verified(textback, config.with_name("missing.html"))
    assert (code, "can't be read" in words) == (1, True)
