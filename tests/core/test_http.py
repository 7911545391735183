"""What the shared transport makes of servers that misbehave, and what clients don't share."""

import asyncio
import socket
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback import http
from textback.clock import SystemClock
from textback.config.secrets import Secret
from textback.errors import ConfigError, MaybeSent, NotSent
from textback.gate import Gate

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NOW = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
BODY = b"Body=see+you+at+five"
JSON = {"content-type": "application/json"}


class Server:
    """A raw socket server: it behaves as told and knows what has reached it."""

    def __init__(self):
        self.received = bytearray()
        self.connections = 0
        self.answers = [ANSWER]  # one a request of a connection; after the last one it closes
        self.stays = False  # whether it keeps a connection open and silent after its last answer
        self.reads = True  # whether it waits for a request before it answers

    async def __aenter__(self):
        self._open = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/texts?key=hidden"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader, writer):
        self.connections += 1
        task = asyncio.current_task()
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            for answer in self.answers:
                if self.reads:
                    await self._request(reader)
                writer.write(answer)
                await writer.drain()
            if self.stays:
                while more := await reader.read(65536):
                    self.received += more
        finally:
            writer.close()

    async def _request(self, reader):
        request = bytearray()
        while not _is_whole(request):
            more = await reader.read(65536)
            if not more:
                return
            request += more
            self.received += more

    @property
    def requests(self):
        return bytes(self.received).count(b"HTTP/1.1\r\n")


def _is_whole(request):
    head, end, body = bytes(request).lower().partition(b"\r\n\r\n")
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


@pytest.fixture
async def server():
    async with Server() as server:
        yield server


def client_of(transport, max_at_once=20, **more):
    return http.client(transport, Gate("acme", SystemClock(), max_at_once=max_at_once), **more)


@pytest.fixture
async def transport():
    transport = http.Transport(trust_env=False)
    yield transport
    await transport.aclose()


@pytest.fixture
def client(transport):
    return client_of(transport, timeout_s=0.3)


async def post(client, url):
    return await client.post(url, content=BODY, headers={"authorization": "Bearer hidden"})


async def test_whole_answer_is_given_with_its_body_read(client, server):
    """A plugin never meets an error of the connection when it looks into an answer."""
    response = await post(client, server.url)
    assert (response.status_code, response.content) == (200, b"ok")
    assert bytes(server.received).endswith(BODY)


async def test_refused_connection_is_not_sent(client):
    """Nothing listens: surely nothing was written."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = taken.getsockname()[1]
        with pytest.raises(NotSent, match=f"127.0.0.1:{port} refused the connection"):
            await post(client, f"http://127.0.0.1:{port}/")


async def test_unknown_name_is_not_sent(transport):
    """A name that can't be resolved; ".invalid" never can (RFC 6761)."""
    patient = client_of(transport, timeout_s=10)
    with pytest.raises(NotSent, match=r"nothing\.invalid:80 is not known to the name servers"):
        await post(patient, "http://nothing.invalid/")


@pytest.mark.parametrize("answers", [[], [b"220 mail.example ESMTP\r\n"]], ids=["closes", "junk"])
async def test_failed_tls_is_not_sent(client, server, answers):
    """The handshake comes before the request, so nothing of the request was written."""
    server.answers, server.reads = answers, False
    with pytest.raises(NotSent, match=f"127.0.0.1:{server.port} "):
        await post(client, f"https://127.0.0.1:{server.port}/texts")
    assert b"/texts" not in server.received


MISBEHAVIOURS = {
    "accepts and closes": {"answers": [], "reads": False},
    "closes after the request": {"answers": [b""]},
    "answers junk": {"answers": [b"what?\r\n\r\n"]},
    "answers junk at once": {"answers": [b"220 mail.example ESMTP\r\n"], "reads": False},
    "breaks off in the head": {"answers": [b"HTTP/1.1 200 OK\r\nContent-Le"]},
    "breaks off in the body": {"answers": [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]},
    "stops in the body": {
        "answers": [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"],
        "stays": True,
    },
    "breaks off in a chunk": {
        "answers": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"]
    },
    "says nothing": {"answers": [], "stays": True},
    "claims gzip": {
        "answers": [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf"]
    },
}


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
@pytest.mark.parametrize("behaviour", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
async def test_whatever_fails_later_may_be_sent(client, server, behaviour, method):
    """Once there is a connection nobody knows, and nothing is repeated.

    The server's side confirms it: where a byte of the request has arrived it is never "not sent".
    """
    vars(server).update(behaviour)
    with pytest.raises(MaybeSent, match=f"127.0.0.1:{server.port} ") as caught:
        await client.request(method, server.url, content=BODY)
    assert server.connections == 1
    assert server.requests <= 1
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
async def test_connection_that_dies_between_requests(client, server, method):
    """Kept open, then closed on the second request: may be sent, and is not repeated."""
    server.answers = [ANSWER, b""]
    await post(client, server.url)
    with pytest.raises(MaybeSent):
        await client.request(method, server.url, content=BODY)
    assert (server.connections, server.requests) == (1, 2)


async def test_connection_closed_while_idle_is_replaced(client, server):
    """If we have seen that it is closed, the next request gets a new one."""
    await post(client, server.url)
    await asyncio.sleep(0.02)  # the event loop learns of it
    server.received.clear()
    assert (await post(client, server.url)).content == b"ok"
    assert server.connections == 2


async def test_answer_without_end_is_cut(client, server, monkeypatch):
    """A server can't fill our memory."""
    monkeypatch.setattr(http, "BODY_LIMIT", 2**20)
    size = 2**21
    server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)]
    with pytest.raises(MaybeSent, match="answered more than 1 MiB"):
        await post(client, server.url)


async def test_cancellation_passes_through(client, server):
    """It is the caller's, not the provider's, and leaves no connection in use."""
    server.answers, server.stays = [], True
    task = asyncio.create_task(post(client, server.url))
    while not server.received:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_place_in_the_pool_that_never_comes_is_not_sent(server, monkeypatch):
    """The wait for a connection comes before the first byte, and is shorter than for an answer."""
    monkeypatch.setattr(http, "WAIT_S", 0.05)
    server.answers, server.stays = [], True
    transport = http.Transport(trust_env=False, connections_per_host=1)
    slow = asyncio.create_task(post(client_of(transport, timeout_s=5), server.url))
    while not server.received:
        await asyncio.sleep(0)
    with pytest.raises(NotSent, match="gave no connection in time"):
        await post(client_of(transport, timeout_s=5), server.url)
    slow.cancel()
    await asyncio.wait([slow])
    await transport.aclose()
    assert server.requests == 1


async def test_accounts_limit_is_its_own(transport, server):
    """One account's requests wait for each other and not for another's."""
    server.answers, server.stays = [], True
    crowded = client_of(transport, timeout_s=0.2, max_at_once=1)
    slow = asyncio.create_task(post(crowded, server.url))
    while not server.received:
        await asyncio.sleep(0)
    with pytest.raises(NotSent, match="too many requests of this account"):
        await crowded.post(server.url, content=BODY, timeout=httpx.Timeout(5, pool=0.01))
    server.answers, server.stays = [ANSWER], False
    server.received.clear()
    other = client_of(transport, max_at_once=1)
    assert (await post(other, server.url)).content == b"ok"
    with pytest.raises(MaybeSent):
        await slow


async def test_two_clients_share_no_cookies(transport, server):
    """A cookie of one account goes out with no other's request, nor with its own next one."""
    server.answers = [ANSWER.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=1; Path=/\r\n\r\n")] * 4
    for client in (client_of(transport), client_of(transport)):
        client.cookies.set("session", "2")
        response = await client.post(server.url, content=BODY)
        assert "set-cookie" in response.headers
        await client.post(server.url, content=BODY)
    assert server.requests == 4
    assert b"cookie:" not in bytes(server.received).lower()


async def test_redirect_is_not_followed(client, server):
    """A provider that moved is a finding for people; a POST must not wander."""
    server.answers = [b"HTTP/1.1 307 Go\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n", ANSWER]
    assert (await post(client, server.url)).status_code == 307
    assert server.requests == 1


async def test_closing_a_client_leaves_the_transport_open(transport, server):
    """A plugin that is gone takes nobody's connections with it."""
    server.answers = [ANSWER, ANSWER]
    async with client_of(transport) as first:
        await post(first, server.url)
    assert (await post(client_of(transport), server.url)).content == b"ok"
    assert server.connections == 1


async def test_closed_transport_sends_nothing(client, transport, server):
    """At the end of the deployment."""
    await transport.aclose()
    with pytest.raises(NotSent, match="textback is ending"):
        await post(client, server.url)
    assert server.connections == 0


async def test_address_without_a_host_is_not_sent(client):
    """A mistake in a setting, in words."""
    with pytest.raises(NotSent, match="not a whole http or https address"):
        await client.post("ftp://files.example/x")


async def test_base_url_and_escapes_arrive_as_written(transport, server):
    """A plus sign in a number stays escaped: in a query a bare one means a space."""
    client = client_of(transport, base_url=f"http://127.0.0.1:{server.port}/v1")
    await client.get("/texts", params={"To": "+13035550100"})
    assert bytes(server.received).startswith(b"GET /v1/texts?To=%2B13035550100 HTTP/1.1\r\n")


async def test_proxy_of_the_environment(server, monkeypatch):
    """HTTP_PROXY is used, but for the hosts in NO_PROXY."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("no_proxy", "nothing.invalid")
    transport = http.Transport()
    client = client_of(transport, timeout_s=5)
    assert (await post(client, "http://provider.invalid/texts")).content == b"ok"
    assert bytes(server.received).startswith(b"POST http://provider.invalid/texts HTTP/1.1\r\n")
    with pytest.raises(NotSent):
        await post(client, "http://nothing.invalid/")
    await transport.aclose()


def test_proxy_that_is_none_is_refused(monkeypatch):
    """Said at start, with the variable's name and without its value."""
    monkeypatch.setenv("https_proxy", "socks5://user:hidden@127.0.0.1:1080")
    with pytest.raises(ConfigError, match="HTTPS_PROXY in the environment") as caught:
        http.Transport()
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 1.5 ", 1.5),
        ("-5", 0),
        ("Mon, 10 Mar 2025 12:00:30 GMT", 30),
        ("Mon, 10 Mar 2025 12:00:30 -0000", 30),
        ("Mon, 10 Mar 2025 11:00:00 GMT", 0),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value, seconds):
    """Seconds or a date; what can't be read is nothing."""
    response = httpx.Response(429, headers={"retry-after": value})
    assert http.retry_after(response, NOW) == seconds


def test_retry_after_that_is_missing():
    """Most answers have none."""
    assert http.retry_after(httpx.Response(503), NOW) is None


def answered(**content):
    request = httpx.Request("POST", "https://api.example/texts?key=hidden")
    return httpx.Response(400, request=request, **content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"json": {"code": 21211, "message": "Not a\nnumber"}}, ": Not a number"),
        ({"json": {"error": {"message": "no such tag"}}}, ": no such tag"),
        ({"json": {"errors": [{"detail": "no such tag"}]}}, ": no such tag"),
        ({"json": {"message": "'To' +1 (303) 555-0123 is bad"}}, ": 'To' •••0123 is bad"),
        ({"json": {"message": "bad key sk_live_4eC39HqLyjWD"}}, ": bad key ***"),
        ({"content": b'{"message": "no \\ud83d\\u0000"}', "headers": JSON}, ": no \ufffd\ufffd"),
        ({"json": [1]}, ""),
        ({"content": b"{", "headers": JSON}, ""),
        ({"text": "try later"}, ": try later"),
        ({"html": "<p>hidden</p>"}, ""),
    ],
)
def test_explanation_is_one_line_without_secrets(content, words):
    """Status and the provider's words; numbers are masked, keys and pages left out."""
    assert http.explain(answered(**content)) == f"api.example answered 400{words}"


def test_explanation_hides_what_the_request_carried():
    """A password looks like any word, and some providers repeat it."""
    words = http.explain(answered(json={"message": "sesame is wrong"}), Secret("sesame"))

    assert words == "api.example answered 400: *** is wrong"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Bearer open-sesame", "who is ***?"),
        ("Basic dXNlcjpvcGVuLXNlc2FtZQ==", "who is ***?"),
        ("Basic %%%", "who is open-sesame?"),
        ("Bearer", "who is open-sesame?"),
    ],
)
def test_explanation_hides_what_let_the_request_in(given, shown):
    """A token had in exchange for another is in no settings."""
    response = answered(json={"message": "who is open-sesame?"})
    response.request.headers["authorization"] = given

    assert http.explain(response) == f"api.example answered 400: {shown}"


def test_explanation_is_bounded():
    """However much a provider has to say."""
    assert len(http.explain(answered(text="no " * 5000))) < 250


API = "https://api.example/v1"


@pytest.mark.parametrize("base_url", [API, f"{API}/"])
@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("/texts?page=2", f"{API}/texts?page=2"),
        ("/texts", f"{API}/texts"),
        ("https://api.example/texts?a=b%26c&d=", f"{API}/texts?a=b%26c&d="),
        ("https://elsewhere.example/texts?page=2#x", f"{API}/texts?page=2"),
        ("https://user:word@elsewhere.example:8443/texts", f"{API}/texts"),
        ("//elsewhere.example/texts", f"{API}/texts"),
    ],
)
def test_next_page_is_asked_of_the_host_in_the_settings(base_url, named, asked):
    """Whatever host the answer names, and whether the settings' address ends in a slash."""
    assert http.next_page(base_url, named) == asked


@pytest.mark.parametrize(
    "named",
    [
        "@elsewhere.example/texts",
        ".elsewhere.example/texts",
        ":8443@elsewhere.example/texts",
        "texts?page=2",
        "?page=2",
        "https://elsewhere.example",
        "https://elsewhere.example//elsewhere.example/texts",
        "https://[",
        "",
        None,
        ["/texts"],
        {"href": "/texts"},
        7,
    ],
)
def test_next_page_that_is_none(named):
    """Nothing is asked that could go elsewhere."""
    with pytest.raises(MaybeSent, match=r"^api\.example names a next page that can't be read$"):
        http.next_page(API, named)


@given(named=st.text("/@:.?#\\[]%a \n\t", max_size=12))
def test_no_next_page_leaves_the_host(named):
    """However it is written."""
    try:
        asked = http.next_page("https://api.example", named)
    except MaybeSent:
        return
    assert httpx.URL(asked).host == "api.example"
    assert httpx.URL(asked).userinfo == b""
