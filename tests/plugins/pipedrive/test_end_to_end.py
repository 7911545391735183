"""A missed call through the real engine and real connections, some of which break."""

from datetime import timedelta

import pytest

from support.house import House
from support.outside import Outside
from support.pipedrive_api import LEAD_SOURCE, TOKEN, PipedriveApi
from support.served import served
from textback.plugins import Found
from textback.store.migrate import migrate
from textback_pipedrive import Pipedrive


class WithPipedrive(Outside):
    """Everything outside but the CRM, which is real."""

    def plugins(self):
        return {**super().plugins(), "pipedrive": Found.of("pipedrive", Pipedrive)}


@pytest.fixture
async def house(tmp_path):
    """A client with Pipedrive; what Pipedrive has is in its ``crm``."""
    empty = tmp_path / "empty.db"
    migrate(f"sqlite:///{empty}")
    place = tmp_path / "house"
    place.mkdir()
    made = House(place, empty)
    made.outside = WithPipedrive()
    made.crm = PipedriveApi(made.clock, lag_s=30)
    async with served(made.crm) as url:
        made.write(
            stack=f"""
[plugins.phones]
[plugins.carrier]
[plugins.team]
[plugins.pipedrive]
api_token = "{TOKEN}"
base_url = "{url}"
""",
            more="""
[[lead]]
tag = "missed-call"
stage = "new-lead"
fields = { lead_source = "Missed call" }
""",
        )
        await made.open()
        yield made
        await made.close()


@pytest.mark.parametrize("lost", [(), (1,), (6,), (9, 10, 11), tuple(range(2, 30, 3))])
async def test_one_of_each_whatever_breaks(house, lost):
    """The text goes out at once; the CRM has everything once, though answers are lost."""
    requests = iter(range(1, 10_000))
    house.crm.lose = lambda request: next(requests) in lost

    await house.missed()
    assert [text.step for _, text in house.sent] == ["text/1"]
    await house.let_pass(timedelta(hours=1))
    await house.missed()
    await house.let_pass(timedelta(hours=1))

    crm = house.crm
    (person,) = crm.records["persons"].values()
    assert (person["label_ids"], person["custom_fields"]) == ([6], {LEAD_SOURCE: "Missed call"})
    assert crm.deals == 1
    subjects = [each["subject"] for each in crm.records["activities"].values()]
    assert subjects == ["Missed call from (303) 555-0123"] * 2
    assert len(crm.records["notes"]) == len(house.sent) == 1
    assert set(house.states("%pipedrive%").values()) == {"done"}
