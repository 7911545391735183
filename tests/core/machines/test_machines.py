"""Two processes that serve and two that work, on one database: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from support import deployment as d
from support.deployment import until
from support.twilio_api import OK

pytestmark = pytest.mark.slow

WITHIN_S = 60.0  # only ends a test that fails


def caller(number: int) -> str:
    """A number that nobody has."""
    return f"+1303556{number:04d}"


@pytest.mark.parametrize("queue", ["pgqueuer", "notify"])
async def test_one_text_a_call_though_a_worker_dies(site, queue) -> None:
    """Webhooks come to both, some of them twice; the worker that holds the cases is killed."""
    (site.folder / "hang").touch()
    await site.begin(serves=2, workers=2, queue=queue)
    await until(site.on_duty, WITHIN_S)
    callers = [caller(number) for number in range(12)]

    answers = await asyncio.gather(
        *(
            site.post(at, "dial", d.missed(f"CA{number:032x}", who))
            for number, who in enumerate(callers)
            for at in ([0, 1] if number % 3 == 0 else [number % 2])
        )
    )
    assert set(answers) == {200}
    await until(lambda: len(site.api.taken) >= len(callers), WITHIN_S)
    await until(lambda: _running(site, len(callers)), WITHIN_S)

    await site.kill(await site.holder())
    killed = time.monotonic()
    (site.folder / "hang").unlink()
    await until(lambda: _done(site, len(callers)), WITHIN_S)
    sys.stdout.write(f"\n{queue}: all went on {time.monotonic() - killed:.1f} s after a kill -9\n")

    assert site.texted() == callers
    assert await site.states("text/1") == ["done"] * len(callers)
    ends = {case["caller"]: case["end"] for case in await d.cases(site.config)}
    assert ends == dict.fromkeys(callers, "sent")
    assert len((await site.psql("SELECT seq FROM ledger WHERE kind = 'sent'")).split()) == 12


async def _running(site, count: int) -> bool:
    """The texts are out, and known to be: one between request and receipt would be unsure."""
    return (
        await site.states("lead/slow") == ["running"] * count
        and await site.states("text/1") == ["done"] * count
    )


async def _done(site, count: int) -> bool:
    return await site.states("lead/slow") == ["done"] * count


async def _waits(site) -> bool:
    return await site.states("follow_up/1") == ["waiting"]


async def test_the_duty_moves_when_its_holder_dies(site) -> None:
    """Timers, the seal and held connections go on in the other; so they do after a restart."""
    await site.begin(serves=1, workers=2)
    await until(site.on_duty, WITHIN_S)
    first = await site.on_duty()
    listening = site.folder / "listening"
    await until(listening.exists, WITHIN_S)
    assert await site.post(0, "dial", d.missed("CA1", caller(1))) == 200
    await until(lambda: site.texted() == [caller(1)], WITHIN_S)
    await until(lambda: _waits(site), WITHIN_S)  # else its text may be unsure, and nothing follows

    await site.kill(first)
    killed = time.monotonic()
    await until(lambda: _other(site, first), WITHIN_S)
    sys.stdout.write(f"\nthe duty moved {time.monotonic() - killed:.1f} s after a kill -9\n")
    await site.psql("UPDATE steps SET due_at = 1 WHERE name = 'follow_up/1'")
    await until(lambda: site.texted() == [caller(1)] * 2, WITHIN_S)
    await until(lambda: listening.read_text().count("x") == 2, WITHIN_S)
    await until(lambda: _sealed(site), WITHIN_S)

    site.workers.append(await site.worker())  # one after the other is replaced
    left = next(each for each in site.workers if each.process.returncode is None)
    assert await left.stop() == 0
    assert await site.post(0, "dial", d.missed("CA2", caller(2))) == 200
    await until(lambda: site.texted() == [caller(1), caller(1), caller(2)], WITHIN_S)
    site.serves.append(await d.Serving.start(site.config))
    assert await site.serves[0].stop() == 0
    assert await site.post(1, "dial", d.missed("CA3", caller(3))) == 200
    await until(lambda: len(site.api.taken) == 4, WITHIN_S)


async def _other(site, first: int) -> bool:
    return await site.on_duty() not in (None, first)


async def _sealed(site) -> bool:
    return await site.psql("SELECT count(*) FROM ledger WHERE seq IS NULL") == "0"


@pytest.mark.parametrize("queue", ["pgqueuer", "notify"])
async def test_the_server_dies_and_comes_back(site, queue) -> None:
    """Webhooks get 503 meanwhile; then all go on by themselves, with all that was answered 2xx."""
    waiting = asyncio.Event()

    def behave(form: dict[str, str]) -> str:
        waiting.set()
        return OK

    site.api.behave = behave
    (site.folder / "hang").touch()
    await site.begin(serves=2, workers=2, queue=queue)
    assert await site.post(0, "dial", d.missed("CA1", caller(1))) == 200
    await waiting.wait()

    await asyncio.to_thread(site.server.kill)
    assert await site.post(0, "dial", d.missed("CA2", caller(2))) == 503
    assert await site.post(1, "dial", d.missed("CA2", caller(2))) == 503
    (site.folder / "hang").unlink()
    await asyncio.to_thread(site.server.start)
    began = time.monotonic()
    await until(lambda: _takes(site, 1, d.missed("CA2", caller(2))), WITHIN_S)
    await until(lambda: site.texted() == [caller(1), caller(2)], WITHIN_S)
    await until(lambda: _done(site, 2), WITHIN_S)
    sys.stdout.write(f"\n{queue}: all went on {time.monotonic() - began:.1f} s after its start\n")

    assert await site.post(0, "dial", d.missed("CA2", caller(2))) == 200
    await until(site.on_duty, WITHIN_S)
    await until(lambda: _sealed(site), WITHIN_S)
    assert site.texted() == [caller(1), caller(2)]
    assert {case["end"] for case in await d.cases(site.config)} == {"sent"}


async def test_a_worker_tells_how_it_is(site) -> None:
    """Its health, whoever blocks it, and what it counts, though the server is away."""
    (site.folder / "block").touch()
    await site.begin(serves=1, workers=0)
    worker = await site.worker("--admin-listen", "127.0.0.1:0")
    site.workers.append(worker)

    async def ask(path: str) -> tuple[int, str]:
        answer = await site.http.get(f"{worker.address}{path}")
        return answer.status_code, answer.text

    assert await site.post(0, "dial", d.missed("CA1", caller(1))) == 200
    await until(lambda: _done(site, 1), WITHIN_S)
    assert await ask("/readyz") == (200, "ready\n")
    counted = (await ask("/metrics"))[1]
    assert 'textback_loop_blocked_seconds_count{hook="save_contact",plugin="slow"} 1.0' in counted
    assert 'textback_steps{state="waiting"}' in counted

    await asyncio.to_thread(site.server.kill)
    assert await ask("/healthz") == (200, "ok\n")
    assert (await ask("/readyz"))[0] == 503
    status, counted = await ask("/metrics")
    assert (status, "textback_steps{" in counted) == (200, False)
    assert "textback_missed_calls_total" in counted
    await asyncio.to_thread(site.server.start)

    async def ready() -> bool:
        return (await ask("/readyz"))[0] == 200

    await until(ready, WITHIN_S)


async def test_a_step_of_a_newer_version_waits_for_it(site) -> None:
    """The old worker leaves it as it is; with no version left that knows it, people see it."""
    await site.begin(serves=1, workers=1)
    newer = [str(Path(__file__).with_name("newer.py"))]
    assert await site.post(0, "dial", d.missed("CA1", caller(1))) == 200
    await until(lambda: site.texted() == [caller(1)], WITHIN_S)
    site.workers.append(await d.Serving.start(site.config, command="worker", program=newer))
    await site.psql(ADD_WAVES)

    await until(lambda: _waves(site, "done"), WITHIN_S)

    assert await site.workers.pop().stop() == 0
    await site.psql("UPDATE steps SET state = 'waiting', due_at = 1 WHERE name = 'wave'")
    await until(lambda: _waves(site, "parked"), WITHIN_S)
    (case,) = await d.cases(site.config)
    (wave,) = [step for step in case["steps"] if step["name"] == "wave"]
    assert "has no step wave" in wave["error"]


ADD_WAVES = """
INSERT INTO steps (client, subject, name, state, due_at, attempts, detail, updated_at)
SELECT client, 'case/' || case_id, 'wave', 'waiting', 1, 0, '{}', 1 FROM cases
"""


async def _waves(site, state: str) -> bool:
    return await site.states("wave") == [state]


async def test_nobody_works(site) -> None:
    """Webhooks are taken all the same; `check` says what is missing, and a worker does it all."""
    await site.begin(serves=1, workers=0)
    assert await site.post(0, "dial", d.missed("CA1", caller(1))) == 200

    code, out, _ = await d.command(site.config, "check")

    assert code == 1
    assert "nobody works on them; start: textback worker" in out
    assert "a-password" not in out
    assert not site.api.taken
    site.workers.append(await site.worker())
    await until(lambda: site.texted() == [caller(1)], WITHIN_S)


async def test_one_process_may_do_both(site) -> None:
    """With --work; and commands are the same as with a file."""
    await site.begin(serves=0, workers=0)
    site.serves.append(await d.Serving.start(site.config, "--work"))
    assert await site.post(0, "dial", d.missed("CA1", caller(1))) == 200
    await until(lambda: site.texted() == [caller(1)], WITHIN_S)
    (case,) = await d.cases(site.config)
    number = caller(1)

    answers = await asyncio.gather(
        d.command(site.config, "why", case["case"]),
        d.command(site.config, "reply", case["case"], "We are back"),
        d.command(site.config, "evidence", number, "--out", str(site.folder / "proof.html")),
        d.command(site.config, "what-if", "--since", "1d", "--with", str(site.folder), "--json"),
        d.command(site.config, "prune", "--dry-run"),
        d.command(site.config, "retry"),
        d.command(site.config, "migrate"),
        d.command(site.config, "check"),
        d.command(site.config, "backup", str(site.folder / "copy.db")),
    )

    *fine, (refused, _, words) = answers
    assert [code for code, _, _ in fine] == [0] * len(fine), fine
    assert refused == 1
    assert "pg_dump" in words
    await until(lambda: site.texted() == [number] * 2, WITHIN_S)
    code, _, words = await d.command(site.config, "forget", number, "--client", "bright")
    assert code == 0, words
    assert await site.psql(f"SELECT count(*) FROM texts WHERE number = '{number}'") == "0"
    assert "a-password" not in site.log + words


async def _takes(site, at: int, form: dict[str, str]) -> bool:
    return await site.post(at, "dial", form) == 200
