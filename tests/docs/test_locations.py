"""The page on several locations: its example does what the page says of it."""

import re
from datetime import datetime, timedelta
from pathlib import Path

from textback import plugins
from textback.config import load
from textback.engine.starting.check import advice, complete
from textback.testing.plays import Play
from textback.testing.simulation import simulation

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "locations.md"
DOWNTOWN, AIRPORT = "+13035550100", "+13035550101"


async def test_each_place_answers_for_itself(tmp_path):
    """Seven on a Saturday morning: the airport is open; each has its words, line and stage."""
    (tmp_path / "clients").mkdir()
    (tmp_path / "textback.toml").write_text(
        '[server]\npublic_url = "https://hooks.agency.example"\n'
        '[store]\nkey = "a key of this test"\n'
    )
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "clients" / "bright-smile.toml").write_text(example, encoding="utf-8")
    found = plugins.find(None)
    config = complete(load(tmp_path / "textback.toml", environ={}), found)
    assert not config.problems
    client = config.clients["bright-smile"]
    saturday = datetime(2026, 3, 7, 7, 0, tzinfo=client.time_zone)

    async with simulation(config, client.id, saturday, found) as played:
        for line, caller in ((DOWNTOWN, "+13035550123"), (AIRPORT, "+13035550124")):
            await played.call(Play.RINGS_OUT, caller, line)
            await played.advance_to(played.clock.now() + timedelta(seconds=5))
        stages = [person.stage for person in played.world.contacts.values()]
        texts = [(text.line, text.body.partition(".")[0]) for text in played.world.texts]

    assert texts == [
        (DOWNTOWN, "Hi, Bright Smile Dental Downtown is closed now"),
        (AIRPORT, "Hi, Bright Smile Dental Airport here"),
    ]
    assert stages == ["new-downtown", "new-airport"]
    assert [each for _, _, each in advice(config, found) if "[[" in each.message] == []
