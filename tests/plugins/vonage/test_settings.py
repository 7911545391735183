"""What a client's file may say, and how a mistake in it is told."""

import pytest

from support.vonage_side import PHONES, PRIVATE_KEY, settings
from textback.config.secrets import Secret
from textback.errors import ConfigError
from textback.model import Case, Kind
from textback.picture import Action, Picture, Policy
from textback.testing.builders import CALLER, NOW, a_case

ALONE = {"application_id": None, "private_key": None}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"api_key": "abc"}, "8 letters and digits"),
        ({"api_key": "abcd 123"}, "8 letters and digits"),
        ({"private_key": Secret("/etc/private.key")}, "private.key that the dashboard gave"),
        ({"private_key": Secret("-----BEGIN RSA PRIVATE KEY-----")}, "BEGIN PRIVATE KEY"),
        ({"private_key": None}, "belong together"),
        ({"application_id": None}, "belong together"),
        ({**ALONE, "whisper": True}, "whisper needs"),
    ],
)
def test_what_is_wrong(wrong, words):
    """In words, and never with a part of a secret."""
    with pytest.raises(ConfigError, match=words) as caught:
        settings(**wrong)

    assert PRIVATE_KEY[30:60] not in str(caught.value)


@pytest.mark.parametrize(
    ("roles", "more", "words"),
    [
        (("source", "sender"), {}, "needs application_id and private_key for its calls"),
        (("sender",), {}, "for the Messages API"),
        (("sender",), {"api": "sms"}, None),
        (("source",), {"api": "sms"}, "for its calls"),
    ],
)
def test_what_the_roles_need(roles, more, words):
    """The SMS API alone needs no application."""
    given = settings(**{**ALONE, "ring": (), **more})
    if words is None:
        given.check_roles(roles)
        return
    with pytest.raises(ConfigError, match=words):
        given.check_roles(roles)


def test_with_an_application_it_plays_everything():
    """Whatever its roles."""
    settings().check_roles(("source", "sender", "notifier"))


def test_shows_no_secret():
    """However it is printed."""
    shown = f"{settings()!r} {settings()}"

    assert PRIVATE_KEY[30:60] not in shown
    assert "Secret0fTheTests" not in shown


def test_the_limits_are_vonages():
    """30 requests a second for an account, unless agreed otherwise."""
    assert (settings().max_per_s, settings().account) == (30, "abcd1234")


@pytest.mark.parametrize(
    ("kind", "number", "judged"),
    [
        (Kind.FIRST, PHONES[0], True),
        (Kind.FIRST, CALLER, False),
        (Kind.REPLY, PHONES[0], False),
    ],
)
def test_the_businesss_own_phones_are_no_callers(make, kind, number, judged):
    """Whoever tries the line from the desk is not texted."""
    policy = Policy(
        client="bright-smile",
        name="Bright Smile Dental",
        mode="live",
        lines=frozenset(),
        test_phones=frozenset(),
        staff_phones=frozenset(),
        cool_down_s=0,
        max_age_s=900,
    )
    case: Case = a_case()
    picture = Picture(now=NOW, kind=kind, step="text/1", policy=policy, case=case, to=number)

    verdict = make().judge(picture)

    assert (verdict is not None and verdict.action is Action.SUPPRESS) is judged
