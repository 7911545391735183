"""Which text leaves from which line, and what the CRM is told, by where and when a call came in."""

from datetime import timedelta

import pytest

from support.house import CALLER, LINE, STACK
from textback.model import Caller

AIRPORT = "+13035550101"
TWO = f"""
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["{LINE}", "{AIRPORT}"]
mode = "live"
[hours]
mon = "08:00-17:00"
tue = "08:00-17:00"
[[location]]
lines = ["{LINE}"]
name = "Downtown"
contact = "downtown@example.com"
[[location]]
lines = ["{AIRPORT}"]
name = "Airport"
[location.hours]
mon = "20:00-24:00"
"""
WORDS = f"""
[[text]]
language = "es"
body = "Hola de {{{{ location }}}}"
[[text]]
when = {{ hours = "closed" }}
body = "{{{{ location }}}} is closed now"
[[text]]
when = {{ vip = true }}
body = "{{{{ location }}}}: we call back at once"
[[text]]
body = "Sorry from {{{{ location }}}}"
[[answer]]
to = "help"
language = "es"
body = "{{{{ location }}}}: ayuda en {{{{ contact }}}}. STOP para salir"
[[answer]]
to = "help"
language = "fr"
body = "{"à " * 798} {{{{ location }}}}"
[[lead]]
when = {{ line = "{AIRPORT}" }}
stage = "airport-new"
[[lead]]
stage = "downtown-new"
[[follow_up]]
after = "2h"
body = "Still?"
translations = {{ es = "Todavía?" }}
"""


@pytest.fixture
async def two(closed):
    """A client with two locations, each with a line, hours and a pipeline of its own."""
    closed.write()
    (closed.folder / "clients" / "bright.toml").write_text(TWO + STACK + WORDS)
    await closed.open()
    return closed


def sent(house):
    """Line and words of each text, in order."""
    return [(text.line, text.body) for _, text in house.sent]


async def test_each_location_texts_from_its_line_and_has_its_stage(two, outside):
    """Nine on a Monday morning: open downtown, closed at the airport."""
    await two.missed()
    await two.missed(line=AIRPORT, caller="+13035550124")

    assert sent(two) == [(LINE, "Sorry from Downtown"), (AIRPORT, "Airport is closed now")]
    assert [(lead.line, lead.stage) for lead in outside.leads.values()] == [
        (LINE, "downtown-new"),
        (AIRPORT, "airport-new"),
    ]


async def test_hours_are_those_when_the_call_was_missed(two):
    """A text that waited until morning still answers a call of the night."""
    await two.pause()
    await two.missed(line=AIRPORT)
    assert sent(two) == []

    await two.let_pass(timedelta(minutes=10))
    await two.resume()
    await two.run()

    assert sent(two) == [(AIRPORT, "Airport is closed now")]


async def test_the_callers_language_holds_for_all_that_we_write(two, outside):
    """The first text, the follow-up and the answer to HELP."""
    outside.known = Caller(number=CALLER, known=True, language="es-MX")
    await two.missed()
    await two.let_pass(timedelta(hours=2))
    await two.write_in("HELP")

    assert sent(two) == [
        (LINE, "Hola de Downtown"),
        (LINE, "Todavía?"),
        (LINE, "Downtown: ayuda en downtown@example.com. STOP para salir"),
    ]


async def test_help_names_the_place_that_was_written_to(two, outside):
    """Though the call went to the other one."""
    outside.known = Caller(number=CALLER, known=True, language="es")
    await two.missed()
    await two.write_in("HELP", line=AIRPORT)

    assert sent(two)[-1] == (AIRPORT, "Airport: ayuda en (303) 555-0101. STOP para salir")


async def test_a_crm_tells_of_vips(two, outside):
    """As `vip_phones` does."""
    outside.known = Caller(number=CALLER, known=True, vip=True)
    await two.missed()

    assert sent(two) == [(LINE, "Downtown: we call back at once")]


async def test_an_answer_that_gets_too_long_is_the_built_in_one(two, outside):
    """Never the words of a first text."""
    outside.known = Caller(number=CALLER, known=True, language="fr")
    await two.missed()
    await two.write_in("HELP")

    assert sent(two)[-1][1].startswith("Bright Smile Dental: for help, contact downtown@example")
