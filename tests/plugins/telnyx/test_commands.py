"""Each command has the address and the names of Telnyx's own package."""

import inspect
import json
from urllib.parse import unquote

import httpx
import pytest
from telnyx import Telnyx as Package
from telnyx.types import CallDialParams
from telnyx.types.calls import (
    ActionAnswerParams,
    ActionBridgeParams,
    ActionGatherUsingSpeakParams,
    ActionHangupParams,
    ActionRejectParams,
    ActionSpeakParams,
    ActionTransferParams,
)

from textback.errors import MaybeSent, NotSent, Refused
from textback_telnyx.commands import TRIES, AccountRefused
from textback_telnyx.marks import Answered, Phone

LEG, OTHER = "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg", "v3:x/y"
PHONE = Phone(index=1, of=2, leg=LEG, caller="+13035550123", line="+13035550100", ours=True)

COMMANDS = {
    "transfer": lambda c: c.transfer(PHONE, "+13035550110", shown=PHONE.caller),
    "dial": lambda c: c.dial(PHONE, "+13035550110", application="1494", shown=PHONE.caller),
    "answer": lambda c: c.answer(LEG, Answered(phone=OTHER)),
    "bridge": lambda c: c.bridge(LEG, OTHER),
    "speak": lambda c: c.speak(LEG, "Sorry"),
    "gather_using_speak": lambda c: c.ask_for_key(LEG),
    "hangup": lambda c: c.hang_up(LEG),
    "reject": lambda c: c.give_busy_tone(LEG),
}
PARAMETERS = {
    "transfer": ActionTransferParams,
    "dial": CallDialParams,
    "answer": ActionAnswerParams,
    "bridge": ActionBridgeParams,
    "speak": ActionSpeakParams,
    "gather_using_speak": ActionGatherUsingSpeakParams,
    "hangup": ActionHangupParams,
    "reject": ActionRejectParams,
}
SPELT = {"from": "from_"}  # in Python


@pytest.fixture
def commands(make):
    return make()._ringing.commands


@pytest.mark.parametrize("name", COMMANDS)
async def test_is_what_telnyxs_package_sends(commands, provider, name):
    """The package, given the same values, makes the same request."""
    provider.answer = httpx.Response(200, json={"data": {"result": "ok"}})
    await COMMANDS[name](commands)
    (ours,) = provider.requests
    body = json.loads(ours.content)

    theirs = []

    def keep(request):
        theirs.append(request)
        return httpx.Response(200, json={"data": {}})

    with httpx.Client(transport=httpx.MockTransport(keep)) as client:
        package = Package(api_key="KEY0123456789ABCDEF_secretofthetests", http_client=client)
        values = {SPELT.get(key, key): value for key, value in body.items()}
        if name == "bridge":
            values["call_control_id_to_bridge_with"] = values.pop("call_control_id")
        assert set(values) <= set(PARAMETERS[name].__annotations__)
        if name == "dial":
            package.calls.dial(**values)
        else:
            method = getattr(package.calls.actions, name)
            first = next(iter(inspect.signature(method).parameters))
            method(**{first: LEG}, **values)
    (request,) = theirs
    assert unquote(str(ours.url)) == unquote(str(request.url))
    assert body == json.loads(request.content)
    assert ours.headers["authorization"] == request.headers["authorization"]


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_same_command_has_the_same_id(commands, provider, name):
    """However often it is given, Telnyx does it once; another leg's is another."""
    provider.answer = httpx.Response(200, json={"data": {}})
    await COMMANDS[name](commands)
    await COMMANDS[name](commands)
    first, second = (json.loads(each.content)["command_id"] for each in provider.requests)
    assert first == second


async def test_different_commands_have_different_ids(commands, provider):
    """Or Telnyx would ignore one of them."""
    provider.answer = httpx.Response(200, json={"data": {}})
    for command in COMMANDS.values():
        await command(commands)
    ids = [json.loads(each.content)["command_id"] for each in provider.requests]
    assert len(set(ids)) == len(COMMANDS)


@pytest.mark.parametrize(
    "answer", [NotSent("refused"), MaybeSent("no answer"), httpx.Response(500, json={})]
)
async def test_is_repeated_at_once(commands, provider, answer):
    """Somebody is on the phone; under its id it is done once."""
    provider.answer = answer
    with pytest.raises((NotSent, MaybeSent, Refused)) as caught:
        await commands.hang_up(LEG)
    assert not caught.value.permanent
    assert len(provider.requests) == TRIES
    assert len({each.content for each in provider.requests}) == 1


async def test_too_many_is_left_to_telnyx(commands, provider):
    """It says when to ask again, and repeats its webhook."""
    provider.answer = httpx.Response(429, headers={"x-ratelimit-reset": "3"}, json={})
    with pytest.raises(Refused) as caught:
        await commands.hang_up(LEG)
    assert (caught.value.permanent, caught.value.retry_after) == (False, 3)
    assert len(provider.requests) == 1


async def test_a_no_is_a_no(commands, provider):
    """The leg has gone: nothing is repeated."""
    error = {"code": "90018", "title": "Call has already ended"}
    provider.answer = httpx.Response(422, json={"errors": [error]})
    with pytest.raises(Refused) as caught:
        await commands.hang_up(LEG)
    assert (caught.value.permanent, caught.value.code) == (True, "90018")
    assert len(provider.requests) == 1


async def test_an_account_that_may_not(commands, provider):
    """No other command will do better."""
    provider.answer = httpx.Response(401, json={"errors": [{"code": "10009"}]})
    with pytest.raises(AccountRefused, match="api_key"):
        await commands.hang_up(LEG)
