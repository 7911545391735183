"""Press 1 for texts: what the caller is asked, and what their key says."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from vonage_voice.models.ncco import Input

from support.vonage_side import CALL, PHONES, actions, answer, event, kinds, rung
from textback_vonage import fallback_ncco

PROMPT = "Press 1 & we answer by text."


def dtmf(digits, *, timed_out=False):
    """The event of an input action."""
    return {
        "from": "13035550123",
        "to": "13035550100",
        "conversation_uuid": CALL,
        "uuid": "aaaa",
        "dtmf": {"digits": digits, "timed_out": timed_out},
    }


async def test_is_asked_after_the_greeting(make, tell):
    """Where nobody took the call, and where it was forwarded; the verdict is told before."""
    rang = event("unanswered", direction="outbound", detail="timeout")
    ways = [
        await tell(make(consent_prompt=PROMPT, record=True), "event", rang, query=rung(0)),
        await tell(
            make(consent_prompt=PROMPT, record=True, detect="forwarded"), "answer", answer()
        ),
    ]

    for told in ways:
        assert kinds(told) == ["talk", "talk", "input", "record"]
        keys = actions(told)[2]
        Input.model_validate(keys)
        assert parse_qs(urlsplit(keys["eventUrl"][0]).query)["call"] == [CALL]
        assert actions(told)[1]["text"] == PROMPT
        assert told.events[-1].outcome.missed


@pytest.mark.parametrize("digits", ["1", "7"])
async def test_a_key_is_told_with_the_words(make, tell, digits):
    """Which key, in which call, by whom and to which words; the call goes on as it would."""
    plugin = make(consent_prompt=PROMPT, record=True)

    told = await tell(plugin, "consent", dtmf(digits), query=rung(0))

    (pressed,) = told.events
    assert (pressed.call, pressed.digits, pressed.prompt) == (CALL, digits, PROMPT)
    assert pressed.number == "+13035550123"
    assert kinds(told) == ["record"]
    assert told.live


@pytest.mark.parametrize("keys", [dtmf("", timed_out=True), dtmf(None), {**dtmf(""), "dtmf": None}])
async def test_no_key_tells_nothing(make, tell, keys):
    """The call goes on."""
    told = await tell(make(consent_prompt=PROMPT), "consent", keys, query=rung(0))

    assert (told.events, actions(told)) == ((), [])


def test_the_fallback_rings_all_the_same(make):
    """While textback is down nobody could take the key."""
    settings = make(consent_prompt=PROMPT, ring=PHONES).settings

    (connect,) = json.loads(fallback_ncco(settings, "+13035550100"))

    assert connect["action"] == "connect"
