"""A Vonage account as its APIs show it: a test sets it up, and what is asked changes it."""

import json
from email.utils import format_datetime
from urllib.parse import parse_qsl

import attrs
import httpx

from support.vonage_side import APPLICATION
from textback.testing.builders import NOW

APPLICATION_URL = f"/v2/applications/{APPLICATION}"


@attrs.define
class Dashboard:
    """Answers requests about the account, its numbers and its application.

    Attributes:
        files: What other servers have, by address; the fallback is one of them.
        broken: Parts of paths that answer 401.
        refuses: The code with which a number isn't changed.
        changed: What was asked to be changed, as path and body.
    """

    balance: dict = attrs.field(factory=lambda: {"value": 38.07, "autoReload": False})
    numbers: list = attrs.field(factory=list)
    application: dict = attrs.field(
        factory=lambda: {
            "id": APPLICATION,
            "name": "test",
            "capabilities": {},
            "_links": {"self": {"href": APPLICATION_URL}},
        }
    )
    files: dict = attrs.field(factory=dict)
    broken: tuple = ()
    refuses: str = ""
    date: object = NOW
    changed: list = attrs.field(factory=list)

    def add(self, msisdn, **more):
        """A number of the account."""
        number = {"country": "US", "msisdn": msisdn, "features": ["SMS", "VOICE"], **more}
        self.numbers.append(number)
        return number

    def hooks(self):
        """The addresses of the application, by capability."""
        capabilities = self.application["capabilities"]
        return {name: each.get("webhooks", {}) for name, each in capabilities.items()}

    def __call__(self, request):
        if request.url.host not in ("api.nexmo.com", "rest.nexmo.com"):
            assert "authorization" not in request.headers
            return self.files.get(str(request.url), httpx.Response(404))
        path = request.url.path
        if any(part in path for part in self.broken):
            return httpx.Response(401, json={"title": "Unauthorized"})
        headers = {"date": format_datetime(self.date, usegmt=True)}
        match request.method, path:
            case "GET", "/account/get-balance":
                return httpx.Response(200, json=self.balance, headers=headers)
            case "GET", "/account/numbers":
                return httpx.Response(200, json=self._find(request.url.params["pattern"]))
            case "GET", "/v1/calls":
                return httpx.Response(200, json={"_embedded": {"calls": []}})
            case "GET", url if url == APPLICATION_URL:
                return httpx.Response(200, json=self.application)
            case "PUT", url if url == APPLICATION_URL:
                body = json.loads(request.content)
                self.changed.append((path, body))
                kept = {key: self.application[key] for key in ("id", "_links")}
                self.application = {**body, **kept}  # replaced as a whole
                return httpx.Response(200, json=self.application)
            case "POST", "/number/update":
                return self._update(path, dict(parse_qsl(request.content.decode())))
        raise AssertionError(f"{request.method} {path}")

    def _find(self, pattern):
        found = [each for each in self.numbers if pattern in each["msisdn"]]
        return {"count": len(found), "numbers": found} if found else {}

    def _update(self, path, form):
        if self.refuses:
            label = {"error-code": self.refuses, "error-code-label": "method failed"}
            return httpx.Response(200, json=label)
        self.changed.append((path, form))
        (number,) = [each for each in self.numbers if each["msisdn"] == form["msisdn"]]
        number |= form
        return httpx.Response(200, json={"error-code": "200", "error-code-label": "success"})
