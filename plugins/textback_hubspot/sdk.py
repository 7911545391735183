"""The SDK's API objects, each made once: made anew, each would open connections of its own.

All of HubSpot's paths are the SDK's, but for the two in `textback_hubspot.api` that it lacks.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx
import urllib3
from hubspot.crm import contacts, lists, objects, owners, pipelines, properties
from hubspot.crm.associations import v4 as associations
from hubspot.crm.associations.v4 import schema

from textback_hubspot.settings import Settings

_PARTS: Mapping[str, tuple[Any, str]] = {
    "records": (objects, "BasicApi"),
    "batches": (objects, "BatchApi"),
    "search": (objects, "SearchApi"),
    "associations": (associations, "BasicApi"),
    "association_types": (schema, "DefinitionsApi"),
    "contacts": (contacts, "BasicApi"),
    "pipelines": (pipelines, "PipelinesApi"),
    "owners": (owners, "OwnersApi"),
    "properties": (properties, "CoreApi"),
    "lists": (lists, "ListsApi"),
    "memberships": (lists, "MembershipsApi"),
}


class Sdk:
    """Blocking calls to one account, from any thread; they raise what the SDK raises."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._apis: dict[str, Any] = {}
        self._making = threading.Lock()
        self._pool: urllib3.PoolManager | None = None

    def ask(self, part: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of one of the API objects in `_PARTS`."""
        call = getattr(self._api(part), method)
        return call(*args, _request_timeout=self._settings.timeout_s, **kwargs)

    def raw(self, method: str, path: str, body: Any) -> Any:
        """Ask for a path that the SDK has no method for; the answer as JSON has it."""
        return self._api("records").api_client.call_api(
            path,
            method,
            body=body,
            response_types_map={200: "object"},
            auth_settings=["oauth2"],
            _return_http_data_only=True,
            _request_timeout=self._settings.timeout_s,
        )

    def _api(self, part: str) -> Any:
        with self._making:
            api = self._apis.get(part)
            if api is None:
                api = self._apis[part] = self._make(*_PARTS[part])
            return api

    def _make(self, package: Any, name: str) -> Any:
        configuration = package.Configuration(host=self._settings.base_url)
        configuration.access_token = self._settings.access_token.value
        # The SDK has just set the log of urllib3 to "warning", for the whole process; its warnings
        # name addresses, and numbers stand in them.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        client = package.ApiClient(configuration)
        client.user_agent = "textback"
        client.rest_client.pool_manager = self._connections()
        return getattr(package, name)(client)

    def _connections(self) -> urllib3.PoolManager:
        """The connections of all API objects.  No retries: a create could be done twice."""
        if self._pool is None:
            proxy = self._settings.proxy
            options: dict[str, Any] = {
                "maxsize": self._settings.max_at_once,
                "retries": False,
                "ssl_context": _trust(),
            }
            self._pool = (
                urllib3.PoolManager(**options)
                if proxy is None
                else urllib3.ProxyManager(proxy.value, **options)
            )
        return self._pool


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed: the same as in textback's own requests."""
    return httpx.create_ssl_context()
