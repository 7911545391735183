"""Press 1: a phone that is picked up is no answer until a person says so."""

import httpx
import pytest

from support.vonage_side import CALL, PHONE_LEG, PHONES, actions, answer, event, kinds, rung
from textback.config.secrets import Secret
from textback.errors import ConfigError, MaybeSent, StoreBusy, UnreadableWebhook
from textback.events import AnsweredBy, Confidence, Happened
from textback.model import Outcome
from textback_vonage import Settings

ADDRESS = "http://127.0.0.1:8000/hooks/bright-smile/plugin"
HUNG_UP = httpx.Response(204)


def pressed(digits, **more):
    return {
        "dtmf": {"digits": digits, "timed_out": not digits},
        "uuid": PHONE_LEG,
        "conversation_uuid": "CON-of-the-phone",
        "from": "13035550123",
        "to": "13035550110",
        "timestamp": "2026-03-02T17:30:12.000Z",
        **more,
    }


@pytest.fixture
def whisper(make, vonage):
    vonage.answers = [HUNG_UP]

    def build(**more):
        return make(whisper=True, **more)

    return build


async def test_who_picks_up_is_asked(whisper, tell):
    """Before the two are joined; afterwards Vonage asks how it goes on."""
    plugin = whisper()
    connect, onward = actions(await tell(plugin, "answer", answer()))

    asked = await tell(plugin, "whisper", {"uuid": PHONE_LEG}, query=rung(0))

    assert connect["endpoint"][0]["onAnswer"] == {"url": f"{ADDRESS}/whisper{rung(0)}"}
    assert onward["eventUrl"] == [f"{ADDRESS}/next{rung(0)}"]
    talk, keys = actions(asked)
    assert talk["text"] == "You have a call. Press 1 to take it."
    assert keys["eventUrl"] == [f"{ADDRESS}/whisper-digits{rung(0)}"]
    assert keys["dtmf"] == {"maxDigits": 1, "timeOut": 8}
    assert asked.events == ()


@pytest.mark.parametrize("dtmf", [{"digits": "1", "timed_out": False}, "1"])
async def test_who_presses_1_is_a_person(whisper, tell, vonage, dtmf):
    """They are joined, since Vonage is told nothing else; both forms of the digits are read."""
    told = await tell(whisper(), "whisper-digits", pressed("1", dtmf=dtmf), query=rung(0))

    (taken,) = told.events
    assert (taken.call, taken.leg) == (CALL, PHONE_LEG)
    assert (taken.happened, taken.by) == (Happened.LEG_ANSWERED, AnsweredBy.HUMAN)
    assert taken.confidence is Confidence.CERTAIN
    assert (told.response.status, told.response.body) == (204, "")
    assert told.live
    assert vonage.requests == []


@pytest.mark.parametrize("digits", ["", "2", "11"])
async def test_who_does_not_is_hung_up_on(whisper, tell, vonage, digits):
    """A mailbox presses nothing: its leg ends, and as no phone is left, the call was missed."""
    told = await tell(whisper(), "whisper-digits", pressed(digits), query=rung(0))

    ended, concluded = told.events
    assert (ended.happened, ended.outcome) == (Happened.LEG_ENDED, Outcome.NO_ANSWER)
    assert (concluded.outcome, concluded.confidence) == (Outcome.NO_ANSWER, Confidence.CERTAIN)
    (request,) = vonage.requests
    assert (request.method, request.url.path) == ("PUT", f"/v1/calls/{PHONE_LEG}")
    assert request.content == b'{"action":"hangup"}'
    assert request.headers["authorization"].startswith("Bearer ")


async def test_then_the_next_phone_rings(whisper, tell):
    """As long as there is one; after the last one, the greeting."""
    plugin = whisper(ring=PHONES)
    await tell(plugin, "whisper-digits", pressed(""), query=rung(0))
    following = await tell(plugin, "next", {"conversation_uuid": CALL}, query=rung(0))
    told = await tell(plugin, "whisper-digits", pressed("2"), query=rung(1))
    last = await tell(plugin, "next", {"conversation_uuid": CALL}, query=rung(1))

    connect, _ = actions(following)
    assert connect["endpoint"][0]["number"] == "13035550111"
    assert connect["randomFromNumber"] is True
    assert told.events[-1].happened is Happened.CONCLUDED
    assert kinds(last) == ["talk"]


async def test_after_a_talk_nothing_follows(whisper, tell):
    """Whoever has talked hears no greeting, whenever Vonage asks how it goes on."""
    plugin = whisper()

    early = await tell(plugin, "next", {}, query=rung(0))
    await tell(plugin, "whisper-digits", pressed("1"), query=rung(0))
    late = await tell(plugin, "next", {}, query=rung(0))

    assert (early.response.body, late.response.body) == ("", "")


@pytest.mark.parametrize(
    "trouble", [MaybeSent("gave no answer"), httpx.Response(404, json={}), httpx.Response(500)]
)
async def test_not_hung_up(whisper, tell, vonage, trouble):
    """The caller hears the mailbox then, and the call was missed all the same."""
    vonage.answers = [trouble]

    told = await tell(whisper(), "whisper-digits", pressed(""), query=rung(0))

    assert told.events[-1].outcome is Outcome.NO_ANSWER


async def test_the_store_is_down(whisper, tell, monkeypatch):
    """Somebody is on the phone: what is answered doesn't wait for the store."""
    plugin = whisper()

    async def busy(*args, **kwargs):
        raise StoreBusy("the disk is full")

    monkeypatch.setattr(type(plugin.services.state), "get", busy)
    monkeypatch.setattr(type(plugin.services.state), "set", busy)

    assert (await tell(plugin, "whisper-digits", pressed(""), query=rung(0))).events
    assert (await tell(plugin, "next", {}, query=rung(0))).response.status == 204


async def test_being_picked_up_is_no_answer(whisper, tell):
    """And hung up without the key, it is none either."""
    plugin = whisper()
    answered = event("answered", direction="outbound")
    over = event("completed", direction="outbound", duration="9")

    assert (await tell(plugin, "event", answered, query=rung(0))).events == ()
    ended, likely = (await tell(plugin, "event", over, query=rung(0))).events
    assert (ended.happened, likely.happened) == (Happened.LEG_ENDED, Happened.CONCLUDED)
    assert likely.confidence is Confidence.LIKELY  # the key may yet be told


@pytest.mark.parametrize("topic", ["whisper", "whisper-digits", "next"])
async def test_about_no_phone(whisper, tell, topic):
    """An address that we never gave."""
    with pytest.raises(UnreadableWebhook, match="which phone"):
        await tell(whisper(), topic, pressed("1"))


def test_needs_the_application():
    """Without its key nothing can be hung up."""
    with pytest.raises(ConfigError, match="whisper needs"):
        Settings(
            api_key="abcd1234",
            api_secret=Secret("s"),
            signature_secret=Secret("s"),
            whisper=True,
        )
