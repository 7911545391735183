"""RingCentral as seen from outside: its API for one account, and notifications of whole calls."""

import asyncio
import itertools
import json
from datetime import timedelta
from urllib.parse import parse_qsl

import attrs
import httpx
from aiohttp import web

from textback.clock import SystemClock
from textback.events import WebhookRequest
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock

BASE = "https://hooks.agency.example/hooks/bright-smile/ringcentral"
LINE = "+13035550100"
CALLER = "+13035550123"
QUEUE, MENU, ANNA, BEN = "501", "502", "601", "602"


@attrs.define
class Platform:
    """One account as the API shows it; a test sets it up.

    Attributes:
        kinds: Types of extensions by their ids.
        answers: What a path (its end) answers instead, once each.
        ask: Called with each new subscription, as RingCentral asks the address.
    """

    clock: VirtualClock
    kinds: dict = attrs.field(
        factory=lambda: {QUEUE: "Department", MENU: "IvrMenu", ANNA: "User", BEN: "User"}
    )
    numbers: list = attrs.field(factory=lambda: [LINE])
    texting: list = attrs.field(factory=lambda: [LINE])
    calls: list = attrs.field(factory=list)
    texts: list = attrs.field(factory=list)
    subscriptions: dict = attrs.field(factory=dict)
    answers: dict = attrs.field(factory=dict)
    requests: list = attrs.field(factory=list)
    tokens: set = attrs.field(factory=set)
    per_page: int = 100
    _ids: itertools.count = attrs.field(factory=lambda: itertools.count(1))

    def answer(self, request):
        self.requests.append(request)
        path = request.url.path
        for end, responses in self.answers.items():
            if path.endswith(end) and responses:
                response = responses.pop(0)
                if isinstance(response, Exception):
                    raise response
                return response
        if path == "/restapi/oauth/token":
            return self._token(request)
        if request.headers.get("authorization") not in {f"Bearer {each}" for each in self.tokens}:
            return httpx.Response(401, json={"errorCode": "OAU-213", "message": "Token not found"})
        return self._act(request, path.removeprefix("/restapi/v1.0"))

    def _token(self, request):
        form = dict(parse_qsl(request.content.decode()))
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assert request.headers["authorization"].startswith("Basic ")
        token = f"token-{next(self._ids)}"
        self.tokens.add(token)
        return httpx.Response(200, json={"access_token": token, "expires_in": 3600})

    def _act(self, request, path):
        body = json.loads(request.content) if request.content else None
        match (request.method, *path.split("/")[1:]):
            case ("GET", "subscription"):
                return self._page(request, list(self.subscriptions.values()))
            case ("POST", "subscription"):
                return self._subscribe(body)
            case ("POST", "subscription", id_, "renew"):
                ends_at = self.clock.now() + timedelta(days=7)
                self.subscriptions[id_]["expirationTime"] = ends_at.isoformat()
                return httpx.Response(200, json=self.subscriptions[id_])
            case ("DELETE", "subscription", id_):
                gone = self.subscriptions.pop(id_, None)
                return httpx.Response(204 if gone else 404, json=None if gone else {})
            case ("GET", "account", "~", "extension", "~", "phone-number"):
                able = [{"phoneNumber": n, "features": ["SmsSender"]} for n in self.texting]
                return self._page(request, able)
            case ("GET", "account", "~", "extension", "~", "message-store"):
                return self._page(request, self.texts)
            case ("POST", "account", "~", "extension", "~", "sms"):
                return self._send(body)
            case ("GET", "account", "~", "extension", id_):
                if id_ not in self.kinds:
                    return httpx.Response(404, json={"errorCode": "CMN-102"})
                return httpx.Response(200, json={"id": int(id_), "type": self.kinds[id_]})
            case ("GET", "account", "~", "phone-number"):
                return self._page(request, [{"phoneNumber": each} for each in self.numbers])
            case ("GET", "account", "~", "call-log"):
                return self._page(request, self.calls)
        raise AssertionError(f"{request.method} {path}")

    def _page(self, request, records):
        number = int(request.url.params.get("page", 1))
        begin, end = (number - 1) * self.per_page, number * self.per_page
        navigation = {}
        if len(records) > end:
            following = request.url.copy_merge_params({"page": number + 1})
            elsewhere = str(following).replace("platform.", "media.")
            navigation = {"nextPage": {"uri": elsewhere}}
        page = {"records": records[begin:end], "navigation": navigation}
        return httpx.Response(200, json=page)

    def _subscribe(self, body):
        id_ = f"sub-{next(self._ids)}"
        self.subscriptions[id_] = {
            "id": id_,
            "status": "Active",
            "eventFilters": [each.replace("~", "1") for each in body["eventFilters"]],
            "expirationTime": (self.clock.now() + timedelta(seconds=body["expiresIn"])).isoformat(),
            "deliveryMode": {
                "transportType": "WebHook",
                "address": body["deliveryMode"]["address"],
            },
        }
        self.subscriptions[id_]["_word"] = body["deliveryMode"]["verificationToken"]
        return httpx.Response(200, json=self.subscriptions[id_])

    def _send(self, body):
        text = a_text_of_ours(next(self._ids), body, self.clock.now())
        self.texts.append(text)
        return httpx.Response(200, json=text)

    def asked(self, end, method=None):
        """The requests whose path ends so."""
        return [
            each
            for each in self.requests
            if each.url.path.endswith(end) and method in (None, each.method)
        ]


class OnLoopback:
    """RingCentral at an address of its own; it asks ours before it tells it anything."""

    def __init__(self, **account):
        self.platform = Platform(SystemClock(), **account)
        self.ours = asyncio.get_running_loop().create_future()  # where `serve` listens
        self.proved = []
        self.texted = asyncio.Event()
        self.subscribed = asyncio.Event()

    async def start(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self):
        await self._runner.cleanup()

    async def post(self, address, **more):
        """Post to our public address, wherever it is served."""
        async with httpx.AsyncClient(timeout=20) as http:
            url = httpx.URL(address)
            return await http.post(f"{await self.ours}{url.raw_path.decode()}", **more)

    async def _serve(self, request):
        body = await request.read()
        given = httpx.Request(
            request.method, str(request.url), headers=dict(request.headers), content=body
        )
        subscribes = request.method == "POST" and request.path.endswith("/subscription")
        if subscribes:
            address = (await request.json())["deliveryMode"]["address"]
            asked = {"Validation-Token": "prove it"}
            answer = await self.post(address, headers=asked)
            self.proved.append((answer.status_code, answer.headers.get("validation-token")))
        answer = self.platform.answer(given)
        if request.path.endswith("/sms"):
            self.texted.set()
        if subscribes:
            self.subscribed.set()
        return web.Response(
            status=answer.status_code, body=answer.content, content_type="application/json"
        )


def a_text_of_ours(id_, body, at):
    return {
        "id": id_,
        "type": "SMS",
        "direction": "Outbound",
        "from": body["from"],
        "to": body["to"],
        "subject": body["text"],
        "messageStatus": "Queued",
        "creationTime": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "lastModifiedTime": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def request(payload, headers, body=None):
    return WebhookRequest(
        method="POST",
        url=BASE,
        topic="",
        headers={name.lower(): value for name, value in headers.items()},
        body=json.dumps(payload).encode() if body is None else body,
        received_at=NOW,
    )


class Story:
    """The notifications of one call, in the order in which they happen."""

    def __init__(self, session="s-1", caller=CALLER, called=LINE, begins_at=NOW):
        self.session, self.caller, self.called = session, caller, called
        self.begins_at = begins_at
        self.told = []

    def party(self, number, code, *, extension=None, reason=None, outbound=False, **more):
        """One more notification about one party."""
        party = {
            "accountId": "1",
            "id": f"p-{self.session}-{number}",
            "direction": "Outbound" if outbound else "Inbound",
            "from": {"phoneNumber": self.caller},
            "to": {"phoneNumber": self.called},
            "status": {"code": code, "rcc": False},
            "missedCall": False,
            "standAlone": False,
            **more,
        }
        if reason:
            party["status"]["reason"] = reason
        if extension:
            party["extensionId"] = extension
            party["to"] = {"extensionId": extension, **party["to"]}
        sequence = len(self.told) + 2
        at = (self.begins_at + timedelta(seconds=sequence)).strftime("%Y-%m-%dT%H:%M:%S.123Z")
        about = f"/restapi/v1.0/account/1{'/extension/' + extension if extension else ''}"
        self.told.append(
            {
                "uuid": f"{self.session}-{sequence}",
                "event": f"{about}/telephony/sessions",
                "timestamp": at,
                "subscriptionId": "sub-1",
                "body": {
                    "sequence": sequence,
                    "telephonySessionId": self.session,
                    "eventTime": at,
                    "parties": [party],
                    "origin": {"type": "Call"},
                },
            }
        )
        return self

    def caller_is(self, code, **more):
        """The caller's own party."""
        return self.party(1, code, outbound=True, **more)

    def user(self, number, code, extension=ANNA, **more):
        """A user's party."""
        return self.party(number, code, extension=extension, **more)


def text_received(**more):
    """A notification of a text from a caller."""
    return {
        "uuid": "1",
        "event": "/restapi/v1.0/account/1/extension/601/message-store/instant?type=SMS",
        "timestamp": "2026-03-02T17:30:00.034Z",
        "subscriptionId": "sub-1",
        "body": {
            "id": "3062991514017",
            "to": [{"phoneNumber": LINE, "target": True}],
            "from": {"phoneNumber": CALLER},
            "type": "SMS",
            "creationTime": "2026-03-02T17:29:59.028Z",
            "attachments": [{"id": "1", "type": "Text", "contentType": "text/plain"}],
            "direction": "Inbound",
            "subject": "Yes please",
            "messageStatus": "Received",
            **more,
        },
    }
