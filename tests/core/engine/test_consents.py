"""Consent: what callers gave, for how long it carries, what ends it, and that all of it is kept."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from support.house import CALLER, CLIENT, STACK, START
from support.outside import Plugin
from textback.engine.cases import pictures
from textback.engine.ledger import story
from textback.engine.ledger.evidence import gather
from textback.events import Consented, KeyPressed, OptIn, OptOut
from textback.hookspecs import hookimpl
from textback.model import Basis, Caller, Consent, PhoneNumber
from textback.store import consents, ledger

PROMPT = "Press 1 to get our answer by text."
DAY = timedelta(days=1)
LATER = """
[[follow_up]]
after = "100d"
body = "Bright Smile Dental: do you still need us? Reply STOP to opt out"
"""


def key(house, call, digits="1", **more):
    given = {"key": house.key("K"), "at": house.clock.now(), "prompt": PROMPT}
    return KeyPressed(call=call, digits=digits, **{**given, **more})


def form(house, **more):
    given = {
        "key": house.key("F"),
        "at": house.clock.now(),
        "number": "(303) 555-0123",
        "evidence": "form on bright-smile.example",
    }
    return Consented(**{**given, **more})


async def given(house, number=CALLER):
    rows = await house.runtime.store.read(
        lambda: consents.of(CLIENT, house.runtime.ctx.hash_of(number))
    )
    return {each.basis: each for each in pictures.given(rows)}


def last_consent(house):
    """What the consent rule answered in the newest decision."""
    rows = house.rows("SELECT content FROM ledger WHERE kind = 'decided' ORDER BY at, entry")
    verdicts = json.loads(rows[-1]["content"])["verdicts"]
    (found,) = [each for each in verdicts if each["rule"] == "consent"]
    return found


@pytest.fixture
async def later(closed):
    """A client whose one follow-up comes after a call alone has ceased to carry it."""
    closed.write(settings='mode = "live"\nidle_after = "200d"', more=LATER)
    await closed.open()
    return closed


async def test_a_call_alone_carries_three_months(later):
    """The follow-up after a hundred days has no ground."""
    await later.missed()
    await later.let_pass(101 * DAY)

    assert len(later.sent) == 1
    assert last_consent(later)["because"] == "the caller called, which carries texts no longer"


@pytest.mark.parametrize("number", [None, CALLER])
async def test_a_key_carries_longer(later, number):
    """Whether or not the provider repeats the number; words, key, call and time are kept."""
    await later.missed(call="CA1")
    await later.tell(key(later, "CA1", number=number))
    await later.let_pass(101 * DAY)

    assert [text.step for _, text in later.sent] == ["text/1", "follow_up/1"]
    verdict = last_consent(later)
    assert verdict["because"] == "the caller pressed a key for texts"
    assert verdict["saw"]["basis"] == "keypress"
    assert verdict["saw"]["evidence"] == f"pressed 1 in call phones/CA1, asked: “{PROMPT}”"
    (row,) = later.rows("SELECT content, subject FROM ledger WHERE kind = 'consented'")
    content = json.loads(row["content"])
    assert row["subject"] == "call/phones/CA1"
    assert (content["key"], content["prompt"], content["call"]) == ("1", PROMPT, "phones/CA1")
    assert content["given_at"] == START.isoformat()
    assert await later.ledger_fault() is None


@pytest.mark.parametrize("digits", ["2", "", "11", "*"])
async def test_another_key_changes_nothing(later, digits):
    """As if nobody had asked."""
    await later.missed(call="CA1")
    before = later.rows("SELECT * FROM ledger")
    await later.tell(key(later, "CA1", digits))

    assert await given(later) == {}
    assert later.rows("SELECT * FROM ledger") == before


async def test_a_key_of_nobody(later):
    """Without a number, in a call of which nothing was told, there is nobody to text."""
    await later.tell(key(later, "CA9"))

    assert later.rows("SELECT * FROM consents") == []


async def test_told_twice_counts_once(later):
    """Providers repeat themselves."""
    pressed = key(later, "CA1", number=CALLER)
    await later.tell(pressed)
    await later.tell(pressed)

    assert len(later.rows("SELECT * FROM ledger WHERE kind = 'consented'")) == 1


async def test_a_clock_that_is_ahead_gives_nothing_more(later):
    """What is told to happen tomorrow happened now."""
    await later.tell(key(later, "CA1", number=CALLER, at=START + 30 * DAY))

    assert (await given(later))[Basis.KEYPRESS].at == START


async def test_an_earlier_one_that_is_told_later(later):
    """The latest counts, in whatever order they come."""
    await later.tell(form(later, evidence="the newer form"))
    await later.tell(form(later, evidence="the older form", at=START - 30 * DAY))

    found = (await given(later))[Basis.FORM]
    assert (found.at, found.evidence) == (START, "the newer form, told by phones")


async def test_opting_out_ends_what_was_given(house):
    """STOP wins over a key that was pressed before and after it; START is a ground of its own."""
    await house.missed(call="CA1")
    await house.tell(key(house, "CA1"))
    await house.let_pass(DAY)
    await house.write_in("STOP")
    await house.let_pass(DAY)
    await house.tell(key(house, "CA1", number=CALLER))
    await house.missed()
    assert house.ends() == ["sent", "suppressed"]

    await house.let_pass(DAY)
    await house.write_in("START")
    await house.let_pass(12 * DAY)
    await house.missed()

    assert house.ends() == ["sent", "suppressed", "sent"]
    assert set(await given(house)) == {Basis.KEYPRESS, Basis.REPLIED}
    assert last_consent(house)["saw"]["basis"] in ("replied", "keypress")


async def test_a_provider_that_tells_of_opting_out_and_in(later):
    """What was given before carries nothing afterwards; wanting texts again does."""
    await later.tell(form(later))
    await later.let_pass(DAY)
    now = later.clock.now()
    out = OptOut(key="O1", at=now, number=CALLER, evidence="replied STOP")
    back = OptIn(key="I1", at=now, number=CALLER, evidence="replied START")
    await later.tell(out, plugin="carrier")
    await later.let_pass(DAY)
    await later.tell(back, plugin="carrier")
    await later.missed()

    verdict = last_consent(later)
    assert (verdict["saw"]["basis"], verdict["saw"]["evidence"]) == ("replied", "replied START")


@pytest.mark.parametrize("settings", ["", 'opt_out_scope = "deployment"'])
async def test_taking_a_form_back_is_an_opt_out(closed, settings):
    """By whatever way it was given; nobody is texted any more."""
    closed.write(settings=f'mode = "live"\n{settings}')
    await closed.open()
    await closed.tell(form(closed))
    await closed.let_pass(DAY)
    await closed.tell(form(closed, given=False, evidence="unticked on the website"))
    await closed.missed()

    assert closed.ends() == ["suppressed"]
    assert closed.sent == []
    (row,) = closed.rows("SELECT reason, evidence FROM suppressions")
    assert (row["reason"], row["evidence"]) == ("opt_out", "unticked on the website")


async def test_what_a_crm_says(closed, outside):
    """It is asked when the caller calls, and what it says goes with the case."""
    closed.write(settings='mode = "live"\nidle_after = "200d"', stack=STACK, more=LATER)
    await closed.open()
    agreed = Consent(basis=Basis.CRM, at=START - DAY, evidence="crm: sms_consent = yes")
    outside.known = Caller(number=CALLER, known=True, consent=agreed)
    await closed.missed()
    await closed.let_pass(101 * DAY)

    assert [text.step for _, text in closed.sent] == ["text/1", "follow_up/1"]
    verdict = last_consent(closed)
    assert verdict["because"] == "the caller agreed to texts, as a CRM says"
    assert verdict["saw"]["evidence"] == "crm: sms_consent = yes"


async def test_a_crm_that_dates_it_tomorrow(closed, outside):
    """Nobody has agreed yet."""
    closed.write()
    await closed.open()
    agreed = Consent(basis=Basis.CRM, at=START + DAY, evidence="crm")
    outside.known = Caller(number=CALLER, known=True, consent=agreed)
    await closed.missed()

    assert last_consent(closed)["saw"]["basis"] == "caller_called"


async def test_why_and_evidence_show_it(later):
    """In the story of the case, and in what is kept on the number."""
    await later.missed(call="CA1")
    await later.tell(key(later, "CA1"))
    await later.tell(form(later))
    await later.runtime.store.write(ledger.seal)

    told = await later.runtime.store.read(lambda: story.read(later.case()))
    ctx = later.runtime.ctx
    document = await later.runtime.store.read(
        lambda: gather(ctx.clients, [CLIENT], PhoneNumber(CALLER), ctx.hash_of(CALLER), ctx.now())
    )

    assert "consented" in [row["kind"] for row in told.ledger]
    (part,) = document["clients"]
    assert {each["basis"] for each in part["consents"]} == {"keypress", "form"}
    kinds = [row["kind"] for row in part["ledger"]["rows"]]
    assert kinds.count("consented") == 2


class Writer(Plugin):
    """Writes the texts itself, as a model would."""

    words = ""

    @hookimpl
    async def compose_text(self, picture, step):
        return self.words or None


@pytest.mark.parametrize(
    ("words", "end", "because"),
    [
        ("Sorry, {name}! Get 20% off", "suppressed", 'says "20% off", which sells'),
        (
            "Sorry that Bright Smile Dental missed you, [your name]. STOP ends it",
            "sent",
            'has "[your name]", which nobody has filled in',
        ),
    ],
)
async def test_words_of_a_plugin_are_looked_at(closed, outside, words, end, because):
    """As a template's are; the answer is kept with the decision."""
    outside.others["writer"] = type("Writer", (Writer,), {"outside": outside, "words": words})
    closed.write(stack=f"{STACK}\n[plugins.writer]\n")
    await closed.open()
    await closed.missed()

    assert closed.ends() == [end]
    (row,) = closed.rows("SELECT content FROM ledger WHERE kind = 'decided'")
    verdicts = json.loads(row["content"])["verdicts"]
    (verdict,) = [each for each in verdicts if each["rule"] == "content"]
    assert verdict["because"] == f"this first text {because}"


async def test_a_follow_up_that_sells_does_not_go(closed):
    """A later one that doesn't goes all the same."""
    closed.write(
        more="""
[[follow_up]]
after = "2h"
body = "Get 20% off today!"
[[follow_up]]
after = "1d"
body = "Do you still need us?"
"""
    )
    await closed.open()
    await closed.missed()
    await closed.let_pass(2 * DAY)

    assert [text.step for _, text in closed.sent] == ["text/1", "follow_up/2"]
