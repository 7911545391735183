"""What is looked at before a client goes live."""

import httpx
import pytest

from support.ringcentral_api import LINE
from textback.errors import NotSent
from textback.model import PhoneNumber, Severity


async def errors(plugin):
    return [each.message for each in await plugin.check() if each.severity is Severity.ERROR]


async def test_all_is_well(plugin, platform):
    """One line says so, and nothing was changed or sent."""
    await plugin.maintain()
    platform.requests.clear()
    (finding,) = await plugin.check()
    assert finding.severity is Severity.OK
    assert LINE in finding.message
    assert {each.method for each in platform.requests} == {"GET"}


async def test_wrong_credentials(plugin, platform):
    """Nothing else can be said then."""
    refused = {"error": "invalid_grant", "error_description": "Invalid JWT"}
    platform.answers["/oauth/token"] = [httpx.Response(400, json=refused)]
    (message,) = await errors(plugin)
    assert "Invalid JWT" in message
    assert "see client_id, client_secret and jwt" in message


async def test_no_subscription(plugin):
    """It says how one is made."""
    (message,) = await errors(plugin)
    assert "(none)" in message
    assert "textback connect bright-smile" in message


async def test_subscription_that_was_ended(plugin, platform):
    """RingCentral's word for it is passed on."""
    await plugin.maintain()
    for each in platform.subscriptions.values():
        each["status"] = "Blacklisted"
    (message,) = await errors(plugin)
    assert "(Blacklisted)" in message


async def test_filter_that_is_disabled(plugin, platform):
    """What RingCentral doesn't bring is said, with its reason."""
    await plugin.maintain()
    for each in platform.subscriptions.values():
        told = {"filter": "/telephony/sessions", "reason": "X", "message": "CallControl is needed"}
        each["disabledFilters"] = [told]
    (message,) = await errors(plugin)
    assert "CallControl is needed" in message


async def test_line_of_another_account(plugin, platform):
    """A number that isn't the account's is named; for a mere sender only the texts matter."""
    await plugin.maintain()
    platform.numbers = ["+13035550199"]
    (message,) = await errors(plugin)
    assert message.startswith(f"{LINE} is no number of this account")


async def test_sender_only(make, platform):
    """Calls of which another plugin tells needn't come here."""
    plugin = make(roles=("sender",), from_number=PhoneNumber("+13035550177"))
    await plugin.maintain()
    platform.numbers, platform.texting = [], ["+13035550177"]
    assert await errors(plugin) == []
    assert not platform.asked("/call-log")


async def test_texts_to_the_team_only(make, platform):
    """They leave from a number that may text, and the team may answer."""
    plugin = make(roles=("notifier",))
    await plugin.maintain()
    platform.numbers = []
    assert await errors(plugin) == []
    (made,) = platform.subscriptions.values()
    assert all("message-store" in each for each in made["eventFilters"])


async def test_number_that_cant_text(plugin, platform):
    """Only one user may text from a number."""
    await plugin.maintain()
    platform.texting = []
    (message,) = await errors(plugin)
    assert f"can't text from {LINE}" in message


@pytest.mark.parametrize(
    ("path", "words"),
    [("/call-log", "the call log can't be read"), ("/message-store", "texts can't be read")],
)
async def test_missing_permission(plugin, platform, path, words):
    """Without it nothing is found after an outage."""
    await plugin.maintain()
    answer = httpx.Response(403, json={"errorCode": "CMN-401", "message": "ReadCallLog needed"})
    platform.answers[path] = [answer]
    (message,) = await errors(plugin)
    assert words in message
    assert "ReadCallLog needed" in message
    assert "developer console" in message


async def test_not_reached(plugin, platform):
    """Each thing that can't be asked is one finding, not a crash."""
    await plugin.maintain()
    for path in ("/call-log", "/phone-number"):
        platform.answers[path] = [NotSent("refused the connection")]
    assert len(await errors(plugin)) == 2
