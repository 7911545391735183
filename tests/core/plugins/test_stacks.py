"""Stacks are built at first use, once, and the least used ones are let go."""

import asyncio
import gc
import threading
import weakref
from zoneinfo import ZoneInfo

import attrs
import pytest

from textback import dispatch
from textback.config.settings import Client, PluginTable
from textback.errors import AssemblyError, ConfigError
from textback.hookspecs import hookimpl
from textback.plugins import Found, Stacks
from textback.services import Services


@attrs.frozen
class Settings:
    """None."""


@attrs.frozen(eq=False)
class Slow:
    settings: Settings
    services: Services
    release: asyncio.Event = attrs.field(factory=asyncio.Event)

    @hookimpl
    async def send_text(self, text):
        await self.release.wait()
        return text

    @hookimpl
    async def list_calls(self, since):
        yield since


def a_client(name, plugin="slow", roles=None):
    table = PluginTable(
        name=plugin, use=plugin, roles=roles, was=(), settings={}, file=f"clients/{name}.toml"
    )
    return Client(
        id=name,
        file=table.file,
        name=name,
        time_zone=ZoneInfo("UTC"),
        lines=("+13035550100",),
        plugins={plugin: table},
    )


CLIENTS = {name: a_client(name) for name in "abc"}


@pytest.fixture
def made():
    """Which clients' plugins were made, in order."""
    return []


@pytest.fixture
def make(made):
    def make(clients=CLIENTS, found=None, **kwargs):
        found = found or {"slow": Found.of("slow", Slow)}
        return Stacks(
            clients, found, lambda client, table, settings: made.append(client.id), **kwargs
        )

    return make


async def test_is_built_at_first_use_and_kept(make, made):
    """The same stack for everyone."""
    stacks = make()
    assert made == []
    first = await stacks.get("a")
    assert first.client == "a"
    assert await stacks.get("a") is first
    assert made == ["a"]


async def test_many_who_ask_at_once_share_one(make, made):
    """Also while it is built; one who gives up doesn't stop it."""
    stacks = make()
    asking = [asyncio.create_task(stacks.get("a")) for _ in range(5)]
    await asyncio.sleep(0)
    asking.pop(0).cancel()
    got = await asyncio.gather(*asking)
    assert len(set(map(id, got))) == 1
    assert made == ["a"]


async def test_least_used_is_let_go(make, made):
    """Using one keeps it."""
    stacks = make(limit=2)
    for client in ("a", "b", "a", "c", "a", "b"):
        await stacks.get(client)
    assert made == ["a", "b", "c", "b"]
    assert len(stacks) == 2


async def test_running_call_survives_its_stack(make):
    """It ends as if nothing had happened, and then the stack is gone."""
    stacks = make(limit=1)
    stack = await stacks.get("a")
    plugin, gone = stack.plugin("slow"), weakref.ref(stack)
    running = asyncio.create_task(dispatch.call(stack.impls("send_text")[0], text="hello"))
    await asyncio.sleep(0)
    await stacks.get("b")
    plugin.release.set()
    assert await running == "hello"
    del stack, plugin, running
    gc.collect()
    assert gone() is None


async def test_error_is_told_and_tried_again(make):
    """Nothing is kept, so that a remedy takes effect."""
    found = {}
    stacks = Stacks({"a": a_client("a")}, found, lambda *part: None)
    with pytest.raises(AssemblyError, match='there is no plugin named "slow"'):
        await stacks.get("a")
    found["slow"] = Found.of("slow", Slow)
    assert (await stacks.get("a")).client == "a"


async def test_unknown_client(make):
    """It is the caller's business to know its clients."""
    with pytest.raises(KeyError):
        await make().get("nobody")


async def test_dropped_stack_is_built_anew(make, made):
    """From what the client's file says now."""
    clients = dict(CLIENTS)
    stacks = make(clients)
    await stacks.get("a")
    clients["a"] = attrs.evolve(clients["a"], name="Renamed")
    stacks.drop("a")
    await stacks.get("a")
    assert made == ["a", "a"]


async def test_one_dropped_while_it_is_built_is_not_kept(make, made):
    """Those who wait get it, since their question came before."""
    stacks = make()
    asking = asyncio.create_task(stacks.get("a"))
    await asyncio.sleep(0)
    stacks.drop("a")
    old = await asking
    assert await stacks.get("a") is not old
    assert made == ["a", "a"]


async def test_import_does_not_hold_up_others(make):
    """A package that takes long to import is imported beside the event loop."""
    may_end = threading.Event()

    def import_slowly():
        assert may_end.wait(5)
        return Slow

    found = {
        "slow": Found.of("slow", Slow),
        "big": Found(name="big", origin="big", importer=import_slowly),
    }
    stacks = make({"a": a_client("a"), "b": a_client("b", "big")}, found)
    big = asyncio.create_task(stacks.get("b"))
    assert (await stacks.get("a")).client == "a"
    assert not big.done()
    may_end.set()
    assert (await big).client == "b"


async def test_what_is_offered_without_building(make, made):
    """By class and roles; what can't be imported offers nothing."""

    def fail():
        raise ConfigError("no")

    clients = {
        "a": a_client("a"),
        "b": a_client("b", roles=("sender",)),
        "c": a_client("c", "broken"),
        "d": a_client("d", "gone"),
    }
    broken = Found(name="broken", origin="broken", importer=fail)
    stacks = make(clients, {"slow": Found.of("slow", Slow), "broken": broken})
    offered = {client: stacks.offers(client, "list_calls") for client in clients}
    assert offered == {"a": True, "b": False, "c": False, "d": False}
    assert stacks.offers("b", "send_text")
    assert made == []


async def test_close_stops_what_is_being_built(make):
    """And forgets the rest."""
    stacks = make()
    await stacks.get("a")
    asking = asyncio.create_task(stacks.get("b"))
    await asyncio.sleep(0)
    await stacks.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(stacks) == 0
