"""A business takes its data and leaves."""

from __future__ import annotations

import asyncio
import hashlib
import json
import stat
import zipfile

import pytest

from support import deployment as d

pytestmark = pytest.mark.slow

CALLER = "+13035550123"


async def a_case(http, serving, rows):
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await d.until(lambda: rows("SELECT 1 FROM steps WHERE name = 'follow_up/1'"))


async def test_everything_of_a_client_is_exported_and_no_secret(
    config, textback, rows, http, serving
):
    """JSON lines in a private zip; its ledger can be checked by anybody."""
    await a_case(http, serving, rows)
    await d.post(http, serving.address, "sms", d.text("SM1", CALLER, "STOP"))
    await d.until(lambda: rows("SELECT 1 FROM suppressions"))
    await serving.stop()
    file = config.parent / "bright.zip"

    code, _, words = await textback("clients", "export", "bright", str(file))

    assert code == 0, words
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as zipped:
        assert d.TOKEN.encode() not in b"".join(zipped.read(name) for name in zipped.namelist())
        data = {
            name.removesuffix(".jsonl"): [json.loads(line) for line in zipped.open(name)]
            for name in zipped.namelist()
            if name.endswith(".jsonl")
        }
        about = json.loads(zipped.read("about.json"))
    assert about["rows"] == {name: len(lines) for name, lines in data.items()}
    assert [case["number"] for case in data["cases"]] == [CALLER]
    assert {text["direction"] for text in data["texts"]} == {"out", "in"}
    assert [each["reason"] for each in data["suppressions"]] == ["opt_out"]
    assert data["contacts"][0]["stage"] == "new-lead"
    for row in data["ledger"]:
        salted = f"{row['salt']}:{row['content']}".encode()
        assert hashlib.sha256(salted).hexdigest() == row["digest"]
    for table in ("cases", "calls", "texts", "steps", "ledger", "inbox"):
        stored = rows(f"SELECT count(*) FROM {table} WHERE client = 'bright'")
        assert stored == [(len(data[table]),)], table


async def test_a_retired_client_is_texted_for_no_more(
    config, textback, rows, http, serving, provider
):
    """Beside a running engine: what waits is cancelled, and webhooks get 410 within a second."""
    await a_case(http, serving, rows)

    code, _, words = await textback("clients", "retire", "bright")

    assert code == 0, words
    assert "bright is retired: 1 case closed" in words
    assert "clients/bright.toml may be removed" in words
    assert rows("SELECT count(*) FROM steps WHERE state IN ('waiting', 'running')") == [(0,)]
    assert rows("SELECT closed_because FROM cases") == [("the client is retired",)]
    assert rows("SELECT count(*) FROM ledger WHERE kind = 'retired'") == [(1,)]
    number = 1
    async with asyncio.timeout(20):
        while True:
            number += 1
            form = d.missed(f"CA{number}", f"+130355501{number:02d}")
            answer = await d.post(http, serving.address, "dial", form)
            if answer.status_code == 410:
                break
            await asyncio.sleep(0.1)
    await d.until(lambda: not rows("SELECT 1 FROM cases WHERE closed_at IS NULL"))
    assert len(provider.taken) == 1
    code, _, words = await textback("resume", "--client", "bright")
    assert (code, "is retired" in words) == (1, True)


async def test_its_file_may_go_and_it_may_come_back(config, textback, rows, http, provider):
    """After a restart, too; --undo takes it back."""
    serving = await d.Serving.start(config)
    await a_case(http, serving, rows)
    await serving.stop()
    await textback("clients", "retire", "bright")
    code, _, words = await textback("clients", "retire", "bright")
    assert (code, "was retired already" in words) == (0, True)
    serving = await d.Serving.start(config)
    form = d.missed("CA2", "+13035550124")
    assert (await d.post(http, serving.address, "dial", form)).status_code == 410

    assert (await textback("clients", "retire", "bright", "--undo"))[0] == 0

    async with asyncio.timeout(20):
        while (await d.post(http, serving.address, "dial", form)).status_code == 410:
            await asyncio.sleep(0.1)
    await d.until(lambda: provider.to("+13035550124"))
    await serving.stop()
    await textback("clients", "retire", "bright")
    (config.parent / "clients" / "bright.toml").unlink()
    file = config.parent / "gone.zip"
    assert (await textback("clients", "export", "bright", str(file)))[0] == 0
    assert file.exists()


async def test_a_client_that_nobody_knows_is_told(config, textback):
    """With the names that there are."""
    for words in (("retire", "brihgt"), ("export", "brihgt", "x.zip")):
        code, _, said = await textback("clients", *words)
        assert (code, "there are: bright" in said) == (1, True)
