"""A small HubSpot on loopback: it keeps records, its search lags behind, and it fails on order.

It refuses what HubSpot is known to refuse: unknown properties, values that aren't strings, choices
that aren't offered, a second contact with the same e-mail address or unique value, associations of
the wrong type or direction.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import attrs
import httpx
import phonenumbers

TOKEN = "pat-na1-00000000-1111-2222-3333-444444444444"

BREAK_AFTER, BREAK_BEFORE, SILENT = (
    "takes it and breaks the connection",
    "breaks the connection before it takes it",
    "no answer",
)
BAD_GATEWAY = (502, {"content-type": "text/html"}, b"<html><h1>502 Bad Gateway</h1></html>")

# As several public clients have seen them; HubSpot publishes no schema of them.
DAILY = (
    429,
    {"content-type": "application/json"},
    json.dumps(
        {
            "status": "error",
            "message": "You have reached your daily limit.",
            "errorType": "RATE_LIMIT",
            "policyName": "DAILY",
        }
    ).encode(),
)
SECONDLY = (
    429,
    {"content-type": "application/json"},
    json.dumps(
        {
            "status": "error",
            "message": "You have reached your secondly limit.",
            "errorType": "RATE_LIMIT",
        }
    ).encode(),
)

# https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide
LINKS = {
    (3, "deals", "contacts"),
    (194, "calls", "contacts"),
    (81, "communications", "contacts"),
    (198, "emails", "contacts"),
    (200, "meetings", "contacts"),
}

_TEXTS = {
    "contacts": "firstname lastname email phone mobilephone hubspot_owner_id notes_last_updated "
    "lifecyclestage hs_lead_status hs_language hs_timezone lead_source city",
    "deals": "dealname pipeline dealstage hubspot_owner_id amount deal_source",
    "calls": "hs_timestamp hs_call_title hs_call_body hs_call_direction hs_call_status "
    "hs_call_duration hs_call_from_number hs_call_to_number hs_call_disposition",
    "communications": "hs_timestamp hs_communication_channel_type hs_communication_logged_from "
    "hs_communication_body",
    "emails": "hs_timestamp hs_email_direction hs_email_status hs_email_subject hs_email_text",
    "meetings": "hs_timestamp hs_meeting_title hs_meeting_start_time hs_meeting_outcome",
}

Answer = tuple[int, dict[str, str], bytes]


@attrs.define
class Stored:
    """A record, and what the search knows of it: since when, and with which values."""

    id: str
    properties: dict[str, str]
    indexed: list[tuple[datetime, dict[str, str]]] = attrs.field(factory=list)
    archived: bool = False


@attrs.define
class Fault:
    """What becomes of some requests."""

    how: str | Answer
    method: str
    path: str  # a pattern
    times: float


class No(Exception):
    """HubSpot answers no."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"status": "error", "message": message, **more}


def _definition(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name,
        "type": "string",
        "fieldType": "text",
        "groupName": "info",
        "options": [],
        "description": "",
        **more,
    }


class HubSpotApi:
    """One account.

    Attributes:
        lag: How long what is written isn't found by the search.
        requests: Everything that was asked for, as ``METHOD path``, with its body.
        connections: How many were opened.
        names_existing: Whether a conflict names the record that was there before.
        instead: Answers in place of this account; None breaks the connection.
    """

    def __init__(self, now: Callable[[], datetime], lag: timedelta = timedelta(0)) -> None:
        self.now = now
        self.lag = lag
        self.records: dict[str, dict[str, Stored]] = {kind: {} for kind in _TEXTS}
        self.links: set[tuple[str, str, str, str]] = set()
        self.definitions = {
            kind: {name: _definition(name) for name in names.split()}
            for kind, names in _TEXTS.items()
        }
        self.pipelines = [
            self.pipeline("default", "Sales Pipeline", ["New lead", "Contacted", "Won", "Lost"]),
            self.pipeline("77001", "Service", ["Asked", "Done"], order=1),
        ]
        self.owners: list[dict[str, Any]] = []
        self.lists: dict[str, dict[str, Any]] = {}
        self.members: dict[str, set[str]] = {}
        self.merged: dict[str, str] = {}  # contacts that went up in others
        self.about = {"portalId": 4242, "timeZone": "US/Eastern", "uiDomain": "app.hubspot.com"}
        self.scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
        self.scopes += ["crm.objects.deals.read", "crm.objects.deals.write"]
        self.scopes += ["crm.objects.owners.read"]
        self.requests: list[tuple[str, Any]] = []
        self.faults: list[Fault] = []
        self.connections = 0
        self.names_existing = True
        self.instead: Callable[[httpx.Request], httpx.Response | None] | None = None
        self._ids = 500
        self._lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()
        self._port = 0
        self.up()

    # ── being there ─────────────────────────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        """Take requests."""
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def down(self) -> None:
        """Refuse connections, and break those that are open."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        for each in list(self._open):
            cut(each)

    def fail(
        self, how: str | Answer, path: str = "", *, method: str = "", times: float = 1
    ) -> None:
        """Let the next requests with such a path come to this."""
        self.faults.append(Fault(how, method, path, times))

    def works(self) -> None:
        """Nothing fails any more."""
        self.faults.clear()

    # ── what is in it ───────────────────────────────────────────────────────────────────────────

    def pipeline(
        self, pipeline: str, label: str, stages: list[str], *, order: int = 0
    ) -> dict[str, Any]:
        """A pipeline; stages that are called Won, Lost or Done close a deal."""
        return {
            "id": pipeline,
            "label": label,
            "displayOrder": order,
            "archived": False,
            "stages": [
                {
                    "id": f"{pipeline}-{n}",
                    "label": each,
                    "displayOrder": n,
                    "archived": False,
                    "metadata": {"isClosed": str(each in ("Won", "Lost", "Done")).lower()},
                }
                for n, each in enumerate(stages)
            ],
        }

    def define(self, kind: str, name: str, **more: Any) -> None:
        """Add a property; *options* by their values."""
        if "options" in more:
            more["options"] = [
                {"value": each, "label": each.replace("_", " ").title(), "hidden": False}
                for each in more["options"]
            ]
        self.definitions[kind][name] = _definition(name, **more)

    def owner(self, owner: str, email: str, first: str = "", last: str = "") -> None:
        """Somebody joins the account."""
        self.owners.append(
            {"id": owner, "email": email, "firstName": first, "lastName": last, "archived": False}
        )

    def list(self, name: str, *, processing: str = "MANUAL") -> str:
        """Add a list of contacts; its id."""
        self._ids += 1
        self.lists[name] = {
            "listId": str(self._ids),
            "name": name,
            "processingType": processing,
            "objectTypeId": "0-1",
            "processingStatus": "COMPLETE",
            "listVersion": 1,
        }
        return str(self._ids)

    def person(self, *, indexed: bool = True, **properties: str) -> str:
        """Somebody types in a contact, long ago or just now; its id."""
        stored = self._store("contacts", properties)
        if indexed:
            stored.indexed = [(datetime.min.replace(tzinfo=UTC), dict(properties))]
        return stored.id

    def deal(self, contact: str, **properties: str) -> str:
        """Somebody types in a deal of a contact; its id."""
        stored = self._store("deals", properties)
        self.link("deals", stored.id, "contacts", contact)
        return stored.id

    def link(self, kind: str, record: str, to_kind: str, to: str) -> None:
        """Let two records belong to each other."""
        self.links |= {(kind, record, to_kind, to), (to_kind, to, kind, record)}

    def linked(self, kind: str, record: str, to_kind: str) -> list[str]:
        """What belongs to a record."""
        return sorted(to for k, r, t, to in self.links if (k, r, t) == (kind, record, to_kind))

    def all(self, kind: str) -> list[dict[str, str]]:
        """The properties of all records of a type, the oldest first."""
        return [each.properties for each in self.records[kind].values() if not each.archived]

    def archive(self, kind: str, record: str) -> None:
        """Somebody deletes a record."""
        self.records[kind][record].archived = True

    def merge(self, contact: str, into: str) -> None:
        """Somebody makes one contact of two: the first one's id leads to the second."""
        self.merged[contact] = into
        self.archive("contacts", contact)

    def asked(self, pattern: str = "") -> list[str]:
        """The requests so far that match."""
        return [request for request, _ in self.requests if re.search(pattern, request)]

    # ── answering ───────────────────────────────────────────────────────────────────────────────

    def answer(self, method: str, target: str, body: Any, token: str | None) -> tuple[int, Any]:
        """Do one request; status and answer."""
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        with self._lock:
            try:
                if token != f"Bearer {TOKEN}":
                    raise No(401, "Authentication credentials not found.")
                return self._route(method, unquote(parts.path), query, body)
            except No as no:
                return no.status, no.body

    def _route(self, method: str, path: str, query: dict[str, Any], body: Any) -> tuple[int, Any]:
        for pattern, verb, act in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                result = act(self, *found.groups(), query=query, body=body)
                return result if isinstance(result, tuple) else (200, result)
        raise No(404, f"no route for {method} {path}")

    def _store(self, kind: str, properties: dict[str, str]) -> Stored:
        self._ids += 1
        stored = Stored(str(self._ids), {"hs_object_id": str(self._ids), **properties})
        self.records[kind][stored.id] = stored
        self._index(stored)
        return stored

    def _index(self, stored: Stored) -> None:
        stored.indexed.append((self.now() + self.lag, dict(stored.properties)))

    def _get(self, kind: str, record: str, by: str | None = None) -> Stored:
        if kind == "contacts":
            record = self.merged.get(record, record)
        if by is None:
            stored = self.records[kind].get(record)
        else:
            stored = next(
                (s for s in self.records[kind].values() if s.properties.get(by) == record), None
            )
        if stored is None or stored.archived:
            raise No(404, "resource not found", category="OBJECT_NOT_FOUND")
        return stored

    def _show(self, stored: Stored, names: Any) -> dict[str, Any]:
        return {
            "id": stored.id,
            "properties": {name: stored.properties.get(name) for name in names},
            "createdAt": "2026-03-02T17:30:00.000Z",
            "updatedAt": "2026-03-02T17:30:00.000Z",
            "archived": False,
        }

    def _check(self, kind: str, properties: Any, record: str | None = None) -> None:
        """What HubSpot says of values that are written."""
        for name, value in properties.items():
            if not isinstance(value, str):
                raise No(400, f"Invalid input JSON: {name} is no string")
            definition = self.definitions[kind].get(name)
            if definition is None:
                raise _invalid(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
            offered = [option["value"] for option in definition["options"]]
            if offered and any(each not in offered for each in value.split(";") if each):
                raise _invalid(name, "INVALID_OPTION", f"{value} was not one of the options")
        email = properties.get("email")
        if kind == "contacts" and email and "@" not in email:
            raise _invalid("email", "INVALID_EMAIL", f"Email address {email} is invalid")
        for name, definition in self.definitions[kind].items():
            if name != "email" and not definition.get("hasUniqueValue"):
                continue
            for other in self.records[kind].values():
                same = properties.get(name) and other.properties.get(name) == properties[name]
                if same and other.id != record and not other.archived:
                    raise self._conflict(other.id)

    def _conflict(self, existing: str) -> No:
        named = f". Existing ID: {existing}" if self.names_existing else ""
        return No(409, f"Contact already exists{named}", category="CONFLICT")

    def create(self, kind: str, *, query: Any, body: Any) -> tuple[int, Any]:
        self._check(kind, body["properties"])
        for link in body["associations"]:
            for each in link["types"]:
                assert each["associationCategory"] == "HUBSPOT_DEFINED"
                if (each["associationTypeId"], kind, "contacts") not in LINKS:
                    raise No(400, f"{kind}: no association type {each['associationTypeId']}")
            to = self.records["contacts"].get(link["to"]["id"])
            if to is None or to.archived:
                raise No(400, "One or more associations are invalid", category="VALIDATION_ERROR")
        stored = self._store(kind, body["properties"])
        for link in body["associations"]:
            self.link(kind, stored.id, "contacts", link["to"]["id"])
        return 201, self._show(stored, stored.properties)

    def read(self, kind: str, record: str, *, query: Any, body: Any) -> Any:
        stored = self._get(kind, record, (query.get("idProperty") or [None])[0])
        shown = self._show(stored, query.get("properties", ["email"]))
        for to_kind in query.get("associations", ()):
            linked = [{"id": to, "type": "x"} for to in self.linked(kind, stored.id, to_kind)]
            if linked:
                shown.setdefault("associations", {})[to_kind] = {"results": linked}
        return shown

    def update(self, kind: str, record: str, *, query: Any, body: Any) -> Any:
        stored = self._get(kind, record)
        self._check(kind, body["properties"], record)
        stored.properties.update(body["properties"])
        self._index(stored)
        return self._show(stored, stored.properties)

    def search(self, kind: str, *, query: Any, body: Any) -> Any:
        assert len(body["filterGroups"]) <= 5
        found = []
        for stored in self.records[kind].values():
            known = [values for at, values in stored.indexed if at <= self.now()]
            if known and not stored.archived and _matches(known[-1], body["filterGroups"]):
                found.append(self._show(stored, body["properties"]))
        return {"total": len(found), "results": found[: body["limit"]]}

    def read_batch(self, kind: str, *, query: Any, body: Any) -> Any:
        assert len(body["inputs"]) <= 100
        found = [self.records[kind].get(each["id"]) for each in body["inputs"]]
        return {
            "status": "COMPLETE",
            "startedAt": "2026-03-02T17:30:00.000Z",
            "completedAt": "2026-03-02T17:30:00.000Z",
            "results": [
                self._show(each, body["properties"]) for each in found if each and not each.archived
            ],
        }

    def list_links(self, kind: str, record: str, to_kind: str, *, query: Any, body: Any) -> Any:
        self._get(kind, record)
        return {
            "results": [
                {"toObjectId": to, "associationTypes": []}
                for to in self.linked(kind, record, to_kind)
            ]
        }

    def put_link(
        self, kind: str, record: str, to_kind: str, to: str, *, query: Any, body: Any
    ) -> Any:
        self._get(kind, record)
        self._get(to_kind, to)
        self.link(kind, record, to_kind, to)
        return {"status": "COMPLETE", "results": []}

    def labels(self, kind: str, to_kind: str, *, query: Any, body: Any) -> Any:
        return {
            "results": [
                {"category": "HUBSPOT_DEFINED", "typeId": type_id, "label": None}
                for type_id, of, to in LINKS
                if (of, to) == (kind, to_kind)
            ]
        }

    def purge(self, *, query: Any, body: Any) -> tuple[int, Any]:
        contact = body["objectId"]
        for kind, record, of, owner in list(self.links):
            if (of, owner) == ("contacts", contact) and kind != "deals":
                self.records[kind].pop(record, None)
        self.records["contacts"].pop(contact, None)
        return 204, None

    def property(self, kind: str, name: str, *, query: Any, body: Any) -> Any:
        if name not in self.definitions[kind]:
            raise No(404, f"Property {name} does not exist", category="OBJECT_NOT_FOUND")
        return self.definitions[kind][name]

    def make_property(self, kind: str, *, query: Any, body: Any) -> tuple[int, Any]:
        if "crm.schemas.contacts.write" not in self.scopes:
            raise _not_granted("crm.schemas.contacts.write")
        self.definitions[kind][body["name"]] = {**_definition(body["name"]), **body}
        return 201, self.definitions[kind][body["name"]]

    def named_list(self, kind: str, name: str, *, query: Any, body: Any) -> Any:
        if name not in self.lists:
            raise No(404, "List does not exist")
        return {"list": self.lists[name]}

    def join_list(self, list_id: str, *, query: Any, body: Any) -> Any:
        self.members.setdefault(list_id, set()).update(body)
        return {"recordIdsRemoved": [], "recordIdsMissing": [], "recordsIdsAdded": body}

    def token_info(self, *, query: Any, body: Any) -> Any:
        assert body == {"tokenKey": TOKEN}
        return {"hubId": 4242, "userId": 1, "appId": 2, "scopes": self.scopes}

    def read_pipelines(self, *, query: Any, body: Any) -> Any:
        if "crm.objects.deals.read" not in self.scopes:
            raise _not_granted("crm.objects.deals.read")
        return {"results": self.pipelines}

    def read_owners(self, *, query: Any, body: Any) -> Any:
        if "crm.objects.owners.read" not in self.scopes:
            raise _not_granted("crm.objects.owners.read")
        return {"results": self.owners}

    def read_about(self, *, query: Any, body: Any) -> Any:
        return self.about


def cut(connection: socket.socket) -> None:
    """Break a connection."""
    with contextlib.suppress(OSError):  # the other side was first
        connection.shutdown(socket.SHUT_RDWR)


def _invalid(name: str, code: str, message: str) -> No:
    inner = json.dumps([{"isValid": False, "message": message, "error": code, "name": name}])
    words = f"Property values were not valid: {inner}"
    return No(400, words, category="VALIDATION_ERROR")


def _not_granted(scope: str) -> No:
    context = {"requiredGranularScopes": [scope]}
    words = "This app hasn't been granted all required scopes to make this call."
    return No(403, words, category="MISSING_SCOPES", errors=[{"context": context}])


def _matches(values: dict[str, str], groups: list[dict[str, Any]]) -> bool:
    values = {**values, **_searchable(values)}
    return any(
        all(
            each["operator"] == "EQ" and values.get(each["propertyName"]) == each["value"]
            for each in group["filters"]
        )
        for group in groups
    )


def _searchable(values: dict[str, str]) -> dict[str, str]:
    """Area code and local number, as HubSpot reads what people type."""
    found = {}
    for name, said in (("phone_number", "phone"), ("mobile_number", "mobilephone")):
        if values.get(said):
            try:
                number = phonenumbers.parse(values[said], "US")
            except phonenumbers.NumberParseException:
                continue
            national = phonenumbers.national_significant_number(number)
            found[f"hs_searchable_calculated_{name}"] = national
    return found


_ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("/crm/v3/objects/contacts/gdpr-delete", "POST", HubSpotApi.purge),
    (r"/crm/v3/objects/(\w+)/search", "POST", HubSpotApi.search),
    (r"/crm/v3/objects/(\w+)/batch/read", "POST", HubSpotApi.read_batch),
    (r"/crm/v3/objects/(\w+)", "POST", HubSpotApi.create),
    (r"/crm/v3/objects/(\w+)/([^/]+)", "GET", HubSpotApi.read),
    (r"/crm/v3/objects/(\w+)/([^/]+)", "PATCH", HubSpotApi.update),
    (
        r"/crm/v4/objects/(\w+)/(\w+)/associations/default/(\w+)/(\w+)",
        "PUT",
        HubSpotApi.put_link,
    ),
    (r"/crm/v4/objects/(\w+)/(\w+)/associations/(\w+)", "GET", HubSpotApi.list_links),
    (r"/crm/v4/associations/(\w+)/(\w+)/labels", "GET", HubSpotApi.labels),
    ("/crm/v3/pipelines/deals", "GET", HubSpotApi.read_pipelines),
    ("/crm/v3/owners/", "GET", HubSpotApi.read_owners),
    (r"/crm/v3/properties/(\w+)/(\w+)", "GET", HubSpotApi.property),
    (r"/crm/v3/properties/(\w+)", "POST", HubSpotApi.make_property),
    (r"/crm/v3/lists/object-type-id/(0-1)/name/(.+)", "GET", HubSpotApi.named_list),
    (r"/crm/v3/lists/(\w+)/memberships/add", "PUT", HubSpotApi.join_list),
    ("/account-info/v3/details", "GET", HubSpotApi.read_about),
    ("/oauth/v2/private-apps/get/access-token-info", "POST", HubSpotApi.token_info),
]


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    api: HubSpotApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.api.connections += 1
        self.api._open.add(self.connection)

    def finish(self) -> None:
        self.api._open.discard(self.connection)
        super().finish()

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        body = json.loads(raw) if raw else None
        self.api.requests.append((f"{self.command} {unquote(self.path)}", body))
        if self.api.instead is not None:
            return self._ask_instead(self.api.instead, raw)
        fault = self._fault()
        if fault in (BREAK_BEFORE, SILENT):
            if fault == SILENT:
                self.rfile.read(1)  # until the other side goes away
            return self._break()
        if isinstance(fault, tuple):
            return self._send(*fault)
        status, said = self.api.answer(
            self.command, self.path, body, self.headers.get("authorization")
        )
        if fault == BREAK_AFTER:
            return self._break()
        content = b"" if said is None else json.dumps(said).encode()
        return self._send(status, {"content-type": "application/json;charset=utf-8"}, content)

    do_POST = do_PATCH = do_PUT = do_GET

    def _ask_instead(
        self, ask: Callable[[httpx.Request], httpx.Response | None], raw: bytes
    ) -> None:
        address = f"{self.api.url}{self.path}"
        headers = dict(self.headers.items())
        answer = ask(httpx.Request(self.command, address, headers=headers, content=raw))
        if answer is None:
            return self._break()
        given = {k: v for k, v in answer.headers.items() if k != "content-length"}
        return self._send(answer.status_code, given, answer.content)

    def _fault(self) -> str | Answer | None:
        for fault in self.api.faults:
            method = not fault.method or fault.method == self.command
            if fault.times > 0 and method and re.search(fault.path, self.path):
                fault.times -= 1
                return fault.how
        return None

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _break(self) -> None:
        self.close_connection = True
        cut(self.connection)
