"""Notifications: only RingCentral's are read, and its question about our address is answered."""

import httpx
import pytest

from support.ringcentral_api import CALLER, LINE, Story, request, text_received
from textback.errors import UnreadableWebhook, WebhookRejected
from textback.model import Media, PhoneNumber, TextState

A_CALL = Story().caller_is("Setup").told[0]


async def test_question_about_our_address(plugin):
    """What RingCentral made up comes back in a header, with 200 and a type."""
    asked = request(None, {"Validation-Token": "abc-123"}, body=b"")
    reading = await plugin.read_webhook(asked)
    assert reading.events == ()
    assert reading.response.headers == {"Validation-Token": "abc-123"}
    assert reading.response.status == 200
    assert reading.response.content_type == "application/json"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Verification-Token": "x"}, {"Validation-Token": "x"}, {"Verification-Token": ""}],
)
async def test_without_the_word(plugin, word, headers):
    """It is rejected, also if it pretends to be the question about our address."""
    with pytest.raises(WebhookRejected):
        await plugin.read_webhook(request(A_CALL, headers))


async def test_the_word_under_its_earlier_name(plugin, word):
    """Two pages of RingCentral's guide name the header differently."""
    reading = await plugin.read_webhook(request(A_CALL, {"Validation-Token": word}))
    assert len(reading.events) == 1


async def test_answers_200(notify):
    """Anything else may end the subscription."""
    reading = await notify(A_CALL)
    assert (reading.response.status, reading.response.content_type) == (200, "application/json")


async def test_the_word_depends_on_secret_and_address(make, word):
    """Another secret, another word; and the word shows nothing of the secret."""
    other = make(client_secret=make().settings.jwt)
    with pytest.raises(WebhookRejected):
        await other.read_webhook(request(A_CALL, {"Verification-Token": word}))
    assert len(word) == 64


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        {"event": "/telephony/sessions", "body": 1},
        {"event": "/restapi/v1.0/account/1/telephony/sessions", "body": {"parties": []}},
        {"event": "/restapi/v1.0/account/1/telephony/sessions", "body": {"telephonySessionId": 1}},
        text_received(id=None),
        text_received(**{"from": {}}),
    ],
)
async def test_not_in_the_format(plugin, word, payload):
    """It has the word and can't be read."""
    with pytest.raises(UnreadableWebhook):
        await plugin.read_webhook(request(payload, {"Verification-Token": word}))


async def test_not_json(plugin, word):
    """The same."""
    with pytest.raises(UnreadableWebhook):
        await plugin.read_webhook(request(None, {"Verification-Token": word}, body=b"{"))


async def test_other_filters(notify):
    """What we never asked for is taken and means nothing."""
    told = {"event": "/restapi/v1.0/account/1/presence", "body": {"sequence": 1}}
    assert (await notify(told)).events == ()


async def test_as_for_a_phone(notify):
    """The account's sessions are documented in the shape of a phone's notification."""
    assert len((await notify({"uuid": "1", "pn_apns": A_CALL})).events) == 1


async def test_text(notify):
    """Word for word, to the line, at the time at which it was written."""
    picture = {
        "type": "MmsAttachment",
        "uri": "https://media.example/1",
        "contentType": "image/png",
    }
    (event,) = (await notify(text_received(attachments=[picture], subject="Ja 🦷"))).events
    assert (event.number, event.line, event.body) == (CALLER, LINE, "Ja 🦷")
    assert event.media == (Media("https://media.example/1", "image/png"),)
    assert event.at.isoformat() == "2026-03-02T17:29:59.028000+00:00"


async def test_text_to_a_number_of_ours_that_is_no_line(make, notify):
    """Where texts leave from another number, they come back there."""
    plugin = make(from_number=PhoneNumber("+13035550177"))
    told = text_received(to=[{"phoneNumber": "(303) 555-0177"}])
    (event,) = (await notify(told, plugin)).events
    assert event.line == "+13035550177"


@pytest.mark.parametrize(
    "more", [{"to": [{"phoneNumber": "+13035550188"}]}, {"direction": "Outbound"}]
)
async def test_texts_that_are_not_ours(notify, more):
    """Those to other numbers of the user, and those that somebody sent."""
    assert (await notify(text_received(**more))).events == ()


def changed(**more):
    return {
        "event": "/restapi/v1.0/account/1/extension/601/message-store",
        "timestamp": "2026-03-02T17:30:00.034Z",
        "body": {"extensionId": 601, "changes": [{"type": "SMS", "updatedCount": 1}], **more},
    }


async def test_statuses(plugin, notify, platform, a_text):
    """The notification says only that something changed, so the texts are looked at."""
    receipt = await plugin.send_text(a_text)
    platform.texts[0] |= {"messageStatus": "SendingFailed", "deliveryErrorCode": "SMS-RC-413"}
    (status,) = (await notify(changed())).events
    assert (status.provider_id, status.state) == (receipt.provider_id, TextState.FAILED)
    assert (status.reason, status.code) == ("opted_out", "SMS-RC-413")


async def test_statuses_of_nothing_new(notify, platform):
    """A text that was only added needs no look, nor does a fax."""
    await notify(
        changed(changes=[{"type": "SMS", "newCount": 1}, {"type": "Fax", "updatedCount": 1}])
    )
    assert not platform.asked("/message-store")


async def test_statuses_that_cant_be_read(notify, platform):
    """The notification is taken all the same: refusing it may end the subscription."""
    platform.answers["/message-store"] = [httpx.Response(500)]
    reading = await notify(changed())
    assert (reading.events, reading.response.status) == ((), 200)
