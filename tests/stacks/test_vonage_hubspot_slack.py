"""Bright Smile: calls and texts by Vonage, leads in HubSpot, the team in Slack."""

import json
import re
from datetime import UTC, datetime
from itertools import count
from zoneinfo import ZoneInfo

import attrs
import pytest

from support import slack_api
from support.deployment import until
from support.stacks import BRIGHT
from support.vonage_side import answer, event, now_signed

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

LINE, PHONE, APPLICATION = "13035550100", "+13035550110", "78d335fa-323d-0114-9c3d-d6f0d48968cf"
DENVER = ZoneInfo("America/Denver")
GREETS = (
    "Hi{}, this is Bright Smile Dental. Sorry we missed your call. "
    "How can we help? Reply STOP to opt out"
)
_events = count(1)


@attrs.define
class Caller:
    """Somebody who calls Bright Smile, and what is then seen at the three providers."""

    agency: object
    number: str
    calls: int = 0

    async def _vonage(self, topic, fields, *, query=""):
        request = now_signed(topic, fields, query=query, application_id=APPLICATION)
        path = f"{BRIGHT}/vonage/{request.url.partition('/plugin/')[2]}"
        return path, request.body, request.headers

    async def tell(self, topic, fields, *, query=""):
        """Vonage tells something, signed; the answer."""
        told = await self.agency.tell(*await self._vonage(topic, fields, query=query))
        assert told.is_success, told.text
        return told

    async def calls_and(self, status, **more):
        """Call, and the phone that rings does this; everything is told twice, the end first."""
        self.calls += 1
        call = f"CON-{self.number[1:]}-{self.calls}"
        whose = {"from": self.number[1:], "conversation_uuid": call}
        rings = await self.tell("answer", answer(**whose))
        (ringing,) = rings.json()[0]["endpoint"]
        assert ringing == {"type": "phone", "number": PHONE[1:]}
        now = datetime.now(UTC)
        last = event(status, direction="outbound", **whose, **more)
        for told in (last, event("ringing", direction="outbound", **whose), last):
            greeting = await self.tell("event", told, query=f"?call={call}&ring=0")
        for _ in range(2):
            await self.tell("event", event("completed", **whose, end_time=f"{now:%FT%T}.000Z"))
        await self.agency.settled(self.number, calls=self.calls)
        return greeting

    async def is_missed(self):
        """Nobody answers."""
        return await self.calls_and("unanswered", detail="timeout")

    async def writes(self, words):
        """Text the business; told twice."""
        message = {
            "message_uuid": f"in-{next(_events)}",
            "from": self.number[1:],
            "to": LINE,
            "channel": "sms",
            "message_type": "text",
            "text": words,
        }
        for _ in range(2):
            await self.tell("sms", message)
        await self.agency.settled(self.number, calls=self.calls)

    @property
    def texts(self):
        """The texts that Vonage has for them."""
        return [each for each in self.agency.vonage.taken if each["to"] == self.number[1:]]

    @property
    def shown(self):
        """How the team reads their number."""
        return f"(303) 555-{self.number[-4:]}"

    @property
    def notices(self):
        """What stands in Slack about them."""
        return [each for each in self.agency.slack.posted if self.shown in each["text"]]

    @property
    def thread(self):
        """The first notice's place in Slack."""
        posted = self.agency.slack.posted
        first = next(n for n, each in enumerate(posted, 1) if self.shown in each["text"])
        return f"1772472600.{first:06}"

    def records(self, kind):
        """What HubSpot has of a kind with their contact."""
        (contact,) = [
            each["hs_object_id"]
            for each in self.agency.hubspot.all("contacts")
            if each["phone"] == self.number
        ]
        linked = self.agency.hubspot.linked("contacts", contact, kind)
        return [self.agency.hubspot.records[kind][each].properties for each in linked]

    async def case(self):
        """Their only case."""
        (case,) = await self.agency.cases(self.number)
        return case


@pytest.fixture
def caller(agency, suffix):
    return Caller(agency, f"+1303555{suffix}")


def words_of(message):
    """Everything that a notice shows, line by line, in the order of its blocks."""

    def walk(part):
        match part:
            case {"text": str(words)}:
                yield words
            case dict():
                for each in part.values():
                    yield from walk(each)
            case list():
                for each in part:
                    yield from walk(each)

    return list(walk(message["blocks"]))


async def test_a_missed_call_is_texted_recorded_and_told(agency, caller):
    """One text with the right words, a lead with deal and call, and a notice with the story."""
    greeting = await caller.is_missed()
    assert greeting.json()[0]["action"] == "talk"
    (text,) = caller.texts
    assert (text["from"], text["text"]) == (LINE, GREETS.format(""))
    assert text["webhook_url"].endswith(f"/hooks/{BRIGHT}/vonage/sms-status")
    delivered = {
        "message_uuid": agency.vonage.uuid(agency.vonage.taken.index(text) + 1),
        "to": text["to"],
        "from": LINE,
        "channel": "sms",
        "status": "delivered",
        "client_ref": text["client_ref"],
    }
    for _ in range(2):
        await caller.tell("sms-status", delivered)

    case = await caller.case()
    assert (case["client"], case["outcome"], case["end"]) == (BRIGHT, "no_answer", "sent")
    assert [(each["provider"], each["state"]) for each in case["texts"]] == [
        ("vonage", "delivered")
    ]
    assert {each["name"]: each["state"] for each in case["steps"]} == {
        "identify": "done",
        "text/1": "done",
        "lead/hubspot": "done",
        "deal/hubspot": "done",
        "log/hubspot/call/1": "done",
        "log/hubspot/text/1": "done",
        "notify/slack/call/1": "done",
        "follow_up/1": "waiting",
        "idle": "waiting",
    }

    (deal,) = caller.records("deals")
    assert (deal["pipeline"], deal["dealstage"]) == ("default", "default-0")
    (call,) = caller.records("calls")
    assert (call["hs_call_direction"], call["hs_call_status"]) == ("INBOUND", "NO_ANSWER")
    (sent,) = caller.records("communications")
    assert GREETS.format("") in sent["hs_communication_body"]
    (contact,) = [each for each in agency.hubspot.all("contacts") if each["phone"] == caller.number]
    assert contact["textback_tags"] == "missed-call"

    why = json.loads(await agency.run("why", case["case"], "--json"))
    ended = datetime.fromisoformat(why["calls"][0]["ended_at"])
    assert abs((datetime.now(UTC) - ended).total_seconds()) < 120
    (notice,) = caller.notices
    words = words_of(notice)
    assert words[0] == f"Missed call from {caller.shown}"
    facts = dict(zip(words[1:9:2], words[2:9:2], strict=True))
    assert facts == {
        "*Number*": f"<tel:{caller.number}|{caller.shown}>",
        "*When*": f"{ended.astimezone(DENVER):%a %d %b %Y, %H:%M %Z}",
        "*Outcome*": "nobody answered",
        "*Called*": "(303) 555-0100",
    }
    assert words[9:11] == [
        "They are new, as far as we know.",
        f"They were texted:\n{GREETS.format('')}",
    ]
    assert re.fullmatch(r"A follow-up is due .* M[SD]T\.", words[11])

    told = await agency.run("why", case["case"])
    for line in (
        "Concluded: no answer",
        f"\u201c{GREETS.format('')}\u201d",
        f"{case['case']}-text-1-1 delivered by vonage",
        "notify/slack/call/1: done",
        "The ledger holds",
    ):
        assert line in told


async def test_who_is_known_is_greeted_by_name_and_shown_with_their_record(
    agency, caller, another_suffix
):
    """HubSpot knows the number: no second contact, and the notice leads to the first."""
    another = Caller(agency, f"+1303555{another_suffix}")
    await another.is_missed()  # so that it is known which HubSpot account this is
    dana = agency.hubspot.person(
        firstname="Dana", lastname="Reed", phone=f"(303) 555-{caller.number[-4:]}"
    )
    await caller.is_missed()

    (text,) = caller.texts
    assert text["text"] == GREETS.format(" Dana")
    (notice,) = caller.notices
    words = "\n".join(words_of(notice))
    assert "Missed call from Dana Reed" in words
    assert "They are known." in words
    assert f"<https://app.hubspot.com/contacts/4242/record/0-1/{dana}|Open in the CRM>" in words
    assert len(agency.hubspot.linked("contacts", dana, "calls")) == 1
    assert len(agency.hubspot.linked("contacts", dana, "deals")) == 1


async def test_a_reply_reaches_the_team_and_stops_the_follow_up(agency, caller):
    """In the case's thread, and on the contact's timeline."""
    await caller.is_missed()
    await caller.writes("Can you do Monday?")

    assert len(caller.texts) == 1
    first, reply = caller.notices
    assert reply["thread_ts"] == caller.thread
    assert "thread_ts" not in first
    words = words_of(reply)
    assert words[0] == f"{caller.shown} wrote"
    assert any(each.endswith("Can you do Monday?") for each in words)
    assert any("|Open in the CRM>" in each for each in words)
    logged = [each["hs_communication_body"] for each in caller.records("communications")]
    assert sum("Can you do Monday?" in each for each in logged) == 1
    case = await caller.case()
    states = {each["name"]: each["state"] for each in case["steps"]}
    assert states["follow_up/1"] == "cancelled"
    assert set(states.values()) == {"done", "cancelled", "waiting"}
    assert "Can you do Monday?" in await agency.run("why", case["case"])


async def test_who_does_not_answer_is_asked_once_more(agency, caller):
    """The follow-up, when it is due; and it is on the timeline."""
    await caller.is_missed()
    await agency.hurry(caller.number, "follow_up/1")
    await agency.settled(caller.number)

    asked = "Still happy to help. What can Bright Smile Dental do for you?"
    assert [each["text"] for each in caller.texts] == [GREETS.format(""), asked]
    logged = [each["hs_communication_body"] for each in caller.records("communications")]
    assert sum(asked in each for each in logged) == 1
    assert len(caller.notices) == 1


async def test_an_answer_in_the_thread_reaches_the_caller(agency, caller):
    """Signed by Slack, told twice, texted once."""
    await caller.is_missed()
    ts = f"{datetime.now(UTC).timestamp():.6f}"
    told = slack_api.written("Monday at nine?", thread=caller.thread, ts=ts, event_id=f"Ev{ts}")
    for secret in ("a secret of somebody else's", *[slack_api.SIGNING_SECRET] * 2):
        request = slack_api.signed(told, at=datetime.now(UTC), secret=secret)
        answered = await agency.tell(f"{BRIGHT}/slack/events", request.body, request.headers)
        assert answered.status_code == (200 if secret == slack_api.SIGNING_SECRET else 401)
    await until(lambda: len(caller.texts) == 2)
    await agency.settled(caller.number)

    assert [each["text"] for each in caller.texts] == [GREETS.format(""), "Monday at nine?"]
    case = await caller.case()
    states = {each["name"]: each["state"] for each in case["steps"]}
    assert (states["text/2"], states["follow_up/1"]) == ("done", "cancelled")
    told = await agency.run("why", case["case"])
    assert "text/2 (Ben Carter by slack): done" in told


async def test_stop_is_confirmed_once_and_ends_it(agency, caller):
    """Vonage leaves STOP to us; the next missed call is told and recorded, and not texted."""
    await caller.is_missed()
    await caller.writes("STOP")
    assert [each["text"] for each in caller.texts] == [
        GREETS.format(""),
        "Bright Smile Dental: you have opted out and will get no more texts from us. "
        "Reply START to get them again",
    ]
    await caller.is_missed()

    assert len(caller.texts) == 2
    first, later = await agency.cases(caller.number)
    assert (first["state"], later["end"]) == ("closed", "suppressed")
    assert {each["name"]: each["state"] for each in first["steps"]}["follow_up/1"] == "cancelled"
    assert len(caller.records("calls")) == 2
    opted_out, again = [words_of(each) for each in caller.notices[1:]]
    assert opted_out[0] == f"{caller.shown} opted out"
    assert again[0] == f"Missed call from {caller.shown}"
    assert any("opted out" in each for each in again[1:])
    assert "suppress" in await agency.run("why", later["case"])


async def test_an_answered_call_leaves_nothing(agency, caller):
    """No text, no contact, no notice, no case."""
    await caller.calls_and("answered")

    assert await agency.cases(caller.number) == []
    assert (caller.texts, caller.notices) == ([], [])
    assert caller.number not in json.dumps(agency.hubspot.all("contacts"))
