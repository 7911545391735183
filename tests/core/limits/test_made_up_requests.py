"""Requests that anybody may make up, to every address: no 5xx, no traceback, no secret in answers.

More of them: ``--hypothesis-profile long``.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import deployment as d
from support import twilio_api

pytestmark = pytest.mark.slow

PATHS = (
    "/", "/healthz", "/readyz", "/metrics", "/hooks", "/hooks/", "/hooks/bright", "/hooks/bright/",
    "/hooks/bright/twilio", "/hooks/bright/twilio/dial", "/hooks/bright/twilio/voice?x=%ff",
    "/hooks/bright/twilio/dial/deeper", "/hooks//twilio", "/hooks/bright/noon", "/hooks/nobody/x",
    "/hooks/..%2f..%2fetc/passwd", "/u/", "/u/x", "/u/eyJhIjoxfQ.AAAA", "/u/%00",
    f"/u/{4000 * chr(65)}",
    "/api/v1/cases", "/docs", "/openapi.json", "/.env", "*", "//", "/%", "/%zz", "/\u00e9",
)  # fmt: skip
METHODS = (
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "PROPFIND",
    "CONNECT",
)
HEADERS = (
    "content-type: application/json", "content-type: \u00e9", "x-twilio-signature: x",
    "x-twilio-signature: \u00e9\u00ff", "authorization: Basic %%%", "authorization: Bearer \u00ff",
    "content-length: -1", "content-length: 99999999999999999999", "content-length: x",
    "transfer-encoding: gzip", "transfer-encoding: chunked", "expect: 100-continue",
    "upgrade: websocket\r\nconnection: upgrade", "host:", "host: a\r\nhost: b",
    "x-forwarded-for: 1.2.3.4, ::1", "x-forwarded-for: \u00ff", "range: bytes=0-99999",
    "accept-encoding: gzip;q=x", "cookie: " + "a=b;" * 200, "connection: close",
)  # fmt: skip
_chars = st.characters(max_codepoint=255, exclude_characters="\r\n ")
_path = st.one_of(
    st.sampled_from(PATHS),
    st.builds("{}{}".format, st.sampled_from(PATHS), st.text(_chars, max_size=20)),
    st.text(_chars, max_size=40),
)


def made_up(data: st.DataObject) -> bytes:
    """Something like a request, or nothing like one."""
    if data.draw(st.integers(0, 19)) == 0:
        return data.draw(st.binary(max_size=200))
    method, path = data.draw(st.sampled_from(METHODS)), data.draw(_path)
    headers = data.draw(st.lists(st.sampled_from(HEADERS), max_size=4))
    body = data.draw(st.one_of(st.just(b""), st.binary(max_size=100)))
    if body and data.draw(st.booleans()):
        headers.append(f"content-length: {len(body)}")
    head = "\r\n".join((f"{method} {path} HTTP/1.1", *headers, "connection: close", "", ""))
    return head.encode("latin-1", "replace") + body


def ask(address: str, request: bytes) -> bytes:
    """What the server says before it closes, or before it waits for more."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    said = b""
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65_536):
                said += data
        except (ConnectionError, TimeoutError):
            pass
    return said


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """The event loop that starts the process."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def served(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[d.Serving]:
    """One `serve` for all examples."""
    folder: Path = tmp_path_factory.mktemp("served")
    api = twilio_api.TwilioApi()
    config = d.write(folder, runner.run(api.start()))
    serving = runner.run(d.Serving.start(config))
    yield serving
    assert runner.run(serving.stop()) == 0
    runner.run(api.stop())
    told = serving.log.read_text()
    assert "Traceback" not in told
    assert "a request failed" not in told
    for secret in (d.TOKEN, "a key of this test"):
        assert secret not in told


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_answer_is_a_5xx_or_tells_a_secret(served: d.Serving, data: st.DataObject) -> None:
    """Any method, any path, any headers, any bytes."""
    request = made_up(data)

    said = ask(served.address, request)

    status = said[9:12]
    assert not status.startswith(b"5"), (request, said[:300])
    for hidden in (b"Traceback", d.TOKEN.encode(), b"a key of this test", b'File "'):
        assert hidden not in said


WRONG = {
    "/healthz": 405,
    "/readyz": 405,
    "/metrics": 405,
    "/hooks/bright/twilio/dial": 405,
    "/hooks/nobody/twilio/dial": 404,
    "/u/x": 405,
    "/nothing": 404,
}


@pytest.mark.parametrize(("path", "status"), WRONG.items())
def test_wrong_methods(served: d.Serving, path: str, status: int) -> None:
    """405 where there is an address, 404 where there is none."""
    said = ask(served.address, f"PUT {path} HTTP/1.1\r\nconnection: close\r\n\r\n".encode())

    assert said.startswith(f"HTTP/1.1 {status} ".encode()), said[:200]
