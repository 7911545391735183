"""After an outage: calls and texts found by listing them."""

from datetime import UTC, datetime

import httpx
import pytest

from textback.events import Confidence, Happened, TextReceived
from textback.model import Outcome, TextState

SINCE = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
LINE = "+13035550100"


def a_call(sid, **more):
    return {
        "sid": sid,
        "direction": "inbound",
        "parent_call_sid": None,
        "from": "+13035550123",
        "to": LINE,
        "status": "completed",
        "duration": "41",
        "start_time": "Mon, 02 Mar 2026 17:10:00 +0000",
        "end_time": "Mon, 02 Mar 2026 17:10:41 +0000",
        **more,
    }


@pytest.fixture
def account(provider):
    """An account with one line of ours; a test says which calls, legs and texts it lists."""
    lists = {"calls": [], "legs": [], "messages": []}

    def answer(request):
        resource = request.url.path.rpartition("/")[2]
        if resource == "Calls.json":
            which = "legs" if "ParentCallSid" in request.url.params else "calls"
            return httpx.Response(200, json={"calls": lists[which]})
        return httpx.Response(200, json={"messages": lists["messages"]})

    provider.answers = [answer]
    return lists


async def all_of(events):
    return [event async for event in events]


class TestCalls:
    @pytest.mark.parametrize(
        ("legs", "outcome"),
        [
            ([("completed", "30")], Outcome.ANSWERED),
            ([("canceled", None), ("completed", "30")], Outcome.ANSWERED),
            ([("no-answer", None), ("busy", None)], Outcome.NO_ANSWER),
            ([("busy", None), ("busy", None)], Outcome.BUSY),
            ([("failed", None)], Outcome.FAILED),
            ([("canceled", None), ("canceled", None)], Outcome.ABANDONED),
            ([], Outcome.ABANDONED),
        ],
    )
    async def test_verdict(self, make, account, legs, outcome):
        """One verdict a call, from the phones that it rang; its own status says nothing."""
        account["calls"] = [a_call("CA1")]
        account["legs"] = [{"status": status, "duration": seconds} for status, seconds in legs]

        started, concluded = await all_of(make().list_calls(SINCE))

        assert (started.happened, started.caller) == (Happened.STARTED, "+13035550123")
        assert (concluded.happened, concluded.outcome) == (Happened.CONCLUDED, outcome)
        assert concluded.confidence is Confidence.LIKELY
        assert (concluded.call, concluded.line, concluded.key) == ("CA1", LINE, "CA1/list")
        assert concluded.at == datetime(2026, 3, 2, 17, 10, 41, tzinfo=UTC)

    async def test_asks_for_our_lines(self, make, account, provider):
        """The account's other numbers are other clients'."""
        await all_of(make().list_calls(SINCE))

        asked = [request.url.params.get("To") for request in provider.requests]
        assert asked == [LINE]
        assert provider.requests[0].url.params["StartTime>"] == "2026-03-02"

    @pytest.mark.parametrize(
        "more",
        [
            {"direction": "outbound-api"},
            {"parent_call_sid": "CA0"},
            {"status": "in-progress", "end_time": None},
            {"end_time": "Mon, 02 Mar 2026 16:59:59 +0000"},
        ],
    )
    async def test_left_out(self, make, account, more):
        """Outgoing calls, legs, calls under way and those before are not told."""
        account["calls"] = [a_call("CA1", **more)]

        assert await all_of(make().list_calls(SINCE)) == []

    async def test_forwarded(self, make, account):
        """A call that was forwarded here was missed, though a greeting took it."""
        account["calls"] = [a_call("CA1")]

        _, concluded = await all_of(make(detect="forwarded").list_calls(SINCE))

        assert concluded.outcome is Outcome.NO_ANSWER

    @pytest.mark.parametrize(
        ("seconds", "outcome"), [("41", Outcome.ANSWERED), (None, Outcome.ABANDONED)]
    )
    async def test_status_mode(self, make, account, seconds, outcome):
        """With detect = "status" the call's own status is the verdict, as in its webhook."""
        account["calls"] = [a_call("CA1", duration=seconds)]

        _, concluded = await all_of(make(detect="status").list_calls(SINCE))

        assert concluded.outcome is outcome


class TestTexts:
    @staticmethod
    def a_text(sid, **more):
        return {
            "sid": sid,
            "direction": "outbound-api",
            "from": LINE,
            "to": "+13035550123",
            "status": "delivered",
            "body": "Sorry we missed you",
            "error_code": None,
            "date_sent": "Mon, 02 Mar 2026 17:10:00 +0000",
            **more,
        }

    async def test_both_ways(self, make, account, webhook):
        """A text that came in has the key of its webhook; one that went out another."""
        came_in = self.a_text(
            "SM1", direction="inbound", to=LINE, **{"from": "+13035550123"}, body="Hello"
        )
        account["messages"] = [came_in, self.a_text("SM2"), self.a_text("SM3", date_sent=None)]
        plugin = make(messaging_service_sid="MG1")
        account["messages"][1]["messaging_service_sid"] = "MG1"

        received, sent = await all_of(plugin.list_texts(SINCE))

        fields = {"MessageSid": "SM1", "From": "+13035550123", "To": LINE, "Body": "Hello"}
        (told,) = (await plugin.read_webhook(webhook("sms", fields))).events
        assert isinstance(received, TextReceived)
        assert (received.key, received.body) == (told.key, told.body)
        assert (sent.provider_id, sent.state) == ("SM2", TextState.DELIVERED)

    async def test_asks_for_our_lines(self, make, account, provider):
        """To the line and from it; from another number if the settings name one."""
        await all_of(make(from_number="+13035550190").list_texts(SINCE))

        asked = [dict(request.url.params) for request in provider.requests]
        assert [each.get("To") or each["From"] for each in asked] == [LINE, "+13035550190"]
        assert {each["DateSent>"] for each in asked} == {"2026-03-02"}

    @pytest.mark.parametrize(
        "more",
        [
            {"from": "+13035550177"},
            {"date_sent": "Mon, 02 Mar 2026 16:00:00 +0000"},
            {"status": "receiving"},
            {"direction": "inbound"},
        ],
    )
    async def test_left_out(self, make, account, more):
        """Texts of others, of before, and in neither direction are not told."""
        account["messages"] = [self.a_text("SM1", **more)]

        assert await all_of(make(messaging_service_sid="MG1").list_texts(SINCE)) == []
