"""Which secrets a plugin could show, and a provider that repeats whatever it was sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

import attrs
import httpx

from textback.config.secrets import Secret
from textback.http import credentials
from textback.testing.fixtures import Provider

SHORTEST: Final = 6  # characters; a shorter one is found in any text


def repeats(provider: Provider, status: int, plugin: Any, named: str) -> None:
    """Let the provider refuse what it is asked, and repeat every secret that came with it.

    Looked for are *named*, those of the settings, and the token or password of the request.
    """
    secrets = {named, *settings_secrets(plugin)} - {""}

    def answer(request: httpx.Request) -> httpx.Response:
        let_in, body = credentials(request), request.content.decode("latin-1")
        parts = (let_in, str(request.url), body, *request.headers.values())
        said = " ".join(map(unquote_plus, parts))
        carried = {each for each in secrets if each in said} | ({let_in} - {""})
        words = ", ".join(sorted(carried))
        return httpx.Response(status, json={"message": f"wrong key {words}"})

    provider.response = answer


def shown_of(plugin: Any, provider: Provider, named: str, shown: str) -> list[str]:
    """The secrets that stand in what was shown: those of the settings, and what was sent."""
    sent = {each for each in map(credentials, provider.requests) if len(each) >= SHORTEST}
    return sorted(
        {each for each in {named, *settings_secrets(plugin), *sent} - {""} if each in shown}
    )


def settings_secrets(plugin: Any) -> frozenset[str]:
    """All secrets in a plugin's settings, however deep."""
    found = _secrets(getattr(plugin, "settings", None))
    return frozenset(each for each in found if len(each) >= SHORTEST)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _secrets(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _secrets(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _secrets(each)
