"""A mail server and a mailbox on loopback: SMTP by aiosmtpd, and enough of IMAP to be read."""

import asyncio
import email
import re
from email.message import EmailMessage
from email.policy import default

import attrs
from aiosmtpd.smtp import SMTP, AuthResult

PASSWORD = "a-password-of-this-test"


@attrs.define
class Post:
    """What an SMTP server has taken; refuses the addresses of *refusing* with their answers."""

    envelopes: list = attrs.field(factory=list)
    refusing: dict = attrs.field(factory=dict)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refusing:
            return self.refusing[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        return "250 taken"

    @property
    def mails(self):
        return [email.message_from_bytes(each.content, policy=default) for each in self.envelopes]


async def smtp(post, *, ssl=None, **how):
    """A server that hands *post* what it takes."""
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(post, hostname="mail.test", **how), "127.0.0.1", 0, ssl=ssl
    )


def login_of(username, password):
    """An authenticator that lets one user in."""

    def authenticate(server, session, envelope, mechanism, data):
        fits = (data.login, data.password) == (username.encode(), password.encode())
        return AuthResult(success=fits, handled=fits)

    return authenticate


@attrs.define
class Folder:
    """A mailbox that speaks enough IMAP, RFC 3501, to be read.

    Attributes:
        mails: By UID.
        commands: What clients asked for, without their tags.
    """

    mails: dict = attrs.field(factory=dict)
    commands: list = attrs.field(factory=list)
    validity: int = 7
    password: str = PASSWORD
    port: int = 0
    writers: list = attrs.field(factory=list)

    def put(self, raw):
        """A mail comes in."""
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return uid

    def hang_up(self):
        """Every connection breaks."""
        for writer in self.writers:
            writer.transport.abort()

    async def serve(self, reader, writer):
        self.writers.append(writer)
        writer.write(b"* OK ready\r\n")
        try:
            while line := await reader.readline():
                tag, command = line.decode().strip().split(" ", 1)
                self.commands.append(command)
                for said in self._do(command):
                    writer.write(said.replace(b"TAG ", f"{tag} ".encode()))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _do(self, command):
        words = command.upper().split()
        match words:
            case ["CAPABILITY"]:
                yield b"* CAPABILITY IMAP4rev1\r\n"
            case ["LOGIN", *_]:
                if f'"{self.password}"' not in command:
                    yield b"TAG NO [AUTHENTICATIONFAILED] no\r\n"
                    return
            case ["EXAMINE", *name]:
                if name != ['"INBOX"']:
                    yield b"TAG NO there is no such mailbox\r\n"
                    return
                yield b"* %d EXISTS\r\n" % len(self.mails)
                yield b"* OK [UIDVALIDITY %d] fine\r\n" % self.validity
                yield b"* OK [UIDNEXT %d] fine\r\n" % (max(self.mails, default=0) + 1)
            case ["UID", "SEARCH", "UID", span]:
                first = int(re.match(r"\d+", span)[0])
                last = max(self.mails, default=0)
                found = [uid for uid in self.mails if uid >= first] or ([last] if last else [])
                yield b"* SEARCH %s\r\n" % b" ".join(b"%d" % uid for uid in found)
            case ["UID", "FETCH", uid, *_]:
                raw = self.mails.get(int(uid))
                if raw is not None:
                    yield b"* 1 FETCH (UID %s BODY[]<0> {%d}\r\n" % (uid.encode(), len(raw))
                    yield raw + b")\r\n"
            case ["NOOP"]:
                pass
            case _:
                yield b"TAG BAD what?\r\n"
                return
        yield b"TAG OK done\r\n"


def an_answer(mail, sender, words):
    """What a mail program makes of somebody's answer."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = str(mail["reply-to"])
    made["Subject"] = f"Re: {mail['subject']}"
    made["Message-ID"] = f"<answer-to-{mail['message-id'].strip('<>')}>"
    made["In-Reply-To"] = mail["message-id"]
    quoted = "\n".join(f"> {line}" for line in mail.get_content().splitlines())
    made.set_content(f"{words}\n\nOn Mon, 2 Mar 2026 at 10:30, Desk wrote:\n{quoted}\n")
    return made.as_bytes()
