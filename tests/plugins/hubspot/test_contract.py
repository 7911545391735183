"""HubSpot does what every CRM and every lookup does, with the SDK's own requests over a socket."""

import asyncio
import json

import attrs
import httpx
import pytest

from support.hubspot_api import TOKEN, HubSpotApi
from textback.config.secrets import Secret
from textback.errors import MaybeSent, NotSent
from textback.model import Caller
from textback.testing.builders import CALLER, NOW, a_lead
from textback.testing.contracts import CheckContract, CrmContract, EraseContract, LookupContract
from textback.testing.fixtures import Provider, services
from textback_hubspot import HubSpot, Settings

__all__ = ["services"]


class Far(Provider):
    """The provider of the contracts, behind a socket."""

    def __init__(self, api: HubSpotApi) -> None:
        super().__init__()
        self._api, self._loop = api, asyncio.get_running_loop()
        self.response = self._of_api
        api.instead = self._ask

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if isinstance(value, NotSent):
            self._api.down()

    def _of_api(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        status, said = self._api.answer(
            request.method, str(request.url), body, request.headers.get("authorization")
        )
        return httpx.Response(status, json=said)

    def _ask(self, request: httpx.Request) -> httpx.Response | None:
        """The answer, asked for in the event loop; None if the connection is to break."""
        try:
            return asyncio.run_coroutine_threadsafe(self.answer(request), self._loop).result(10)
        except MaybeSent:
            return None


@pytest.fixture
async def provider():
    """An account with all that the contracts' leads name."""
    api = HubSpotApi(lambda: NOW)
    api.pipelines = [api.pipeline("default", "Sales Pipeline", ["new-lead", "Won"])]
    api.define("contacts", "note")
    api.define("contacts", "textback_number", hasUniqueValue=True)
    far = Far(api)
    yield far
    api.down()


@attrs.frozen
class Book:
    """What the account holds."""

    api: HubSpotApi

    @property
    def contacts(self):
        return len(self.api.all("contacts"))

    @property
    def deals(self):
        return len(self.api.all("deals"))

    @property
    def activities(self):
        kinds = ("calls", "communications", "emails", "meetings")
        return sum(len(self.api.all(kind)) for kind in kinds)


def plugin(provider, services):
    settings = Settings(
        access_token=Secret(TOKEN),
        base_url=provider._api.url,
        number_property="textback_number",
        max_per_s=100.0,
    )
    return HubSpot(settings, services)


class TestCrm(CrmContract):
    secret = TOKEN
    in_threads = True

    @pytest.fixture
    def crm(self, provider, services):
        return plugin(provider, services)

    @pytest.fixture
    def book(self, provider):
        return Book(provider._api)


def found(*contacts):
    page = {"total": len(contacts), "results": [{"id": "512", "properties": c} for c in contacts]}
    return httpx.Response(200, json=page)


class TestWhoCalls(LookupContract):
    secret = TOKEN
    in_threads = True
    accepted = found({"firstname": "Dana", "lastname": "Reed", "phone": "(303) 555-0123"})
    nobody = found()
    caller = Caller(number=CALLER, known=True, name="Dana Reed", first_name="Dana")

    @pytest.fixture
    def lookup(self, provider, services):
        return plugin(provider, services)

    def named(self, name):
        return found({"firstname": name, "phone": CALLER})


class TestCheck(CheckContract):
    secret = TOKEN
    reading_posts = frozenset(
        {
            "/crm/v3/objects/contacts/search",
            "/oauth/v2/private-apps/get/access-token-info",
        }
    )

    @pytest.fixture
    def plugin(self, provider, services):
        self.all_is_well = provider.response
        return plugin(provider, services)


class TestErase(EraseContract):
    @pytest.fixture
    def plugin(self, provider, services):
        return plugin(provider, services)

    async def hold(self, plugin, number):
        await plugin.save_contact(a_lead(number=number), f"key/{number}")
