"""Real servers around the plugin: an SMTP server, a mailbox over IMAP, certificates of a CA."""

import asyncio
import ssl

import attrs
import pytest
import trustme

from support.mail import PASSWORD, Folder, Post, login_of, smtp
from textback.config.secrets import Secret
from textback.services import Services
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState
from textback_email import Imap, Mail, Settings


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(scope="session")
def server_tls(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def post():
    return Post()


@pytest.fixture
async def smtp_server(post):
    """Starts real SMTP servers; gives the port."""
    running = []

    async def start(*, ssl=None, **how):
        server = await smtp(post, ssl=ssl, **how)
        running.append(server)
        return server.sockets[0].getsockname()[1]

    yield start
    for server in running:
        server.close()


@attrs.define
class Script:
    """An SMTP server that answers each command as it is told.

    Attributes:
        answers: By command (``CONNECT``, ``MAIL``, ``.`` for the end of the mail): the answer,
            ``close`` to hang up, or ``silence``.
        heard: The commands that came.
    """

    answers: dict = attrs.field(factory=dict)
    heard: list = attrs.field(factory=list)
    port: int = 0
    talks: set = attrs.field(factory=set)

    async def serve(self, reader, writer):
        self.talks.add(asyncio.current_task())
        try:
            if not await self._answer(writer, "CONNECT", "220 ready"):
                return
            while line := await reader.readline():
                verb = line.split()[0].decode().upper() if line.split() else ""
                self.heard.append(verb)
                normal = {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 fine")
                if not await self._answer(writer, verb, normal):
                    return
                if verb == "DATA" and self.answers.get("DATA", "354").startswith("354"):
                    while (await reader.readline()) not in (b".\r\n", b""):
                        pass
                    if not await self._answer(writer, ".", "250 taken"):
                        return
        finally:
            writer.close()

    async def _answer(self, writer, verb, normal):
        answer = self.answers.get(verb, normal)
        if answer == "close":
            return False
        if answer == "silence":
            await asyncio.sleep(5)
            return False
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()
        return True


@pytest.fixture
async def script():
    told = Script()
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.port = server.sockets[0].getsockname()[1]
    yield told
    server.close()
    for talk in told.talks:  # one that keeps silent, say
        talk.cancel()
    await asyncio.gather(*told.talks, return_exceptions=True)


@pytest.fixture
async def folder(server_tls):
    """A mailbox over TLS."""
    made = Folder()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=server_tls)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    made.hang_up()
    server.close()


@attrs.define
class Log:
    """Keeps what was logged."""

    lines: list = attrs.field(factory=list)

    def info(self, event, /, **values):
        self.lines.append((event, values))

    warning = info


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def services(log):
    clock = VirtualClock(NOW)
    return Services(
        client="bright-smile",
        plugin="email",
        address="http://127.0.0.1:8000/hooks/bright-smile/email",
        http=None,
        clock=clock,
        log=log,
        state=MemoryState(clock),
        contacts=MemoryContacts(clock),
        in_thread=asyncio.to_thread,
    )


@pytest.fixture
def build(services, ca_file):
    """Makes a plugin with the settings that a test is about."""

    def build(**settings):
        given = {
            "host": "127.0.0.1",
            "security": "none",
            "sender": "desk@bright.example",
            "to": ("anna@bright.example", "ben@bright.example"),
            "postal_address": "1 Main St, Denver CO 80202",
            "ca_file": ca_file,
            "timeout_s": 2.0,
        }
        return Mail(Settings(**{**given, **settings}), services)

    return build


@pytest.fixture
async def mail(build, smtp_server):
    """The plugin, over a server that takes everything."""
    return build(port=await smtp_server(), inbound_secret=Secret(PASSWORD))


@pytest.fixture
def reading(build, folder):
    """The plugin, with a mailbox."""

    def reading(**imap):
        given = {"host": "127.0.0.1", "port": folder.port, "poll_s": 0.05, "username": "desk"}
        return build(imap=Imap(**{**given, "password": Secret(PASSWORD), **imap}))

    return reading


@pytest.fixture
def password():
    return PASSWORD


@pytest.fixture
def authenticator():
    return login_of("desk", PASSWORD)
