"""A process beside the engine's that commits a STOP of each number; it says when it is ready.

python tests/support/stops.py FOLDER TIME NUMBER...
"""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.outside import Outside
from textback.config import load
from textback.engine.accept import accept
from textback.engine.runtime import open_runtime
from textback.events import TextReceived
from textback.testing.clock import VirtualClock

AT_ONCE = 4  # so that the two processes' commits alternate


async def stop_all(folder: Path, at: datetime, numbers: list[str]) -> None:
    """Wait for a line, then commit."""
    config = load(folder / "textback.toml", environ={})
    (client,) = config.clients.values()
    random.shuffle(numbers)
    async with open_runtime(
        config, clock=VirtualClock(at), found=Outside().plugins(), alone=False
    ) as runtime:
        stack = await runtime.ctx.stack(client.id)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for start in range(0, len(numbers), AT_ONCE):
            stops = [_stop(number, client.lines[0], at) for number in numbers[start:][:AT_ONCE]]
            await asyncio.gather(
                *(accept(runtime.ctx, client, stack, "carrier", [stop], at) for stop in stops)
            )


def _stop(number: str, line: str, at: datetime) -> TextReceived:
    return TextReceived(key=f"STOP{number}", at=at, number=number, line=line, body="STOP")


if __name__ == "__main__":
    asyncio.run(stop_all(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), sys.argv[3:]))
