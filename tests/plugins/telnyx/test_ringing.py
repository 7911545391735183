"""Live calls: the phones ring, one is connected, or the caller is told; whatever goes wrong."""

import asyncio
import json
import random
from base64 import b64encode
from collections import Counter, deque
from datetime import timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.telnyx_exchange import CALLER, LINE, Behaviour, Exchange, Fault, event
from textback.errors import StoreBusy
from textback.flow.detect import conclude, facts
from textback.model import Outcome
from textback_telnyx import Telnyx

PERSON, MAILBOX, RINGS_OUT, BUSY, DECLINES = Behaviour
PHONES = ("+13035550110", "+13035550111", "+13035550112")
GREETING = "Sorry, nobody can take your call right now. We will get back to you shortly."
DELIVERIES = 3  # of one webhook, by Telnyx


class Play:
    """One call from beginning to end, with whatever the plugin reads of it."""

    def __init__(self, plugin, webhook, exchange, *, shuffle=None, twice=False):
        self.plugin, self.webhook, self.exchange = plugin, webhook, exchange
        self.shuffle, self.twice = shuffle, twice
        self.events, self.undelivered = [], 0

    async def deliver(self):
        """Let Telnyx deliver all that it has to tell, again where it was asked to."""
        while self.exchange.pending:
            pending, self.exchange.pending = self.exchange.pending, []
            if self.shuffle is not None:
                self.shuffle.shuffle(pending)
            for body in pending:
                for _ in range(2 if self.twice else 1):
                    await self.tell(body)

    async def tell(self, body):
        for _ in range(DELIVERIES):
            reading = await self.plugin.read_webhook(self.webhook(body))
            self.events += reading.events
            if reading.response.status == 200:
                return
        self.undelivered += 1

    async def until_over(self, *, patience=100, at_once=1):
        """The phones do what they do; the caller waits, or gives up after some of them."""
        self.exchange.call()
        await self.deliver()
        while patience and sum(self.exchange.phones_act() for _ in range(at_once)):
            patience -= 1
            await self.deliver()
        self.exchange.caller_hangs_up()
        await self.deliver()
        return conclude(self.events)


@pytest.fixture
def play(make, webhook, exchange):
    """Play a call to a plugin with these phones."""

    async def run(*phones, patience=100, **settings):
        exchange.phones = dict(zip(PHONES, phones, strict=False))
        plugin = make(ring=PHONES[: len(phones)], **settings)
        return await Play(plugin, webhook, exchange).until_over(patience=patience)

    return run


@pytest.mark.parametrize(
    ("phones", "outcome"),
    [
        ((PERSON,), Outcome.ANSWERED),
        ((RINGS_OUT,), Outcome.NO_ANSWER),
        ((BUSY,), Outcome.BUSY),
        ((DECLINES,), Outcome.DECLINED),
        ((BUSY, PERSON), Outcome.ANSWERED),
        ((PERSON, RINGS_OUT, PERSON), Outcome.ANSWERED),
        ((BUSY, BUSY), Outcome.BUSY),
        ((BUSY, DECLINES, RINGS_OUT), Outcome.NO_ANSWER),
        ((MAILBOX,), Outcome.ANSWERED),  # Telnyx can't tell, unless the phone is asked for a key
    ],
)
async def test_rings_and_learns_what_came_of_it(play, exchange, phones, outcome):
    """Every phone rings once; who picks up gets the caller, and nobody else hears a greeting."""
    verdict = await play(*phones)

    assert verdict.outcome is outcome
    assert exchange.rung == list(PHONES[: len(phones)])
    assert exchange.spoken == ([] if outcome is Outcome.ANSWERED else [GREETING])
    assert all(leg.state == "gone" for leg in exchange.legs.values())


async def test_a_verdict_falls_when_the_last_phone_is_over(make, webhook, exchange):
    """The caller still hears the greeting then: the text needn't wait for the hang-up."""
    exchange.phones = {PHONES[0]: RINGS_OUT}
    play = Play(make(), webhook, exchange)
    exchange.call()
    await play.deliver()
    assert conclude(play.events) is None

    exchange.phones_act()
    await play.tell(exchange.pending.pop())

    verdict = conclude(play.events)
    assert (verdict.outcome, verdict.certain) == (Outcome.NO_ANSWER, True)
    assert exchange.caller.state == "up"


async def test_who_calls_is_known_from_any_webhook_of_a_phone(make, webhook, exchange):
    """The first webhook may be late or lost: the others say as much of caller and line."""
    exchange.phones = {PHONES[0]: RINGS_OUT}
    play = Play(make(), webhook, exchange)
    exchange.call()
    await play.deliver()
    play.events.clear()

    exchange.phones_act()
    await play.deliver()

    found = facts(play.events)
    assert (found.caller, found.line) == (CALLER, LINE)


@pytest.mark.parametrize("patience", [0, 1, 2])
@pytest.mark.parametrize("phones", [(RINGS_OUT,), (BUSY, BUSY, RINGS_OUT)])
async def test_the_caller_gives_up(play, exchange, phones, patience):
    """While a phone rings that is an abandoned call, and no phone rings on."""
    if patience >= len(phones):
        pytest.skip("then nobody is left to wait for")
    verdict = await play(*phones, patience=patience)

    assert (verdict.outcome, verdict.certain) == (Outcome.ABANDONED, True)
    assert all(leg.state == "gone" for leg in exchange.legs.values())
    assert exchange.spoken == []


@pytest.mark.parametrize(
    ("phones", "outcome"),
    [
        ((PERSON,), Outcome.ANSWERED),
        ((MAILBOX,), Outcome.NO_ANSWER),
        ((MAILBOX, PERSON), Outcome.ANSWERED),
        ((MAILBOX, RINGS_OUT), Outcome.NO_ANSWER),
    ],
)
async def test_a_mailbox_presses_no_key(play, exchange, phones, outcome):
    """With whisper, only a person who presses 1 gets the caller."""
    verdict = await play(*phones, whisper=True, whisper_prompt="Press 1")

    assert verdict.outcome is outcome
    assert exchange.talking == (outcome is Outcome.ANSWERED)
    assert exchange.spoken == ([] if outcome is Outcome.ANSWERED else [GREETING])


async def test_without_a_greeting_the_caller_hears_that_it_is_busy(play, exchange):
    """The call is refused and never taken."""
    verdict = await play(RINGS_OUT, greeting="")

    assert verdict.outcome is Outcome.NO_ANSWER
    assert [name for name, _ in exchange.commands] == ["transfer", "reject"]


async def test_forwarded_calls_ring_nobody(make, webhook, exchange):
    """Every call that arrives was missed, at once, and the greeting is spoken."""
    play = Play(make(ring=(), detect="forwarded"), webhook, exchange)
    verdict = await play.until_over()

    assert (verdict.outcome, verdict.certain) == (Outcome.NO_ANSWER, True)
    assert exchange.spoken == [GREETING]
    assert [name for name, _ in exchange.commands] == ["answer", "speak", "hangup"]


async def test_a_sender_only_commands_nothing(make, webhook, exchange):
    """Calls are another plugin's then."""
    exchange.call()
    await Play(make(roles=("sender",)), webhook, exchange).deliver()
    assert exchange.commands == []


async def test_what_is_asked_for(play, exchange):
    """One phone is a transfer, which Telnyx connects by itself; the caller's number is shown."""
    await play(PERSON, ring_s=25)

    ((action, body),) = exchange.commands
    assert action == "transfer"
    assert body["from"] == CALLER
    assert (body["to"], body["timeout_secs"]) == (PHONES[0], 25)
    assert body["command_id"] == exchange.caller.id  # which the fallback knows, too


async def test_several_phones_are_calls_of_their_own(play, exchange):
    """Each is linked to the caller's, whose number it may show as the caller is on the line."""
    await play(BUSY, PERSON)

    dials = [body for action, body in exchange.commands if action == "dial"]
    assert [body["to"] for body in dials] == list(PHONES[:2])
    assert {body["link_to"] for body in dials} == {exchange.caller.control}
    assert {(body["from"], body["diversion"]) for body in dials} == {(CALLER, LINE)}
    assert len({body["command_id"] for body in dials}) == 2


@pytest.mark.parametrize("phones", [(PERSON,), (PERSON, BUSY)])
async def test_the_line_can_be_shown_instead(play, exchange, phones):
    """With caller_id = "line" the phones show whose call it is, not who calls."""
    await play(*phones, caller_id="line")
    for _, body in exchange.commands[: len(phones)]:
        assert body.get("from", LINE) == LINE
        assert "diversion" not in body


async def test_a_withheld_number_is_not_shown(make, webhook, exchange):
    """The phones ring all the same, with the number of the line."""
    exchange.phones = {PHONES[0]: PERSON}
    exchange.call()
    exchange.pending[0]["data"]["payload"]["from"] = "anonymous"
    await Play(make(), webhook, exchange).deliver()

    ((action, body),) = exchange.commands
    assert action == "transfer"
    assert "from" not in body


@pytest.mark.parametrize("phones", [1, 2])
async def test_a_number_that_may_not_be_shown(make, webhook, exchange, provider, phones):
    """Telnyx may refuse it: a phone that shows the line is better than one that doesn't ring."""

    def no_strangers(request):
        body = json.loads(request.content)
        if body.get("from") == CALLER:
            return httpx.Response(403, json={"errors": [{"code": "90010", "title": "not yours"}]})
        return exchange.answer(request)

    exchange.phones = dict.fromkeys(PHONES[:phones], PERSON)
    provider.answer = no_strangers
    exchange.call()
    await Play(make(ring=PHONES[:phones]), webhook, exchange).deliver()

    assert exchange.rung == list(PHONES[:phones])


async def test_a_phone_that_cant_be_rung_counts_as_over(play, exchange):
    """The others ring; if there are none, the caller is told at once."""
    exchange.refused = frozenset(PHONES[:1])
    assert (await play(PERSON, PERSON)).outcome is Outcome.ANSWERED

    other = Exchange(refused=frozenset(PHONES))
    exchange.__init__(refused=other.refused)
    verdict = await play(PERSON, PERSON)
    assert verdict.outcome is Outcome.FAILED
    assert exchange.spoken == [GREETING]


@pytest.mark.parametrize("status", [401, 402])
async def test_without_a_working_key_the_fallback_is_asked(make, webhook, provider, status):
    """The webhook fails, so Telnyx goes on to the fallback; what it told is kept all the same."""
    provider.answer = httpx.Response(status, json={"errors": [{"code": "10009"}]})
    reading = await make().read_webhook(webhook(event("call.initiated", direction="incoming")))

    assert reading.response.status == 503
    assert [each.evidence for each in reading.events] == ["direction=incoming"]


async def test_once_the_phones_ring_the_store_may_fail(make, webhook, exchange):
    """The fallback would ring them again, so the answer is success; later ones are not so."""
    exchange.phones = {PHONES[0]: RINGS_OUT}
    plugin = make()
    exchange.call()
    first = await plugin.read_webhook(webhook(exchange.pending.pop()))
    assert first.live
    exchange.phones_act()
    assert not (await plugin.read_webhook(webhook(exchange.pending.pop()))).live


async def test_a_forwarded_call_must_be_kept_first(make, webhook, exchange):
    """Its one webhook is the whole verdict."""
    exchange.call()
    plugin = make(ring=(), detect="forwarded")
    assert not (await plugin.read_webhook(webhook(exchange.pending.pop()))).live


class BrokenState:
    """A store that is busy."""

    async def get(self, key):
        raise StoreBusy("busy")

    async def set(self, key, value, *, ttl_s=None):
        raise StoreBusy("busy")

    async def add(self, key, value, *, ttl_s=None):
        raise StoreBusy("busy")


async def test_the_phones_ring_without_a_store(make, webhook, exchange):
    """Nothing that is kept is needed for it."""
    exchange.phones = dict.fromkeys(PHONES[:2], RINGS_OUT)
    plugin = make(ring=PHONES[:2], state=BrokenState())
    exchange.call()

    reading = await plugin.read_webhook(webhook(exchange.pending.pop()))

    assert reading.response.status == 200
    assert exchange.rung == list(PHONES[:2])


async def test_an_ending_that_cant_be_noted_is_told_again(make, webhook, exchange):
    """Whether it was the last phone shows only with the others'."""
    exchange.phones = {PHONES[0]: RINGS_OUT}
    plugin = make(state=BrokenState())
    exchange.call()
    await plugin.read_webhook(webhook(exchange.pending.pop(0)))
    exchange.phones_act()

    reading = await plugin.read_webhook(webhook(exchange.pending[-1]))

    assert reading.response.status == 503
    assert len(reading.events) == 1


async def test_late_webhooks_command_nothing(make, webhook, exchange):
    """Telnyx would do it again, as it has forgotten the id; who called has given up."""
    exchange.phones = {PHONES[0]: PERSON}
    exchange.call()
    body = exchange.pending.pop()
    now = webhook(body).received_at + timedelta(seconds=55)

    reading = await make().read_webhook(webhook(body, sent_at=now, received_at=now))

    assert exchange.commands == []
    assert len(reading.events) == 1


async def test_a_wrong_clock_of_ours_stops_no_ringing(make, webhook, exchange):
    """How late a webhook is shows by Telnyx's clock alone."""
    exchange.phones = {PHONES[0]: PERSON}
    exchange.call()
    body = exchange.pending.pop()
    ahead = webhook(body).received_at + timedelta(seconds=200)

    await make().read_webhook(webhook(body, received_at=ahead))

    assert exchange.rung == [PHONES[0]]


async def test_who_was_to_talk_to_someone_who_has_gone_is_told(make, webhook, exchange):
    """The caller's leg is taken by then: silence would be the worst answer."""
    exchange.phones = dict.fromkeys(PHONES[:2], PERSON)
    play = Play(make(ring=PHONES[:2]), webhook, exchange)
    exchange.call()
    await play.deliver()
    exchange.phones_act()
    exchange._end(exchange.legs["v3:1"], "normal_clearing")

    await play.deliver()

    assert exchange.spoken == [GREETING]


async def test_a_phone_that_is_put_down_before_it_is_asked(make, webhook, exchange):
    """With whisper: nobody pressed a key, and the caller is told."""
    exchange.phones = {PHONES[0]: PERSON}
    play = Play(make(whisper=True), webhook, exchange)
    exchange.call()
    await play.deliver()
    exchange.phones_act()
    exchange._end(exchange.legs["v3:1"], "normal_clearing")

    await play.deliver()

    assert exchange.spoken == [GREETING]
    assert conclude(play.events).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize(
    "mark", [b"no base64!", b64encode(b"hi"), b64encode(b"[]"), b64encode(b'{"textback": "phone"}')]
)
async def test_marks_that_arent_ours(make, webhook, exchange, mark):
    """Somebody else's, or another version's: the leg is read as if it had none."""
    told = event("call.hangup", hangup_cause="originator_cancel", client_state=mark.decode())
    reading = await make().read_webhook(webhook(told))
    assert conclude(reading.events).outcome is Outcome.ABANDONED


async def test_two_that_are_over_at_the_same_time_are_told_once(make, webhook, exchange):
    """Whichever process sees it: the greeting is spoken once, and there is one verdict."""
    exchange.phones = dict.fromkeys(PHONES, RINGS_OUT)
    plugin = make(ring=PHONES)
    exchange.call()
    play = Play(plugin, webhook, exchange)
    await play.deliver()
    while exchange.phones_act():
        pass
    pending, exchange.pending = exchange.pending, []

    readings = await asyncio.gather(*(plugin.read_webhook(webhook(body)) for body in pending))
    await play.deliver()

    keys = {each.key for reading in readings for each in reading.events}
    assert len([key for key in keys if key.endswith("/nobody")]) == 1
    assert exchange.spoken == [GREETING]


FAULTS = st.lists(st.sampled_from([None, None, *Fault]), max_size=12).filter(
    lambda faults: sum(fault is not None for fault in faults) <= 4
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    phones=st.lists(st.sampled_from(Behaviour), min_size=1, max_size=3),
    whisper=st.booleans(),
    faults=FAULTS,
    order=st.randoms(use_true_random=False) | st.none(),
    twice=st.booleans(),
    patience=st.integers(0, 4),
    at_once=st.integers(1, 3),
)
async def test_whatever_goes_wrong(
    make, webhook, provider, phones, whisper, faults, order, twice, patience, at_once
):
    """Broken answers, repeats and disorder: each phone rings once, the verdict is the truth."""
    exchange = Exchange(phones=dict(zip(PHONES, phones, strict=False)), faults=deque(faults))
    provider.answer = exchange.answer
    ring = PHONES[: len(phones)]
    shuffle = order if order is None else random.Random(order.random())
    play = Play(make(ring=ring, whisper=whisper), webhook, exchange, shuffle=shuffle, twice=twice)

    verdict = await play.until_over(patience=patience, at_once=at_once)

    assert play.undelivered == 0
    assert Counter(exchange.rung) == Counter(ring)
    assert len(exchange.bridges) <= 1
    assert len(exchange.spoken) <= 1
    assert not (exchange.talking and exchange.spoken)
    assert all(leg.state == "gone" for leg in exchange.legs.values())
    assert verdict is not None
    assert (verdict.outcome is Outcome.ANSWERED) == exchange.talking
    assert len({each.key for each in play.events}) == len(
        {(each.key, each.happened) for each in play.events}
    )


def test_prints_no_secret(make):
    """Not even where everything is printed."""
    plugin = make()
    assert isinstance(plugin, Telnyx)
    assert "secretofthetests" not in f"{plugin!r} {plugin.settings!r}"
