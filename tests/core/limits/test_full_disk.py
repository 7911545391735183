"""A disk without room: nothing acknowledged is lost, calls ring, and work goes on later."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from support import deployment as d
from support import twilio_api

pytestmark = pytest.mark.slow

SIZE = 6 << 20
HOW = ("file system", "quota")


@pytest.fixture(params=HOW)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Where the store and the log are: a small file system, where we may mount one."""
    if request.param == "quota":
        yield tmp_path
        return
    place = tmp_path / "small"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(folder: Path, serving: d.Serving) -> Callable[[], object]:
    """Leave no room; gives what makes room again."""
    if folder.name == "small":
        ballast = folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                return ballast.unlink
    pid = serving.process.pid
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, hard))  # no file may grow any more
    return lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


async def test_a_full_disk(
    folder: Path, provider: twilio_api.TwilioApi, http: httpx.AsyncClient
) -> None:
    """503, and from memory to who waits on the phone; and when there is room, all goes on."""
    config = d.write(folder, await provider.start())
    serving = await d.Serving.start(config)
    number = 0
    acknowledged: list[str] = []

    async def call() -> int:
        nonlocal number
        number += 1
        caller = f"+1303555{number:04d}"
        answer = await d.post(http, serving.address, "dial", d.missed(f"CA{number}", caller))
        if answer.is_success:
            acknowledged.append(caller)
        return answer.status_code

    assert await call() == 200
    await d.until(lambda: len(provider.taken) == 1)
    make_room = fill(folder, serving)

    async def refused() -> bool:
        return await call() == 503

    await d.until(refused)
    ringing = await d.post(http, serving.address, "voice", d.call("CAvoice", "+13035559999"))
    health = await http.get(f"{serving.address}/healthz")
    ready = await http.get(f"{serving.address}/readyz")
    again = await call()
    make_room()

    assert ringing.status_code == 200
    assert "<Dial" in ringing.text
    assert (health.status_code, ready.status_code, again) == (200, 503, 503)

    async def taken() -> bool:
        return await call() == 200

    await d.until(taken)
    assert (await http.get(f"{serving.address}/readyz")).status_code == 200
    await d.until(lambda: {text.to for text in provider.taken} >= set(acknowledged))
    assert len(provider.taken) == len({text.to for text in provider.taken})
    assert await serving.stop() == 0
    told = [line for line in serving.log.read_text().splitlines() if "make room" in line]
    if folder.name != "small":  # there, the log had no room either
        assert told
    assert "Traceback" not in serving.log.read_text()
    found = {case["caller"]: case["end"] for case in await d.cases(config)}
    assert {found[caller] for caller in acknowledged} == {"sent"}
