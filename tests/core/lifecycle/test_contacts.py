"""The embedded CRM as a CSV file, in and out."""

from __future__ import annotations

import csv
import json
import stat

import pytest

pytestmark = pytest.mark.slow

HOSTILE = '=HYPERLINK("http://evil.example";"Anna")'
QUOTED = HOSTILE.replace('"', '""')

PEOPLE = f'''number,name,email,stage,tags,fields.source,colour
(303) 555-0101,Anna Example,anna@example.com,new-lead,"vip;""a;b""",Flyer,blue
+13035550102,"{QUOTED}",,,,-1+1,
+13035550103,"'tis Bert",,,,"two
lines",
'''


async def imported(config, textback, content=PEOPLE):
    (config.parent / "in.csv").write_text(content)
    return await textback("contacts", "--client", "bright", "import", str(config.parent / "in.csv"))


async def exported(config, textback, name="out.csv"):
    path = config.parent / name
    code, _, words = await textback("contacts", "--client", "bright", "export", str(path))
    assert code == 0, words
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def test_contacts_come_in_and_go_out(config, textback):
    """Numbers are normalised, tags and fields kept; an unknown column is told."""
    code, _, words = await imported(config, textback)

    assert code == 0, words
    assert "not imported: colour" in words
    anna = (await exported(config, textback))[0]
    assert anna == {
        "number": "+13035550101",
        "name": "Anna Example",
        "email": "anna@example.com",
        "stage": "new-lead",
        "tags": 'vip;"a;b"',
        "fields.source": "Flyer",
    }


async def test_hostile_cells_are_safe_in_spreadsheets_and_come_back(config, textback, rows):
    """No cell but a number begins like a formula, and a round trip changes no name."""
    await imported(config, textback)

    people = await exported(config, textback)

    assert [each["name"] for each in people] == ["Anna Example", f"'{HOSTILE}", "'tis Bert"]
    assert people[1]["fields.source"] == "'-1+1"
    again = (config.parent / "out.csv").read_text()
    before = rows("SELECT number, name, fields FROM contacts ORDER BY number")
    code, _, words = await imported(config, textback, again)
    assert code == 0, words
    assert rows("SELECT number, name, fields FROM contacts ORDER BY number") == before
    assert before[1][1] == HOSTILE


async def test_what_is_not_said_stays(config, textback):
    """Empty cells change nothing, tags are added."""
    await imported(config, textback)

    await imported(config, textback, "number,stage,tags\n+13035550101,,regular\n")

    anna = (await exported(config, textback))[0]
    assert (anna["stage"], anna["tags"]) == ("new-lead", 'vip;"a;b";regular')


async def test_bad_rows_are_told_and_nothing_is_imported(config, textback, rows):
    """As for suppressions."""
    code, _, words = await imported(
        config, textback, "name,number,email\nAnna,+13035550101,anna\nBert\nCora,12,\n"
    )

    assert code == 1
    assert 'line 2: "anna" is not an e-mail address' in words
    assert 'line 3: "" is not a phone number' in words
    assert 'line 4: "12" is not a phone number' in words
    assert rows("SELECT count(*) FROM contacts") == [(0,)]


async def test_consents_come_in_with_their_dates(config, textback, rows):
    """Basis, day and what shows it; a row whose consent can't be dated is told."""
    head = "number,fields.consent_at,fields.consent_basis,fields.consent_evidence\n"
    code, _, words = await imported(
        config,
        textback,
        head
        + "+13035550101,yes,form,\n"
        + "+13035550102,,form,\n"
        + "+13035550103,2026-01-05,paper,\n",
    )
    assert code == 1
    assert 'line 2: fields.consent_at: "yes" is no date' in words
    assert "line 3: fields.consent_at is missing" in words
    assert 'line 4: fields.consent_basis: "paper" is neither form nor crm' in words

    code, _, words = await imported(
        config, textback, head + "+13035550101,2026-01-05,form,paper form of 2026\n"
    )
    assert code == 0, words
    ((fields,),) = rows("SELECT fields FROM contacts")
    assert json.loads(fields) == {
        "consent_at": "2026-01-05",
        "consent_basis": "form",
        "consent_evidence": "paper form of 2026",
    }


async def test_a_header_is_needed(config, textback):
    """Columns of people have no order that everybody knows."""
    code, _, words = await imported(config, textback, "+13035550101,Anna\n")

    assert code == 1
    assert "line 1 must name the columns" in words


async def test_an_export_is_private_and_overwrites_nothing(config, textback):
    """It is personal data."""
    await imported(config, textback)
    await exported(config, textback)
    path = config.parent / "out.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    code, _, words = await textback("contacts", "--client", "bright", "export", str(path))

    assert code == 1
    assert "is there already" in words
