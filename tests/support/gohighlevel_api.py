"""A small GoHighLevel: keeps what it is told, finds it late if told to, and loses answers on order.

It knows the paths, versions and fields of https://marketplace.gohighlevel.com/docs/ and refuses
others, so that a plugin's requests are looked at as the real one would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import attrs
import httpx

from textback.clock import Clock
from textback.errors import MaybeSent

TOKEN = "pit-01234567-89ab-cdef-0123-456789abcdef"
LOCATION = "ve9EPM428h8vShlRW1KT"
LEAD_SOURCE = "fieldLeadSource00001"
DEAL_SOURCE = "fieldDealSource00001"

_CONTACT = {"name", "firstName", "lastName", "email", "phone", "assignedTo", "customFields"}
_OPPORTUNITY = {
    "pipelineId",
    "locationId",
    "name",
    "pipelineStageId",
    "status",
    "contactId",
    "assignedTo",
    "customFields",
}


class Bad(Exception):
    """What is asked can't be done; the answer."""

    def __init__(self, status: int, words: str, **more: Any) -> None:
        super().__init__(words)
        self.status = status
        self.body = {"statusCode": status, "message": words, **more}


@attrs.define(slots=False)
class GoHighLevelApi:
    """One sub-account.

    Attributes:
        lag_s: Seconds until searches and listings have what was made.
        lose: Says whether the answer to a request is lost; the request is done.
        allows_duplicates: Two contacts may have one number.
        allows_deals: A contact may have several opportunities.
        asked: Every request as ``METHOD /path``.
        texts: What was sent, to whom.
        refreshes: The refresh tokens that were used, in order.
    """

    clock: Clock
    lag_s: float = 0
    lose: Callable[[httpx.Request], bool] = lambda request: False
    allows_duplicates: bool = False
    allows_deals: bool = True
    asked: list[str] = attrs.field(factory=list)
    bodies: list[Any] = attrs.field(factory=list)
    people: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    opportunities: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    notes: list[dict[str, Any]] = attrs.field(factory=list)
    texts: list[dict[str, Any]] = attrs.field(factory=list)
    messages: list[dict[str, Any]] = attrs.field(factory=list)
    numbers: list[str] = attrs.field(factory=lambda: ["+13035550100"])
    tokens: set[str] = attrs.field(factory=lambda: {TOKEN})
    refresh: str = "refresh-0"
    refreshes: list[str] = attrs.field(factory=list)
    _made_at: dict[str, Any] = attrs.field(factory=dict)

    @property
    def contacts(self) -> int:
        """How many contacts there are."""
        return len(self.people)

    @property
    def deals(self) -> int:
        """How many opportunities there are."""
        return len(self.opportunities)

    @property
    def activities(self) -> int:
        """How much is logged."""
        return len(self.notes)

    def add_contact(self, **values: Any) -> dict[str, Any]:
        """Somebody in the sub-account makes a contact."""
        key = f"contact{len(self.people) + 1:013}"
        self._made_at[key] = self.clock.now()
        self.people[key] = {
            "id": key,
            "locationId": LOCATION,
            "tags": [],
            "customFields": [],
            "dnd": False,
            "dateUpdated": f"{self.clock.now():%Y-%m-%dT%H:%M:%S.000Z}",
            **values,
        }
        return self.people[key]

    def add_deal(self, **values: Any) -> dict[str, Any]:
        """Somebody in the sub-account makes an opportunity."""
        key = f"deal{len(self.opportunities) + 1:016}"
        self._made_at[key] = self.clock.now()
        self.opportunities[key] = {
            "id": key,
            "status": "open",
            "pipelineId": "sales",
            "pipelineStageId": "new",
            "createdAt": f"2026-01-01T00:00:{len(self.opportunities):02}.000Z",
            "customFields": [],
            **values,
        }
        return self.opportunities[key]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Do what is asked, and answer or not."""
        self.asked.append(f"{request.method} {request.url.path}")
        try:
            status, body = self._do(request)
        except Bad as bad:
            status, body = bad.status, bad.body
        if self.lose(request):
            raise MaybeSent("took the request and gave no whole answer")
        return httpx.Response(status, json=body)

    def _do(self, request: httpx.Request) -> tuple[int, dict[str, Any]]:
        path, query = request.url.path, dict(request.url.params)
        if path == "/oauth/token":
            return 200, self._renew(dict(parse_qsl(request.content.decode())))
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Bad(401, "Invalid JWT")
        version = "2021-04-15" if path.startswith("/conversations") else "2021-07-28"
        if request.headers.get("version") != version:
            raise Bad(400, "version header is invalid")
        if request.method == "GET":
            return 200, self._read(path, query)
        body = json.loads(request.content)
        if path != "/contacts/search":
            self.bodies.append(body)
        return self._write(request.method, path, body)

    def _read(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        if found := re.fullmatch(r"/contacts/([^/]+)(/notes)?", path):
            if found[1] not in self.people:
                raise Bad(400, f"Contact with id {found[1]} not found")
            if found[2]:
                return {"notes": [n for n in self._seen(self.notes) if n["contactId"] == found[1]]}
            return {"contact": self.people[found[1]]}
        if found := re.fullmatch(r"/opportunities/(deal\d+)", path):
            if found[1] not in self.opportunities:
                raise Bad(404, "no such opportunity")
            return {"opportunity": self.opportunities[found[1]]}
        match path:
            case "/contacts/search/duplicate":
                hits = self._with(query["number"])
                return {"contact": hits[0] if hits else None}
            case "/opportunities/search":
                found_now = self._seen(self.opportunities.values())
                wanted = query["contact_id"]
                return {"opportunities": [o for o in found_now if o.get("contactId") == wanted]}
            case "/conversations/messages/export":
                return self._export(query)
        return self._setup(path)

    def _setup(self, path: str) -> dict[str, Any]:
        match path:
            case "/opportunities/pipelines":
                return {
                    "pipelines": [
                        _pipeline("sales", "Sales", "New lead", "Contacted", "Quote sent"),
                        _pipeline("service", "Service", "Contacted"),
                    ]
                }
            case "/users/":
                return {
                    "users": [
                        {"id": "user7", "name": "Olga Owner", "email": "olga@bright.example"},
                        {"id": "user8", "name": "Otto Other", "email": "otto@bright.example"},
                    ]
                }
        if path == f"/locations/{LOCATION}":
            told = {"allowDuplicateContact": self.allows_duplicates}
            return {"location": {"id": LOCATION, "name": "Bright Smile", "settings": told}}
        if path == f"/locations/{LOCATION}/customFields":
            return {
                "customFields": [
                    _field(LEAD_SOURCE, "Lead source", "contact.lead_source", "contact"),
                    _field(DEAL_SOURCE, "Deal source", "opportunity.deal_source", "opportunity"),
                ]
            }
        if path == f"/phone-system/numbers/location/{LOCATION}":
            return {"numbers": [{"phoneNumber": number} for number in self.numbers]}
        raise Bad(404, f"no such path: {path}")

    def _write(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        if found := re.fullmatch(r"/contacts/(contact\d+)(/tags|/notes)?", path):
            contact = self.people.get(found[1])
            if contact is None:
                raise Bad(400, f"Contact with id {found[1]} not found")
            if found[2] == "/tags":
                contact["tags"] = list(dict.fromkeys([*contact["tags"], *body["tags"]]))
                return 201, {"tags": contact["tags"]}
            if found[2] == "/notes":
                return 201, {"note": self._note(found[1], body)}
            _known(body, _CONTACT)
            contact.update(_merged(contact, body))
            return 200, {"succeded": True, "contact": contact}
        if found := re.fullmatch(r"/opportunities/(deal\d+)", path):
            _known(body, _OPPORTUNITY - {"locationId", "contactId"})
            deal = self.opportunities[found[1]]
            deal.update(_merged(deal, body))
            return 200, {"opportunity": deal}
        match f"{method} {path}":
            case "POST /contacts/search":
                assert body["locationId"] == LOCATION
                (wanted,) = body["filters"]
                assert (wanted["field"], wanted["operator"]) == ("phone", "eq")
                return 201, {"contacts": self._with(wanted["value"]), "total": 1}
            case "POST /contacts/upsert":
                return self._upsert(body)
            case "POST /opportunities/":
                return 201, {"opportunity": self._deal(body)}
            case "POST /conversations/messages":
                return 201, self._send(body)
        raise Bad(404, f"no such path: {path}")

    def _upsert(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        _known(body, _CONTACT | {"locationId"})
        same = [each for each in self.people.values() if each.get("phone") == body["phone"]]
        if same and not self.allows_duplicates:
            same[0].update(_merged(same[0], body))
            return 200, {"new": False, "contact": same[0]}
        return 201, {"new": True, "contact": self.add_contact(**body)}

    def _deal(self, body: dict[str, Any]) -> dict[str, Any]:
        _known(body, _OPPORTUNITY)
        missing = {"pipelineId", "locationId", "name", "status", "contactId"} - body.keys()
        if missing:
            raise Bad(422, f"missing: {missing}")
        there = [o for o in self.opportunities.values() if o.get("contactId") == body["contactId"]]
        if there and not self.allows_deals:
            raise Bad(
                400,
                "Can not create duplicate opportunity for the contact.",
                code="OPPORTUNITY_NO_DUPLICATE",
                meta={"existingId": there[0]["id"]},
            )
        fields = [_stored(each, "fieldValue") for each in body.get("customFields", ())]
        return self.add_deal(**{**body, "customFields": fields})

    def _note(self, contact: str, body: dict[str, Any]) -> dict[str, Any]:
        note = {"id": f"note{len(self.notes) + 1}", "contactId": contact, **body}
        self._made_at[note["id"]] = self.clock.now()
        self.notes.append(note)
        return note

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        described = {"subType", "status"}
        _known(body, {"type", "contactId", "message", "fromNumber", "toNumber"} | described)
        contact = self.people.get(body["contactId"])
        if contact is None:
            raise Bad(400, "Contact not found")
        if (
            contact["dnd"]
            or contact.get("dndSettings", {}).get("SMS", {}).get("status") == "active"
        ):
            raise Bad(400, "Cannot send message as DND is active for SMS.")
        self.texts.append(body)
        message = f"message{len(self.texts)}"
        self.messages.append(
            {
                "id": message,
                "messageType": "TYPE_SMS",
                "direction": "outbound",
                "status": "delivered",
                "contactId": body["contactId"],
                "conversationId": "conversation1",
                "dateAdded": f"{self.clock.now():%Y-%m-%dT%H:%M:%S.000Z}",
                "body": body["message"],
                "locationId": LOCATION,
            }
        )
        return {"conversationId": "conversation1", "messageId": message, "msg": "Message queued."}

    def _export(self, query: Mapping[str, str]) -> dict[str, Any]:
        kind = {"Call": "TYPE_CALL", "SMS": "TYPE_SMS"}[query["channel"]]
        found = [
            each
            for each in self.messages
            if each["messageType"] == kind
            and query.get("contactId", each["contactId"]) == each["contactId"]
        ]
        return {"messages": found, "nextCursor": None, "total": len(found)}

    def _renew(self, form: Mapping[str, str]) -> dict[str, Any]:
        if form.get("refresh_token") != self.refresh or form.get("grant_type") != "refresh_token":
            raise Bad(400, "Invalid grant: refresh token is invalid")
        self.refreshes.append(self.refresh)
        turn = len(self.refreshes)
        self.tokens, self.refresh = {f"access-{turn}"}, f"refresh-{turn}"
        return {
            "access_token": f"access-{turn}",
            "refresh_token": self.refresh,
            "token_type": "Bearer",
            "expires_in": 86_399,
            "locationId": LOCATION,
        }

    def _with(self, number: str) -> list[dict[str, Any]]:
        people = self._seen(self.people.values())
        return [each for each in people if each.get("phone") == number]

    def _seen(self, records: Any) -> list[dict[str, Any]]:
        lag, now = timedelta(seconds=self.lag_s), self.clock.now()
        return [each for each in records if self._made_at[each["id"]] + lag <= now]


def _pipeline(key: str, name: str, *stages: str) -> dict[str, Any]:
    ids = {"New lead": "new", "Contacted": f"contacted-{key}", "Quote sent": "quote"}
    told = [{"id": ids[each], "name": each, "position": n} for n, each in enumerate(stages)]
    return {"id": key, "name": name, "stages": told[::-1]}  # in no order


def _field(key: str, name: str, field_key: str, model: str) -> dict[str, Any]:
    return {"id": key, "name": name, "fieldKey": field_key, "model": model, "dataType": "TEXT"}


def _known(body: Mapping[str, Any], fields: set[str]) -> None:
    if unknown := body.keys() - fields:
        raise Bad(422, f"property {min(unknown)} should not exist")


def _stored(field: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"id": field["id"], name: field["field_value"]}


def _merged(record: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    name = "fieldValue" if "pipelineId" in record else "value"
    fields = {each["id"]: each for each in record["customFields"]}
    fields |= {each["id"]: _stored(each, name) for each in body.get("customFields", ())}
    return {**body, "customFields": list(fields.values())}
