"""Copper Kettle: a PBX of its own, texts by Telnyx, leads in textback itself, the team by mail."""

import csv
import json
from datetime import UTC, datetime
from itertools import count
from zoneinfo import ZoneInfo

import attrs
import pytest

from support import telnyx_side
from support.deployment import until
from support.mail import an_answer
from support.pbx import Call
from support.stacks import KETTLE

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

LINE, TEAM = "+12125550100", "shop@kettle.example"
NEW_YORK = ZoneInfo("America/New_York")
GREETS = (
    "Hi{}, this is Copper Kettle Repairs. Sorry we missed your call. "
    "How can we help? Reply STOP to opt out"
)
_calls, _events = count(1795425902), count(1)


@attrs.define
class Caller:
    """Somebody who calls Copper Kettle, and what is then seen around."""

    agency: object
    number: str
    calls: int = 0

    async def calls_and(self, tell):
        """Call; the PBX tells all of it, and once more."""
        self.calls += 1
        call = tell(Call(next(_calls), caller=self.number, exten=LINE.removeprefix("+1")))
        for _ in range(2):
            await self.agency.pbx.tell(call)
        await until(
            lambda: (
                len(self.agency.rows("SELECT 1 FROM calls WHERE caller = ?", self.number))
                == self.calls
            )
        )
        await self.agency.settled(self.number, calls=self.calls)

    async def is_missed(self):
        """Phone 101 rings, and nobody is there."""
        await self.calls_and(lambda call: call.rings("101").ends("101", "NOANSWER").over())

    async def _telnyx(self, topic, kind, **payload):
        """Telnyx tells something, signed, twice; and somebody else says the same."""
        now = datetime.now(UTC)
        told = telnyx_side.message(
            kind, occurred_at=now.isoformat(), received_at=now.isoformat(), **payload
        )
        body = json.dumps(told).encode()
        forged = telnyx_side.signature(body, now, telnyx_side.SigningKey(bytes(32)))
        refused = await self.agency.tell(f"{KETTLE}/telnyx/{topic}", body, forged)
        assert refused.status_code == 401
        for _ in range(2):
            signed = telnyx_side.signature(body, now)
            answer = await self.agency.tell(f"{KETTLE}/telnyx/{topic}", body, signed)
            assert answer.status_code == 200

    async def writes(self, words, **more):
        """Text the business."""
        await self._telnyx(
            "sms",
            "message.received",
            id=f"in-{next(_events)}",
            text=words,
            to=[{"phone_number": LINE}],
            **{"from": {"phone_number": self.number}},
            **more,
        )
        await self.agency.settled(self.number, calls=self.calls)

    async def gets(self, text):
        """The carrier has delivered a text."""
        await self._telnyx(
            text["webhook_url"].partition("/telnyx/")[2],
            "message.finalized",
            id=f"M{self.agency.telnyx.taken.index(text) + 1}",
            to=[{"phone_number": self.number, "status": "delivered"}],
            **{"from": {"phone_number": LINE}},
        )

    async def is_known_as(self, name, email):
        """The business has them in its list of contacts."""
        file = self.agency.config.parent / f"{self.number}.csv"
        file.write_text(f"number,name,email\n{self.number},{name},{email}\n", encoding="utf-8")
        await self.agency.run("contacts", "--client", KETTLE, "import", str(file))

    async def contact(self):
        """Their row in the list of contacts, as it is exported; none if they aren't in it."""
        file = self.agency.config.parent / f"contacts-{next(_events)}.csv"
        await self.agency.run("contacts", "--client", KETTLE, "export", str(file))
        with file.open(encoding="utf-8", newline="") as opened:
            rows = [row for row in csv.DictReader(opened) if row["number"] == self.number]
        return rows[0] if rows else None

    @property
    def logged(self):
        """What was logged with the contact: kind, whether it came in, words."""
        rows = self.agency.rows("SELECT entry FROM contact_log WHERE number = ?", self.number)
        entries = [json.loads(row["entry"]) for row in rows]
        return sorted((each["kind"], each["incoming"], each.get("body")) for each in entries)

    @property
    def texts(self):
        """The texts that Telnyx has for them."""
        return [each for each in self.agency.telnyx.taken if each["to"] == self.number]

    @property
    def shown(self):
        """How the team reads their number."""
        return f"(212) 555-{self.number[-4:]}"

    @property
    def notices(self):
        """The mails to the team about them."""
        mails = [mail for mail in self.agency.post.mails if TEAM in str(mail["to"])]
        return [mail for mail in mails if self.shown in mail.get_content()]

    def mails_to(self, address):
        """The mails that they got themselves."""
        return [mail for mail in self.agency.post.mails if address in str(mail["to"])]


@pytest.fixture
def caller(agency, suffix):
    return Caller(agency, f"+1212555{suffix}")


async def states(agency, caller):
    """The case, and its steps' states by name."""
    (case,) = await agency.cases(caller.number)
    return case, {each["name"]: each["state"] for each in case["steps"]}


async def test_a_missed_call_is_texted_recorded_and_told(agency, caller):
    """One text, a contact with tag, stage and log, and a mail with the story.

    The PBX shows a name, which the team reads; nobody is greeted by a caller ID.
    """
    before = datetime.now(UTC)
    await caller.is_missed()
    (text,) = caller.texts
    assert (text["from"], text["text"]) == (LINE, GREETS.format(""))
    await caller.gets(text)

    case, steps = await states(agency, caller)
    assert (case["client"], case["outcome"], case["end"]) == (KETTLE, "no_answer", "sent")
    assert [(each["provider"], each["state"]) for each in case["texts"]] == [
        ("telnyx", "delivered")
    ]
    assert steps == {
        "identify": "done",
        "text/1": "done",
        "lead/contacts": "done",
        "log/contacts/call/1": "done",
        "log/contacts/text/1": "done",
        "notify/email/call/1": "done",
        "follow_up/1": "waiting",
        "idle": "waiting",
    }
    contact = await caller.contact()
    assert (contact["tags"], contact["stage"]) == ("missed-call", "new-lead")
    assert caller.logged == [("call", True, None), ("text", False, GREETS.format(""))]

    why = json.loads(await agency.run("why", case["case"], "--json"))
    ended = datetime.fromisoformat(why["calls"][0]["ended_at"])
    assert before <= ended <= datetime.now(UTC)
    (notice,) = caller.notices
    assert notice["subject"] == f"Missed call from Jane Doe {caller.shown}"
    lines = notice.get_content().splitlines()
    assert lines[2:5] == [
        f"Jane Doe {caller.shown} called (212) 555-0100 at "
        f"{ended.astimezone(NEW_YORK):%a %d %b %Y, %H:%M %Z}: nobody answered.",
        "They are new, as far as we know.",
        f"They were texted: {GREETS.format('')}",
    ]
    assert lines[5].startswith("A follow-up is due ")
    assert lines[-1] == f"Case: {case['case']}"

    told = await agency.run("why", case["case"])
    for line in (
        "asterisk told: leg ended (DialStatus=NOANSWER)",
        "Concluded: no answer",
        f"\u201c{GREETS.format('')}\u201d",
        f"{case['case']}-text-1-1 delivered by telnyx",
        "notify/email/call/1: done",
        "The ledger holds",
    ):
        assert line in told


async def test_a_mail_follows_and_its_answer_reaches_the_team(agency, caller):
    """A customer is greeted by name; a day later comes the mail, and the answer ends it."""
    address = f"dana{caller.number[-3:]}@caller.example"
    await caller.is_known_as("Dana Reed", address)
    await caller.is_missed()
    assert [each["text"] for each in caller.texts] == [GREETS.format(" Dana")]
    (notice,) = caller.notices
    assert notice["subject"] == f"Missed call from Dana Reed {caller.shown}"
    assert "They are known." in notice.get_content()

    await agency.hurry(caller.number, "follow_up/1")
    (mail,) = caller.mails_to(address)
    assert mail["subject"] == "About your call"
    assert "Hi Dana, we are sorry that we missed you yesterday." in mail.get_content()
    assert "1 Kettle Lane, New York, NY 10001" in mail.get_content()
    assert "https://hooks.agency.example/u/" in mail["list-unsubscribe"]

    agency.mailbox.put(an_answer(mail, f"Dana <{address}>", "Yes, call me at five."))
    await until(lambda: len(caller.notices) == 2)
    assert caller.notices[1]["subject"].endswith("wrote by e-mail")
    assert "Yes, call me at five." in caller.notices[1].get_content()
    await agency.settled(caller.number)
    assert len(caller.texts) == len(caller.mails_to(address)) == 1
    assert (await caller.contact())["name"] == "Dana Reed"


async def test_a_reply_reaches_the_team_and_stops_the_follow_up(agency, caller):
    """By mail, and in the contact's log."""
    await caller.is_missed()
    await caller.writes("Can you do Monday?")

    assert len(caller.texts) == 1
    _, reply = caller.notices
    assert reply["subject"] == f"Jane Doe {caller.shown} wrote"
    assert "Can you do Monday?" in reply.get_content()
    assert reply["references"] == caller.notices[0]["references"]
    assert [each for each in caller.logged if each[1]] == [
        ("call", True, None),
        ("reply", True, "Can you do Monday?"),
    ]
    case, steps = await states(agency, caller)
    assert steps["follow_up/1"] == "cancelled"
    assert "Can you do Monday?" in await agency.run("why", case["case"])


async def test_an_answer_to_a_notice_reaches_the_caller(agency, caller):
    """A colleague answers the mail; somebody else's answer to it goes nowhere."""
    await caller.is_missed()
    (notice,) = caller.notices
    agency.mailbox.put(an_answer(notice, "eve@elsewhere.example", "Send money"))
    agency.mailbox.put(an_answer(notice, TEAM, "Monday at nine?"))
    await until(lambda: len(caller.texts) == 2)
    await agency.settled(caller.number)

    assert [each["text"] for each in caller.texts] == [GREETS.format(""), "Monday at nine?"]
    case, steps = await states(agency, caller)
    assert (steps["text/2"], steps["follow_up/1"]) == ("done", "cancelled")
    assert f"text/2 ({TEAM} by email): done" in await agency.run("why", case["case"])


async def test_stop_ends_it(agency, caller):
    """Telnyx answers STOP itself; the next missed call is told and recorded, and not texted."""
    await caller.is_missed()
    await caller.writes("STOP", autoresponse_type="STOP")
    await caller.is_missed()

    assert [each["text"] for each in caller.texts] == [GREETS.format("")]
    first, later = await agency.cases(caller.number)
    assert (first["state"], later["end"]) == ("closed", "suppressed")
    assert sum(kind == "call" for kind, _, _ in caller.logged) == 2
    _, opted_out, again = caller.notices
    assert opted_out["subject"] == f"Jane Doe {caller.shown} opted out"
    assert again["subject"] == f"Missed call from Jane Doe {caller.shown}"
    assert "They were not texted: the caller opted out" in again.get_content()
    assert "suppress" in await agency.run("why", later["case"])


async def test_an_answered_call_leaves_nothing(agency, caller):
    """A group rang, one took it: no text, no contact, no mail, no case."""
    await caller.calls_and(
        lambda call: call.rings("101").rings("102").ends("101", "CANCEL").answers("102").over()
    )

    assert await agency.cases(caller.number) == []
    assert (caller.texts, caller.notices, caller.logged) == ([], [], [])
    assert await caller.contact() is None
