"""The business's own phones are no callers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from textback.model import Kind, PhoneNumber
from textback.picture import Action, Picture, Policy
from textback.testing.builders import a_case

DESK = PhoneNumber("+13035550150")
CALLER = PhoneNumber("+13035550123")


@pytest.mark.parametrize(
    ("to", "kind", "suppressed"),
    [(DESK, Kind.FIRST, True), (CALLER, Kind.FIRST, False), (DESK, Kind.REPLY, False)],
)
async def test_a_phone_that_rings_is_not_texted_as_a_caller(make, to, kind, suppressed):
    """Somebody of the business tries the line from a desk phone."""
    policy = Policy(
        client="bright",
        name="Bright Smile",
        mode="live",
        lines=frozenset(),
        test_phones=frozenset(),
        staff_phones=frozenset(),
        cool_down_s=0,
        max_age_s=900,
    )
    picture = Picture(
        now=datetime(2026, 3, 2, 17, tzinfo=UTC),
        kind=kind,
        step="text/1",
        policy=policy,
        case=a_case(number=to),
        to=to,
    )

    verdict = make(ring=(DESK,)).judge(picture)

    assert (verdict is not None and verdict.action is Action.SUPPRESS) == suppressed
