"""HTTP for plugins: one shared transport, and what its errors mean.

The engine acts on one question: may the request have left?  `NotSent` says surely not, `MaybeSent`
that nobody knows.  The answer rests on evidence, not on the kind of error: a request is written
only after the connector has handed a connection to it, so what fails before is not sent, and
whatever fails later may be.  An error that this module has never heard of is "maybe sent".
"""

from __future__ import annotations

import base64
import logging
import math
import re
import ssl
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from textback.config.secrets import Secret
from textback.errors import ConfigError, MaybeSent, NotSent
from textback.gate import WAIT_S, Gate
from textback.words import storable

CONNECTIONS: Final = 1000  # open at once, in all; a process may open 1024 files by default
CONNECTIONS_PER_HOST: Final = 200  # many clients share a provider's host
KEEP_ALIVE_S: Final = 15.0  # below what servers grant, mostly 60 s: few die as we write to them
DNS_TTL_S: Final = 60
BODY_LIMIT: Final = 8 * 2**20  # bytes of one answer as they come over the wire

_EXPLANATION = 200  # characters
_EXPLAINING = ("message", "error_description", "detail", "title", "error", "errors")
_KEY = re.compile(r"(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{16,}")  # letters and digits, long
_NUMBER = re.compile(r"\+?\d[\d\s().-]{5,}\d")


class Transport(httpx.AsyncBaseTransport):
    """The transport that all clients of a deployment share: one pool, one DNS cache.

    It opens nothing before the first request.  It raises `NotSent` and `MaybeSent` and nothing
    else; cancellation passes through.  Proxies come from ``HTTP_PROXY``, ``HTTPS_PROXY`` and
    ``NO_PROXY``.

    Args:
        context: For TLS; httpx's default trusts what certifi does, or ``SSL_CERT_FILE``.
        trust_env: Whether the environment's proxies are used.

    Raises:
        ConfigError: A proxy in the environment is not an HTTP proxy.
    """

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        trust_env: bool = True,
        connections: int = CONNECTIONS,
        connections_per_host: int = CONNECTIONS_PER_HOST,
    ) -> None:
        self._context = context or httpx.create_ssl_context(trust_env=trust_env)
        self._connections = connections
        self._connections_per_host = connections_per_host
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._direct = self._over(None)
        proxies = getproxies_environment() if trust_env else {}
        self._proxied: dict[str, AiohttpTransport] = {
            scheme: self._over(_proxy(scheme, url))
            for scheme, url in proxies.items()
            if scheme in ("http", "https")
        }
        # httpx writes each address at INFO, and numbers and account ids stand in addresses.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make one request and read the whole answer.

        Raises:
            NotSent: No byte of the request was written.
            MaybeSent: No whole answer came.
        """
        if self._closed:
            raise NotSent(f"{_place(request)} was not asked: textback is ending")
        try:
            answer = await self._route(request).handle_async_request(request)
            body = bytearray()
            async with aclosing(answer.stream) as stream:  # type: ignore[type-var]
                async for chunk in stream:  # type: ignore[union-attr]
                    body += chunk
                    if len(body) > BODY_LIMIT:
                        raise _TooLarge
            return httpx.Response(  # decodes the body, which can fail as well
                answer.status_code,
                headers=answer.headers,
                content=bytes(body),
                request=request,
                extensions=answer.extensions,
            )
        except NotSent:
            raise
        except Exception as error:  # noqa: BLE001 (the library lets errors of any kind through)
            if request.url.scheme not in ("http", "https") or not request.url.host:
                raise NotSent("the address is not a whole http or https address") from None
            # "from None", here and below: their messages have whole addresses in them.
            raise MaybeSent(f"{_place(request)} {_what_broke(error)}") from None

    async def aclose(self) -> None:
        """Close all connections, at the end of the deployment."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def _over(self, proxy: httpx.Proxy | None) -> AiohttpTransport:
        return AiohttpTransport(verify=self._context, proxy=proxy, client=self._open)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = _Connector(
                ssl=self._context,
                keepalive_timeout=KEEP_ALIVE_S,
                ttl_dns_cache=DNS_TTL_S,
                limit=self._connections,
                limit_per_host=self._connections_per_host,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,  # it would look into ~/.netrc at each request
            )
            # Else it repeats a GET, PUT or DELETE by itself when a kept connection has died; its
            # own test client says so in the same way.
            self._session._retry_connection = False
        return self._session

    def _route(self, request: httpx.Request) -> AiohttpTransport:
        if self._proxied:
            proxied = self._proxied.get(request.url.scheme)
            if proxied is not None and not proxy_bypass(_place(request)):
                return proxied
        return self._direct


class _Connector(aiohttp.TCPConnector):
    """Hands out connections; what fails in here fails before a request is written."""

    async def connect(self, req: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().connect(req, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 (any error here comes before the first byte)
            host, port = req.url.host, req.url.port
            raise NotSent(f"{host}:{port} {_why_unreachable(error)}") from None


class _TooLarge(Exception):
    """The answer has more bytes than anyone needs."""


class _Account(httpx.AsyncBaseTransport):
    """One plugin instance's share of the transport: what its account's gate lets through."""

    def __init__(self, transport: httpx.AsyncBaseTransport, gate: Gate) -> None:
        self._transport = transport
        self._gate = gate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        timeout = request.extensions.get("timeout", {})
        wait_s = min(timeout.get("pool") or WAIT_S, WAIT_S)
        request.extensions["timeout"] = {**timeout, "pool": wait_s}
        await self._gate.enter(wait_s)
        failed: bool | None = None
        try:
            response = await self._transport.handle_async_request(request)
            failed = response.is_server_error
        except (NotSent, MaybeSent):
            failed = True
            raise
        finally:
            self._gate.leave(failed)
        return response

    async def aclose(self) -> None:
        """Nothing: the transport is everybody's."""


class _NoCookies(CookieJar):
    """Keeps nothing: a cookie of one account must not go out with another's request."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Leave the cookies where they are."""

    def set_cookie(self, cookie: object) -> None:
        """Take none from a plugin either; one that needs a cookie gives it with its request."""


_NO_COOKIES: Final = _NoCookies()  # can be everybody's, since it stays empty


def client(
    transport: httpx.AsyncBaseTransport,
    gate: Gate,
    *,
    timeout_s: float = 10.0,
    base_url: str = "",
) -> httpx.AsyncClient:
    """A client for one plugin instance over the shared transport.

    It keeps no cookies, follows no redirects, and closing it leaves the transport open.

    Args:
        transport: The deployment's; any other in tests.
        gate: The account's; a request waits for its place there, and again for a connection.
        timeout_s: Seconds that each silence of the server may take.  A place among the account's
            requests and a connection must come within `WAIT_S` each, or sooner if this is less.
        base_url: Put before addresses that have no host.
    """
    return httpx.AsyncClient(
        transport=_Account(transport, gate),
        timeout=timeout_s,
        base_url=base_url,
        cookies=_NO_COOKIES,
        trust_env=False,
    )


def retry_after(response: httpx.Response, now: datetime) -> float | None:
    """The seconds that a provider asks us to wait, or None if it doesn't say.

    Both forms of RFC 9110 section 10.2.3 are read, seconds and a date; a past date is 0.
    """
    value = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        # A date that ends in "-0000" comes without a zone and means UTC.
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def next_page(base_url: str, named: object) -> str:
    """The address of a listing's next page, of which an answer has said where it is.

    Only path and query are taken from it.  The credentials go with the request, so it goes to the
    host in the settings and no other, whatever the answer says: an answer may be a proxy's, or a
    provider may name a host that isn't the one by which it is reached here.

    Args:
        base_url: Where the API is, as the settings have it.
        named: The next page as the answer has it: a whole address, or a path that begins with "/".

    Raises:
        MaybeSent: It is neither.
    """
    try:
        parts = urlsplit(named) if isinstance(named, str) else None
    except ValueError:
        parts = None
    # Put behind a host, "@elsewhere.example/" or ".elsewhere.example/" would make another of it.
    if parts is None or not parts.path.startswith("/") or parts.path.startswith("//"):
        raise MaybeSent(f"{urlsplit(base_url).hostname} names a next page that can't be read")
    return f"{base_url.rstrip('/')}{parts.path}{'?' if parts.query else ''}{parts.query}"


def explain(response: httpx.Response, *secrets: Secret) -> str:
    """What a provider answered, in one line for an error message.

    Status and the provider's own words, at most 200 characters of them, with numbers masked and
    whatever looks like a key left out, as is the token or password that let the request in.  What
    no database and no terminal takes is replaced.  The request's address and body don't appear.

    Args:
        response: The answer.
        *secrets: What else the request carried: a provider may repeat it, and it may not look like
            a key.
    """
    words = " ".join(storable(_words(response)).split())
    for secret in (credentials(response.request), *(each.value for each in secrets)):
        words = words.replace(secret, "***") if secret else words
    words = _NUMBER.sub(lambda number: f"•••{number[0][-4:]}", _KEY.sub("***", words))
    if len(words) > _EXPLANATION:
        words = words[:_EXPLANATION].rstrip() + "..."
    host = response.request.url.host
    return f"{host} answered {response.status_code}" + (f": {words}" if words else "")


def credentials(request: httpx.Request) -> str:
    """The token or password in a request's ``Authorization``; empty if there is none."""
    header: str = request.headers.get("authorization", "")
    scheme, _, given = header.partition(" ")
    if scheme.casefold() != "basic":
        return given
    try:
        return base64.b64decode(given).decode().partition(":")[2]
    except ValueError:
        return ""


def _words(response: httpx.Response) -> str:
    if "json" in response.headers.get("content-type", ""):
        try:
            return _find_words(response.json())
        except ValueError:
            return ""
    if response.headers.get("content-type", "").startswith("text/plain"):
        return response.text[: 4 * _EXPLANATION]
    return ""  # a page for browsers explains nothing in a line


def _find_words(value: object, depth: int = 3) -> str:
    """The words in a JSON error, wherever this provider puts them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and depth:
        return _find_words(value[0], depth - 1)
    if isinstance(value, Mapping) and depth:
        found = (_find_words(value[key], depth - 1) for key in _EXPLAINING if key in value)
        return next(filter(None, found), "")
    return ""


def _proxy(scheme: str, url: str) -> httpx.Proxy:
    try:
        proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in ("http", "https"):
        name = f"{scheme.upper()}_PROXY"
        raise ConfigError(f"{name} in the environment is not the address of an HTTP proxy")
    return proxy


def _place(request: httpx.Request) -> str:
    """Host and port: all of an address that may be shown."""
    return request.url.netloc.decode("ascii", "replace")


def _why_unreachable(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "is not known to the name servers"
        case aiohttp.ClientConnectorCertificateError():
            return "has a certificate that can't be trusted"
        case aiohttp.ClientSSLError():
            return "could not agree on TLS"
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, ConnectionRefusedError):
            return "refused the connection"
        case TimeoutError():
            return "gave no connection in time"
    return f"can't be reached ({type(error).__name__})"


def _what_broke(error: Exception) -> str:
    match error:
        case _TooLarge():
            return f"answered more than {BODY_LIMIT // 2**20} MiB"
        case httpx.TimeoutException() if isinstance(error.__cause__, TimeoutError):
            return "took the request and gave no whole answer in time"
        case httpx.DecodingError():
            return "answered with a body that can't be decoded"
    kind = type(error.__cause__ or error).__name__
    return f"took the request and gave no whole answer ({kind})"
