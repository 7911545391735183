"""What a CRM's value says of a consent: a date, or nothing."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.agreed import agreed
from textback.model import Basis

DAY = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-01-05", DAY),
        ("2026-01-05T00:00:00Z", DAY),
        ("2026-01-04T17:00:00-07:00", DAY),
        (" 2026-01-05T00:00:00.000+00:00 ", DAY),
        ("1767571200000", DAY),
        (1767571200000, DAY),
    ],
)
def test_dates_as_crms_write_them(value, at):
    """With or without a time, or in milliseconds; the value is kept as evidence."""
    found = agreed(value, "the field x")

    assert (found.at, found.basis) == (at, Basis.CRM)
    assert found.evidence == f"the field x: {value}"


@pytest.mark.parametrize("value", [None, "", "yes", "true", True, "05.01.2026", "2026-13-01", "1"])
def test_anything_else_is_none(value):
    """Above all a yes without a date."""
    assert agreed(value, "x") is None


@given(st.one_of(st.text(), st.integers(), st.floats()))
def test_no_value_breaks_it(value):
    """It comes from other people's systems."""
    found = agreed(value, "x")
    assert found is None or found.at.tzinfo is UTC
