"""What is looked at before a client goes live, and what `connect` sets; nothing is ever sent."""

from datetime import UTC, datetime

import httpx
import pytest

from support.telnyx_exchange import APPLICATION, LINE
from support.telnyx_portal import ADDRESS, FALLBACK, NOW, OTHER, PROFILE, Portal
from textback.errors import ConfigError, MaybeSent, Refused
from textback.model import Addresses, Case, Kind, PhoneNumber, Severity
from textback.picture import Action, Picture, Policy

ADDRESSES = Addresses(base=ADDRESS, lines=(PhoneNumber(LINE),))


@pytest.fixture
def portal(provider):
    """The account behind the plugin that `make` makes."""
    portal = Portal()
    provider.answer = portal
    return portal


def errors(findings):
    return [found.message for found in findings if found.severity is Severity.ERROR]


def warnings(findings):
    return [found.message for found in findings if found.severity is Severity.WARNING]


async def test_all_is_well(make, portal, provider):
    """One line says so, and nothing was changed or sent."""
    (finding,) = await make().check()

    assert finding.severity is Severity.OK
    assert LINE in finding.message
    assert {request.method for request in provider.requests} == {"GET"}


@pytest.mark.parametrize(
    ("application", "words"),
    [
        ({"webhook_event_failover_url": None}, "with textback down, calls would ring nobody"),
        ({"webhook_event_failover_url": f"{ADDRESS}/voice"}, "with textback down"),
        ({"webhook_event_url": "https://elsewhere.example/x"}, "tells elsewhere.example"),
        ({"webhook_event_url": ""}, "tells nobody"),
        ({"webhook_api_version": "1"}, "in an old form; run: textback connect bright-smile"),
        ({"active": False}, "is switched off"),
        ({"outbound": None}, "no outbound voice profile"),
        ({"outbound": {}}, "no outbound voice profile"),
    ],
)
async def test_what_is_wrong_with_the_application(make, portal, application, words):
    """Each with what to do."""
    portal.application.update(application)
    (error,) = errors(await make().check())
    assert words in error


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ({"connection_id": "77", "connection_name": "trunk"}, "go to trunk, not here; run:"),
        ({"connection_id": None}, "go to nothing"),
        ({"messaging_profile_id": None}, "no messaging profile; set messaging_profile_id"),
    ],
)
async def test_what_is_wrong_with_a_number(make, portal, number, words):
    """Its calls or texts don't come here."""
    portal.numbers[LINE].update(number)
    (error,) = errors(await make().check())
    assert words in error


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"webhook_url": "https://elsewhere.example/x"}, "go to elsewhere.example; run:"),
        ({"webhook_url": None}, "go to nobody"),
        ({"webhook_api_version": "1"}, "in an old form"),
        ({"enabled": False}, "is switched off"),
    ],
)
async def test_what_is_wrong_with_a_profile(make, portal, profile, words):
    """Replies would be lost."""
    portal.profile.update(profile)
    (error,) = errors(await make().check())
    assert words in error


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ring": ()}, "ring is empty"),
        ({"ring": (PhoneNumber(LINE),)}, "would ring itself"),
        ({"from_number": PhoneNumber("+13035550188")}, "is no number of this account"),
        ({"messaging_profile_id": "mine"}, "has another messaging profile; run:"),
    ],
)
async def test_what_is_wrong_with_the_settings(make, portal, settings, words):
    """What can be seen without a call."""
    assert any(words in error for error in errors(await make(**settings).check()))


async def test_a_number_that_is_always_forwarded(make, portal):
    """It never tells of its calls."""
    portal.forwarding = {
        "call_forwarding_enabled": True,
        "forwards_to": "+13035550110",
        "forwarding_type": "always",
    }
    (error,) = errors(await make().check())
    assert "are forwarded before they come here" in error

    portal.forwarding["forwarding_type"] = "on-failure"
    assert errors(await make().check()) == []


async def test_a_line_of_somebody_else(make, portal):
    """No call of it can come, and no text can leave from it."""
    del portal.numbers[LINE]
    (error,) = errors(await make(from_number=PhoneNumber(OTHER)).check())
    assert f"{LINE} is no number of this account" in error
    (error,) = errors(await make(roles=("sender",)).check())
    assert "set from_number" in error


async def test_phones_that_ring_too_long(make, portal):
    """A mailbox comes first."""
    (warning,) = warnings(await make(ring_s=30).check())
    assert "mailbox" in warning
    assert warnings(await make(ring_s=30, whisper=True).check()) == []
    assert warnings(await make(ring_s=30, detect="forwarded").check()) == []


@pytest.mark.parametrize(
    ("campaign", "words"),
    [
        ({"assignmentStatus": "PENDING_ASSIGNMENT"}, "isn't registered for US texts yet"),
        ({"assignmentStatus": "FAILED_ASSIGNMENT"}, "is in no 10DLC campaign"),
        ({}, "nothing is filed"),
    ],
)
async def test_a_sender_that_isnt_registered(make, portal, campaign, words):
    """US carriers block its texts."""
    portal.campaign = campaign
    (error,) = errors(await make().check())
    assert words in error


@pytest.mark.parametrize(
    ("states", "wrong"),
    [
        (["Verified"], None),
        (["Rejected", "Verified"], None),
        (["In Progress"], "yet"),
        (["Rejected"], "isn't verified"),
        ([], "nothing is filed"),
    ],
)
async def test_a_toll_free_sender(make, portal, states, wrong):
    """It has a registration of its own."""
    portal.numbers["+18885550100"] = {"messaging_profile_id": PROFILE}
    portal.toll_free = states
    found = errors(await make(from_number=PhoneNumber("+18885550100")).check())
    assert (wrong is None) == (found == [])
    assert wrong is None or wrong in found[0]


async def test_a_number_without_a_campaign(make, portal):
    """Telnyx knows none of it; other refusals say nothing about that."""
    portal.refused = {"10dlc": 404}
    (error,) = errors(await make().check())
    assert "is in no 10DLC campaign" in error

    portal.refused = {"10dlc": 403}
    (warning,) = warnings(await make().check())
    assert "can't be known" in warning


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("balance", "the account can't be read"),
        ("call_control", "application can't be read"),
        ("messaging_profiles", "can't be read"),
    ],
)
async def test_what_may_not_be_read(make, portal, part, words):
    """It says which, and why."""
    portal.refused = {part: 403}
    assert any(words in error for error in errors(await make().check()))


async def test_a_wrong_clock(make, portal):
    """Webhooks would be taken for old ones."""
    portal.date = datetime(2026, 3, 2, 17, 20, tzinfo=UTC)
    (error,) = errors(await make().check())
    assert "600 s ahead of" in error


async def test_source_needs_an_application(make):
    """A sender alone doesn't."""
    settings = make(application_id=None).settings
    with pytest.raises(ConfigError, match="application_id"):
        settings.check_roles(("source", "sender"))
    settings.check_roles(("sender",))


async def test_connect_sets_all_that_differs(make, portal):
    """One request each, with what was there before in the changes."""
    portal.application.update(webhook_event_url="https://old.example", webhook_timeout_secs=None)
    portal.application["webhook_event_failover_url"] = None
    portal.profile.update(webhook_url=None)
    portal.numbers[LINE].update(connection_id=None, messaging_profile_id="old")
    plugin = make(fallback_url=FALLBACK, messaging_profile_id=PROFILE)

    shown = await plugin.connect(ADDRESSES, dry_run=True)
    assert portal.changed == []
    changes = await plugin.connect(ADDRESSES, dry_run=False)

    assert changes == shown
    assert [(change.what, change.before, change.after) for change in changes] == [
        ("bright-smile: send a webhook to the URL", "https://old.example", f"{ADDRESS}/voice"),
        ("bright-smile: webhook timeout", None, "5"),
        ("bright-smile: failover URL", None, FALLBACK),
        (f"{LINE}: application", None, APPLICATION),
        ("messaging profile bright-smile: inbound settings, webhook URL", None, f"{ADDRESS}/sms"),
        (f"{LINE}: messaging profile", "old", PROFILE),
    ]
    assert portal.changed[0] == (
        f"call_control_applications/{APPLICATION}",
        {
            "application_name": "bright-smile",
            "webhook_event_url": f"{ADDRESS}/voice",
            "webhook_timeout_secs": 5,
            "webhook_event_failover_url": FALLBACK,
        },
    )
    assert portal.changed[-1] == ("phone_numbers/0100/messaging", {"messaging_profile_id": PROFILE})
    assert portal.numbers[OTHER]["connection_id"] == "others"
    assert await plugin.connect(ADDRESSES, dry_run=False) == []
    assert errors(await plugin.check()) == []


async def test_connect_keeps_to_the_roles(make, portal):
    """A sender's calls are another plugin's."""
    portal.application["webhook_event_url"] = portal.profile["webhook_url"] = ""
    await make(roles=("sender",)).connect(ADDRESSES, dry_run=False)
    assert [path for path, _ in portal.changed] == [f"messaging_profiles/{PROFILE}"]


@pytest.mark.parametrize(
    ("what", "field", "topic"),
    [("application", "webhook_event_url", "voice"), ("profile", "webhook_url", "sms")],
)
async def test_connect_takes_nothing_from_another_client(make, portal, what, field, topic):
    """An application or a profile has one address."""
    other = f"https://hooks.agency.example/hooks/other/telnyx/{topic}"
    getattr(portal, what)[field] = other
    with pytest.raises(Refused, match="/hooks/other/"):
        await make().connect(ADDRESSES, dry_run=False)
    assert getattr(portal, what)[field] == other


@pytest.mark.parametrize("answer", [{"data": 1}, {"data": [1]}, []])
async def test_answers_that_cant_be_read(make, provider, answer):
    """They are no yes."""
    provider.answer = httpx.Response(200, json=answer)
    with pytest.raises(MaybeSent):
        await make().connect(Addresses(base=ADDRESS), dry_run=False)


def test_the_phones_that_ring_are_no_callers(make):
    """They are the business's own: nobody is behind them who wants a text."""
    policy = Policy(
        client="bright-smile",
        name="Bright Smile",
        mode="live",
        lines=frozenset(),
        test_phones=frozenset(),
        staff_phones=frozenset(),
        cool_down_s=0,
        max_age_s=900,
    )
    case = Case(id="C1", client="bright-smile", number=None, line=PhoneNumber(LINE), opened_at=NOW)

    def asked(to, kind=Kind.FIRST):
        picture = Picture(
            now=NOW, kind=kind, step="text/1", policy=policy, case=case, to=PhoneNumber(to)
        )
        return make().judge(picture)

    assert asked("+13035550110").action is Action.SUPPRESS
    assert asked("+13035550123") is None
    assert asked("+13035550110", Kind.REPLY) is None
