"""The polling source of the how-to page, run as it stands there."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from support.deployment import LINE, Serving, cases, write
from support.twilio_api import OK, TwilioApi

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "polling-source.md").read_text("utf-8")
(PLUGIN,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
MISSED, ANSWERED, CALLED = "+13035550123", "+13035550124", "+13035550125"


class Pbx:
    """A phone system with a list of calls: one missed, one answered, one that the business made."""

    def __init__(self):
        self.asked = []

    async def start(self):
        """Listen; the address of the list."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}/calls"

    def stop(self):
        self._server.close()

    def calls(self):
        ended_at = datetime.now(UTC).isoformat()
        return [
            {
                "id": f"c-{caller}",
                "ended_at": ended_at,
                "from": caller if direction == "in" else LINE,
                "to": LINE if direction == "in" else caller,
                "direction": direction,
                "answered": answered,
            }
            for caller, direction, answered in (
                (MISSED, "in", False),
                (ANSWERED, "in", True),
                (CALLED, "out", False),
            )
        ]

    async def _serve(self, reader, writer):
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(parse_qs(urlsplit(asked.split(" ")[1]).query))
        content = json.dumps(self.calls()).encode()
        length = f"Content-Length: {len(content)}"
        head = f"HTTP/1.1 200 OK\r\nConnection: close\r\n{length}\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()


@pytest.fixture
async def pbx():
    pbx = Pbx()
    pbx.url = await pbx.start()
    yield pbx
    pbx.stop()


async def test_a_missed_call_in_the_list_is_texted_once(tmp_path, pbx):
    """It is asked again and again; what was told already counts once."""
    texted = asyncio.Event()

    def take(_form):
        texted.set()
        return OK

    provider = TwilioApi(behave=take)
    source = f'[plugins.pbx]\nurl = "{pbx.url}"\npoll_every_s = 0.2\n'
    config = write(tmp_path, await provider.start(), settings='roles = ["sender"]', more=source)
    (tmp_path / "plugins").mkdir(exist_ok=True)
    (tmp_path / "plugins" / "pbx.py").write_text(PLUGIN, encoding="utf-8")
    serving = await Serving.start(config)
    try:
        await asyncio.wait_for(texted.wait(), 20)
        polls = len(pbx.asked)
        while len(pbx.asked) < polls + 2:
            await asyncio.sleep(0.05)
    finally:
        await serving.stop()
        await provider.stop()

    (case,) = await cases(config)
    assert case["end"] == "sent"
    assert [text.to for text in provider.taken] == [MISSED]
    since = [datetime.fromisoformat(query["since"][0]) for query in pbx.asked]
    assert since == sorted(since)
