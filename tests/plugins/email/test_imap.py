"""The mailbox: what is new is told once, and left as new as it was."""

import asyncio
from contextlib import asynccontextmanager

import attrs
import pytest

from textback.errors import NotSent, Refused
from textback.model import Severity


def a_mail(number, body="Yes please"):
    return (
        f"From: caller@example.com\nSubject: Re\nMessage-ID: <m{number}@example.com>\n\n{body}\n"
    ).encode()


class Told:
    """What came, as the engine would take it."""

    def __init__(self):
        self.events = []
        self.changed = asyncio.Event()

    async def __call__(self, events):
        self.events += events
        self.changed.set()

    async def until(self, count):
        async with asyncio.timeout(5):
            while len(self.events) < count:
                self.changed.clear()
                await self.changed.wait()

    @property
    def keys(self):
        return [event.key for event in self.events]


@pytest.fixture
def told():
    return Told()


@asynccontextmanager
async def listening(plugin, told, folder):
    """While the mailbox is watched; begins when it has been looked at once."""
    looks = len(looks_at(folder))
    task = asyncio.ensure_future(plugin.listen(told))
    async with asyncio.timeout(5):
        while len(looks_at(folder)) == looks and not task.done():
            await asyncio.sleep(0.01)
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def looks_at(folder):
    return [command for command in folder.commands if command.startswith("UID SEARCH")]


async def test_tells_what_comes_from_now_on(reading, folder, told):
    """Not what lies in the mailbox from before."""
    folder.put(a_mail(1))

    async with listening(reading(), told, folder):
        folder.put(a_mail(2))
        folder.put(a_mail(3))
        await told.until(2)

    assert told.keys == ["mail:<m2@example.com>", "mail:<m3@example.com>"]
    assert told.events[0].body == "Yes please"


async def test_goes_on_where_it_stopped(reading, folder, told):
    """What came while nobody looked is told after, once."""
    async with listening(reading(), told, folder):
        folder.put(a_mail(1))
        await told.until(1)
        await asyncio.sleep(0)
    folder.put(a_mail(2))

    async with listening(reading(), told, folder):
        await told.until(2)

    assert told.keys == ["mail:<m1@example.com>", "mail:<m2@example.com>"]


async def test_changes_nothing_in_the_mailbox(reading, folder, told):
    """It is opened read-only and peeked at: people read it too."""
    async with listening(reading(), told, folder):
        folder.put(a_mail(1))
        await told.until(1)

    verbs = {command.split()[0] for command in folder.commands}
    assert verbs == {"CAPABILITY", "LOGIN", "EXAMINE", "NOOP", "UID"}
    fetched = [command for command in folder.commands if "FETCH" in command]
    assert fetched
    assert all("BODY.PEEK[]" in command for command in fetched)


async def test_a_mailbox_that_counts_anew_is_begun_anew(reading, folder, told):
    """New UIDs say nothing about what was read under the old ones."""
    async with listening(reading(), told, folder):
        folder.put(a_mail(1))
        await told.until(1)
    folder.validity += 1

    async with listening(reading(), told, folder):
        folder.put(a_mail(2))
        await told.until(2)

    assert told.keys == ["mail:<m1@example.com>", "mail:<m2@example.com>"]


async def test_says_when_the_connection_is_gone(reading, folder, told):
    """The engine makes it again."""
    async with listening(reading(), told, folder) as task:
        folder.hang_up()
        with pytest.raises(NotSent, match=r"connection to 127\.0\.0\.1 is gone"):
            await asyncio.wait_for(task, 5)


@pytest.mark.parametrize(
    ("imap", "words"),
    [
        ({"username": "desk", "password": None}, "doesn't let desk in"),
        ({"folder": "No such"}, "has no folder No such"),
    ],
)
async def test_says_what_is_wrong_with_the_account(reading, folder, imap, words):
    """In `check`, and when it listens."""
    plugin = reading(**imap)

    with pytest.raises(Refused, match=words):
        await plugin.listen(Told())
    assert any(
        finding.severity is Severity.ERROR and words in finding.message
        for finding in await plugin.check()
    )


async def test_a_certificate_that_nobody_vouches_for_is_no_server_of_ours(build, reading, folder):
    """The password isn't told."""
    plugin = build(imap=reading().settings.imap, ca_file=None)

    with pytest.raises(NotSent, match=r"certificate of 127\.0\.0\.1"):
        await plugin.listen(Told())

    assert not any(command.startswith("LOGIN") for command in folder.commands)


async def test_without_a_mailbox_it_waits_and_asks_nobody(build):
    """A plugin that only sends is left alone."""
    task = asyncio.ensure_future(build().listen(Told()))
    done, _ = await asyncio.wait([task], timeout=0.1)
    task.cancel()

    assert not done


async def test_check_finds_both_servers_well(build, smtp_server, reading, folder):
    """Nothing is sent, and nothing is read."""
    plugin = build(port=await smtp_server(), imap=reading().settings.imap)

    found = await plugin.check()

    assert [finding.severity for finding in found] == [Severity.OK, Severity.OK]
    assert not any(command.startswith("UID") for command in folder.commands)


async def test_check_says_what_is_missing(build, unused_tcp_port):
    """A server that isn't there is an error; what callers and the team lack are warnings."""
    found = await build(port=unused_tcp_port, to=(), postal_address="").check()

    assert [finding.severity for finding in found] == [Severity.ERROR] + [Severity.WARNING] * 3


async def test_check_asks_for_nothing_that_its_roles_don_t_need(build, smtp_server, services):
    """One that only writes to callers tells no team."""
    plugin = build(port=await smtp_server(), to=())
    plugin = attrs.evolve(plugin, services=attrs.evolve(services, roles=("email",)))

    found = await plugin.check()

    assert not any("`to`" in finding.message for finding in found)
