"""The webhook subscription at Calendly: made, made anew, and looked at."""

import httpx
import pytest

from textback.config.secrets import Secret
from textback.errors import MaybeSent, NotSent, Refused
from textback.model import Addresses, Change, Severity
from textback.testing.builders import ADDRESS
from textback.testing.contracts import OverHttp
from textback_calendly import Calendly

OURS = f"{ADDRESS}/plugin"
TO_US = Addresses(base=OURS)
OTHER = "https://hooks.example.com/hooks/bright-smile/calendly"


class TestOverHttp(OverHttp):
    """What holds for whatever is asked of a provider."""

    secret = "eyJ0123456789abcdefghij"

    async def ask(self, plugin):
        return await plugin.connect(TO_US, False)

    @pytest.fixture
    def plugin(self, settings, services):
        return Calendly(settings(), services)


async def test_the_limits_reset(settings, services, provider):
    """Calendly says in a header of its own when it may be asked again."""
    provider.response = httpx.Response(429, headers={"x-ratelimit-reset": "37"}, json={})
    with pytest.raises(Refused) as caught:
        await Calendly(settings(), services).connect(TO_US, False)
    assert caught.value.retry_after == 37


class TestConnect:
    @pytest.mark.parametrize("scope", ["user", "organization"])
    async def test_subscribes(self, make, account, scope):
        """With our address, our key, and both events."""
        plugin = make(scope=scope)

        changes = await plugin.connect(TO_US, dry_run=False)

        assert changes == [Change("webhook subscription", None, OURS)]
        (made,) = account.subscriptions
        assert (made["callback_url"], made["scope"]) == (OURS, scope)
        assert set(made["events"]) == {"invitee.created", "invitee.canceled"}
        assert account.keys[OURS] == plugin.settings.signing_key.value

    async def test_once_is_enough(self, calendly, account):
        """What it makes passes the check, and is left alone."""
        await calendly.connect(TO_US, dry_run=False)

        assert await calendly.connect(TO_US, dry_run=False) == []
        assert account.made == 1
        assert [found.severity for found in await calendly.check()] == [Severity.OK]

    @pytest.mark.parametrize(
        ("fault", "what"),
        [({"state": "disabled"}, "state"), ({"events": ["invitee.created"]}, "events")],
    )
    async def test_makes_anew(self, calendly, account, fault, what):
        """What can't be changed, and would only be refused a second time."""
        account.add(OURS, **fault)

        changes = await calendly.connect(TO_US, dry_run=False)

        assert [change.what for change in changes] == [f"webhook subscription: {what}"]
        assert len(account.subscriptions) == 1
        assert await calendly.connect(TO_US, dry_run=False) == []

    async def test_another_key(self, make, account):
        """A key that was changed in the file is given to Calendly."""
        await make().connect(TO_US, dry_run=False)
        plugin = make(signing_key=Secret("another key of these tests"))

        changes = await plugin.connect(TO_US, dry_run=False)

        assert [change.what for change in changes] == ["webhook subscription: signing key"]
        assert "of these tests" not in repr(changes)
        assert account.keys[OURS] == "another key of these tests"

    async def test_made_by_hand(self, calendly, account):
        """Nobody knows its key: it is left as it is."""
        account.add(OURS)
        assert await calendly.connect(TO_US, dry_run=False) == []

    async def test_leaves_others_alone(self, calendly, account):
        """Another's subscription, also of ours at another address; on whichever page it is."""
        account.page_size = 1
        account.add(OTHER, state="disabled")
        account.add(OURS, state="disabled")

        await calendly.connect(TO_US, dry_run=False)

        states = {each["callback_url"]: each["state"] for each in account.subscriptions}
        assert states == {OTHER: "disabled", OURS: "active"}

    @pytest.mark.parametrize("fault", [None, {"state": "disabled"}])
    async def test_dry_run(self, calendly, account, fault):
        """The same changes, and only GETs."""
        if fault:
            account.add(OURS, **fault)

        told = await calendly.connect(TO_US, dry_run=True)

        assert {request.method for request in account.asked} == {"GET"}
        assert told == await calendly.connect(TO_US, dry_run=False) != []

    async def test_in_another_scope(self, calendly, account):
        """Calendly lets an address be used once."""
        account.add(OURS, scope="organization")
        with pytest.raises(Refused, match="another subscription has this address"):
            await calendly.connect(TO_US, dry_run=False)

    async def test_free_plan(self, calendly, account):
        """In words."""
        words = {"title": "Permission Denied", "message": "Please upgrade your Calendly account"}
        account.broken["POST /webhook_subscriptions"] = httpx.Response(403, json=words)
        with pytest.raises(Refused, match=r"Please upgrade.*paid plan") as caught:
            await calendly.connect(TO_US, dry_run=False)
        assert caught.value.permanent

    async def test_without_a_token(self, make):
        """There is no other way."""
        with pytest.raises(Refused, match="access_token") as caught:
            await make(access_token=None).connect(TO_US, dry_run=False)
        assert caught.value.permanent


class TestMaintain:
    async def test_disabled(self, calendly, account):
        """Bookings are told again, without anybody looking."""
        account.add(OTHER, state="disabled")
        account.add(OURS, state="disabled")

        await calendly.maintain()

        states = {each["callback_url"]: each["state"] for each in account.subscriptions}
        assert states == {OTHER: "disabled", OURS: "active"}
        assert account.keys[OURS] == calendly.settings.signing_key.value

    async def test_broken_off(self, calendly, account):
        """The old one is gone and the new one wasn't made: it is, the next time."""
        account.add(OURS, state="disabled")
        account.broken["POST"] = httpx.Response(503)
        with pytest.raises(Refused):
            await calendly.maintain()
        assert account.subscriptions == []

        account.broken.clear()
        await calendly.maintain()

        assert [each["state"] for each in account.subscriptions] == ["active"]

    @pytest.mark.parametrize("there", [True, False])
    async def test_nothing_to_do(self, calendly, account, there):
        """One that works is left alone, and so is who has not connected, or no more."""
        if there:
            account.add(OURS)
        await calendly.maintain()
        assert {request.method for request in account.asked} == {"GET"}

    async def test_without_a_token(self, make, account):
        """There is nothing to ask with."""
        await make(access_token=None).maintain()
        assert account.asked == []


class TestCheck:
    async def said(self, plugin):
        """All findings, in one string for each."""
        return [f"{found.severity}: {found.message}" for found in await plugin.check()]

    async def test_sends_nothing(self, calendly, account):
        """It only looks."""
        account.add(OURS)
        assert await self.said(calendly) == ["ok: Dana's bookings are told to us"]
        assert {request.method for request in account.asked} == {"GET"}

    async def test_without_a_token(self, make):
        """It says that it can't."""
        (words,) = await self.said(make(access_token=None))
        assert words.startswith("warning: ")

    async def test_token_refused(self, calendly, account):
        """And nothing else, which would only repeat it."""
        account.broken["GET /users/me"] = httpx.Response(401, json={"message": "no"})
        (words,) = await self.said(calendly)
        assert words.startswith("error: access_token isn't taken")

    @pytest.mark.parametrize(
        "broken", [NotSent("refused"), MaybeSent("cut off"), httpx.Response(503)]
    )
    @pytest.mark.parametrize("path", ["users/me", "event_types", "webhook_subscriptions"])
    async def test_calendly_down(self, calendly, account, broken, path):
        """That is no fault of the token."""
        account.broken[f"GET /{path}"] = broken
        (words,) = await self.said(calendly)
        assert words.startswith("error: ")
        assert "isn't taken" not in words

    async def test_no_webhook(self, calendly, account):
        """With what to run."""
        account.add(OTHER)
        (words,) = await self.said(calendly)
        assert words == f"error: no webhook goes to {OURS}; run: textback connect bright-smile"

    async def test_webhook_with_faults(self, calendly, account):
        """Calendly disables one that failed for a day."""
        account.add(OURS, state="disabled")
        (words,) = await self.said(calendly)
        assert words == (
            "error: the webhook's state should be active, and is disabled; "
            "run: textback connect bright-smile"
        )

    async def test_not_allowed_to_look(self, calendly, account):
        """In words."""
        account.broken["GET /webhook_subscriptions"] = httpx.Response(403, json={})
        (words,) = await self.said(calendly)
        assert "paid plan" in words

    @pytest.mark.parametrize(
        ("link", "fine"),
        [
            ("https://calendly.com/acme/intro?month=2026-03", True),
            ("https://calendly.com/Acme/Intro/", True),
            ("https://calendly.com/acme", True),
            ("https://calendly.com/acme/other", False),
        ],
    )
    async def test_event_type(self, make, account, link, fine):
        """One with this page, or the page with all of them."""
        account.add(OURS)
        account.page_size = 1
        account.event_types.insert(0, {"scheduling_url": "https://calendly.com/acme/first"})
        (words,) = await self.said(make(link=link))
        assert words.startswith("ok: ") == fine
        assert fine or "no active event type with this page" in words

    @pytest.mark.parametrize("field", ["a2", "phone_number"])
    async def test_question_for_the_number(self, make, account, field):
        """The link should fill in what is asked."""
        account.add(OURS)
        account.event_types[0]["custom_questions"] = [
            {"type": "phone_number", "enabled": False},
            {"type": "text", "enabled": True},
            {"type": "phone_number", "enabled": True},
        ]
        (words,) = await self.said(make(phone_field=field))
        assert words.startswith("ok: ") == (field == "a2")
        assert field == "a2" or 'phone_field = "a2"' in words
