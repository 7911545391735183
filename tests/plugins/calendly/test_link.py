"""The link that a caller gets."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from textback.errors import ConfigError
from textback.testing.builders import CALLER, a_case


def fields(link):
    """What a link fills in, as Calendly reads it."""
    return dict(parse_qsl(urlsplit(link).query, strict_parsing=True))


async def test_knows_case_and_number(calendly):
    """Nothing in it needs quoting by whoever shows it."""
    link = await calendly.booking_link(a_case())

    assert link == ("https://calendly.com/acme/intro?utm_content=case1&phone_number=%2B13035550123")


@pytest.mark.parametrize("field", ["a1", "a10", "location", "phone_number"])
async def test_where_the_number_goes(make, field):
    """A question in its place, the place of a call, or the number for reminders."""
    link = await make(phone_field=field).booking_link(a_case())
    assert fields(link) == {"utm_content": "case1", field: CALLER}


@pytest.mark.parametrize(
    ("given", "case"),
    [({"phone_field": ""}, a_case()), ({}, a_case(number=None))],
)
async def test_without_a_number(make, given, case):
    """If none is to be filled in, or none is known."""
    assert fields(await make(**given).booking_link(case)) == {"utm_content": "case1"}


async def test_a_page_with_fields_of_its_own(make):
    """They stay."""
    link = await make(link="https://calendly.com/acme/intro?month=2026-03").booking_link(a_case())
    assert fields(link)["month"] == "2026-03"
    assert fields(link)["utm_content"] == "case1"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("link", "calendly.com/acme/intro", "copy its link"),
        ("link", "http://calendly.com/acme/intro", "copy its link"),
        ("link", "https://calendly.com/", "copy its link"),
        ("link", "https://calendly.com/acme#intro", "#"),
        ("phone_field", "a11", "phone_field"),
        ("phone_field", "phone", "phone_field"),
    ],
)
def test_settings_are_checked(settings, field, value, words):
    """In words for who wrote them."""
    with pytest.raises(ValueError, match=words):
        settings(**{field: value})


def test_short_keys(settings, calendly):
    """They could be guessed."""
    short = type(calendly.settings.signing_key)("short")
    with pytest.raises(ConfigError, match="openssl rand"):
        settings(signing_key=short)


def test_account(settings):
    """Clients with one token share its limits; the token isn't in the name."""
    one, other = settings(), settings(link="https://calendly.com/other/page")
    assert one.account == other.account != ""
    assert one.access_token.value not in one.account
    assert settings(access_token=None).account == ""
