"""Towards the SMTP server: one mail a connection, and what each way of failing means.

Up to the DATA command nothing has been handed over: whatever happens there, the mail surely did
not leave.  From then on only the server's own answer says so.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from textback.errors import DeliveryError, MaybeSent, NotSent
from textback_email.settings import SMTP_PORTS, Settings

_SHOWN = 200  # characters of a server's words


async def send(settings: Settings, message: EmailMessage, to: Sequence[str]) -> tuple[str, ...]:
    """Hand one mail over; the addresses of *to* that the server refused, if it took others.

    Raises:
        DeliveryError: The server said no: for good with 5xx, for now with 4xx.  It surely did not
            leave.
        NotSent: The connection failed before the mail was handed over.
        MaybeSent: It was handed over, and no answer came.
    """
    content = message.as_bytes()
    deadline = asyncio.get_running_loop().time() + settings.timeout_s
    async with _connected(settings, deadline) as server:
        try:
            async with asyncio.timeout_at(deadline):
                await server.mail(settings.sender)
                refused = await _recipients(server, to)
        except (SMTPException, OSError) as error:
            raise _before(settings, error) from None
        try:
            async with asyncio.timeout_at(deadline):
                await server.data(content)
        except SMTPResponseException as error:
            raise _no(settings, error) from None
        except (SMTPException, OSError):
            words = f"{settings.host} was given the mail and gave no whole answer"
            raise MaybeSent(words) from None
        return refused


async def log_in(settings: Settings) -> None:
    """Connect and log in, and send nothing; raises as `send` does."""
    async with _connected(settings, asyncio.get_running_loop().time() + settings.timeout_s):
        pass


@asynccontextmanager
async def _connected(settings: Settings, deadline: float) -> AsyncIterator[aiosmtplib.SMTP]:
    server = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port or SMTP_PORTS[settings.security],
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        username=settings.username,
        password=settings.password.value if settings.password else None,
        tls_context=None if settings.security == "none" else trust(settings.ca_file),
        local_hostname=settings.domain,
        timeout=settings.timeout_s,
    )
    try:
        async with asyncio.timeout_at(deadline):
            await server.connect()
    except (SMTPException, OSError) as error:
        raise _before(settings, error) from None
    try:
        yield server
        with suppress(SMTPException, OSError):  # what was asked for is done
            await server.quit(timeout=1.0)
    finally:
        server.close()


async def _recipients(server: aiosmtplib.SMTP, to: Sequence[str]) -> tuple[str, ...]:
    """Name the recipients; those that were refused, if not all were."""
    refusals: list[SMTPRecipientRefused] = []
    for address in to:
        try:
            await server.rcpt(address)
        except SMTPRecipientRefused as error:
            refusals.append(error)
    if len(refusals) == len(to):
        raise min(refusals, key=lambda each: each.code)  # one that may change its mind comes first
    return tuple(each.recipient for each in refusals)


@lru_cache(maxsize=64)
def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Whose certificates are believed; reading them takes a while, so it is kept."""
    return ssl.create_default_context(cafile=ca_file)


def unreachable(host: str, error: Exception) -> str:
    """Why a server can't be spoken to, in words; a library may have wrapped the reason."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    match cause:
        case ssl.SSLCertVerificationError():
            return (
                f"the certificate of {host} is not to be trusted: {cause.verify_message}; see that "
                "host is the name in its certificate, or set ca_file if it has a CA of its own"
            )
        case ssl.SSLError():
            reason = (cause.reason or "no reason given").replace("_", " ").lower()
            words = f"can't be spoken to in TLS ({reason})"
            return f'{host} {words}; see port, and security = "starttls"'
        case socket.gaierror():
            return f"{host} is not known to the name servers; see host"
        case ConnectionRefusedError():
            return f"{host} refused the connection; see host and port"
        case TimeoutError():
            return f"{host} gave no answer in time"
    return f"{host} can't be reached ({type(cause).__name__}); see host and port"


def _before(settings: Settings, error: Exception) -> DeliveryError | NotSent:
    """What went wrong before the mail was handed over."""
    if isinstance(error, SMTPResponseException):
        return _no(settings, error)
    if isinstance(error, OSError) or isinstance(error.__cause__, OSError):
        return NotSent(unreachable(settings.host, error))
    return NotSent(f"{settings.host} can't be spoken to: {_plain(settings, str(error))}")


def _no(settings: Settings, error: SMTPResponseException) -> DeliveryError:
    """The server's no, in its own words."""
    permanent = 500 <= error.code < 600
    said = f"{settings.host} answered {error.code}: {_plain(settings, error.message)}"
    if isinstance(error, SMTPAuthenticationError):
        said += "; see username and password"
    # Another account may well deliver what this one can't, but for an address that isn't there.
    elsewhere = not isinstance(error, SMTPRecipientRefused)
    return DeliveryError(said, permanent=permanent, try_next=elsewhere, code=str(error.code))


def _plain(settings: Settings, said: str) -> str:
    """Somebody else's words on one line, without our secrets."""
    for secret in settings.secrets:
        said = said.replace(secret, "***")
    return " ".join(said.split())[:_SHOWN]
