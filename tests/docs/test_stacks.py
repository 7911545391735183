"""The page with three whole stacks: each file passes `check` and plays from a call to a reply."""

import re
import shlex
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from support.deployment import TEXTBACK, command
from support.stacks import ACME, BRIGHT, FILES, KETTLE, PAGE, SECRETS, live
from textback import plugins
from textback.config import load
from textback.engine.starting.check import complete
from textback.model import Caller, PhoneNumber
from textback.testing.plays import Play
from textback.testing.simulation import simulation

CALLER = PhoneNumber("+13035550123")
MORNING = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
AFTER_CALL = timedelta(minutes=1)


@pytest.fixture
def deployment(tmp_path):
    """A deployment with one of the files."""

    def write(file):
        (tmp_path / "clients").mkdir()
        (tmp_path / "textback.toml").write_text(
            '[server]\npublic_url = "https://hooks.agency.example"\n'
            '[store]\nkey = "a key of this test, long enough"\n'
        )
        (tmp_path / "clients" / "whole.toml").write_text(live(file), encoding="utf-8")
        return load(tmp_path / "textback.toml", environ=SECRETS)

    return write


@pytest.mark.parametrize(
    ("file", "sender", "crm", "notifier"),
    [
        (FILES[BRIGHT], "vonage", "hubspot", "slack"),
        (FILES[ACME], "twilio", "pipedrive", "teams"),
        (FILES[KETTLE], "telnyx", "contacts", "email"),
    ],
)
async def test_each_stack_tells_the_whole_story(deployment, file, sender, crm, notifier):
    """Missed call, text, lead, notice, then a reply that stops the rest; each by its plugin."""
    found = plugins.find(None)
    config = complete(deployment(file), found)
    assert not config.problems, config.problems

    async with simulation(config, "whole", MORNING, found) as played:
        known = Caller(number=CALLER, name="Anna Example", email="anna@caller.example", known=True)
        played.world.callers[CALLER] = attrs.evolve(known, first_name="Anna")
        await played.call(Play.RINGS_OUT, CALLER)
        await played.advance_to(played.clock.now() + AFTER_CALL)
        by = {(each.step, each.detail.get("plugin")) for each in played.world.happened}
        (text,) = played.world.texts
        assert "Anna" in text.body
        assert {("deliver", sender), ("record", crm), ("notify", notifier)} <= by

        await played.reply(CALLER, "Can you come today?")
        assert await played.advance_to_the_end(MORNING + timedelta(days=30))
        assert len(played.world.texts) == 1
        assert played.world.emails == []
        assert any("Can you come today?" in each.lines for each in played.world.notices)


@pytest.mark.parametrize("name", FILES)
async def test_the_page_plays_as_it_stands(tmp_path, name):
    """The file and the stand-ins below it, as a reader would copy them."""
    page = PAGE.read_text(encoding="utf-8").partition(FILES[name])[2]
    *exports, play = re.search(r"```sh\n(.*?)```", page, re.DOTALL)[1].splitlines()
    words = [shlex.split(each)[1].split("=", 1) for each in exports]
    (tmp_path / "clients").mkdir()
    (tmp_path / "textback.toml").write_text(TEXTBACK)
    (tmp_path / "clients" / f"{name}.toml").write_text(FILES[name], encoding="utf-8")

    _, *command_line = shlex.split(play)
    code, out, err = await command(tmp_path / "textback.toml", *command_line, secrets=dict(words))

    assert (code, name in command_line) == (0, True), err
    assert "Can you do Monday?" in out


async def test_a_mail_follows_where_nobody_answers(deployment):
    """The last stack's follow-up, a day later."""
    found = plugins.find(None)
    config = complete(deployment(FILES[KETTLE]), found)
    async with simulation(config, "whole", MORNING, found) as played:
        known = Caller(number=CALLER, email="anna@caller.example", known=True)
        played.world.callers[CALLER] = known
        await played.call(Play.RINGS_OUT, CALLER)
        await played.advance_to_the_end(MORNING + timedelta(days=30))
        assert [mail.subject for mail in played.world.emails] == ["About your call"]
