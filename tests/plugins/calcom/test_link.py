"""The link that a caller gets."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from textback.errors import ConfigError
from textback.testing.builders import CALLER, a_case


def fields(link):
    """What a link fills in, as Cal.com reads it."""
    return dict(parse_qsl(urlsplit(link).query, strict_parsing=True))


async def test_knows_case_and_number(calcom):
    """Nothing in it needs quoting by whoever shows it; a text's program must not cut it off."""
    link = await calcom.booking_link(a_case())

    assert link == (
        "https://cal.com/acme/intro?metadata%5Btb%5D=case1&attendeePhoneNumber=%2B13035550123"
    )
    assert fields(link) == {"metadata[tb]": "case1", "attendeePhoneNumber": CALLER}


async def test_the_place_of_a_phone_call(make):
    """Cal.com takes it as JSON."""
    link = await make(phone_field="location").booking_link(a_case())

    assert json.loads(fields(link)["location"]) == {"value": "phone", "optionValue": CALLER}


async def test_a_question_of_ones_own(make):
    """By its identifier."""
    link = await make(phone_field="mobile").booking_link(a_case())
    assert fields(link)["mobile"] == CALLER


@pytest.mark.parametrize(
    ("given", "case"),
    [({"phone_field": ""}, a_case()), ({}, a_case(number=None))],
)
async def test_without_a_number(make, given, case):
    """If none is to be filled in, or none is known."""
    link = await make(**given).booking_link(case)
    assert fields(link) == {"metadata[tb]": "case1"}


async def test_a_page_with_fields_of_its_own(make):
    """They stay."""
    link = await make(link="https://cal.com/acme/intro?duration=30").booking_link(a_case())
    assert fields(link)["duration"] == "30"
    assert fields(link)["metadata[tb]"] == "case1"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("link", "cal.com/acme/intro", "copy its link"),
        ("link", "http://cal.com/acme/intro", "copy its link"),
        ("link", "https://cal.com/", "copy its link"),
        ("link", "https://cal.com/acme#intro", "#"),
    ],
)
def test_settings_are_checked(settings, field, value, words):
    """In words for who wrote them."""
    with pytest.raises(ConfigError, match=words):
        settings(**{field: value})


def test_account(settings):
    """Clients with one key share its limits; the key isn't in the name."""
    one, other = settings(), settings(link="https://cal.com/other/page")
    assert one.account == other.account != ""
    assert one.api_key.value not in one.account
    assert settings(api_key=None).account == ""
