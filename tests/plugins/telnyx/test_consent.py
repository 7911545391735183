"""Press 1 for texts: what the caller is asked, and what their key says."""

import pytest

from support.telnyx_exchange import CALLER, SESSION, Behaviour, Fault
from textback.events import CallEvent, KeyPressed
from textback.flow.detect import conclude

PHONE = "+13035550110"
GREETING = "Sorry."
PROMPT = "Press 1 for our answer by text."


@pytest.fixture
def play(make, webhook, exchange):
    """A call that nobody takes, from beginning to end; what was told, and the verdict."""

    async def run(keys="", faults=(), **settings):
        exchange.phones, exchange.keys = {PHONE: Behaviour.RINGS_OUT}, keys
        plugin = make(
            **{"ring": (PHONE,), "greeting": GREETING, "consent_prompt": PROMPT, **settings}
        )
        events, failed = [], 0
        exchange.call()
        for _ in range(20):
            while exchange.pending:
                reading = await plugin.read_webhook(webhook(exchange.pending[0]))
                events += reading.events
                failed += reading.response.status != 200
                if reading.response.status == 200 or failed > 3:
                    exchange.pending.pop(0)
            if not exchange.phones_act():
                break
            exchange.faults.extend(faults)
        pressed = [each for each in events if isinstance(each, KeyPressed)]
        return pressed, conclude([each for each in events if isinstance(each, CallEvent)])

    return run


@pytest.mark.parametrize("settings", [{}, {"detect": "forwarded", "ring": ()}])
@pytest.mark.parametrize("keys", ["1", "7"])
async def test_a_key_is_told_with_the_words(play, exchange, keys, settings):
    """Asked once, after the greeting; then the call is ended."""
    pressed, verdict = await play(keys, **settings)

    (event,) = pressed
    assert (event.call, event.digits, event.prompt) == (SESSION, keys, PROMPT)
    assert event.number == CALLER
    assert exchange.spoken == [GREETING, PROMPT]
    assert exchange.caller.state == "gone"
    assert verdict.outcome.missed


async def test_no_key_tells_nothing(play, exchange):
    """The call is ended all the same."""
    pressed, verdict = await play()

    assert pressed == []
    assert verdict.outcome.missed
    assert exchange.spoken == [GREETING, PROMPT]
    assert exchange.caller.state == "gone"


async def test_without_a_greeting(play, exchange):
    """The question alone is reason enough to answer."""
    pressed, _ = await play("1", greeting="")

    assert len(pressed) == 1
    assert exchange.spoken == [PROMPT]
    assert exchange.caller.state == "gone"


async def test_nobody_is_asked(play, exchange):
    """Where nothing is set."""
    pressed, _ = await play("1", consent_prompt="")

    assert pressed == []
    assert exchange.spoken == [GREETING]


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.DONE_UNHEARD, Fault.NEVER_LEFT])
@pytest.mark.parametrize("place", range(4))
async def test_the_question_may_fail(play, exchange, fault, place):
    """The verdict doesn't wait for it, and the call is ended."""
    pressed, verdict = await play("1", faults=[*[None] * place, fault])

    assert verdict.outcome.missed
    assert len({event.key for event in pressed}) == 1
    assert exchange.caller.state == "gone"
    assert exchange.spoken == [GREETING, PROMPT]
