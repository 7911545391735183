"""Connections that harm: too slow, too large, too many; webhooks go on being answered."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import httpx
import pytest

from support import deployment as d
from support.sockets import connect, pieces, talk

pytestmark = pytest.mark.slow

HOOK = b"POST /hooks/bright/twilio/dial HTTP/1.1\r\nhost: x\r\n"
IDLE = 10_000

SLOW = {
    "says nothing": (pieces(), b""),
    "line ends for ever": (pieces(then=b"\r\n"), b""),
    "a head without an end": (pieces(HOOK), b""),
    "a head, byte by byte": (pieces(HOOK, then=b"x"), b""),
    "header after header": (pieces(HOOK, then=b"x-more: 1\r\n"), b""),
    "a body, byte by byte": (pieces(HOOK, b"content-length: 999\r\n\r\n", then=b"x"), b" 408 "),
    "no body at all": (pieces(HOOK, b"content-length: 999\r\n\r\n"), b" 408 "),
    "chunk after chunk": (
        pieces(HOOK, b"transfer-encoding: chunked\r\n\r\n", then=b"1\r\nx\r\n"),
        b" 408 ",
    ),
    "a body that nobody wants": (
        pieces(b"POST /healthz HTTP/1.1\r\ncontent-length: 999\r\n\r\n", then=b"x"),
        b" 405 ",
    ),
}


async def test_who_sends_too_slowly_is_closed(serving: d.Serving) -> None:
    """Whatever part of a request never comes; all at the same time, as each takes its time."""
    async with asyncio.timeout(60):
        said = await asyncio.gather(*(talk(serving.address, parts) for parts, _ in SLOW.values()))

    for name, (_, status), answer in zip(SLOW, SLOW.values(), said, strict=True):
        assert status in answer.partition(b"\r\n")[0], name


async def test_a_large_body_is_refused_before_it_is_read(serving: d.Serving) -> None:
    """413 when the length is known; and who goes on sending is closed."""
    head = HOOK + b"content-length: 99000000\r\n\r\n"
    sent = 0

    async def body():
        nonlocal sent
        yield head
        while sent < 99_000_000:
            yield b"x" * 65_536
            sent += 65_536

    said = await talk(serving.address, pieces(head))
    assert said.startswith(b"HTTP/1.1 413 ")

    await talk(serving.address, body())
    assert sent < 99_000_000


async def test_a_connection_is_good_again_when_the_rest_has_come(serving: d.Serving) -> None:
    """A large body that was refused, and after it another request on the same connection."""
    large = HOOK + b"content-length: 1500000\r\n\r\n" + b"x" * 1_500_000
    last = b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n"

    async def parts():
        yield large
        await asyncio.sleep(0.5)
        yield last

    said = await talk(serving.address, parts())

    assert said.count(b"HTTP/1.1 ") == 2
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"HTTP/1.1 200 " in said


async def test_a_large_head_is_refused(serving: d.Serving) -> None:
    """431, however fast it comes."""
    said = await talk(serving.address, pieces(HOOK, *[b"x-more: " + b"y" * 8000 + b"\r\n"] * 40))

    assert said.startswith(b"HTTP/1.1 431 ")


def _descriptors(wanted: int) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


async def test_idle_connections_keep_no_webhook_out(
    serving: d.Serving, http: httpx.AsyncClient, config: Path
) -> None:
    """Ten thousand of them, where this machine lets a test open so many."""
    count = min(IDLE, _descriptors(IDLE + 500) - 500)
    writers = []
    for _ in range(count // 100):
        opened = await asyncio.gather(*(connect(serving.address) for _ in range(100)))
        writers += [writer for _, writer in opened]

    response = await d.post(http, serving.address, "dial", d.missed("CA1", "+13035550123"))

    assert len(writers) == count // 100 * 100
    assert response.status_code == 200
    for writer in writers:
        writer.close()


async def test_who_waits_longest_makes_room(config: Path, http: httpx.AsyncClient) -> None:
    """More idle connections than there are places: the first are closed, a webhook is answered."""
    config.write_text(config.read_text() + "[limits]\nconnections = 20\n")
    serving = await d.Serving.start(config)
    opened = [await connect(serving.address) for _ in range(30)]

    response = await d.post(http, serving.address, "dial", d.missed("CA1", "+13035550123"))

    assert response.status_code == 200
    assert await opened[0][0].read() == b""
    reader, writer = opened[-1]
    writer.write(b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    for _, writer in opened:
        writer.close()
    assert await serving.stop() == 0


@pytest.mark.parametrize(("soft", "hard", "raised"), [(256, 20_000, True), (256, 2_000, False)])
async def test_as_many_files_may_be_open_as_the_machine_permits(
    config: Path, http: httpx.AsyncClient, soft: int, hard: int, raised: bool
) -> None:
    """The soft limit is raised; where the hard one is too low, the log says what to do."""
    if _descriptors(hard) < hard:
        pytest.skip("this machine permits fewer open files")
    serving = await d.Serving.spawn(
        config, first=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    )
    await serving.ready()

    limits = Path(f"/proc/{serving.process.pid}/limits")
    if limits.exists():
        (line,) = [line for line in limits.read_text().splitlines() if "open files" in line]
        assert int(line.split()[3]) == (16_200 if raised else 2_000)
    assert ("raise the hard limit of open files" in serving.log.read_text()) is not raised
    assert (await http.get(f"{serving.address}/healthz")).status_code == 200
    assert await serving.stop() == 0
