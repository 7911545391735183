"""What a file says of situations: hours, locations, `when` and languages."""

from datetime import date

import pytest

from textback.config.hours import Holidays, read_hours
from textback.config.places import Hours, When
from textback.config.schema import describe, json_schema
from textback.config.settings import Client

TWO_LINES = 'lines = ["+13035550100", "+13035550101"]'


def client_file(files, *parts):
    """A client with two lines."""
    files.write(
        "clients/bright-smile.toml",
        f'name = "Bright Smile Dental"\ntime_zone = "America/Denver"\n{TWO_LINES}',
        *parts,
    )


def test_everything_that_can_be_said(files):
    """One value or a list, dates with or without quotes, hours of a location."""
    client_file(
        files,
        """
        language = "en-US"
        vip_phones = ["+13035550123"]
        [hours]
        mon = "08:00-12:00, 13:00-17:00"
        fri = "22:00-02:00"
        holidays = "US-CO"
        closed = ["2026-12-24", 2026-12-31]
        [[location]]
        lines = ["(303) 555-0101"]
        name = "Airport"
        contact = "airport@example.com"
        [location.hours]
        sun = "00:00-24:00"
        [[text]]
        when = { line = "(303) 555-0101", known = true, hours = "holiday", vip = false }
        language = "es"
        body = "Hola"
        [[text]]
        when = { outcome = ["busy", "voicemail"] }
        body = "Hello"
        [[answer]]
        to = "stop"
        language = "es"
        body = "Alto"
        [[lead]]
        when = { line = ["+13035550100"], outcome = "busy" }
        stage = "new"
        [[follow_up]]
        after = "2h"
        body = "Still?"
        translations = { es = "Todavía", pt-BR = "Ainda" }
        """,
    )

    client = files.load_one()

    assert client.hours == Hours(
        mon=read_hours("08:00-12:00, 13:00-17:00"),
        fri=read_hours("22:00-02:00"),
        holidays=Holidays("US-CO"),
        closed=(date(2026, 12, 24), date(2026, 12, 31)),
    )
    assert client.location_of("+13035550101").hours == Hours(sun=read_hours("00:00-24:00"))
    assert client.location_of("+13035550100") is None
    assert client.text[0].when == When(
        line=("+13035550101",), known=True, hours="holiday", vip=False
    )
    assert client.text[1].when == When(outcome=("busy", "voicemail"))
    assert client.lead[0].when == When(line=("+13035550100",), outcome=("busy",))
    assert client.answer[0].to == "stop"
    assert client.follow_up[0].translations == {"es": "Todavía", "pt-BR": "Ainda"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('[hours]\nmon = "8-17"', 'hours.mon: "8-17" is no time of opening; write e.g.'),
        ("[hours]\nmon = 8", "hours.mon: must be times in quotes"),
        ("[hours]\nmo = '08:00-17:00'", 'hours.mo: unknown setting; did you mean "mon"?'),
        ('[hours]\nholidays = "US"', "hours: has no day; write e.g. mon ="),
        ('[hours]\nmon = "08:00-17:00"\nholidays = "Texas"', 'hours.holidays: "Texas" is no coun'),
        ('[hours]\nmon = "08:00-17:00"\nholidays = "US-XX"', "US has the parts AK, AL"),
        (
            '[hours]\nmon = "08:00-17:00"\nclosed = ["24.12."]',
            'hours.closed[1]: "24.12." is no',
        ),
        (
            '[hours]\nmon = "08:00-17:00"\nclosed = [2026-12-24T00:00:00]',
            "hours.closed[1]: must be a date",
        ),
        (
            '[[text]]\nbody = "a"\nwhen = { hours = "closed" }',
            "text[1].when.hours: needs the",
        ),
        (
            '[[lead]]\nwhen = { hours = "holiday" }\n[hours]\nmon = "08:00-17:00"',
            "lead[1].when.hours: there are no holidays",
        ),
        ('[[text]]\nbody = "a"\nwhen = { hours = "lunch" }', '"lunch" is not one of "open"'),
        ('[[text]]\nbody = "a"\nwhen = { known = "yes" }', "text[1].when.known: must be true or f"),
        ('[[text]]\nbody = "a"\nwhen = { outcome = "answered" }', '"answered" is not one of'),
        (
            '[[text]]\nbody = "a"\nwhen = { outcome = ["busy", "ansered"] }',
            'text[1].when.outcome[2]: "ansered" is not one of',
        ),
        (
            '[[text]]\nbody = "a"\nwhen = { line = "+13035550109" }',
            "text[1].when.line: +13035550109 is not one of this client's lines",
        ),
        (
            '[[text]]\nbody = "a"\nlanguage = "Spanish"',
            "text[1].language: must be a language",
        ),
        ('[[answer]]\nto = "start"\nbody = "a"', 'answer[1].to: "start" is not one of "stop"'),
        (
            '[[follow_up]]\nafter = "2h"\nbody = "a"\ntranslations = { Spanish = "b" }',
            "follow_up[1].translations: must be a language as BCP 47",
        ),
        (
            '[[location]]\nlines = ["+13035550109"]',
            "location[1].lines: +13035550109 is not one of this client's lines",
        ),
        (
            '[[location]]\nlines = ["+13035550100"]\n[[location]]\nlines = ["+13035550100"]',
            "location[2].lines[1]: +13035550100 is in another [[location]] already",
        ),
        ("[[location]]\nlines = []", "location[1].lines: must have at least 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(files, said, problem):
    """And with what to write instead."""
    client_file(files, said)

    (found,) = files.problems()

    assert problem in found, found


def test_editors_know_what_can_be_said():
    """One or a list, by the JSON Schema; in words on the reference page."""
    when = json_schema({})["properties"]["text"]["items"]["properties"]["when"]["properties"]
    hours = json_schema({})["properties"]["hours"]["properties"]

    one, many = when["outcome"]["anyOf"]
    assert many == {"type": "array", "items": one}
    assert "no_answer" in one["enum"]
    assert when["hours"]["enum"] == ["open", "closed", "holiday"]
    assert hours["closed"]["items"]["type"] == "string"
    words = {doc.name: doc.type for doc in describe(When)}
    assert words["line"] == "phone number, or a list"
    assert {doc.name: doc.type for doc in describe(Hours)}["mon"] == "times of a day"
    assert {doc.name: doc.type for doc in describe(Client)}["hours"] == "table"
