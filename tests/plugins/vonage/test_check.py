"""Check: what is wrong at Vonage is found, said with what to do, and nothing is changed."""

import json
from datetime import timedelta

import httpx
import pytest

from support.vonage_dashboard import Dashboard
from support.vonage_side import APPLICATION, PHONES
from textback.errors import NotSent
from textback.model import Addresses, PhoneNumber, Severity
from textback.testing.builders import LINE, NOW
from textback_vonage import fallback_ncco

ADDRESS = "http://127.0.0.1:8000/hooks/bright-smile/plugin"
FALLBACK = "https://static.agency.example/bright-smile.json"


@pytest.fixture
def dashboard(vonage):
    dashboard = Dashboard()
    vonage.answers = [dashboard]
    return dashboard


@pytest.fixture
async def set_up(make, dashboard):
    """An account that is set up for a plugin with these settings, as `connect` does it."""

    async def build(**more):
        plugin = make(fallback_url=FALLBACK, **more)
        dashboard.add(LINE[1:])
        await plugin.connect(Addresses(base=ADDRESS, lines=(LINE,)), dry_run=False)
        dashboard.changed.clear()
        ncco = fallback_ncco(plugin.settings, LINE)
        dashboard.files[FALLBACK] = httpx.Response(
            200, content=ncco, headers={"content-type": "application/json; charset=utf-8"}
        )
        return plugin

    return build


async def errors(plugin):
    """The words of what is wrong, in the order of finding."""
    found = await plugin.check()
    assert (found[-1].severity is Severity.OK) != any(
        each.severity is Severity.ERROR for each in found
    )
    return [each.message for each in found if each.severity is Severity.ERROR]


async def warnings(plugin):
    return [each.message for each in await plugin.check() if each.severity is Severity.WARNING]


@pytest.mark.parametrize(
    "more", [{}, {"api": "sms"}, {"whisper": True}, {"detect": "forwarded", "ring": ()}]
)
async def test_all_is_well(set_up, dashboard, more):
    """One sentence, and nothing was changed."""
    found = await (await set_up(**more)).check()

    assert [each.severity for each in found] == [Severity.OK]
    assert found[0].message == "calls and texts of +13035550100 come here"
    assert dashboard.changed == []


class TestAccount:
    async def test_wrong_credentials(self, set_up, dashboard):
        """Nothing else can be looked at then."""
        plugin = await set_up()
        dashboard.broken = ("get-balance",)

        (said,) = await errors(plugin)

        assert "the account can't be read" in said

    @pytest.mark.parametrize(
        ("value", "reloads", "warned"), [(0.4, False, True), (0.4, True, False), (9, False, False)]
    )
    async def test_balance(self, set_up, dashboard, value, reloads, warned):
        """Texts stop when the money is gone, unless it is topped up."""
        plugin = await set_up()
        dashboard.balance = {"value": value, "autoReload": reloads}

        assert bool(await warnings(plugin)) is warned

    @pytest.mark.parametrize(("minutes", "way"), [(2, "behind"), (-2, "ahead of")])
    async def test_the_clock(self, set_up, dashboard, minutes, way):
        """A wrong clock turns every webhook away."""
        plugin = await set_up()
        dashboard.date = NOW + timedelta(minutes=minutes)

        (said,) = await errors(plugin)

        assert f"120 s {way} Vonage's" in said


class TestNumbers:
    async def test_not_the_accounts(self, set_up, dashboard):
        """No call of it comes here."""
        plugin = await set_up()
        dashboard.numbers.clear()

        (said,) = await errors(plugin)

        assert said.startswith("+13035550100 is no number of this account")

    async def test_not_the_accounts_as_a_sender(self, make, dashboard):
        """Then another one must be named."""
        dashboard.add("13035550199")
        plain = make(roles=("sender",), api="sms")
        named = make(roles=("sender",), api="sms", from_number=PhoneNumber("+13035550199"))

        assert "set from_number" in (await errors(plain))[0]
        assert not [each for each in await errors(named) if "13035550100" in each]

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"app_id": "another"}, "not linked to the application"),
            ({"features": ["SMS"]}, "can't take calls; its features are SMS"),
            ({"features": ["VOICE"]}, "can't send texts"),
            ({"features": None}, "its features are none"),
            ({"voiceCallbackType": "tel"}, "forwarded by Vonage itself"),
        ],
    )
    async def test_how_it_is_set(self, set_up, dashboard, more, words):
        """Each with what to do."""
        plugin = await set_up()
        dashboard.numbers[0] |= more

        assert any(words in said for said in await errors(plugin))

    async def test_replies_by_the_sms_api(self, set_up, dashboard):
        """They come to an address of the number's own."""
        plugin = await set_up(api="sms")
        dashboard.numbers[0]["moHttpUrl"] = "https://elsewhere.example"

        (said,) = await errors(plugin)

        assert "passes no replies on; run: textback connect bright-smile" in said

    @pytest.mark.parametrize(
        ("sender", "words"),
        [
            ("+13035550198", "is no number of this account"),
            ("+13035550199", "can't send texts"),
        ],
    )
    async def test_the_sender(self, set_up, dashboard, sender, words):
        """A number that must be the account's, and able to text."""
        plugin = await set_up(from_number=PhoneNumber(sender))
        dashboard.add("13035550199", features=["VOICE"])

        assert words in (await errors(plugin))[0]

    async def test_would_ring_itself(self, set_up):
        """A line among the phones goes round in circles."""
        assert "would ring itself" in (await errors(await set_up(ring=(LINE,))))[0]

    async def test_rings_too_long(self, set_up):
        """A mailbox comes first, unless a key is asked for."""
        plugin = await set_up(ring_s=25)

        assert "ring_s = 25" in (await warnings(plugin))[0]

    async def test_rings_long_with_a_key(self, set_up):
        """A mailbox presses none."""
        assert await warnings(await set_up(ring_s=25, whisper=True)) == []


class TestApplication:
    @pytest.mark.parametrize(
        ("capability", "hook"),
        [
            ("voice", "answer_url"),
            ("voice", "event_url"),
            ("messages", "inbound_url"),
            ("messages", "status_url"),
        ],
    )
    @pytest.mark.parametrize(
        ("told", "words"),
        [
            ({}, "is set off"),
            ({"address": "https://elsewhere.example/x"}, "is set to elsewhere.example"),
            ({"http_method": "GET"}, "must be POST"),
        ],
    )
    async def test_addresses(self, set_up, dashboard, capability, hook, told, words):
        """All four must be ours."""
        plugin = await set_up()
        place = dashboard.application["capabilities"][capability]["webhooks"]
        place[hook] = {**place[hook], **told} if told else {}

        (said,) = await errors(plugin)

        assert words in said
        assert "textback connect bright-smile" in said

    async def test_not_signed(self, set_up, dashboard):
        """Every call would be turned away."""
        plugin = await set_up()
        dashboard.application["capabilities"]["voice"]["signed_callbacks"] = False

        assert "not signed" in (await errors(plugin))[0]

    async def test_not_there(self, set_up, dashboard):
        """Another account's, or none's."""
        plugin = await set_up()
        dashboard.broken = ("applications",)

        assert "the application can't be read" in (await errors(plugin))[0]

    async def test_another_key(self, set_up, dashboard):
        """Texts through the Messages API would be refused."""
        plugin = await set_up()
        dashboard.broken = ("/v1/calls",)

        assert "private_key is not accepted" in (await errors(plugin))[0]

    async def test_no_phones(self, make, dashboard):
        """Either they are named, or an NCCO of one's own rings them."""
        plugin = make(ring=())
        dashboard.add(LINE[1:])
        await plugin.connect(Addresses(base=ADDRESS, lines=(LINE,)), dry_run=False)

        (said,) = await warnings(plugin)

        assert f"events must go to {ADDRESS}/event" in said
        assert await errors(plugin) == []


class TestFallback:
    """With textback down, calls must still ring."""

    @pytest.mark.parametrize("address", [None, "http://127.0.0.1:9000/fallback.json"])
    async def test_none(self, set_up, dashboard, address):
        """Or one on our own machine, which would be down as well; what to put there is said."""
        plugin = await set_up()
        hooks = dashboard.application["capabilities"]["voice"]["webhooks"]
        hooks["fallback_answer_url"] = {"address": address} if address else None

        (said,) = await errors(plugin)

        assert "with textback down, calls would ring nobody" in said
        ncco = said.partition("application/json: ")[2].partition("; then")[0]
        assert json.loads(ncco)[0]["endpoint"][0]["number"] == PHONES[0][1:]
        assert "set fallback_url" in said

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (httpx.Response(404, text="no"), "answers 404"),
            (httpx.Response(200, html="<html>"), "answers 200 as text/html"),
            (httpx.Response(301, headers={"location": "https://x.example"}), "answers 301"),
            (httpx.Response(200, json=[]), "not up to date"),
            (
                httpx.Response(200, content=b"[{", headers={"content-type": "application/json"}),
                "not up to date",
            ),
        ],
    )
    async def test_not_what_vonage_needs(self, set_up, dashboard, answer, words):
        """It must be there, be JSON, and ring the phone of the settings."""
        plugin = await set_up()
        dashboard.files[FALLBACK] = answer

        (said,) = await errors(plugin)

        assert words in said
        assert "13035550110" in said

    async def test_the_phone_has_changed(self, set_up, make, dashboard):
        """Then the file must be written again."""
        await set_up()
        changed = make(fallback_url=FALLBACK, ring=PHONES[1:])

        assert "not up to date" in (await errors(changed))[0]

    async def test_not_reached(self, set_up, vonage, dashboard):
        """A server that is down itself is no fallback."""
        plugin = await set_up()

        def answer(request):
            if request.url.host == "static.agency.example":
                raise NotSent("static.agency.example refused the connection")
            return dashboard(request)

        vonage.answers = [answer]

        assert "refused the connection" in (await errors(plugin))[0]

    async def test_a_sender_needs_none(self, make, dashboard):
        """It takes no calls."""
        dashboard.add(LINE[1:], app_id=APPLICATION)
        plugin = make(roles=("sender",))
        await plugin.connect(Addresses(base=ADDRESS, lines=(LINE,)), dry_run=False)

        assert await errors(plugin) == []
