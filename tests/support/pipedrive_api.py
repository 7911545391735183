"""A small Pipedrive: keeps what it is told, finds it late if told to, and loses answers on order.

It knows the paths, fields and types of https://developers.pipedrive.com/docs/api/v1 and refuses
others, so that a plugin's requests are looked at as the real one would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import attrs
import httpx

from textback.clock import Clock
from textback.errors import MaybeSent

TOKEN = "0123456789abcdef0123456789abcdef01234567"
LEAD_SOURCE = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"
URGENCY = "b1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"
DEAL_SOURCE = "c1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"

_PERSON = {
    "name": str,
    "owner_id": int,
    "phones": list,
    "emails": list,
    "label_ids": list,
    "custom_fields": dict,
}
_DEAL = {
    "title": str,
    "person_id": int,
    "pipeline_id": int,
    "stage_id": int,
    "owner_id": int,
    "custom_fields": dict,
}
_ACTIVITY = {
    "subject": str,
    "type": str,
    "person_id": int,
    "deal_id": int,
    "due_date": str,
    "due_time": str,
    "duration": str,
    "done": bool,
    "note": str,
}
_NOTE = {"content": str, "person_id": int, "deal_id": int}


class Bad(Exception):
    """What is asked can't be done; the answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@attrs.define(slots=False)
class PipedriveApi:
    """One company.

    Attributes:
        lag_s: Seconds until the search finds what was made.
        listing_lag_s: Seconds until a listing has it.
        lose: Says whether the answer to a request is lost; the request is done.
        asked: Every request as ``METHOD /path``.
    """

    clock: Clock
    lag_s: float = 0
    listing_lag_s: float = 0
    lose: Callable[[httpx.Request], bool] = lambda request: False
    asked: list[str] = attrs.field(factory=list)
    bodies: list[Any] = attrs.field(factory=list)
    records: dict[str, dict[int, dict[str, Any]]] = attrs.field(
        factory=lambda: {"persons": {}, "deals": {}, "activities": {}, "notes": {}}
    )
    stages: list[dict[str, Any]] = attrs.field(
        factory=lambda: [
            {"id": 11, "name": "New lead", "pipeline_id": 1, "order_nr": 1},
            {"id": 12, "name": "Contacted", "pipeline_id": 1, "order_nr": 2},
            {"id": 13, "name": "Quote sent", "pipeline_id": 1, "order_nr": 3},
            {"id": 21, "name": "Contacted", "pipeline_id": 2, "order_nr": 1},
            {"id": 29, "name": "Gone", "pipeline_id": 2, "order_nr": 2, "is_deleted": True},
        ]
    )
    labels: list[dict[str, Any]] = attrs.field(
        factory=lambda: [{"id": 5, "label": "VIP"}, {"id": 6, "label": "Missed call"}]
    )

    @property
    def contacts(self) -> int:
        """How many persons there are."""
        return len(self.records["persons"])

    @property
    def deals(self) -> int:
        """How many deals there are."""
        return len(self.records["deals"])

    @property
    def activities(self) -> int:
        """How much is logged."""
        return len(self.records["activities"]) + len(self.records["notes"])

    def add(self, kind: str, **values: Any) -> dict[str, Any]:
        """Somebody in the company makes a record."""
        return self._make(kind, values)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Do what is asked, and answer or not."""
        self.asked.append(f"{request.method} {request.url.path}")
        try:
            status, data, more = self._do(request)
            body: dict[str, Any] = {"success": True, "data": data, **more}
        except Bad as bad:
            status, body = bad.status, {"success": False, "error": str(bad)}
        if self.lose(request):
            raise MaybeSent("took the request and gave no whole answer")
        content = json.dumps(body, default=str)
        return httpx.Response(status, content=content, headers={"content-type": "application/json"})

    def _do(self, request: httpx.Request) -> tuple[int, Any, dict[str, Any]]:
        if request.headers.get("x-api-token") != TOKEN:
            raise Bad(401, "unauthorized access")
        path, query = request.url.path, dict(request.url.params)
        if request.method != "GET":
            return self._write(request, path)
        if found := re.fullmatch(r"/api/v2/(persons|deals|activities)/(\d+)", path):
            return 200, self._one(found[1], int(found[2])), {}
        match path:
            case "/api/v2/persons/search":
                return 200, {"items": self._search(query)}, {}
            case "/api/v2/persons" if "ids" in query:
                ids = [int(each) for each in query["ids"].split(",")]
                found_now = self.records["persons"]
                return 200, [found_now[each] for each in ids if each in found_now], {}
            case "/api/v2/persons" | "/api/v2/deals" | "/api/v2/activities":
                return 200, self._listed(path.rpartition("/")[2], query), {}
            case "/v1/notes":
                return 200, self._listed("notes", query), {}
        return 200, self._setup(path), {"additional_data": {"next_cursor": None}}

    def _setup(self, path: str) -> Any:
        match path:
            case "/api/v2/pipelines":
                return [{"id": 1, "name": "Sales"}, {"id": 2, "name": "Service"}]
            case "/api/v2/stages":
                return self.stages
            case "/api/v2/personFields":
                return [
                    _field("name", "Name", "varchar", custom=False),
                    _field("label_ids", "Labels", "set", self.labels, custom=False),
                    _field(LEAD_SOURCE, "Lead source", "varchar"),
                    _field(URGENCY, "Urgency", "enum", [{"id": 31, "label": "High"}]),
                ]
            case "/api/v2/dealFields":
                return [_field(DEAL_SOURCE, "Deal source", "varchar")]
            case "/v1/users":
                return [
                    {"id": 7, "name": "Olga Owner", "email": "olga@bright.example"},
                    {"id": 8, "name": "Otto Other", "email": "otto@bright.example"},
                ]
            case "/v1/users/me":
                return {"id": 7, "company_domain": "bright", "company_name": "Bright Smile"}
            case "/v1/activityTypes":
                keys = ("call", "meeting", "task")
                return [{"key_string": key, "active_flag": True} for key in keys]
        raise Bad(404, f"no such path: {path}")

    def _write(self, request: httpx.Request, path: str) -> tuple[int, Any, dict[str, Any]]:
        body = json.loads(request.content)
        self.bodies.append(body)
        if request.method == "PATCH":
            found = re.fullmatch(r"/api/v2/(persons|deals)/(\d+)", path)
            if found is None:
                raise Bad(404, f"no such path: {path}")
            record = self._one(found[1], int(found[2]))
            _check(body, _PERSON if found[1] == "persons" else _DEAL)
            custom = {**record["custom_fields"], **body.get("custom_fields", {})}
            record.update({**body, "custom_fields": custom, "update_time": self._now()})
            return 200, record, {}
        kinds: dict[str, tuple[str, Mapping[str, type]]] = {
            "/api/v2/persons": ("persons", _PERSON),
            "/api/v2/deals": ("deals", _DEAL),
            "/api/v2/activities": ("activities", _ACTIVITY),
            "/v1/notes": ("notes", _NOTE),
        }
        if path not in kinds:
            raise Bad(404, f"no such path: {path}")
        kind, fields = kinds[path]
        _check(body, fields)
        if kind == "deals" and not body.get("title"):
            raise Bad(400, "title is required")
        if "person_id" in body:
            self._one("persons", body["person_id"])
        if "deal_id" in body and body["deal_id"] not in self.records["deals"]:
            raise Bad(400, "there is no such deal")
        return 201, self._make(kind, body), {}

    def _make(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        records = self.records[kind]
        number = max(records, default=100) + 1
        defaults: dict[str, Any] = {
            "persons": {"phones": [], "emails": [], "label_ids": [], "owner_id": 7},
            "deals": {"status": "open", "is_archived": False, "pipeline_id": 1, "stage_id": 11},
        }.get(kind, {})
        records[number] = {
            "id": number,
            **defaults,
            "custom_fields": {},
            "is_deleted": False,
            "update_time": self._now(),
            "made_at": self.clock.now(),
            **values,
        }
        return records[number]

    def _one(self, kind: str, number: int) -> dict[str, Any]:
        try:
            return self.records[kind][number]
        except KeyError:
            raise Bad(404, f"no such record in {kind}") from None

    def _search(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        if len(query.get("term", "")) < 2 or query.get("fields") != "phone":
            raise Bad(400, "term or fields is wrong")
        return [
            {"item": _hit(person), "result_score": 0.5}
            for person in self._seen("persons", self.lag_s)
            if any(query["term"] in phone["value"] for phone in person["phones"])
        ]

    def _listed(self, kind: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        found = self._seen(kind, self.listing_lag_s)
        if "person_id" in query:
            found = [each for each in found if str(each.get("person_id")) == query["person_id"]]
        if "DESC" in query.get("sort", "") or query.get("sort_direction") == "desc":
            found = found[::-1]
        return found[: int(query.get("limit", 100))]

    def _seen(self, kind: str, lag_s: float) -> list[dict[str, Any]]:
        lag, now = timedelta(seconds=lag_s), self.clock.now()
        return [
            each
            for each in self.records[kind].values()
            if each["made_at"] + lag <= now and not each["is_deleted"]
        ]

    def _now(self) -> str:
        return f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}"


def _hit(person: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": person["id"],
        "type": "person",
        "name": person["name"],
        "phones": [phone["value"] for phone in person["phones"]],
        "emails": [email["value"] for email in person["emails"]],
        "owner": {"id": person["owner_id"]},
    }


def _field(
    key: str, name: str, kind: str, options: Any = None, *, custom: bool = True
) -> dict[str, Any]:
    return {
        "field_code": key,
        "field_name": name,
        "field_type": kind,
        "options": options,
        "is_custom_field": custom,
    }


def _check(body: Mapping[str, Any], fields: Mapping[str, type]) -> None:
    for name, value in body.items():
        if name not in fields:
            raise Bad(400, f"unknown field {name}")
        if type(value) is not fields[name]:
            raise Bad(400, f"{name} must be a {fields[name].__name__}")
    if not re.fullmatch(r"\d\d:\d\d", body.get("duration", "00:00")):
        raise Bad(400, "duration must be HH:MM")
