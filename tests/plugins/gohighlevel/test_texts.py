"""Texts through a contact's conversation: sent once, refused in words, found again."""

from datetime import timedelta

import attrs
import httpx
import pytest

from textback.errors import DeliveryError, MaybeSent, NotSent
from textback.model import CannotTell, PhoneNumber, Receipt, TextState
from textback.testing.builders import BODY, CALLER, LINE, NOW, a_text


@attrs.frozen
class Answering:
    """A GoHighLevel that knows the contact and says something else of the text."""

    clock: object
    answer: object

    def __call__(self, request):
        if request.url.path == "/conversations/messages":
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer
        contact = {"id": "contact1", "phone": CALLER}
        return httpx.Response(200, json={"contact": contact, "contacts": [contact]})


async def test_a_text_goes_to_the_contact(crm, api):
    """From the line that was called to the number that called."""
    contact = api.add_contact(phone=CALLER)

    receipt = await crm.send_text(a_text())

    assert receipt == Receipt("message1")
    assert api.texts == [
        {
            "type": "SMS",
            "contactId": contact["id"],
            "message": BODY,
            "fromNumber": LINE,
            "toNumber": CALLER,
        }
    ]


async def test_who_is_no_contact_becomes_one(crm, api):
    """A text can't be sent to a mere number."""
    await crm.send_text(a_text())
    assert api.contacts == 1
    await crm.send_text(a_text(id="case1-text-2-1"))
    assert (api.contacts, len(api.texts)) == (1, 2)


async def test_texts_leave_from_the_number_in_the_settings(make, api):
    """Where the line can't text."""
    await make(from_number=PhoneNumber("+13035550150")).send_text(a_text())
    assert api.texts[0]["fromNumber"] == "+13035550150"


async def test_what_the_description_asks_for_can_be_sent(make, api):
    """Should GoHighLevel come to insist on it."""
    await make(full_messages=True).send_text(a_text())
    assert (api.texts[0]["subType"], api.texts[0]["status"]) == ({}, "pending")


async def test_who_must_not_be_disturbed_is_not_texted(crm, api):
    """It becomes an opt-out, and nobody else tries."""
    api.add_contact(phone=CALLER, dnd=True)
    with pytest.raises(DeliveryError) as caught:
        await crm.send_text(a_text())
    assert (caught.value.opted_out, caught.value.try_next) == (True, False)
    assert api.texts == []


@pytest.mark.parametrize(
    "words",
    [
        "Cannot send message as DND is active for SMS.",
        "Cannot send message as +13035550123 has unsubscribed",
    ],
)
async def test_an_opt_out_that_gohighlevel_knows(over, clock, words):
    """What it says when the contact was known before."""
    answer = httpx.Response(400, json={"statusCode": 400, "message": words})
    with pytest.raises(DeliveryError) as caught:
        await over(Answering(clock, answer)).send_text(a_text())
    assert (caught.value.opted_out, caught.value.try_next) == (True, False)
    assert CALLER not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "permanent", "after"),
    [
        (httpx.Response(422, json={"message": ["no"]}), True, None),
        (httpx.Response(401, json={"message": "Invalid JWT"}), True, None),
        (httpx.Response(429, headers={"retry-after": "3"}, json={}), False, 3),
        (
            httpx.Response(429, headers={"x-ratelimit-interval-milliseconds": "10000"}, json={}),
            False,
            10,
        ),
        (httpx.Response(429, headers={"x-ratelimit-daily-remaining": "0"}, json={}), False, 3600),
    ],
)
async def test_a_refused_text_may_go_elsewhere(over, clock, answer, permanent, after):
    """It surely did not leave."""
    with pytest.raises(DeliveryError) as caught:
        await over(Answering(clock, answer)).send_text(a_text())
    assert (caught.value.try_next, caught.value.permanent) == (True, permanent)
    assert caught.value.retry_after == after


@pytest.mark.parametrize(
    "answer",
    [
        MaybeSent("gave no whole answer"),
        httpx.Response(502, html="<html>"),
        httpx.Response(408),
        httpx.Response(201, text="thanks"),
        httpx.Response(201, json={"conversationId": "c1"}),
    ],
)
async def test_a_text_that_may_have_left_goes_nowhere_else(over, clock, answer):
    """Nobody is texted twice."""
    with pytest.raises(MaybeSent):
        await over(Answering(clock, answer)).send_text(a_text())


async def test_without_a_contact_no_text_has_left(crm, api):
    """A lost answer to looking for the contact says nothing about the text."""
    api.lose = lambda request: "search" in request.url.path
    with pytest.raises(DeliveryError) as caught:
        await crm.send_text(a_text())
    assert (caught.value.try_next, caught.value.permanent) == (True, False)


async def test_whoever_holds_the_contact_too_long_holds_up_no_text(make, api):
    """Another sender may be quicker."""
    crm = make(timeout_s=0.1)
    async with crm.services.state.lock(f"contact/{CALLER}"):
        with pytest.raises(DeliveryError) as caught:
            await crm.send_text(a_text())
    assert caught.value.try_next
    assert api.texts == []


async def test_not_reached_is_not_sent(over, clock):
    """Whatever couldn't be reached."""

    class Down:
        def __init__(self):
            self.clock = clock

        def __call__(self, request):
            raise NotSent("refused the connection")

    with pytest.raises(NotSent):
        await over(Down()).send_text(a_text())


async def test_a_contact_that_was_deleted_is_made_anew(crm, api):
    """The next try doesn't go to where nobody is."""
    await crm.send_text(a_text())
    api.people.clear()
    with pytest.raises(DeliveryError) as caught:
        await crm.send_text(a_text())
    assert (caught.value.permanent, caught.value.try_next) == (False, True)
    await crm.send_text(a_text())
    assert len(api.texts) == 2


async def test_a_text_whose_answer_was_lost_is_found(crm, api):
    """By contact, words and time."""
    api.lose = lambda request: request.url.path == "/conversations/messages"
    with pytest.raises(MaybeSent):
        await crm.send_text(a_text())
    api.lose = lambda request: False

    assert await crm.find_text(a_text()) == Receipt("message1", TextState.DELIVERED)


@pytest.mark.parametrize(
    "more",
    [
        {"body": "Something else"},
        {"attempted_at": NOW - timedelta(hours=1)},
        {"attempted_at": None},
        {"to": "+13035550124"},
    ],
)
async def test_another_text_is_not_the_one(crm, more):
    """No hit proves nothing."""
    await crm.send_text(a_text())
    assert await crm.find_text(a_text(**more)) == CannotTell()
