"""The plugin through the real engine: a case, a customer, and an hour without HubSpot."""

from datetime import timedelta

import pytest

from support.house import FOLLOW_UPS
from support.hubspot_api import BAD_GATEWAY, BREAK_AFTER, DAILY, SILENT, TOKEN, HubSpotApi

STACK = """
[plugins.phones]
[plugins.carrier]
[plugins.hubspot]
access_token = "TOKEN"
base_url = "BASE_URL"
timeout_s = 0.3
max_per_s = 100.0
[plugins.team]
[plugins.sam]
use = "team"
[[notify]]
to = ["team"]
[[notify]]
when = { owner = "sam@example.com" }
to = ["sam"]
[[text]]
body = "Hi {{ first_name }}, sorry we missed you. Reply STOP to opt out"
[[lead]]
when = { known = true }
fields = { lifecyclestage = "lead", lead_source = "Missed call" }
[[lead]]
stage = "New lead"
fields = { lifecyclestage = "lead", lead_source = "Missed call" }
"""


@pytest.fixture
async def hubspot(house):
    """The account, on the deployment's clock."""
    api = HubSpotApi(house.clock.now, lag=timedelta(seconds=30))
    stack = STACK.replace("TOKEN", TOKEN).replace("BASE_URL", api.url)
    patient = 'mode = "live"\nidentify_within_s = 10'  # the machine may be busy
    house.write(settings=patient, stack=stack, more=FOLLOW_UPS)
    await house.open()
    yield api
    api.down()


def calls_of(hubspot, number):
    """The calls on the timeline of a number's only contact."""
    (contact,) = [
        record
        for record, each in hubspot.records["contacts"].items()
        if each.properties["phone"] == number
    ]
    return hubspot.linked("contacts", contact, "calls")


async def test_a_case_with_hubspot(house, hubspot):
    """Contact, deal, call and text, linked to each other, within the moment."""
    await house.missed()
    await house.let_pass(timedelta(minutes=1))

    assert house.states("%/hubspot%") == {
        "lead/hubspot": "done",
        "deal/hubspot": "done",
        "log/hubspot/call/1": "done",
        "log/hubspot/text/1": "done",
    }
    (contact,) = hubspot.records["contacts"]
    (deal,) = hubspot.records["deals"]
    assert len(hubspot.linked("deals", deal, "calls")) == 1
    assert len(hubspot.linked("deals", deal, "communications")) == 1
    assert hubspot.linked("deals", deal, "contacts") == [contact]


async def test_a_customer_calls(house, hubspot):
    """Greeted by name, told to who is in charge, and by another lead rule: no deal, no way back."""
    hubspot.owner("7", "Sam@example.com", "Sam", "Lee")
    customer = hubspot.person(
        firstname="Dana",
        lastname="Reed",
        phone="(303) 555-0123",
        hubspot_owner_id="7",
        lifecyclestage="customer",
    )

    await house.missed()
    await house.let_pass(timedelta(minutes=1))

    ((_, text),) = house.sent
    assert text.body.startswith("Hi Dana, sorry")
    ((told_by, notice),) = house.outside.told
    assert (told_by, notice.name, notice.owner) == ("sam", "Dana Reed", "Sam@example.com")
    assert hubspot.all("deals") == []
    (contact,) = hubspot.all("contacts")
    assert contact["lifecyclestage"] == "customer"
    assert contact["lead_source"] == "Missed call"
    assert len(hubspot.linked("contacts", customer, "calls")) == 1


async def test_hubspot_is_down_for_an_hour(house, hubspot):
    """Each text goes out at once, and afterwards each lead is there once, with all its calls."""
    third, numbers = timedelta(minutes=20), [f"+1303555012{n}" for n in range(3, 7)]

    async def missed(number):
        """A call is missed; which texts have left when no time has passed yet."""
        await house.missed(caller=number)
        return [text.to for _, text in house.sent if text.to == number]

    hubspot.down()
    assert await missed(numbers[0]) == [numbers[0]]
    await house.let_pass(third / 2)
    await house.missed(caller=numbers[0])  # joins the conversation
    await house.let_pass(third / 2)

    hubspot.up()
    hubspot.fail(SILENT, times=3)
    hubspot.fail(BAD_GATEWAY, times=float("inf"))
    assert await missed(numbers[1]) == [numbers[1]]
    await house.let_pass(third)

    hubspot.works()
    hubspot.fail(DAILY, times=float("inf"))
    assert await missed(numbers[2]) == [numbers[2]]
    await house.let_pass(third)
    assert len(house.told()) == 4
    assert hubspot.all("contacts") == []

    hubspot.works()
    for kind in ("contacts", "deals", "calls", "communications"):
        hubspot.fail(BREAK_AFTER, f"/objects/{kind}$", method="POST")
    assert await missed(numbers[3]) == [numbers[3]]
    await house.let_pass(timedelta(days=1))

    assert sorted(each["phone"] for each in hubspot.all("contacts")) == numbers
    assert [len(calls_of(hubspot, number)) for number in numbers] == [2, 1, 1, 1]
    assert len(hubspot.all("deals")) == len(numbers)
    assert len(hubspot.all("communications")) == len(house.sent)
    steps = house.rows("SELECT state FROM steps WHERE name LIKE '%/hubspot%'")
    assert {step["state"] for step in steps} == {"done"}
