"""Setting our addresses at the application, and linking its numbers: nothing of anybody else's."""

import copy

import httpx
import pytest

from support.vonage_dashboard import APPLICATION_URL, Dashboard
from support.vonage_side import APPLICATION, PHONES
from textback.errors import Refused
from textback.model import Addresses, PhoneNumber
from textback.testing.builders import LINE

BASE = "https://hooks.agency.example/hooks/bright-smile/vonage"
FALLBACK = "https://static.agency.example/bright-smile.json"
ADDRESSES = Addresses(base=BASE, lines=(LINE,))


@pytest.fixture
def dashboard(vonage):
    dashboard = Dashboard()
    vonage.answers = [dashboard]
    return dashboard


def words(changes):
    return [change.what for change in changes]


class TestApplication:
    async def test_sets_all_addresses(self, make, dashboard):
        """By POST, so that what is signed is the body; and the line is linked to it."""
        number = dashboard.add("13035550100")

        changes = await make(fallback_url=FALLBACK).connect(ADDRESSES, dry_run=False)

        hooks = dashboard.hooks()
        assert hooks["voice"] == {
            "answer_url": {"address": f"{BASE}/answer", "http_method": "POST"},
            "event_url": {"address": f"{BASE}/event", "http_method": "POST"},
            "fallback_answer_url": {"address": FALLBACK, "http_method": "GET"},
        }
        assert hooks["messages"] == {
            "inbound_url": {"address": f"{BASE}/sms", "http_method": "POST"},
            "status_url": {"address": f"{BASE}/sms-status", "http_method": "POST"},
        }
        assert number["app_id"] == APPLICATION
        assert words(changes) == [
            "application: Voice, Answer URL",
            "application: Voice, Event URL",
            "application: Voice, Fallback URL",
            "application: Messages, Inbound URL",
            "application: Messages, Status URL",
            "+13035550100: application",
        ]

    async def test_leaves_everything_else(self, make, dashboard):
        """Vonage replaces an application as a whole: capabilities that we don't know stay."""
        dashboard.application |= {
            "name": "Bright Smile",
            "keys": {"public_key": "-----BEGIN PUBLIC KEY-----"},
            "privacy": {"improve_ai": False},
        }
        dashboard.application["capabilities"] = {
            "video": {"webhooks": {"archive_status": {"address": "https://video.example"}}},
            "voice": {
                "region": "na-east",
                "webhooks": {
                    "answer_url": {
                        "address": "https://old.example/answer",
                        "http_method": "GET",
                        "socket_timeout": 3000,
                    }
                },
            },
        }
        before = copy.deepcopy(dashboard.application)

        changes = await make().connect(ADDRESSES, dry_run=False)

        now = dashboard.application
        assert now["capabilities"]["video"] == before["capabilities"]["video"]
        assert now["capabilities"]["voice"]["region"] == "na-east"
        assert now["capabilities"]["voice"]["webhooks"]["answer_url"]["socket_timeout"] == 3000
        assert {key: now[key] for key in ("name", "keys", "privacy")} == {
            key: before[key] for key in ("name", "keys", "privacy")
        }
        (sent,) = [body for url, body in dashboard.changed if url == APPLICATION_URL]
        assert not {"id", "_links"} & sent.keys()
        assert changes[0].before == "GET https://old.example/answer"
        assert changes[0].after == f"POST {BASE}/answer"

    async def test_again(self, make, dashboard):
        """What is right already is not set, and not said."""
        dashboard.add("13035550100")
        plugin = make(fallback_url=FALLBACK)
        await plugin.connect(ADDRESSES, dry_run=False)
        dashboard.changed.clear()

        assert await plugin.connect(ADDRESSES, dry_run=False) == []
        assert dashboard.changed == []

    async def test_dry_run(self, make, dashboard):
        """The same words, and nothing is done."""
        dashboard.add("13035550100")
        plugin = make()

        said = await plugin.connect(ADDRESSES, dry_run=True)

        assert dashboard.changed == []
        assert said == await plugin.connect(ADDRESSES, dry_run=False)

    async def test_switches_signing_on(self, make, dashboard):
        """Without it every webhook would be turned away."""
        dashboard.application["capabilities"] = {"voice": {"signed_callbacks": False}}

        changes = await make().connect(ADDRESSES, dry_run=False)

        assert "application: Voice, signed callbacks" in words(changes)
        assert dashboard.application["capabilities"]["voice"]["signed_callbacks"] is True

    @pytest.mark.parametrize(
        ("roles", "more", "expected"),
        [
            (("source",), {}, {"voice"}),
            (("sender",), {}, {"messages"}),
            (("sender",), {"api": "sms"}, set()),
        ],
    )
    async def test_what_its_roles_need(self, make, dashboard, roles, more, expected):
        """A plugin that only sends takes no calls away."""
        await make(roles=roles, **more).connect(ADDRESSES, dry_run=False)

        assert {name for name, hooks in dashboard.hooks().items() if hooks} == expected

    async def test_an_ncco_of_ones_own(self, make, dashboard):
        """Without phones to ring, calls stay where they go; only their events come here."""
        await make(ring=(), api="sms").connect(ADDRESSES, dry_run=False)

        assert set(dashboard.hooks()["voice"]) == {"event_url"}

    @pytest.mark.parametrize("hook", ["answer_url", "event_url"])
    async def test_takes_nothing_from_another_client(self, make, dashboard, hook):
        """An application is one client's: its calls must not go to another one."""
        theirs = "https://hooks.agency.example/hooks/acme-plumbing/vonage/answer"
        webhooks = {hook: {"address": theirs, "http_method": "POST"}}
        dashboard.application["capabilities"] = {"voice": {"webhooks": webhooks}}

        with pytest.raises(Refused, match="an application for each client"):
            await make().connect(ADDRESSES, dry_run=False)

        assert dashboard.changed == []

    async def test_not_allowed(self, make, vonage):
        """Vonage's no is told as it is, and nothing was done."""
        vonage.answers = [httpx.Response(401, json={"title": "Unauthorized"})]

        with pytest.raises(Refused):
            await make().connect(ADDRESSES, dry_run=False)


class TestNumbers:
    async def test_what_is_set_already_is_said_again(self, make, dashboard):
        """What is left out of a change may be taken away by it."""
        number = dashboard.add(
            "13035550100",
            country="CA",
            moHttpUrl="https://old.example/sms",
            voiceCallbackType="tel",
            voiceCallbackValue="13035550150",
        )

        await make().connect(ADDRESSES, dry_run=False)

        (form,) = [body for url, body in dashboard.changed if url.endswith("/number/update")]
        assert form == {
            "country": "CA",
            "msisdn": "13035550100",
            "app_id": APPLICATION,
            "moHttpUrl": "https://old.example/sms",
            "voiceCallbackType": "tel",
            "voiceCallbackValue": "13035550150",
        }
        assert number["app_id"] == APPLICATION

    async def test_inbound_by_the_sms_api(self, make, dashboard):
        """Each number has an address of its own there."""
        number = dashboard.add("13035550100", app_id=APPLICATION)

        changes = await make(api="sms").connect(ADDRESSES, dry_run=False)

        assert number["moHttpUrl"] == f"{BASE}/sms"
        assert "+13035550100: inbound SMS" in words(changes)

    async def test_others_are_left_alone(self, make, dashboard):
        """Neither another client's number nor the sender's is touched."""
        for number in ("13035550101", "13035550199", PHONES[0][1:]):
            dashboard.add(number)

        await make(from_number=PhoneNumber("+13035550199")).connect(ADDRESSES, dry_run=False)

        assert [url for url, _ in dashboard.changed] == [APPLICATION_URL]

    async def test_refused_with_200(self, make, dashboard):
        """This API, too, says no in the body."""
        dashboard.add("13035550100")
        dashboard.refuses = "420"

        with pytest.raises(Refused) as caught:
            await make().connect(ADDRESSES, dry_run=False)

        assert caught.value.code == "420"
