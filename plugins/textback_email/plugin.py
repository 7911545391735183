"""The plugin: mails out over SMTP, answers in over IMAP or from a mail service's webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP

import attrs

from textback.errors import (
    DeliveryError,
    MaybeSent,
    NotSent,
    Refused,
    UnreadableWebhook,
    WebhookRejected,
)
from textback.events import Event, Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import Email, Finding, Notice, Receipt, Severity
from textback.services import Services
from textback.webhooks import basic_auth, same
from textback_email import answers, imap, messages, smtp, tags
from textback_email.settings import Settings, is_address
from textback_email.tags import About, Tag

INBOUND = "inbound"
# Where the whole message is: the body, or the field of Mailgun, SendGrid and Postmark.
_RAW_FIELDS = ("", "body-mime", "email", "RawEmail")


@attrs.frozen(eq=False)
class Mail:
    """Tells the team by e-mail, sends follow-ups to callers, and reads what both answer."""

    api = 1

    settings: Settings
    services: Services

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        """Mail one notice to all addresses of the team; a repeat has the same Message-ID.

        Raises:
            DeliveryError: The server, or all recipients, said no.
            NotSent, MaybeSent: There was no answer; it is told again later.
        """
        if not self.settings.to:
            return
        tag = await self._tag(About.TEAM, notice.case)
        mail = messages.notice(self.settings, notice, tag, self.services.clock.now())
        refused = await smtp.send(self.settings, mail, self.settings.to)
        if refused:
            self.services.log.warning("addresses of the team were refused", addresses=len(refused))

    @hookimpl
    async def send_email(self, email: Email) -> Receipt:
        """Mail one follow-up to a caller.

        Raises:
            DeliveryError: The server said no, the address can't be written to, or the business's
                postal address isn't set.
            NotSent: Nothing was handed over.
            MaybeSent: It was handed over, and no answer came.
        """
        if not self.settings.postal_address.strip():
            words = "set postal_address: mail to callers must name the business's postal address"
            raise DeliveryError(words, permanent=True, try_next=True)
        to = _in_ascii(email.to)
        tag = await self._tag(About.CALLER, email.case)
        email = attrs.evolve(email, to=to)
        mail = messages.to_caller(self.settings, email, tag, self.services.clock.now())
        await smtp.send(self.settings, mail, [to])
        return Receipt(messages.message_id(self.settings, email, tag))

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """An answer that a mail service posts to the topic ``inbound``.

        Raises:
            WebhookRejected: It doesn't carry `inbound_secret`.
            UnreadableWebhook: There is no message in it.
        """
        secret = self.settings.inbound_secret
        if request.topic != INBOUND or secret is None:
            raise WebhookRejected("only the topic inbound is read, and only with inbound_secret")
        if not same(_presented(request), secret.value):
            raise WebhookRejected("the Authorization header has not the inbound_secret")
        event = await self._read(_message_in(request))
        return Reading(events=(event,) if event else ())

    @hookimpl
    async def listen(self, emit: Callable[[Sequence[Event]], Awaitable[None]]) -> None:
        """Watch the mailbox, if one is set.

        Raises:
            ProviderError: The connection is gone; it is made again.
        """
        if self.settings.imap is None:
            await asyncio.Event().wait()  # nothing will ever come

        async def take(raw: bytes) -> None:
            event = await self._read(raw)
            if event is not None:
                await emit([event])

        await imap.watch(self.settings, self.services, take)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether both servers let us in, and whether what callers' mail needs is set."""
        found = [await self._check_smtp()]
        if self.settings.imap is not None:
            found.append(await self._check_imap())
        if not self.settings.to and self.services.plays("notifier"):
            words = "`to` is empty: this plugin tells the team nothing"
            found.append(Finding(Severity.WARNING, words))
        if not self.settings.postal_address.strip() and self.services.plays("email"):
            words = "postal_address is not set: callers are sent no e-mail"
            found.append(Finding(Severity.WARNING, words))
        if not self.settings.reads_answers:
            words = "neither imap nor inbound_secret is set: answers by e-mail reach no case"
            found.append(Finding(Severity.WARNING, words))
        return found

    async def _check_smtp(self) -> Finding:
        host = self.settings.host
        try:
            await smtp.log_in(self.settings)
        except (Refused, NotSent, MaybeSent) as error:
            return Finding(Severity.ERROR, str(error))
        return Finding(Severity.OK, f"{host} takes mail from us")

    async def _check_imap(self) -> Finding:
        try:
            box = await self.services.in_thread(imap.Mailbox.open, self.settings)
        except (Refused, NotSent) as error:
            return Finding(Severity.ERROR, str(error))
        box.close()
        assert self.settings.imap is not None
        return Finding(Severity.OK, f"answers are read from {self.settings.imap.host}")

    async def _read(self, raw: bytes) -> answers.Answer | None:
        key = await tags.key_of(self.services.state)
        try:
            return answers.read(raw, self.settings, key, self.services.clock.now())
        except answers.NoAnswer as error:
            self.services.log.info("a mail was passed over", because=str(error))
            return None

    async def _tag(self, about: About, case: str) -> str:
        return tags.write(await tags.key_of(self.services.state), Tag(about, case))


def _in_ascii(address: str) -> str:
    """An address as every server takes it: a domain in other scripts in its ASCII form."""
    local, at, domain = address.strip().rpartition("@")
    try:
        written = f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        written = ""
    if not is_address(written):
        raise DeliveryError("the caller's e-mail address can't be written to", permanent=True)
    return written


def _presented(request: WebhookRequest) -> str:
    """The secret of a request: a bearer's, or the password of basic authentication."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return basic_auth(request)[1]


def _message_in(request: WebhookRequest) -> bytes:
    """The whole message: the body itself, or the field of a form that has it."""
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    fields: Mapping[str, str | bytes]
    match kind:
        case "message/rfc822" | "application/octet-stream" | "text/plain":
            fields = {"": request.body}
        case "application/x-www-form-urlencoded":
            fields = request.form
        case "application/json" if isinstance(request.json, dict):
            fields = {name: str(value) for name, value in request.json.items()}
        case "multipart/form-data":
            fields = _parts(declared, request.body)
        case _:
            raise UnreadableWebhook(f'"{kind[:80]}" is not a mail; post it as message/rfc822')
    found = next((fields[name] for name in _RAW_FIELDS if name in fields), b"")
    raw = found.encode() if isinstance(found, str) else found
    if not raw.strip():
        raise UnreadableWebhook("there is no message in it")
    return raw


def _parts(content_type: str, body: bytes) -> dict[str, str | bytes]:
    """The fields of a multipart form, which is built like a mail."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    form = BytesParser(policy=HTTP).parsebytes(head + body)
    found: dict[str, str | bytes] = {}
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            found[str(part.get_param("name", "", "content-disposition"))] = content
    return found
