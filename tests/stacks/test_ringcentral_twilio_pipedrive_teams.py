"""Acme: RingCentral tells of calls, Twilio texts, leads in Pipedrive, the team in Teams."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import attrs
import httpx
import pytest

from support import deployment
from support.ringcentral_api import Story
from support.stacks import ACME

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

LINE, TEXTS_FROM = "+13125550100", "+13125550109"
ACCOUNT = "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
CHICAGO = ZoneInfo("America/Chicago")
GREETS = (
    "Hi{}, this is Acme Plumbing. Sorry we missed your call. How can we help? Reply STOP to opt out"
)
_events = count(1)


@attrs.define
class Caller:
    """Somebody who calls Acme, and what is then seen at the four providers."""

    agency: object
    number: str
    calls: int = 0

    async def calls_and(self, tell):
        """Call; what RingCentral tells comes in order, and then all of it backwards."""
        self.calls += 1
        story = Story(
            session=f"s-{self.number}-{self.calls}",
            caller=self.number,
            called=LINE,
            begins_at=datetime.now(UTC),
        )
        tell(story)
        (subscription,) = self.agency.ringcentral.platform.subscriptions.values()
        address, word = subscription["deliveryMode"]["address"], subscription["_word"]
        forged = await self.agency.ringcentral.post(address, json=story.told[0])
        assert forged.status_code == 401
        for told in (*story.told, *reversed(story.told)):
            headers = {"Verification-Token": word}
            answer = await self.agency.ringcentral.post(address, json=told, headers=headers)
            assert answer.status_code == 200
        await self.agency.settled(self.number, calls=self.calls)
        return story.begins_at + timedelta(seconds=len(story.told) + 1)

    async def is_missed(self):
        """It rings at Anna's, who isn't there; when it ended."""
        return await self.calls_and(
            lambda story: (
                story.caller_is("Setup")
                .user(2, "Proceeding")
                .user(2, "Disconnected", reason="NoAnswer", missedCall=True)
            )
        )

    async def _twilio(self, topic, form):
        signed = deployment.signed(f"/hooks/{ACME}/twilio/{topic}", form)
        headers = {"content-type": "application/x-www-form-urlencoded", **signed}
        body = str(httpx.QueryParams(form)).encode()
        answer = await self.agency.tell(f"{ACME}/twilio/{topic}", body, headers)
        assert answer.status_code in (200, 204), answer.text

    async def writes(self, words, **more):
        """Text the number that texted them; told twice."""
        sid = f"SM-in-{next(_events)}"
        form = deployment.text(sid, self.number, words, To=TEXTS_FROM, AccountSid=ACCOUNT, **more)
        for _ in range(2):
            await self._twilio("sms", form)
        await self.agency.settled(self.number, calls=self.calls)

    async def gets(self, text):
        """The carrier has delivered a text; told twice."""
        topic = text.status_url.partition("/twilio/")[2]
        form = {"AccountSid": ACCOUNT, "MessageSid": text.sid, "MessageStatus": "delivered"}
        for _ in range(2):
            await self._twilio(topic, form)

    @property
    def texts(self):
        """The texts that Twilio has for them."""
        return self.agency.twilio.to(self.number)

    @property
    def shown(self):
        """How the team reads their number."""
        return f"(312) 555-{self.number[-4:]}"

    @property
    def cards(self):
        """What Teams shows about them: the words of each card, line by line."""
        found = [(*lines_of(card["body"]),) for card in self.agency.teams.cards]
        return [lines for lines in found if self.shown in "\n".join(lines)]

    @property
    def person(self):
        """The one who has their number in Pipedrive."""
        (person,) = [
            each
            for each in self.agency.pipedrive.records["persons"].values()
            if any(self.number[-4:] in phone["value"] for phone in each["phones"])
        ]
        return person

    def records(self, kind):
        """What Pipedrive has of a kind with that person."""
        records = self.agency.pipedrive.records[kind].values()
        return [each for each in records if each["person_id"] == self.person["id"]]


@pytest.fixture
def caller(agency, suffix):
    return Caller(agency, f"+1312555{suffix}")


def lines_of(body):
    """The words of a card, element by element."""
    for element in body:
        if element["type"] == "Container":
            yield from lines_of(element["items"])
        else:
            yield "".join(run["text"] for run in element["inlines"])


async def test_a_missed_call_is_texted_recorded_and_told(agency, caller):
    """One text from the texting number, a lead with deal and call, and a card with the story."""
    ended = await caller.is_missed()
    (text,) = caller.texts
    assert (text.sender, text.body) == (TEXTS_FROM, GREETS.format(""))
    await caller.gets(text)

    (case,) = await agency.cases(caller.number)
    assert (case["client"], case["outcome"], case["end"]) == (ACME, "no_answer", "sent")
    assert [(each["provider"], each["state"]) for each in case["texts"]] == [
        ("twilio", "delivered")
    ]
    assert {each["name"]: each["state"] for each in case["steps"]} == {
        "identify": "done",
        "text/1": "done",
        "lead/pipedrive": "done",
        "deal/pipedrive": "done",
        "log/pipedrive/call/1": "done",
        "log/pipedrive/text/1": "done",
        "notify/teams/call/1": "done",
        "idle": "waiting",
    }

    assert caller.person["label_ids"] == [6]
    (deal,) = caller.records("deals")
    assert (deal["title"], deal["pipeline_id"], deal["stage_id"]) == (
        f"Missed call: {caller.shown}",
        1,
        11,
    )
    (call,) = caller.records("activities")
    assert (call["type"], call["done"], call["deal_id"]) == ("call", True, deal["id"])
    (note,) = caller.records("notes")
    assert GREETS.format("") in note["content"]
    assert note["deal_id"] == deal["id"]

    (card,) = caller.cards
    assert card[:6] == (
        f"Missed call from {caller.shown}",
        f"Number: {caller.shown}",
        f"When: {ended.astimezone(CHICAGO):%a %d %b %Y, %H:%M %Z}",
        "Outcome: nobody answered",
        "Called: (312) 555-0100",
        "They are new, as far as we know.",
    )
    assert card[6:] == ("They were texted:", GREETS.format(""), "Acme Plumbing")

    told = await agency.run("why", case["case"])
    for line in (
        "ringcentral told: leg ended",
        "Concluded: no answer",
        f"\u201c{GREETS.format('')}\u201d",
        f"{case['case']}-text-1-1 delivered by twilio",
        "notify/teams/call/1: done",
        "The ledger holds",
    ):
        assert line in told


async def test_who_is_known_is_greeted_by_name_and_shown_with_their_record(agency, caller):
    """Pipedrive knows the number: no second person, and the card leads to the first."""
    dana = agency.pipedrive.add(
        "persons", name="Dana Reed", phones=[{"value": f"(312) 555-{caller.number[-4:]}"}]
    )
    await caller.is_missed()

    (text,) = caller.texts
    assert text.body == GREETS.format(" Dana")
    (card,) = caller.cards
    assert {"Caller: Dana Reed", "They are known."} <= set(card)
    (shown,) = [each for each in agency.teams.cards if (*lines_of(each["body"]),) == card]
    (button,) = shown["actions"]
    assert button["url"] == f"https://bright.pipedrive.com/person/{dana['id']}"
    assert len(caller.records("deals")) == len(caller.records("activities")) == 1


async def test_a_reply_reaches_the_team(agency, caller):
    """In a card with the caller's record, and as a note at the person."""
    await caller.is_missed()
    await caller.writes("Can you do Monday?")

    assert len(caller.texts) == 1
    missed, reply = caller.cards
    assert missed[0] == f"Missed call from {caller.shown}"
    assert reply[0] == f"{caller.shown} wrote"
    assert "Can you do Monday?" in reply
    notes = [each["content"] for each in caller.records("notes")]
    assert sum("Can you do Monday?" in each for each in notes) == 1
    (case,) = await agency.cases(caller.number)
    assert {each["state"] for each in case["steps"]} == {"done", "waiting"}
    assert "Can you do Monday?" in await agency.run("why", case["case"])
    code = await agency.run("reply", case["case"], "Monday at nine?")
    assert code is not None
    await deployment.until(lambda: len(caller.texts) == 2)
    assert caller.texts[1].body == "Monday at nine?"


async def test_stop_ends_it(agency, caller):
    """Twilio answers STOP itself; the next missed call is told and recorded, and not texted."""
    await caller.is_missed()
    await caller.writes("STOP", OptOutType="STOP")
    await caller.is_missed()

    assert [each.body for each in caller.texts] == [GREETS.format("")]
    first, later = await agency.cases(caller.number)
    assert (first["state"], later["end"]) == ("closed", "suppressed")
    assert len(caller.records("activities")) == 2
    titles = [card[0] for card in caller.cards]
    assert titles[1:] == [f"{caller.shown} opted out", f"Missed call from {caller.shown}"]
    assert any("opted out" in line for line in caller.cards[2][1:])
    assert "suppress" in await agency.run("why", later["case"])


async def test_an_answered_call_leaves_nothing(agency, caller):
    """A queue rang two, one of whom took it: no text, no person, no card, no case."""
    await caller.calls_and(
        lambda story: (
            story.caller_is("Setup")
            .user(2, "Proceeding")
            .user(3, "Proceeding", extension="602")
            .user(3, "Disconnected", extension="602", reason="NoAnswer", missedCall=True)
            .user(2, "Answered")
            .user(2, "Disconnected")
            .caller_is("Disconnected")
        )
    )

    assert await agency.cases(caller.number) == []
    assert (caller.texts, caller.cards) == ([], [])
    known = json.dumps(list(agency.pipedrive.records["persons"].values()), default=str)
    assert caller.number not in known
