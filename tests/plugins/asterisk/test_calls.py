"""Whole calls as a PBX tells of them over its socket, and the one verdict on each."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.pbx import CALLER, CONTEXT, LINE, TRUNK, Call
from textback.events import Happened
from textback.flow.detect import facts
from textback.model import Outcome, PhoneNumber


def forwarded(how):
    """A phone that forwards dials another from its own half: nested, with the same Linkedid."""
    call = Call().rings("101", "Local/101@from-internal-01;1").rings("mobile", f"{TRUNK}-2")
    return call.dialled("mobile", how).dialled("101", how).over()


def queue():
    """Two agents are rung twice, and between the rounds nobody rings."""
    call = Call().queue("QueueCallerJoin")
    for turn in "ab":
        for agent in ("201", "202"):
            call.rings(f"{agent}{turn}")
        for agent in ("201", "202"):
            call.dialled(f"{agent}{turn}", "NOANSWER").ends(f"{agent}{turn}", "CANCEL")
    return call


STORIES = {
    "rings": (Call().rings("101"), None),
    "nobody answers": (Call().rings("101").ends("101", "NOANSWER").over(), Outcome.NO_ANSWER),
    "nobody answered, and the dialplan goes on": (
        Call().rings("101").ends("101", "NOANSWER"),
        None,
    ),
    "another phone answers after that": (
        Call().rings("101").ends("101", "NOANSWER").rings("102").answers("102").over(),
        Outcome.ANSWERED,
    ),
    "busy": (Call().rings("101").ends("101", "BUSY").over(), Outcome.BUSY),
    "congestion": (Call().rings("101").ends("101", "CONGESTION").over(), Outcome.FAILED),
    "not registered": (Call().rings("101").ends("101", "CHANUNAVAIL").over(), Outcome.FAILED),
    "the caller gives up": (
        Call().rings("101").dialled("101", "CANCEL").over(19).hangs_up("101", 19),
        Outcome.ABANDONED,
    ),
    "gives up in the menu": (Call().over(), Outcome.ABANDONED),
    "answered": (Call().rings("101").answers("101").over(), Outcome.ANSWERED),
    "a group, nobody": (
        Call().rings("101").rings("102").ends("101", "NOANSWER").ends("102", "NOANSWER").over(),
        Outcome.NO_ANSWER,
    ),
    "a group, the loser's end comes before the winner's answer": (
        Call().rings("101").rings("102").ends("101", "CANCEL").answers("102").over(),
        Outcome.ANSWERED,
    ),
    "a group, one busy, one rings out": (
        Call().rings("101").rings("102").ends("101", "BUSY").ends("102", "NOANSWER").over(),
        Outcome.NO_ANSWER,
    ),
    "forwarded, nobody": (forwarded("NOANSWER"), Outcome.NO_ANSWER),
    "forwarded, answered": (forwarded("ANSWER"), Outcome.ANSWERED),
    "between two rounds of a queue": (queue(), None),
    "the queue's time is over": (
        queue().queue("QueueCallerAbandon").queue("QueueCallerLeave").over(),
        Outcome.NO_ANSWER,
    ),
    "an agent takes it": (
        queue()
        .rings("201c")
        .say("AgentConnect", **Call().mine, DestUniqueid="1795425902.5", Queue="support")
        .queue("QueueCallerLeave")
        .over(),
        Outcome.ANSWERED,
    ),
    "gives up before any agent is rung": (
        Call().queue("QueueCallerJoin").queue("QueueCallerAbandon").over(),
        Outcome.ABANDONED,
    ),
    "voicemail, which isn't told of": (
        Call()
        .rings("101")
        .ends("101", "NOANSWER")
        .say("Newstate", **(Call().mine | {"ChannelStateDesc": "Up"}))
        .over(),
        Outcome.NO_ANSWER,
    ),
    "picked up at another phone": (
        Call()
        .rings("101")
        .say("Pickup", Uniqueid="1795425999.0", Linkedid="1795425999.0", TargetLinkedid=Call().id),
        Outcome.ANSWERED,
    ),
}


@pytest.mark.parametrize("name", STORIES)
async def test_verdict(fold, name):
    """Each story has one, or none yet."""
    call, outcome = STORIES[name]
    found = await fold(call)
    assert (found and found.outcome) == outcome


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(sorted(STORIES)),
    cuts=st.lists(st.integers(0, 20_000), max_size=40).map(tuple),
)
async def test_verdict_however_it_is_cut(pbx, fold, name, cuts):
    """The socket may break what is said at any byte."""
    pbx.cuts = cuts
    call, outcome = STORIES[name]
    found = await fold(call)
    assert (found and found.outcome) == outcome


async def test_byte_by_byte(pbx, fold):
    """The same, one at a time."""
    call = Call().rings("101").ends("101", "NOANSWER").over()
    pbx.cuts = tuple(range(len(str(call))))
    assert (await fold(call)).outcome is Outcome.NO_ANSWER


async def test_several_calls_at_once(heard):
    """They are told apart by their Linkedid, however mixed what is told of them is."""
    first = Call(1795425902).rings("101").ends("101", "BUSY").over()
    second = Call(1795425903, caller="+13035550124").rings("102").ends("102", "NOANSWER").over()
    mixed = [each for pair in zip(first.told, second.told, strict=True) for each in pair]
    events = await heard("".join(mixed))
    ends = {e.call: e.outcome for e in events if e.happened is Happened.LEG_ENDED and e.outcome}
    callers = {event.call: event.caller for event in events}
    assert callers == {first.id: CALLER, second.id: "+13035550124"}
    assert len(ends) == 2


async def test_what_is_known_of_the_call(heard):
    """Caller, name, line; and keys that are made of ids alone, so that a repeat has the same."""
    call = Call().rings("101").ends("101", "NOANSWER").over()
    events = await heard(call)
    known = facts(events)
    assert (known.caller, known.line, known.name) == (CALLER, LINE, "Jane Doe")
    assert [each.key for each in await heard(call)] == [each.key for each in events]
    assert len({each.key for each in events}) == len(events)


async def test_times_of_the_pbx(heard):
    """With timestampevents they are the PBX's, else those of arrival."""
    call = Call()
    call.say("Hangup", **call.mine, Timestamp="1772472601.5")
    started, *_, ended = await heard(call)
    assert started.at.isoformat() == "2026-03-02T17:30:00+00:00"
    assert ended.at.isoformat() == "2026-03-02T17:30:01.500000+00:00"


async def test_caller_that_is_known_later(heard):
    """The first channel may learn after its beginning who calls; the beginning waits for it."""
    call = Call(caller="<unknown>")
    call.say("NewCallerid", **(call.mine | {"CallerIDNum": CALLER}))
    assert [(e.happened, e.caller) for e in await heard(call)] == [
        (Happened.STARTED, CALLER),
        (Happened.RINGING, CALLER),
    ]


async def test_name_that_the_dialplan_adds(heard):
    """What came first is the caller's own."""
    call = Call()
    call.say("NewCallerid", **(call.mine | {"CallerIDNum": "9", "CallerIDName": "Sales: Jane"}))
    events = await heard(call.rings("101"))
    assert {(event.caller, event.caller_name) for event in events} == {
        (CALLER, "Jane Doe"),
        (CALLER, None),
    }


@pytest.mark.parametrize(
    ("presentation", "caller"),
    [
        ("0 (Presentation Allowed, Not Screened)", CALLER),
        ("35 (Presentation Prohibited, Network Number)", None),
    ],
)
async def test_withheld_number(heard, presentation, caller):
    """A number that must not be shown isn't used, even if the PBX knows it."""
    call = Call(caller="<unknown>")
    told = call.mine | {"CallerIDNum": CALLER, "CID-CallingPres": presentation}
    call.say("NewCallerid", **told)
    assert {event.caller for event in await heard(call.rings("101"))} == {caller}


class TestWhoseCall:
    async def test_line_by_the_number(self, heard):
        """As carriers write it, national or international."""
        for exten in ("3035550100", "13035550100", "+13035550100"):
            assert facts(await heard(Call(exten=exten))).line == LINE

    async def test_line_by_dids(self, heard):
        """Where the trunk doesn't pass the number, the settings say which line it is."""
        dids = {"s": PhoneNumber(LINE)}
        assert facts(await heard(Call(exten="s"), dids=dids)).line == LINE
        assert await heard(Call(exten="s")) == []

    async def test_other_lines(self, heard):
        """Another client's, on the same PBX."""
        assert await heard(Call(exten="3035550188").rings("101").ends("101", "BUSY").over()) == []

    async def test_contexts_and_trunks(self, heard):
        """Either says that a call is from outside."""
        inside = Call(context="from-internal", channel="PJSIP/101-1").rings("102").over()
        assert await heard(inside) == []
        elsewhere = Call(context="incoming")
        assert await heard(elsewhere) == []
        assert await heard(elsewhere, contexts=("incoming",))
        assert await heard(elsewhere, contexts=(), trunks=("PJSIP/carrier-",))


class TestCallingOut:
    """The business makes the call: never missed, but perhaps the call-back of a caller."""

    def calls_out(self):
        call = Call(
            context="from-internal", channel="PJSIP/101-1", exten="93035550123", caller="101"
        )
        return call.rings(
            "out", f"{TRUNK}-00000002", dialled="13035550123@carrier", Context=CONTEXT
        )

    async def test_nobody_answers(self, heard):
        """Nothing happened."""
        assert await heard(self.calls_out().ends("out", "NOANSWER").over()) == []

    async def test_answered(self, fold, heard):
        """The number that was dialled was reached."""
        call = self.calls_out().dialled("out", "ANSWER").over()
        assert (await fold(call)).outcome is Outcome.OUTGOING
        events = await heard(call)
        assert {event.caller for event in events} == {"13035550123"}
        assert Happened.LEG_ANSWERED in {event.happened for event in events}

    async def test_colleagues(self, heard):
        """Among themselves they are nobody's call-back."""
        call = Call(context="from-internal", channel="PJSIP/101-1", exten="102", caller="101")
        assert await heard(call.rings("102").answers("102").over()) == []

    async def test_by_order(self, fold):
        """A program has Asterisk dial the customer first: that channel begins on the trunk."""
        call = Call(exten="s", state="Down", caller="<unknown>")
        call.phones["customer"] = call.first
        call.say("DialBegin", **call.dest("customer"), DialString=f"carrier/{CALLER}")
        call.say("DialEnd", **call.dest("customer"), DialStatus="NOANSWER").over()
        assert (await fold(call, dids={"s": PhoneNumber(LINE)})).outcome is Outcome.OUTGOING


class TestMachines:
    async def test_channel_that_is_no_phone(self, fold):
        """What a menu answers nobody has answered."""
        call = Call().rings("ivr", "Local/7@ivr-3-0001;1").dialled("ivr", "ANSWER").over()
        assert (await fold(call)).outcome is Outcome.ANSWERED
        assert (await fold(call, machines=("Local/*@ivr-*",))).outcome is Outcome.NO_ANSWER

    async def test_key_must_be_pressed(self, fold):
        """A mobile's mailbox picks up and presses nothing, so nobody is connected."""
        call = Call().rings("mobile").dialled("mobile", "ANSWER").hangs_up("mobile").over()
        assert (await fold(call)).outcome is Outcome.ANSWERED
        assert (await fold(call, confirm=True)).outcome is Outcome.NO_ANSWER
        taken = Call().rings("mobile").answers("mobile").over()
        assert (await fold(taken, confirm=True)).outcome is Outcome.ANSWERED

    async def test_held_is_not_connected(self, fold):
        """A bridge that plays music to several callers."""
        call = Call().rings("101").ends("101", "BUSY")
        held = {"BridgeNumChannels": 2, "BridgeTechnology": "holding_bridge"}
        call.say("BridgeEnter", **call.mine, **held).over()
        assert (await fold(call, confirm=True)).outcome is Outcome.BUSY

    async def test_voicemail(self, pbx, fold):
        """Told of at once where the dialplan may be read."""
        call = Call().rings("101").ends("101", "NOANSWER")
        call.say("Newexten", **call.mine, Application="VoiceMail")
        found = await fold(call, voicemail=True)
        assert (found.outcome, found.certain) == (Outcome.VOICEMAIL, False)
        (login,) = [each for each in pbx.actions if each["Action"] == "Login"]
        assert login["Events"] == "call,agent,dialplan"

    async def test_voicemail_of_a_phone_that_was_dialled(self, fold):
        """A group's member whose mailbox answers has not answered."""
        call = Call().rings("101", "Local/101@from-queue-01;1")
        half = {"Channel": "Local/101@from-queue-01;2", "Linkedid": call.id, "Uniqueid": "7.7"}
        call.say("Newexten", **half, Application="VoiceMail").dialled("101", "ANSWER").over()
        assert (await fold(call, voicemail=True)).outcome is Outcome.NO_ANSWER

    async def test_without_waiting_for_the_hangup(self, fold):
        """The verdict falls when the last phone has rung, but not in a queue."""
        call = Call().rings("101").ends("101", "NOANSWER")
        found = await fold(call, wait_for_hangup=False)
        assert (found.outcome, found.certain) == (Outcome.NO_ANSWER, False)
        assert await fold(queue(), wait_for_hangup=False) is None
