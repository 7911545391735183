"""Old opt-outs and staff phones come in from a CSV file."""

from __future__ import annotations

import asyncio

import pytest

from support import deployment as d

pytestmark = pytest.mark.slow

GOOD = """Number,Reason,Since,Note
+13035550101,opt_out,2024-05-01,wrote STOP
(303) 555-0102,staff,,Dr. Example
3035550103,,2024-05-01T09:30:00-06:00,
"""


async def test_a_file_is_imported_with_reasons_and_dates(config, textback, rows):
    """National numbers are read with the client's region; no reason means an old opt-out."""
    (config.parent / "old.csv").write_text(GOOD)

    code, _, words = await textback("suppress", "--import", str(config.parent / "old.csv"))

    assert code == 0, words
    assert "3 numbers will not be texted (all clients); 3 of them are new" in words
    assert rows("SELECT client, number, reason FROM suppressions ORDER BY number") == [
        ("*", "+13035550101", "opt_out"),
        ("*", "+13035550102", "staff"),
        ("*", "+13035550103", "opt_out"),
    ]
    ((since,),) = rows("SELECT since FROM suppressions WHERE number = '+13035550103'")
    assert since == 1714577400 * 1_000_000


async def test_importing_twice_changes_nothing(config, textback, rows):
    """The file may be corrected and imported again."""
    (config.parent / "old.csv").write_text(GOOD)
    words = ("suppress", "--client", "bright", "--import", str(config.parent / "old.csv"))
    await textback(*words)

    code, _, said = await textback(*words)

    assert code == 0
    assert "0 of them are new" in said
    assert rows("SELECT count(*) FROM suppressions WHERE client = 'bright'") == [(3,)]


async def test_each_bad_row_is_told_and_nothing_is_imported(config, textback, rows):
    """All at once, with lines; a quoted line break counts as a line."""
    (config.parent / "old.csv").write_text(
        'number;reason;since;note\n+13035550101;;;"two\nlines"\n'
        "12;;;\n+13035550102;cross;;\n\n+13035550103;;last May;\n+13035550104;;2999-01-01;\n"
    )

    code, _, words = await textback("suppress", "--import", str(config.parent / "old.csv"))

    assert code == 1
    assert 'line 4: "12" is not a phone number' in words
    assert 'line 5: "cross" is no reason; there are: opt_out, staff, block' in words
    assert 'line 7: "last May" is no date' in words
    assert 'line 8: "2999-01-01" is in the future' in words
    assert "nothing was imported" in words
    assert rows("SELECT count(*) FROM suppressions") == [(0,)]


async def test_bad_rows_can_be_left_out(config, textback, rows):
    """A file without a header has its columns in order."""
    (config.parent / "old.csv").write_text("+13035550101,staff\nnobody\n")

    code, _, words = await textback(
        "suppress", "--import", str(config.parent / "old.csv"), "--skip-bad"
    )

    assert code == 0
    assert 'line 2: "nobody"' in words
    assert "; 1 of them is new, 1 row left out" in words
    assert rows("SELECT number, reason FROM suppressions") == [("+13035550101", "staff")]


async def test_an_imported_opt_out_is_not_texted(config, textback, rows, http, provider, serving):
    """Beside a running engine, from the next call on."""
    (config.parent / "old.csv").write_text("+13035550123\n")
    await textback("suppress", "--import", str(config.parent / "old.csv"), "--client", "bright")

    answer = await d.post(http, serving.address, "dial", d.missed("CA1", "+13035550123"))

    assert answer.is_success
    await _settled(rows)
    ((end, because),) = rows("SELECT end_state, because FROM cases")
    assert (end, provider.taken) == ("suppressed", [])
    assert "the caller opted out" in because


async def test_an_opt_out_that_the_team_was_told_of(rows, textback):
    """By telephone, say: unlike a block, the team can't take it back."""
    words = ("suppress", "+13035550123", "--client", "bright")

    assert (await textback(*words, "--reason", "opt_out"))[0] == 0
    code, _, said = await textback(*words, "--lift")

    assert (code, "is still not texted: opt out (bright)" in said) == (1, True)
    assert [tuple(row) for row in rows("SELECT client, reason FROM suppressions")] == [
        ("bright", "opt_out")
    ]


async def test_wrong_use_is_told(config, textback):
    """A number or a file, a known reason, and a file that is one."""
    assert (await textback("suppress", "+13035550101", "--reason", "whim"))[0] == 2
    assert (await textback("suppress"))[0] == 2
    assert (await textback("suppress", "+13035550101", "--import", "x.csv"))[0] == 2
    code, _, words = await textback("suppress", "--import", str(config.parent / "none.csv"))
    assert code == 1
    assert "none.csv: can't be read: No such file" in words
    (config.parent / "old.csv").write_bytes(b"\xff\xfe+\x001\x00")
    code, _, words = await textback("suppress", "--import", str(config.parent / "old.csv"))
    assert code == 1
    assert "not text in UTF-8" in words


async def test_a_header_without_the_number_is_told(config, textback, rows):
    """As what it is, and not as a row whose number is wrong."""
    (config.parent / "old.csv").write_text("phone,why\n+13035550101,block\n")

    code, _, words = await textback("suppress", "--import", str(config.parent / "old.csv"))

    assert code == 1
    assert 'old.csv: line 1 names no column "number"; the columns are: number, reason' in words
    assert rows("SELECT count(*) FROM suppressions") == [(0,)]


async def _settled(rows) -> None:
    async with asyncio.timeout(20):
        while not rows("SELECT 1 FROM cases WHERE end_state IS NOT NULL"):
            await asyncio.sleep(0.02)


NUMBER = "+13035550101"


async def test_what_was_taken_back_is_told(config, textback):
    """In the file of evidence, also what was said for all clients."""
    await textback("suppress", NUMBER, "--because", "a rival")
    await textback("suppress", NUMBER, "--reason", "staff", "--because", "the owner's")
    await textback("suppress", NUMBER, "--lift", "--because", "all wrong")
    path = config.parent / "evidence.html"

    code, _, words = await textback("evidence", NUMBER, "--out", str(path))

    assert code == 0, words
    page = path.read_text()
    assert "block for all clients, staff for all clients taken back" in page
    assert "(all wrong)" in page
    assert (await textback("evidence", "--verify", str(path)))[0] == 0


async def test_what_cannot_be_taken_back_is_told(config, textback, rows):
    """An opt-out is the caller's; what was said of all clients stays when one is named."""
    await textback("suppress", NUMBER, "--client", "bright", "--reason", "opt_out")
    await textback("suppress", NUMBER)

    code, _, words = await textback("suppress", NUMBER, "--client", "bright", "--lift")

    assert code == 1
    assert "is still not texted: opt out (bright), block (all clients)" in words
    code, _, words = await textback("suppress", NUMBER, "--lift")
    assert code == 0
    assert "taken back (all clients), but" in words
    assert rows("SELECT client, reason FROM suppressions") == [("bright", "opt_out")]
