"""Fakes have the real plugin's shape, and nothing of its reach."""

from datetime import timedelta

import attrs
import pytest

from textback.clock import SystemClock
from textback.config.settings import setting
from textback.errors import NotSent
from textback.hookspecs import hookimpl
from textback.model import Absent, Receipt
from textback.picture import Action, Verdict
from textback.plugins import Found, anatomy_of, roles_of
from textback.testing.builders import NOW, a_lead, a_text, an_activity
from textback.testing.clock import VirtualClock
from textback.testing.fakes import fake, fakes
from textback.testing.fixtures import provider, services
from textback.testing.simulator import Simulator
from textback.testing.world import World

__all__ = ["provider", "services"]


@attrs.frozen(kw_only=True)
class Settings:
    words: str = setting("What it says.", default="never on Mondays")


@attrs.frozen(eq=False)
class Careful:
    """Sends, and judges; its composing asks somebody."""

    settings: Settings
    services: object

    @hookimpl
    def judge(self):
        return Verdict(rule="careful", action=Action.HOLD, because=self.settings.words)

    @hookimpl
    async def compose_text(self, step):
        await self.services.http.get("https://words.example")

    @hookimpl
    async def send_text(self, text):
        raise AssertionError("the real one was asked")


@pytest.fixture
def world():
    return World(VirtualClock(NOW))


@pytest.mark.parametrize("kind", [Simulator, Careful])
def test_same_name_hooks_and_settings(world, kind):
    """It can be assembled in the real one's place."""
    real, faked = anatomy_of(kind), anatomy_of(fake(kind, world))
    assert faked.problems == ()
    assert faked.kind.__name__ == kind.__name__
    assert faked.hooks.keys() == real.hooks.keys()
    assert faked.settings is real.settings
    assert roles_of(faked.kind) == roles_of(kind)


async def test_effects_end_in_the_world(world, services, provider):
    """A text, a lead and a log entry; no request is made."""
    plugin = fake(Simulator, world)(settings=None, services=services)

    receipt = await plugin.send_text(a_text())
    ref = await plugin.save_contact(a_lead(), "key1")
    await plugin.log_activity(ref, an_activity(), "key2")
    await plugin.log_activity(ref, an_activity(), "key2")

    assert await plugin.find_text(a_text()) == Receipt(receipt.provider_id)
    assert await plugin.find_text(a_text(id="another")) == Absent()
    assert world.inbox(a_text().to) == [a_text().body]
    assert len(world.contacts[a_lead().number].activities) == 1
    assert [each.step for each in world.happened] == ["deliver", "record", "record"]
    assert provider.requests == []


async def test_judges_as_the_real_one(world, services):
    """Rules are pure, so the real ones are asked; what they compose can't reach anybody."""
    plugin = fake(Careful, world)(settings=Settings(), services=services)

    assert plugin.judge(picture=None).because == "never on Mondays"
    with pytest.raises(NotSent, match="simulation"):
        await plugin.compose_text(picture=None, step="text/1")
    await plugin.send_text(a_text())
    assert len(world.texts) == 1


def test_only_the_client_s_plugins_are_replaced(world):
    """What it doesn't use isn't even imported."""
    found = {name: Found.of(name, Careful) for name in ("mine", "other")}
    chosen = fakes(found, {"mine", "gone"}, world)
    assert chosen["mine"].loaded is not Careful
    assert chosen["other"] is found["other"]
    assert chosen.keys() == found.keys()


def test_virtual_clock():
    """It moves when told, and never back."""
    clock = VirtualClock(NOW)
    clock.advance(timedelta(days=7))
    assert clock.now() == NOW + timedelta(days=7)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance_to(NOW)


async def test_waiting_for_what_never_happens():
    """Ends in time, with an error."""
    with pytest.raises(TimeoutError):
        await World(SystemClock()).until(lambda: False, within_s=0.01)
