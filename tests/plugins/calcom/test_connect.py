"""The webhook at Cal.com: made, mended, and looked at."""

import httpx
import pytest

from textback.errors import MaybeSent, NotSent, Refused
from textback.model import Addresses, Change, Severity
from textback.testing.builders import ADDRESS, NOW
from textback.testing.contracts import OverHttp
from textback_calcom import CalCom

OURS = f"{ADDRESS}/plugin"
TO_US = Addresses(base=OURS)


class TestOverHttp(OverHttp):
    """What holds for whatever is asked of a provider."""

    secret = "cal_live_0123456789abcdef"

    async def ask(self, plugin):
        return await plugin.connect(TO_US, False)

    @pytest.fixture
    def plugin(self, settings, services):
        return CalCom(settings(), services)


async def test_the_limits_reset(settings, services, provider):
    """Cal.com says for each limit when it begins anew."""
    at = int(NOW.timestamp())
    headers = {"x-ratelimit-reset-default": f"{at - 3}", "x-ratelimit-reset-hour": f"{at + 37}"}
    provider.response = httpx.Response(429, headers=headers, json={})
    with pytest.raises(Refused) as caught:
        await CalCom(settings(), services).connect(TO_US, False)
    assert caught.value.retry_after == 37


class TestConnect:
    async def test_makes_one(self, calcom, account):
        """With our address, our secret and what tells of appointments."""
        changes = await calcom.connect(TO_US, dry_run=False)

        assert changes == [Change("webhook", None, OURS)]
        (made,) = account.changes
        assert made["subscriberUrl"] == OURS
        assert made["active"] is True
        assert made["secret"] == calcom.settings.webhook_secret.value
        assert {"BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED"} < {*made["triggers"]}

    async def test_once_is_enough(self, calcom, account):
        """What it makes passes the check, and is left alone."""
        await calcom.connect(TO_US, dry_run=False)

        assert await calcom.connect(TO_US, dry_run=False) == []
        assert [found.severity for found in await calcom.check()] == [Severity.OK]

    @pytest.mark.parametrize(
        ("fault", "what"),
        [
            ({"active": False}, "enabled"),
            ({"triggers": ["BOOKING_CREATED", "MEETING_ENDED"]}, "triggers"),
            ({"secret": "of another time"}, "secret"),
            ({"secret": None}, "secret"),
            ({"payloadTemplate": '{"a": "{{title}}"}'}, "custom payload"),
        ],
    )
    async def test_mends(self, calcom, account, fault, what):
        """What differs, and nothing that another may want; no secret is shown."""
        hook = account.add(**fault)

        changes = await calcom.connect(TO_US, dry_run=False)

        assert [change.what for change in changes] == [f"webhook: {what}"]
        assert calcom.settings.webhook_secret.value not in repr(changes)
        assert await calcom.connect(TO_US, dry_run=False) == []
        assert ("MEETING_ENDED" in hook["triggers"]) == ("MEETING_ENDED" in str(fault))

    async def test_leaves_others_alone(self, calcom, account):
        """Another's webhook, also of ours at another address."""
        other = account.add("https://hooks.example.com/hooks/bright-smile/calcom", active=False)

        await calcom.connect(TO_US, dry_run=False)

        assert other["active"] is False
        assert len(account.webhooks) == 2

    @pytest.mark.parametrize("fault", [None, {"active": False}])
    async def test_dry_run(self, calcom, account, fault):
        """The same changes, and only GETs."""
        if fault:
            account.add(**fault)

        told = await calcom.connect(TO_US, dry_run=True)

        assert {request.method for request in account.asked} == {"GET"}
        assert told == await calcom.connect(TO_US, dry_run=False) != []

    async def test_of_one_event_type(self, make, account):
        """A team's event types tell only their own webhooks."""
        await make(event_type_id=7).connect(TO_US, dry_run=False)

        assert [hook["subscriberUrl"] for hook in account.team_webhooks["7"]] == [OURS]
        assert account.webhooks == []

    async def test_a_secret_that_isnt_shown(self, calcom, account):
        """It can't be compared, and isn't set again each time."""
        del account.add()["secret"]
        assert await calcom.connect(TO_US, dry_run=False) == []

    async def test_without_a_key(self, make):
        """It says what to do instead."""
        with pytest.raises(Refused, match="by hand") as caught:
            await make(api_key=None).connect(TO_US, dry_run=False)
        assert caught.value.permanent


class TestCheck:
    async def said(self, plugin):
        """All findings, in one string for each."""
        return [f"{found.severity}: {found.message}" for found in await plugin.check()]

    async def test_sends_nothing(self, calcom, account):
        """It only looks."""
        account.add()
        assert await self.said(calcom) == ["ok: acme's bookings are told to us"]
        assert {request.method for request in account.asked} == {"GET"}

    async def test_without_a_key(self, make):
        """It says that it can't."""
        (words,) = await self.said(make(api_key=None))
        assert words.startswith("warning: ")
        assert OURS in words

    async def test_key_refused(self, calcom, account):
        """And nothing else, which would only repeat it."""
        account.broken["/v2/me"] = httpx.Response(401, json={"message": "no"})
        (words,) = await self.said(calcom)
        assert words.startswith("error: api_key isn't taken")

    @pytest.mark.parametrize(
        "broken", [NotSent("refused"), MaybeSent("cut off"), httpx.Response(503)]
    )
    @pytest.mark.parametrize("path", ["/v2/me", "/v2/event-types", "/v2/webhooks"])
    async def test_calcom_down(self, calcom, account, broken, path):
        """That is no fault of the key."""
        account.broken[path] = broken
        (words,) = await self.said(calcom)
        assert words.startswith("error: ")
        assert "isn't taken" not in words

    async def test_no_webhook(self, calcom, account):
        """With what to run."""
        account.add("https://hooks.example.com/another")
        (words,) = await self.said(calcom)
        assert words == f"error: no webhook goes to {OURS}; run: textback connect bright-smile"

    async def test_webhook_with_faults(self, calcom, account):
        """Each is named."""
        account.add(active=False, secret="of another time")
        said = await self.said(calcom)
        assert len(said) == 2
        assert "of another time" not in str(said)

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"link": "https://cal.com/acme/other"}, "acme has no event type other"),
            ({"link": "https://cal.com/bob/intro"}, "api_key is acme's and link is bob's page"),
            ({"link": "https://cal.com/team/sales/intro"}, "only with event_type_id"),
            ({"event_type_id": 8}, "there is no event type 8"),
        ],
    )
    async def test_event_type(self, make, account, given, words):
        """That the link leads to, or the number says."""
        account.add()
        account.event_types.append({"id": 9, "slug": "intro", "username": "bob", "ownerId": 2})
        plugin = make(**given)
        if "event_type_id" in given:
            await plugin.connect(TO_US, dry_run=False)

        (said,) = await self.said(plugin)

        assert words in said

    @pytest.mark.parametrize(
        "link",
        [
            "https://cal.com/acme/intro?duration=30",
            "https://cal.com/d/0a1b2c/intro",
            "https://acme.cal.com/dana/intro",
            "https://cal.com/acme",
        ],
    )
    async def test_pages_that_are_fine(self, make, account, link):
        """Or can't be looked up by their address."""
        account.add()
        assert await self.said(make(link=link)) == ["ok: acme's bookings are told to us"]
