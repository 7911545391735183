"""The plugins of the page on odd providers, as they stand there, under the contracts."""

import asyncio
import hashlib
import hmac
import json
import re
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlencode

import attrs
import httpx
import pytest

from textback.config import load as load_files
from textback.config.secrets import Secret
from textback.engine.starting.runtime import open_runtime
from textback.errors import Refused, WebhookRejected
from textback.events import CallEvent, Confidence, Happened
from textback.model import Caller, Outcome
from textback.plugins import anatomy_of, find, load
from textback.store import calls
from textback.testing.builders import CALLER, LINE, NOW, a_notice, a_request
from textback.testing.contracts import (
    CheckContract,
    EraseContract,
    Example,
    LookupContract,
    NotifierContract,
    SourceContract,
    Story,
)
from textback.testing.fixtures import provider, services
from textback.web import server
from textback.web.app import public_app
from textback.webhooks import Proof

__all__ = ["provider", "services"]

PAGE = (Path(__file__).parents[2] / "docs" / "authors" / "odd-providers.md").read_text("utf-8")
PLUGINS = {
    name: code
    for code, name in re.findall(
        r'^```python\n("""plugins/(\w+)\.py.*?)^```$', PAGE, re.DOTALL | re.MULTILINE
    )
}
SECRET, OTHER = "a secret of these tests", "a secret of somebody else"
KEY, OTHER_KEY = "k" * 24, "o" * 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A deployment's folder with the page's plugins."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "plugins").mkdir()
    for name, code in PLUGINS.items():
        (folder / "plugins" / f"{name}.py").write_text(code, "utf-8")
    return folder


@pytest.fixture
def make(folder, services):
    """Makes a plugin of the page."""

    def make(name, **settings):
        kind = load(find(folder)[name])
        return kind(anatomy_of(kind).settings(**settings), services)

    return make


@pytest.mark.parametrize("name", ["ringo", "bells", "pager", "herald", "directory"])
def test_can_be_assembled(folder, name):
    """Each, and for the present version of the hooks."""
    anatomy = anatomy_of(load(find(folder)[name]))

    assert PLUGINS.keys() == {"ringo", "bells", "pager", "herald", "directory"}
    assert (anatomy.problems, anatomy.api) == ((), 1)


# ── by GET ──────────────────────────────────────────────────────────────────────────────────────


def sign(secret, fields):
    """The page's description of it once more, so that both must agree."""
    words = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "sig")
    return hmac.new(secret.encode(), words.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def asked(**more):
    told = {"call": "r1", "from": CALLER, "to": LINE, "time": str(int(NOW.timestamp())), **more}
    request = a_request(method="GET")
    return attrs.evolve(request, url=f"{request.url}?{urlencode(told)}")


MISSED_BY_GET = CallEvent(
    key="r1/missed",
    call="r1",
    happened=Happened.CONCLUDED,
    confidence=Confidence.CERTAIN,
    at=NOW,
    caller=CALLER,
    line=LINE,
    outcome=Outcome.NO_ANSWER,
    evidence="Ringo told of a missed call",
)


class TestRingo(SourceContract):
    secret, other_secret = SECRET, OTHER
    examples = (Example(name="missed", request=asked(), events=(MISSED_BY_GET,)),)
    stories = (Story(name="missed", webhooks=(asked(),), outcome=Outcome.NO_ANSWER),)

    @pytest.fixture
    def source(self, make):
        return make("ringo", secret=Secret(SECRET))

    def signed(self, request, secret):
        url, _, query = request.url.partition("?")
        fields = {**request.query, "sig": sign(secret, request.query)}
        return attrs.evolve(request, url=f"{url}?{urlencode(fields)}" if query else request.url)

    def unsigned(self, request):
        return attrs.evolve(request, url=request.url.partition("&sig=")[0])

    @pytest.mark.parametrize("late_s", [301, -301])
    async def test_an_old_address_is_rejected(self, source, late_s):
        """The time stands in the address."""
        request = asked(time=str(int(NOW.timestamp()) - late_s))
        with pytest.raises(WebhookRejected, match="time stamp"):
            await source.read_webhook(self.signed(request, SECRET))


# ── unsigned ────────────────────────────────────────────────────────────────────────────────────


def posted(*, answered):
    told = {"id": "b1", "ended": NOW.isoformat(), "from": CALLER, "to": LINE, "answered": answered}
    return a_request(json.dumps(told).encode(), topic="calls")


RANG_AT_BELLS = attrs.evolve(MISSED_BY_GET, key="b1/ended", call="b1", evidence="answered=False")


class TestBells(SourceContract):
    secret, other_secret = KEY, OTHER_KEY
    covers_body = False
    examples = (Example(name="missed", request=posted(answered=False), events=(RANG_AT_BELLS,)),)
    stories = (
        Story(name="missed", webhooks=(posted(answered=False),), outcome=Outcome.NO_ANSWER),
        Story(name="answered", webhooks=(posted(answered=True),), outcome=Outcome.ANSWERED),
    )

    @pytest.fixture
    def source(self, make):
        return make("bells", proof=Proof(key=Secret(KEY)))

    def signed(self, request, secret):
        return attrs.evolve(request, topic=f"{request.topic}/{secret}")

    def unsigned(self, request):
        return attrs.evolve(request, topic="calls")

    async def test_nothing_is_believed_unless_it_is_set(self, make):
        """Not even with a key, and `check` says what to do."""
        bells = make("bells")

        with pytest.raises(WebhookRejected, match="Bells signs nothing"):
            await bells.read_webhook(self.signed(posted(answered=False), KEY))
        (finding,) = await bells.check()
        assert "set a table proof" in finding.message


class TestBellsCheck(CheckContract):
    over_http = False

    @pytest.fixture
    def plugin(self, make):
        return make("bells", proof=Proof(addresses=("192.0.2.0/28",)))


# ── tokens that rotate ──────────────────────────────────────────────────────────────────────────


@attrs.define
class PagerApi:
    """Gives tokens for the last refresh token only, takes messages with the last access token."""

    refresh: str = "first"
    given: int = 0
    ended: int = 0  # access tokens up to this one are taken no more
    messages: list = attrs.field(factory=list)

    def __call__(self, request):
        told = json.loads(request.content)
        if request.url.path == "/messages":
            last = f"Bearer access-{self.given}"
            if request.headers["authorization"] != last or self.given == self.ended:
                return httpx.Response(401, json={})
            self.messages.append(told["text"])
            return httpx.Response(200, json={})
        if told["refresh_token"] != self.refresh:
            return httpx.Response(400, json={"message": "no such token"})
        self.given += 1
        self.refresh = f"refresh-{self.given}"
        return httpx.Response(
            200,
            json={
                "access_token": f"access-{self.given}",
                "refresh_token": self.refresh,
                "expires_in": 3600,
            },
        )


class TestPager(NotifierContract):
    secret = "access-1"
    accepted = httpx.Response(200, json={})

    @pytest.fixture
    async def notifier(self, make, services):
        await services.state.set("access", "access-1")
        return make("pager", refresh_token=Secret("first"))


class TestTokens:
    @pytest.fixture
    def pager(self, make, provider):
        provider.response = PagerApi()
        return make("pager", refresh_token=Secret("first"))

    async def test_are_asked_for_once(self, pager, provider):
        """However many want one at the same moment."""
        await asyncio.gather(*(pager.notify_team(a_notice()) for _ in range(5)))

        assert provider.response.given == 1
        assert len(provider.response.messages) == 5

    async def test_are_asked_for_again_in_time(self, pager, provider, services):
        """With the token that came last, a minute before the time is over."""
        await pager.notify_team(a_notice())
        services.clock.advance_to(services.clock.now().replace(hour=18, minute=29, second=30))
        await pager.notify_team(a_notice())

        assert provider.response.given == 2
        assert len(provider.response.messages) == 2

    async def test_one_that_ended_before_its_time_is_replaced(self, pager, provider):
        """Once for all who were refused."""
        await pager.notify_team(a_notice())
        provider.response.ended = 1
        await asyncio.gather(*(pager.notify_team(a_notice()) for _ in range(5)))

        assert provider.response.given == 2
        assert len(provider.response.messages) == 6

    async def test_a_new_one_in_the_file_counts(self, make, pager, provider):
        """As a person gives it when the one that was kept is lost."""
        await pager.notify_team(a_notice())
        provider.response.refresh, provider.response.ended = "second", 1
        await make("pager", refresh_token=Secret("second")).notify_team(a_notice())

        assert provider.response.given == 2
        assert len(provider.response.messages) == 2

    async def test_a_refused_refresh_is_for_a_person(self, pager, provider):
        """Nobody can mend it but who connects the account again."""
        provider.response.refresh = "another"

        with pytest.raises(Refused) as caught:
            await pager.notify_team(a_notice())
        assert caught.value.permanent


# ── subscriptions ───────────────────────────────────────────────────────────────────────────────


@attrs.define
class HeraldApi:
    """Posts to addresses that have subscribed."""

    subscribed: dict = attrs.field(factory=dict)
    renewed: list = attrs.field(factory=list)

    def __call__(self, request):
        if request.method == "POST":
            known = f"s{len(self.subscribed) + len(self.renewed) + 1}"
            self.subscribed[known] = json.loads(request.content)["address"]
            return httpx.Response(201, json={"id": known})
        known = request.url.path.split("/")[2]
        if known not in self.subscribed:
            return httpx.Response(404)
        self.renewed.append(known)
        return httpx.Response(204)


class TestHerald:
    @pytest.fixture
    def herald(self, make, provider):
        provider.response = HeraldApi()
        return make("herald", api_key=Secret(SECRET))

    async def test_subscribes_once_and_renews(self, herald, provider, services):
        """To this plugin's own address."""
        for _ in range(3):
            await herald.maintain()

        assert provider.response.subscribed == {"s1": f"{services.address}/calls"}
        assert provider.response.renewed == ["s1", "s1"]

    async def test_subscribes_anew_when_it_is_gone(self, herald, provider):
        """After an outage that was longer than the subscription."""
        await herald.maintain()
        provider.response.subscribed.clear()
        await herald.maintain()
        await herald.maintain()

        assert len(provider.response.subscribed) == 1
        assert provider.response.renewed == list(provider.response.subscribed)


# ── what is kept ────────────────────────────────────────────────────────────────────────────────


class TestDirectory(LookupContract):
    accepted = httpx.Response(200, json={"name": "Anna Example"})
    caller = Caller(number=CALLER, name="Anna Example")
    nobody = httpx.Response(404)
    secret = SECRET
    paid = True

    @pytest.fixture
    def lookup(self, make):
        return make("directory", api_key=Secret(SECRET))

    def named(self, name):
        return httpx.Response(200, json={"name": name})


class TestForgetting(EraseContract):
    @pytest.fixture
    def plugin(self, make):
        return make("directory", api_key=Secret(SECRET))

    async def hold(self, plugin, number):
        await plugin.services.state.set(number, "Anna Example")


# ── all of it, over HTTP ────────────────────────────────────────────────────────────────────────

CLIENT = f"""
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["{LINE}"]

[plugins.ringo]
secret = "{SECRET}"

[plugins.bells]

[plugins.bells.proof]
key = "{KEY}"
addresses = ["192.0.2.0/28"]
"""


@pytest.fixture
async def served(folder, tmp_path):
    """Its address, and the store behind it."""
    (folder / "clients").mkdir(exist_ok=True)
    (folder / "textback.toml").write_text(
        f'[server]\npublic_url = "https://hooks.agency.example"\n'
        f'[store]\nurl = "sqlite:///{tmp_path}/textback.db"\nkey = "a key of this test"\n'
    )
    (folder / "clients" / "bright.toml").write_text(CLIENT)
    config = load_files(folder / "textback.toml")
    assert config.problems == ()
    async with AsyncExitStack() as opened:
        runtime = await opened.enter_async_context(open_runtime(config))
        app = public_app(runtime.ctx, runtime.engine, left_out={}, renamed={}, admin=False)
        listening, task = await server.listen(app, "127.0.0.1:0")
        opened.push_async_callback(server.close, listening, task)
        http = await opened.enter_async_context(httpx.AsyncClient(trust_env=False))
        yield http, f"http://{listening.address}/hooks/bright", runtime


async def test_by_get_and_from_known_addresses_over_http(served):
    """Behind a server on this machine, which says where a request came from."""
    http, address, runtime = served
    now = str(int(runtime.ctx.clock.now().timestamp()))
    told = {"call": "r7", "from": CALLER, "to": LINE, "time": now}
    body = {
        "id": "b7",
        "ended": runtime.ctx.clock.now().isoformat(),
        "from": CALLER,
        "to": LINE,
        "answered": False,
    }
    from_there, from_elsewhere = ({"x-forwarded-for": ip} for ip in ("192.0.2.7", "198.51.100.1"))

    statuses = [
        (await http.get(f"{address}/ringo", params={**told, "sig": sign(SECRET, told)})),
        (await http.get(f"{address}/ringo", params={**told, "sig": sign(OTHER, told)})),
        (await http.post(f"{address}/bells/calls/{KEY}", json=body, headers=from_there)),
        (await http.post(f"{address}/bells/calls/{KEY}", json=body, headers=from_elsewhere)),
        (await http.post(f"{address}/bells/calls/{KEY}", json=body)),
        (await http.post(f"{address}/bells/calls", json=body, headers=from_there)),
    ]

    assert [each.status_code for each in statuses] == [204, 401, 204, 401, 401, 401]
    for call in ("ringo/r7", "bells/b7"):
        assert await runtime.store.read(lambda call=call: calls.get("bright", call)) is not None
