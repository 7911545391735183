"""Numbers as providers and people write them, in E.164 and back."""

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from textback.phones import costs_extra, display, mask, normalise, region_of


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("+13035550123", None),
        ("+1 303-555-0123", None),
        ("  +1 (303) 555.0123 ", "GB"),
        ("13035550123", "US"),
        ("13035550123", "GB"),
        ("13035550123", None),
        ("3035550123", "US"),
        ("(303) 555-0123", "US"),
        ("0013035550123", "DE"),
        ("sip:+13035550123@pbx.example;user=phone", None),
        ("<sips:3035550123@pbx.example:5061>", "US"),
        ("tel:+1-303-555-0123;phone-context=example", None),
    ],
)
def test_one_number_written_in_many_ways(raw, region):
    """Spaces, signs, schemes and a missing plus make no difference."""
    assert normalise(raw, region) == "+13035550123"


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "anonymous",
        "Restricted",
        "unknown",
        "+266696687",
        "266696687",
        "+7378742833",
        "+2562533",
        "+8656696",
        "+86282452253",
        "1045",
        "741741",
        "5550123",
        "+1303555012",
        "+130355501234",
        "+13035550123 x45",
        "tel:+1-303-555-0123;ext=45",
        "1-800-FLOWERS",
        "sip:anna@pbx.example",
        "sip:1045@pbx.example",
        "+999123456789",
        "+",
    ],
)
def test_what_can_not_be_texted_is_no_number(raw):
    """Withheld numbers, placeholders, extensions, short codes and wrong lengths."""
    assert normalise(raw, "US") is None


@given(st.text(alphabet="+0123456789 -().;:@xsipteltl<>", max_size=24) | st.text(max_size=24))
def test_anything_is_a_number_or_not_and_a_number_stays_itself(raw):
    """No input raises, and what was made is made again from itself."""
    number = normalise(raw, "US")

    assert number is None or normalise(number, None) == number


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+13035550123", "US"),
        ("+442079460000", "GB"),
        ("+447700900123", "GB"),  # not in use, and British all the same
        ("+80012345678", None),  # an international freephone number
        ("anonymous", None),
    ],
)
def test_a_number_tells_its_country(number, region):
    """By its country code, also where the number isn't in use."""
    assert region_of(number) == region


@given(
    area=st.integers(200, 999) | st.sampled_from([246, 345, 900]),
    exchange=st.integers(0, 999) | st.just(976),
    line=st.integers(0, 9999),
)
@example(area=900, exchange=234, line=5678)
@example(area=246, exchange=976, line=1234)
def test_what_is_known_of_north_america_is_what_the_number_plan_has(area, exchange, line):
    """Its numbers aren't looked up in full, and come to the same."""
    number = f"+1{area}{exchange:03}{line:04}"
    parsed = phonenumbers.parse(number, None)

    premium = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE
    assert costs_extra(number) == premium
    assert region_of(number) == (phonenumbers.region_code_for_number(parsed) or "US")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+13035550123", "+1303•••0123"),
        ("+447700900123", "+4477•••0123"),
        ("+3725550123", "+372•••0123"),
        ("+37255501", "+3•••5501"),
        ("1045", "•••"),
        ("", "•••"),
    ],
)
def test_a_log_never_shows_a_whole_number(number, shown):
    """Three digits at least are hidden."""
    assert mask(number) == shown


@pytest.mark.parametrize(
    ("region", "shown"),
    [("US", "(303) 555-0123"), ("GB", "+1 303-555-0123"), (None, "+1 303-555-0123")],
)
def test_people_read_a_number_as_they_write_it(region, shown):
    """National at home, international elsewhere."""
    assert display("+13035550123", region) == shown


def test_what_is_no_number_is_shown_as_it_came():
    """A notice may show what the provider said."""
    assert display("anonymous", "US") == "anonymous"
