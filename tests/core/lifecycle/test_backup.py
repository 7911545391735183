"""A copy made under load, restored elsewhere: paused, told of the time since, nothing twice."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import stat
import sys
from collections import Counter
from pathlib import Path

import pytest

from support import deployment as d
from textback.store import backup

pytestmark = pytest.mark.slow

AFTER, MOST = 8, 70  # calls after the backup, and in all: there are 100 numbers
LATER = "+13035550101"


def caller(number):
    return f"+130355501{20 + number}"


def quick(config: Path, after: str = "1s") -> Path:
    """The follow-up is due at once."""
    file = config.parent / "clients" / "bright.toml"
    file.write_text(file.read_text().replace('after = "2h"', f'after = "{after}"'))
    return config


def select(config, query):
    connection = sqlite3.connect(config.parent / "textback.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def fill(config):
    """Twenty megabytes, so that a copy takes a moment."""
    connection = sqlite3.connect(config.parent / "textback.db")
    with connection:
        connection.executemany(
            "INSERT INTO plugin_state (client, plugin, key, value) VALUES ('x', 'x', ?, ?)",
            [(str(number), "x" * 100_000) for number in range(200)],
        )
    connection.close()


def sound(copy):
    connection = sqlite3.connect(copy)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


async def begin(config, *words):
    """Start a command, and don't wait for its end."""
    program = (sys.executable, "-m", "textback.cli", *words, "--config", str(config))
    return await asyncio.create_subprocess_exec(*program, env=d.environment())


@pytest.fixture
def elsewhere(tmp_path, config):
    """Another machine, with the files and the key of the first."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "clients").mkdir()
    (folder / "textback.toml").write_text(config.read_text())
    return folder / "textback.toml"


def move_files(config, elsewhere):
    for file in (config.parent / "clients").glob("*.toml"):
        (elsewhere.parent / "clients" / file.name).write_text(file.read_text())
    shutil.copytree(config.parent / "plugins", elsewhere.parent / "plugins")


async def test_a_backup_under_load_is_restored_elsewhere_and_nothing_goes_twice(
    config, elsewhere, http, provider, tmp_path
):
    """Calls go on during and after the backup; the providers know what the copy doesn't."""
    quick(config)
    serving = await d.Serving.start(config)
    copy = tmp_path / "copy.db"

    backing_up = asyncio.create_task(d.command(config, "backup", str(copy)))
    calls = 0
    last = None  # the number of calls, once it is known
    while calls != last:
        form = d.missed(f"CA{calls}", caller(calls))
        assert (await d.post(http, serving.address, "dial", form)).is_success
        calls += 1
        if last is None and copy.exists():
            last = min(calls + AFTER, MOST)
        await asyncio.sleep(0.1)
    code, _, words = await backing_up
    assert code == 0, words
    assert "keep them elsewhere, too" in words
    provider.write_in("SMstop", caller(1), d.LINE, "STOP")
    await d.until(lambda: len(provider.taken) == 2 * calls)  # the first text and the follow-up
    await serving.kill()
    move_files(config, elsewhere)

    code, out, words = await d.command(elsewhere, "restore", str(copy), "--json")

    assert code == 0, words
    found = json.loads(out)
    assert found["kept"] >= AFTER  # of calls that the copy has never heard of
    assert found["settled"] > 0  # follow-ups that still wait in it
    assert (found["opt_outs"], found["held"], found["blind"]) == (1, 0, [])
    ((because,),) = select(elsewhere, "SELECT because FROM pauses WHERE client = '*'")
    assert because.startswith("restored from a backup of 2")
    serving = await d.Serving.start(elsewhere)
    for number in range(calls):  # the carrier repeats what it never got an answer to
        form = d.missed(f"CA{number}", caller(number))
        assert (await d.post(http, serving.address, "dial", form)).is_success
    new = d.missed("CAnew", LATER)
    assert (await d.post(http, serving.address, "dial", new)).is_success
    held = f"SELECT 1 FROM cases WHERE number = '{LATER}' AND because LIKE '%paused%'"
    await d.until(lambda: select(elsewhere, held))
    assert len(provider.taken) == 2 * calls

    code, _, words = await d.command(elsewhere, "resume")

    assert code == 0, words
    await d.until(lambda: len(provider.to(LATER)) == 2)  # whoever called since is texted
    waiting = "SELECT 1 FROM steps WHERE state IN ('waiting', 'running') AND name <> 'idle'"
    await d.until(lambda: not select(elsewhere, waiting))
    texts = Counter((text.to, text.body) for text in provider.taken)
    assert len(texts) == 2 * calls + 2
    assert set(texts.values()) == {1}
    stopped = "SELECT count(*) FROM suppressions WHERE reason = 'opt_out'"
    assert select(elsewhere, stopped) == [(1,)]
    assert await serving.stop() == 0


async def test_what_nobody_can_tell_of_is_parked(
    config, elsewhere, textback, http, provider, tmp_path
):
    """A provider that doesn't answer: what was due since waits for a person, even after resume."""
    quick(config, "5s")
    serving = await d.Serving.start(config)
    await d.post(http, serving.address, "dial", d.missed("CA1", caller(1)))
    await d.until(lambda: select(config, "SELECT 1 FROM steps WHERE name = 'follow_up/1'"))
    assert (await textback("backup", str(tmp_path / "copy.db")))[0] == 0
    assert len(provider.taken) == 1
    await d.until(lambda: len(provider.taken) == 2)
    await serving.kill()
    move_files(config, elsewhere)
    await provider.stop()

    code, out, words = await d.command(elsewhere, "restore", str(tmp_path / "copy.db"), "--json")

    assert code == 0, words
    found = json.loads(out)
    assert (found["held"], found["parked"]) == (0, 1)
    assert "twilio didn't tell" in found["blind"][0]
    await d.command(elsewhere, "resume")
    assert select(elsewhere, "SELECT state FROM steps WHERE name = 'follow_up/1'") == [("parked",)]


async def test_a_copy_is_private_whole_and_overwrites_nothing(config, textback, tmp_path):
    """One file, readable by its owner alone."""
    await d.cases(config)  # makes the store
    copy = tmp_path / "copy.db"

    assert (await textback("backup", str(copy)))[0] == 0

    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.glob("copy.db*")] == ["copy.db"]
    code, _, words = await textback("backup", str(copy))
    assert (code, "is there already" in words) == (1, True)


async def test_a_backup_that_is_killed_leaves_nothing_under_its_name(
    config, http, provider, textback, tmp_path
):
    """While calls come in; and the next backup is sound."""
    serving = await d.Serving.start(config)
    fill(config)
    for number in range(3):
        copy = tmp_path / f"copy{number}.db"
        backing_up = await begin(config, "backup", str(copy))
        form = d.missed(f"CA{number}", caller(number))
        assert (await d.post(http, serving.address, "dial", form)).is_success
        await d.until((tmp_path / f"copy{number}.db.part").exists)
        backing_up.kill()
        await backing_up.wait()
        assert not copy.exists() or sound(copy)

    assert (await textback("backup", str(tmp_path / "copy.db")))[0] == 0
    assert sound(tmp_path / "copy.db")
    await serving.kill()


async def test_a_restore_that_is_killed_leaves_the_store_or_the_copy(config, textback, tmp_path):
    """Never nothing: an empty store would have forgotten who opted out."""
    await textback("suppress", "+13035550123")
    fill(config)
    copy = tmp_path / "copy.db"
    assert (await textback("backup", str(copy)))[0] == 0

    restoring = await begin(config, "restore", str(copy), "--force")
    await d.until((config.parent / "textback.db.part").exists)
    restoring.kill()
    await restoring.wait()

    assert select(config, "SELECT count(*) FROM suppressions") == [(1,)]
    code, _, words = await textback("restore", str(copy), "--force")
    assert code == 0, words
    assert select(config, "SELECT count(*) FROM suppressions") == [(1,)]


async def test_a_restore_that_stops_half_way_has_moved_nothing(
    config, textback, tmp_path, monkeypatch
):
    """Between moving the old store aside and putting the new one in its place."""
    await textback("suppress", "+13035550123")
    copy = tmp_path / "copy.db"
    await textback("backup", str(copy))

    def die(part, file):
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_in_place", die)
    with pytest.raises(KeyboardInterrupt):
        backup.put_back(copy, config.parent / "textback.db", "a test", 1)

    assert select(config, "SELECT count(*) FROM suppressions") == [(1,)]


async def test_restore_refuses_what_would_lose_something(config, elsewhere, textback, tmp_path):
    """A store that is there or served, another key, a file that is no copy."""
    await d.cases(config)
    copy = tmp_path / "copy.db"
    await textback("backup", str(copy))

    code, _, words = await textback("restore", str(copy))
    assert (code, "--force" in words) == (1, True)

    serving = await d.Serving.start(config)
    code, _, words = await textback("restore", str(copy), "--force")
    assert (code, "already served by another process" in words) == (1, True)
    assert await serving.stop() == 0

    (tmp_path / "no.db").write_text("this is no database, however long it is" * 100)
    code, _, words = await textback("restore", str(tmp_path / "no.db"), "--force")
    assert (code, "no copy of a store" in words) == (1, True)

    code, _, words = await textback("restore", str(copy), "--force")
    assert code == 0, words
    assert len(list(config.parent.glob("textback.db.before-*"))) == 1

    config.write_text(config.read_text().replace("a key of this test", "another key"))
    code, _, words = await textback("restore", str(copy), "--force")
    assert (code, "store.key is not the one" in words) == (1, True)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("another key of this test, as long", "bring back that key"),
        ("", "bring back that key"),
        ("short", "shorter than"),
    ],
)
async def test_a_store_is_served_with_its_own_key_only(config, textback, key, why):
    """Whoever opted out would be a stranger under another key: nothing works until it is back."""
    serving = await d.Serving.start(config)
    assert await serving.stop() == 0
    before = config.read_text()
    line = f'key = "{key}"' if key else ""
    config.write_text(before.replace('key = "a key of this test, long enough for anyone"', line))
    client = config.parent / "clients" / "bright.toml"
    client.write_text(client.read_text().replace('mode = "live"', 'mode = "shadow"'))

    code, _, words = await d.command(config, "serve")
    assert (code, why in words) == (1, True), words
    code, out, words = await textback("check")
    assert (code, why in out, "0 of 1 client" in words) == (1, True, True), out + words
    if key != "short":
        code, _, words = await textback("suppress", "+13035550123")
        assert (code, why in words) == (1, True), words

    config.write_text(before)
    assert (await textback("suppress", "+13035550123"))[0] == 0
