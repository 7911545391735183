"""What lookups know of a caller: a landline isn't texted, and the team is told what is known."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import attrs
import pytest

from support.house import START, House
from textback.engine.codec import read_caller, write_caller
from textback.events import TeamReply
from textback.model import Basis, Caller, Consent, PhoneNumber


async def test_a_landline_ends_as_suppressed(house: House) -> None:
    """With the reason, for the team and for `why`; it still is a lead."""
    house.outside.known = Caller(name="EXAMPLE ANNA", line_type="landline")

    await house.missed()

    assert house.outside.taken == []
    (case,) = house.rows("SELECT end_state, because FROM cases")
    assert (case["end_state"], case["because"]) == (
        "suppressed",
        "the number is a landline, which can't get texts",
    )
    assert len(house.outside.leads) == 1
    ((_, notice),) = house.outside.told
    assert notice.name == "EXAMPLE ANNA"
    assert "They were not texted: the number is a landline, which can't get texts." in notice.lines


async def test_a_landline_that_writes_is_answered(house: House) -> None:
    """It is enabled for texts, whatever a lookup says."""
    house.outside.known = Caller(line_type="landline")
    await house.missed()
    await house.write_in("Do you have time on Monday?")

    (case,) = house.rows("SELECT case_id FROM cases")
    reply = TeamReply(key="R1", at=house.clock.now(), body="We do", by="Kim", case=case["case_id"])
    await house.tell(reply, plugin="team")
    await house.run()

    ((_, text),) = house.outside.taken
    assert text.body.startswith("We do")


@pytest.mark.parametrize(
    ("score", "told"), [(0.93, True), (0.49, False), (0.0, False), (None, False)]
)
async def test_the_team_hears_of_likely_spam(house: House, score: float | None, told: bool) -> None:
    """Who is above the client's spam_score is not texted; the team is told all the same."""
    house.outside.known = Caller(spam_score=score)

    await house.missed()

    assert len(house.outside.taken) == (0 if told else 1)
    ((_, notice),) = house.outside.told
    assert any("spam (0.93)" in line for line in notice.lines) is told


def test_all_that_is_known_of_a_caller_is_kept() -> None:
    """Each field comes back as it was."""
    caller = Caller(
        number=PhoneNumber("+13035550123"),
        name="Anna Example",
        first_name="Anna",
        email="anna@example.com",
        known=True,
        vip=False,
        language="es-MX",
        zone=ZoneInfo("America/Denver"),
        url="https://crm.example/1",
        owner="Kim",
        line_type="voip",
        spam_score=0.25,
        do_not_text="asked us not to",
        consent=Consent(basis=Basis.CRM, at=START, evidence="a field"),
    )
    assert None not in attrs.astuple(caller, recurse=False)
    assert read_caller(write_caller(caller)) == caller
