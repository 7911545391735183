"""Who of the team is told what, by ``[[notify]]`` in the client's file."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from textback.config import load
from textback.engine.starting.check import complete
from textback.model import Caller

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "routing.md"
TABLES = "\n".join(f'[plugins.{name}]\nuse = "team"' for name in ("desk", "dana", "oncall"))
STACK = f"[plugins.phones]\n[plugins.carrier]\n[plugins.crm]\n{TABLES}"
HOURS = '[hours]\nmon = "08:00-17:00"\ntue = "08:00-17:00"\n'
EVENING = timedelta(hours=11)


@pytest.fixture
async def routed(closed):
    """The rules of the page, for a business that is open now."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    closed.write(stack=STACK, more=HOURS + example.partition("[plugins.")[0])
    await closed.open()
    return closed


def told(house):
    """Who was told by now; forgotten with that."""
    found = [name for name, _ in house.outside.told]
    house.outside.told.clear()
    return found


async def test_what_no_rule_is_for(routed):
    """The fallback alone is told, once."""
    await routed.missed()
    await routed.let_pass(timedelta(seconds=5))
    assert told(routed) == ["desk"]


async def test_the_hours_are_those_of_what_is_told(routed):
    """A reply at night goes to whom it may concern at night, though the call came by day."""
    await routed.missed()
    await routed.let_pass(EVENING)
    told(routed)
    await routed.write_in("are you there?")
    assert told(routed) == ["oncall"]


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("My gum is SWOLLEN!", ["oncall"]),
        ("it is unswollen", ["desk"]),
        ("no emergency-room please, bleeding", ["oncall"]),
        ("see you", ["desk"]),
    ],
)
async def test_words_are_whole_words(routed, words, who):
    """In any case, wherever they stand."""
    await routed.missed()
    await routed.let_pass(timedelta(seconds=5))
    told(routed)
    await routed.write_in(words)
    assert told(routed) == who


@pytest.mark.parametrize("owner", ["Dana Reyes", "DANA@bright.example"])
async def test_all_rules_that_fit_count(routed, owner):
    """Dana's caller writes a word of the other rule: both are told, and not the fallback."""
    routed.outside.known = Caller(known=True, name="Anna Example", owner=owner)
    await routed.missed()
    await routed.let_pass(timedelta(seconds=5))
    assert told(routed) == ["dana"]
    await routed.write_in("it is swollen")
    assert sorted(told(routed)) == ["dana", "oncall"]


async def test_the_notice_says_whose_contact_it_is(routed):
    """Known or new, the owner, and the record, made since or known before."""
    crm = "https://crm.example/1"
    routed.outside.known = Caller(known=True, name="Anna Example", owner="Dana Reyes", url=crm)
    await routed.missed()
    await routed.let_pass(timedelta(seconds=5))
    ((_, notice),) = routed.outside.told
    assert (notice.known, notice.owner, notice.url) == (True, "Dana Reyes", crm)
    assert "They are known." in notice.lines
    assert notice.lines[-1] == f"Contact (Dana Reyes): {crm}"


async def test_who_was_not_told_is_said(routed):
    """Each notifier has its step; those that were passed over say why."""
    await routed.missed()
    await routed.let_pass(timedelta(seconds=5))
    states = routed.states("notify/%")
    assert states == dict.fromkeys(
        ("notify/desk/call/1", "notify/dana/call/1", "notify/oncall/call/1"), "done"
    )


@pytest.mark.parametrize(
    ("rules", "path", "words"),
    [
        (
            '[[notify]]\nwhen = { vip = true }\nto = ["desk"]',
            "notify",
            "needs one [[notify]] without `when`, for what no other is for",
        ),
        (
            '[[notify]]\nto = ["deks"]',
            "notify[1].to[1]",
            'there is no plugin table "deks"; did you mean "desk"?',
        ),
        ('[[notify]]\nto = ["crm"]', "notify[1].to", "crm can't tell the team"),
        (
            '[[notify]]\nwhen = { hours = "closed" }\nto = ["desk"]\n[[notify]]\nto = ["desk"]',
            "notify[1].when.hours",
            "needs the table [hours]",
        ),
    ],
)
def test_rules_that_leave_somebody_untold(closed, rules, path, words):
    """Said by `check`, with the place and what to do."""
    closed.write(settings='mode = "shadow"', stack=STACK, more=rules)
    config = load(closed.folder / "textback.toml", environ={})
    found = complete(config, closed.outside.plugins()).problems
    assert [(each.path, each.message[: len(words)]) for each in found] == [(path, words)]


def test_the_page_can_be_copied(closed):
    """Its file passes `check`, as far as the plugins are installed."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    closed.write(stack="[plugins.phones]\n[plugins.carrier]", more=HOURS + example)
    config = load(closed.folder / "textback.toml", environ={"ONCALL_SECRET": "whsec_c2VjcmV0"})
    assert config.problems == ()
    assert len(config.clients["bright"].notify) == 4
