"""Floods: what the store can't keep up with is refused, and no client uses up another's share."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from support import deployment as d
from support import twilio_api

pytestmark = pytest.mark.slow

OTHER_LINE = "+13035550177"


def caller(number: int) -> str:
    return f"+13035550{200 + number}"


def other(config: Path) -> None:
    """A second client of the same account."""
    bright = (config.parent / "clients" / "bright.toml").read_text()
    (config.parent / "clients" / "acme.toml").write_text(bright.replace(d.LINE, OTHER_LINE))


def limit(config: Path, **limits: object) -> None:
    words = "\n".join(f"{name} = {value}" for name, value in limits.items())
    config.write_text(f"{config.read_text()}[limits]\n{words}\n")


@contextmanager
def held(config: Path) -> Iterator[None]:
    """Another process has the database for itself: nothing can be committed."""
    with closing(sqlite3.connect(config.parent / "textback.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield


async def waiting(http: httpx.AsyncClient, serving: d.Serving, count: int) -> None:
    """Until so many units wait for their commit."""

    async def enough() -> bool:
        told = (await http.get(f"{serving.address}/metrics")).text
        (line,) = [line for line in told.splitlines() if line.startswith("textback_commits_wait")]
        return float(line.split()[1]) >= count

    await d.until(enough)


async def test_a_store_that_is_behind_takes_no_more(
    config: Path, http: httpx.AsyncClient, provider: twilio_api.TwilioApi
) -> None:
    """503 and Retry-After at once; who waits is stored; and who calls is rung all the same."""
    limit(config, commits=6)
    serving = await d.Serving.start(config)
    with held(config):
        sent = [
            asyncio.create_task(
                d.post(http, serving.address, "dial", d.missed(f"CA{n}", caller(n)))
            )
            for n in range(12)
        ]
        await waiting(http, serving, 6)
        await d.until(lambda: any(task.done() for task in sent))

        ringing = await d.post(http, serving.address, "voice", d.call("CA98", caller(98)))
    answers = await asyncio.gather(*sent)

    assert ringing.status_code == 200
    assert "<Dial" in ringing.text
    assert {answer.status_code for answer in answers} == {200, 503}
    assert {a.headers["retry-after"] for a in answers if a.status_code == 503} == {"10"}
    line, *_ = d.lines(serving, "webhook not taken")
    assert "the store is behind" in line["error"]
    for number in range(12):  # again, as the provider does
        while True:
            form = d.missed(f"CA{number}", caller(number))
            if (await d.post(http, serving.address, "dial", form)).is_success:
                break
    await d.until(lambda: len(provider.taken) == 12)
    assert await serving.stop() == 0


async def test_a_flood_of_one_client_is_refused_to_it_alone(
    config: Path, http: httpx.AsyncClient, provider: twilio_api.TwilioApi
) -> None:
    """While as many of its webhooks wait as it may have, the other client's are taken."""
    other(config)
    limit(config, webhooks_of_client=3)
    serving = await d.Serving.start(config)
    with held(config):
        flood = [
            asyncio.create_task(
                d.post(http, serving.address, "dial", d.missed(f"CA{n}", caller(n)))
            )
            for n in range(4)
        ]
        await d.until(lambda: any(task.done() for task in flood))
        form = {**d.missed("CA7", caller(7)), "To": OTHER_LINE, "Called": OTHER_LINE}
        theirs = asyncio.create_task(d.post(http, serving.address, "dial", form, client="acme"))
        await waiting(http, serving, 4)

    answers = await asyncio.gather(*flood)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503]
    assert (await theirs).status_code == 200
    await d.until(lambda: len(provider.taken) == 4)
    assert await serving.stop() == 0
