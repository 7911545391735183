"""A missed call of a number that lives in GoHighLevel, through the real engine."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization

from support.gohighlevel_api import LEAD_SOURCE, LOCATION, TOKEN, GoHighLevelApi
from support.house import CALLER, CLIENT, LINE, House
from support.outside import Outside
from support.served import served
from textback.engine.crew.sources import list_calls
from textback.plugins import Found
from textback.store.migrate import migrate
from textback.testing.builders import a_request
from textback_gohighlevel import GoHighLevel


class WithGoHighLevel(Outside):
    """GoHighLevel is everything but the team."""

    def plugins(self):
        return {**super().plugins(), "gohighlevel": Found.of("gohighlevel", GoHighLevel)}


@pytest.fixture
async def house(tmp_path, ed25519):
    """A client that has nothing else; what GoHighLevel has is in its ``crm``."""
    empty = tmp_path / "empty.db"
    migrate(f"sqlite:///{empty}")
    place = tmp_path / "house"
    place.mkdir()
    made = House(place, empty)
    made.outside = WithGoHighLevel()
    made.crm = GoHighLevelApi(made.clock, lag_s=30)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = ed25519.public_key().public_bytes(serialization.Encoding.DER, form)
    async with served(made.crm) as url:
        made.write(
            stack=f"""
[plugins.team]
[plugins.gohighlevel]
location_id = "{LOCATION}"
access_token = "{TOKEN}"
ed25519_key = "{base64.b64encode(der).decode()}"
log = ["call"]
base_url = "{url}"
""",
            more="""
[[lead]]
tag = "missed-call"
stage = "new-lead"
fields = { lead_source = "Missed call" }
[[follow_up]]
after = "2h"
body = "Still need us?"
""",
        )
        await made.open()
        yield made
        await made.close()


@pytest.fixture
def post(house, ed25519):
    """GoHighLevel posts a webhook; it is read and committed."""

    async def post(**told):
        at = house.clock.now()
        body = {"locationId": LOCATION, "timestamp": at.isoformat(), **told}
        body.setdefault("dateAdded", at.isoformat())
        content = json.dumps(body).encode()
        headers = {"x-ghl-signature": base64.b64encode(ed25519.sign(content)).decode()}
        stack = await house.runtime.ctx.stack(CLIENT)
        reading = await stack.plugin("gohighlevel").read_webhook(
            a_request(content, headers=headers, received_at=at)
        )
        await house.tell(*reading.events, plugin="gohighlevel")
        await house.run()

    return post


@pytest.fixture
def contact(house):
    """GoHighLevel itself makes a contact of everybody who calls."""
    return house.crm.add_contact(phone=CALLER)


@pytest.mark.parametrize("lost", [(), (2,), (7, 8), tuple(range(3, 40, 4))])
async def test_the_whole_story(house, post, contact, lost):
    """Called, texted once, tagged, an opportunity, a note; whatever answers are lost."""
    requests = iter(range(1, 10_000))
    # A text whose answer is lost stays unconfirmed until it is found, which is another story.
    house.crm.lose = lambda request: (
        request.url.path != "/conversations/messages" and next(requests) in lost
    )
    call = {"type": "InboundMessage", "messageType": "CALL", "contactId": contact["id"]}

    await post(**call, messageId="m1", direction="inbound", status="voicemail")
    await house.let_pass(timedelta(hours=1))

    crm = house.crm
    assert [(text["toNumber"], text["fromNumber"]) for text in crm.texts] == [(CALLER, LINE)]
    assert crm.contacts == crm.deals == crm.activities == 1
    assert contact["tags"] == ["missed-call"]
    assert contact["customFields"] == [{"id": LEAD_SOURCE, "value": "Missed call"}]
    assert house.ends() == ["sent"]
    assert set(house.states("%gohighlevel%").values()) == {"done"}


async def test_a_reply_stops_the_follow_up_and_reaches_the_team(house, post, contact):
    """What the caller writes comes by webhook, and names no number."""
    call = {"type": "InboundMessage", "contactId": contact["id"], "direction": "inbound"}
    await post(**call, messageType="CALL", messageId="m1", status="no-answer")
    await house.let_pass(timedelta(minutes=10))
    await post(**call, messageType="SMS", messageId="m2", body="Please call me")
    await house.let_pass(timedelta(days=1))

    assert len(house.crm.texts) == 1
    assert any("wrote" in title for title in house.told())


async def test_do_not_disturb_that_is_set_later_stops_the_follow_up(house, post, contact):
    """As an opt-out does."""
    call = {"type": "InboundMessage", "contactId": contact["id"], "direction": "inbound"}
    await post(**call, messageType="CALL", messageId="m1", status="no-answer")
    await house.let_pass(timedelta(minutes=10))
    sms = {"SMS": {"status": "active"}}
    await post(type="ContactDndUpdate", id=contact["id"], phone=CALLER, dndSettings=sms)
    await house.let_pass(timedelta(days=1))
    assert len(house.crm.texts) == 1


async def test_who_is_not_to_be_disturbed_is_not_texted(house, post, contact):
    """And the reason is there to read."""
    contact["dnd"] = True
    await house.let_pass(timedelta(minutes=1))  # until the searches have it
    call = {"type": "InboundMessage", "contactId": contact["id"], "direction": "inbound"}
    await post(**call, messageType="CALL", messageId="m1", status="no-answer")
    await house.let_pass(timedelta(minutes=10))
    assert house.crm.texts == []
    assert house.ends() == ["suppressed"]
    assert "Do Not Disturb" in house.case()["because"]


async def test_a_call_of_which_no_webhook_came_is_found(house, contact):
    """It counts once, though it is listed each time."""
    house.crm.messages.append(
        {
            "id": "m1",
            "messageType": "TYPE_CALL",
            "direction": "inbound",
            "contactId": contact["id"],
            "dateAdded": house.clock.now().isoformat(),
            "meta": {"callStatus": "no-answer"},
        }
    )
    runtime = house.runtime
    stack = await runtime.ctx.stack(CLIENT)
    impl = stack.impl("list_calls", "gohighlevel")
    for _ in range(2):
        client = runtime.ctx.clients[CLIENT]
        await list_calls(runtime.ctx, runtime.engine, client, impl, runtime.ctx.now())
        await house.let_pass(timedelta(minutes=5))
    assert len(house.crm.texts) == 1
