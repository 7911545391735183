"""What webhooks never told: calls that are listed, and texts in Vonage's reports."""

from datetime import timedelta

import httpx
import pytest

from support.vonage_side import API_KEY, CALL, OWN_LEG, PHONE_LEG, completed, event, rung
from textback.errors import MaybeSent, Refused
from textback.events import OptOut, TextReceived, TextStatus
from textback.flow.detect import conclude
from textback.model import CannotTell, FailureReason, Outcome, PhoneNumber, Receipt, TextState
from textback.testing.builders import NOW, a_text

HOUR = timedelta(hours=1)


def leg(status, *, inbound=False, began=True, seconds=20, call=CALL, **more):
    """A leg as it is listed; of one that nobody took, no time is."""
    ended = f"{NOW + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000Z"
    times = {"start_time": f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z", "end_time": ended} if began else {}
    return {
        "uuid": OWN_LEG if inbound else PHONE_LEG,
        "conversation_uuid": call,
        "direction": "inbound" if inbound else "outbound",
        "status": status,
        "from": {"type": "phone", "number": "13035550123"},
        "to": {"type": "phone", "number": "13035550100" if inbound else "13035550110"},
        **times,
        **more,
    }


def listed(*legs):
    return httpx.Response(200, json={"count": len(legs), "_embedded": {"calls": list(legs)}})


async def calls(plugin, since=NOW - HOUR):
    return [each async for each in plugin.list_calls(since)]


class TestCalls:
    @pytest.mark.parametrize(
        ("phone", "outcome"),
        [
            (leg("unanswered", began=False), Outcome.NO_ANSWER),
            (leg("busy", began=False), Outcome.BUSY),
            (leg("cancelled", began=False), Outcome.ABANDONED),
            (leg("completed", duration="9"), Outcome.ANSWERED),
            (leg("completed", duration="0"), Outcome.ABANDONED),
        ],
    )
    async def test_verdict(self, make, vonage, phone, outcome):
        """From the legs, as their webhooks would have told them."""
        vonage.answers = [listed(leg("completed", inbound=True, duration="20"), phone)]

        events = await calls(make())

        assert conclude(events).outcome is outcome
        assert events[0].caller == "+13035550123"

    async def test_the_keys_are_the_webhooks(self, make, tell, vonage):
        """What was told already counts once."""
        plugin = make()
        own = await tell(plugin, "event", completed(20))
        rang = event("unanswered", direction="outbound", seconds=20)
        phone = await tell(plugin, "event", rang, query=rung(0))
        vonage.answers = [
            listed(leg("completed", inbound=True, duration="20"), leg("unanswered", began=False))
        ]

        known = {each.key for each in (*own.events, *phone.events)}
        found = {each.key for each in await calls(plugin)}

        assert found < known  # but for the verdict, which a listing doesn't give

    async def test_pages(self, make, vonage):
        """A hundred at once, and so on until there are no more; a call may lie on two pages."""
        others = [leg("busy", began=False, call=f"CON-{n}") for n in range(99)]
        vonage.answers = [
            listed(leg("completed", inbound=True), *others),
            listed(leg("unanswered", began=False)),
        ]

        events = await calls(make())

        assert [dict(request.url.params) for request in vonage.requests] == [
            {"date_start": "2026-03-02T14:30:00Z", "page_size": "100", "record_index": index}
            for index in ("0", "100")
        ]
        assert conclude(events).outcome is Outcome.NO_ANSWER

    @pytest.mark.parametrize(
        "told",
        [
            [leg("answered", inbound=True)],
            [leg("completed", inbound=True), leg("ringing", began=False)],
            [leg("completed", inbound=True, start_time=None, seconds=-7200)],
            [leg("unanswered", began=False)],
            [{"status": "completed"}],
        ],
    )
    async def test_left_out(self, make, vonage, told):
        """What still goes on, was over before, or doesn't say when or what it was."""
        vonage.answers = [listed(*told)]

        assert await calls(make()) == []

    async def test_with_press_1(self, make, vonage):
        """Whether somebody pressed it isn't listed: a phone that was connected is an answer."""
        vonage.answers = [listed(leg("completed", inbound=True), leg("completed", duration="9"))]

        assert conclude(await calls(make(whisper=True))).outcome is Outcome.ANSWERED

    async def test_the_business_calls(self, make, vonage):
        """A call of its own is never missed."""
        numbers = {"from": {"number": "13035550100"}, "to": {"number": "13035550123"}}
        vonage.answers = [listed(leg("unanswered", **numbers))]

        events = await calls(make())

        assert conclude(events).outcome is Outcome.OUTGOING

    async def test_a_caller_without_a_number(self, make, vonage):
        """One of them doesn't spoil the list of the others."""
        vonage.answers = [
            listed(
                leg("completed", inbound=True, **{"from": {"type": "phone", "number": "anonymous"}})
            )
        ]

        assert (await calls(make()))[0].caller == "anonymous"

    async def test_not_allowed(self, make, vonage):
        """A key of another application is an error, not an empty list."""
        vonage.answers = [httpx.Response(401, json={"title": "Unauthorized"})]

        with pytest.raises(Refused) as caught:
            await calls(make())
        assert caught.value.permanent


def record(**more):
    """A text as the reports have it."""
    return {
        "account_id": API_KEY,
        "message_id": "M1",
        "client_ref": "case1-text-1-1",
        "direction": "outbound",
        "from": "13035550100",
        "to": "13035550123",
        "date_received": "2026-03-02T17:30:01+0000",
        "date_finalized": "2026-03-02T17:30:04+0000",
        "status": "delivered",
        "error_code": "0",
        **more,
    }


def reported(*records, following=None):
    links = {"next": {"href": following}} if following else {}
    return httpx.Response(200, json={"records": list(records), "_links": links})


class TestFind:
    async def test_by_our_id(self, make, vonage):
        """Among what was sent around that time; by nothing else."""
        vonage.answers = [reported(record(client_ref="another", message_id="M0"), record())]

        found = await make().find_text(a_text())

        assert found == Receipt("M1", TextState.DELIVERED)
        assert dict(vonage.requests[0].url.params) == {
            "account_id": API_KEY,
            "product": "MESSAGES",
            "direction": "outbound",
            "date_start": "2026-03-02T17:29:55+0000",
            "date_end": "2026-03-02T17:31:10+0000",
            "include_message": "false",
        }
        assert vonage.requests[0].headers["authorization"].startswith("Basic ")

    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("submitted", TextState.SENT),
            ("DELIVERED", TextState.DELIVERED),
            ("failed", TextState.FAILED),
            ("something new", TextState.SENT),
        ],
    )
    async def test_how_far_it_is(self, make, vonage, word, state):
        """A word that isn't known still means that Vonage has it."""
        vonage.answers = [reported(record(status=word))]

        assert (await make(api="sms").find_text(a_text())).state is state

    async def test_not_there(self, make, vonage):
        """Reports lag: that proves nothing."""
        vonage.answers = [reported(record(client_ref=None))]

        assert await make().find_text(a_text()) == CannotTell()

    async def test_never_tried(self, make, vonage):
        """Without a time there is nothing to look for, and nothing is paid."""
        assert await make().find_text(a_text(attempted_at=None)) == CannotTell()
        assert vonage.requests == []


async def texts(plugin, since=NOW - HOUR):
    return [each async for each in plugin.list_texts(since)]


class TestTexts:
    async def test_in_and_out(self, make, vonage):
        """What callers wrote, with the webhook's key, and how far our own are."""
        inbound = record(
            message_id="M2",
            direction="inbound",
            message_body="Hi",
            client_ref=None,
            **{"from": "13035550123", "to": "13035550100"},
        )
        vonage.answers = [reported(inbound), reported(record())]

        received, sent = await texts(make())

        assert isinstance(received, TextReceived)
        assert (received.key, received.body) == ("M2/received", "Hi")
        assert isinstance(sent, TextStatus)
        assert (sent.text, sent.number, sent.state) == (
            "case1-text-1-1",
            "+13035550123",
            TextState.DELIVERED,
        )
        asked = [request.url.params for request in vonage.requests]
        assert [each["include_message"] for each in asked] == ["true", "false"]

    async def test_an_opt_out(self, make, vonage):
        """It was told by a receipt that the restored store never saw."""
        vonage.answers = [reported(), reported(record(status="rejected", error_code="1240"))]

        sent, stop = await texts(make())

        assert isinstance(stop, OptOut)
        assert sent.reason is FailureReason.OPTED_OUT

    async def test_day_by_day(self, make, vonage):
        """A report covers a day at the most."""
        vonage.answers = [reported()]

        await texts(make(), NOW - timedelta(hours=50))

        asked = [request.url.params for request in vonage.requests]
        spans = [
            (each["date_start"], each["date_end"])
            for each in asked
            if each["direction"] == "inbound"
        ]
        assert spans == [
            ("2026-02-28T15:30:00+0000", "2026-03-01T15:30:00+0000"),
            ("2026-03-01T15:30:00+0000", "2026-03-02T15:30:00+0000"),
            ("2026-03-02T15:30:00+0000", "2026-03-02T17:30:00+0000"),
        ]

    async def test_pages(self, make, vonage):
        """The next page is where Vonage says, but on no other host than that of the settings."""
        evil = "https://evil.example/v2/reports/records?cursor=C&iv=I"
        vonage.answers = [reported(following=evil), reported(), reported(record())]

        assert len(await texts(make())) == 1
        assert [request.url.host for request in vonage.requests] == ["api.nexmo.com"] * 3
        assert vonage.requests[1].url.params["cursor"] == "C"

    @pytest.mark.parametrize("following", ["@evil.example/x", ".evil.example/x", {"x": 1}, [1]])
    async def test_next_page_that_would_be_elsewhere(self, make, vonage, following):
        """The credentials go to Vonage alone."""
        vonage.answers = [reported(following=following)]

        with pytest.raises(MaybeSent, match="next page that can't be read"):
            await texts(make())

        assert {request.url.host for request in vonage.requests} == {"api.nexmo.com"}

    @pytest.mark.parametrize(
        "strange",
        [
            {"to": "13035550999", "from": "13035550999"},
            {"message_id": None},
            {"date_received": "soon", "date_finalized": None},
            {"from": None, "to": None},
            {"status": "something new", "to": "13035550999"},
        ],
    )
    async def test_left_out(self, make, vonage, strange):
        """Texts of other lines of the account, and what can't be read."""
        vonage.answers = [reported(record(**strange))]

        assert await texts(make()) == []

    async def test_another_sender(self, make, vonage):
        """Texts that left from `from_number` are ours, too."""
        vonage.answers = [reported(), reported(record(**{"from": "13035550199"}))]

        assert len(await texts(make(from_number=PhoneNumber("+13035550199")))) == 1
