"""How a settings class declares its settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

T = TypeVar("T")


class Some(tuple[T, ...]):
    """One value or a list of them; empty if nothing is said."""


def setting(help: str, **kwargs: Any) -> Any:  # noqa: A002 (the word that readers expect)
    """An attrs field with a sentence for the reference."""
    return attrs.field(metadata={"help": help}, **kwargs)


def given(**kwargs: Any) -> Any:
    """An attrs field that the reader of a file fills in: no file may set it."""
    return attrs.field(metadata={"given": True}, **kwargs)


def is_language(_: object, __: object, value: str | None) -> None:
    """A validator: *value* is a language tag, or nothing is said."""
    if value is not None and not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", value):
        raise ValueError('must be a language as BCP 47 writes it, e.g. "es" or "es-MX"')


def are_languages(_: object, __: object, value: Mapping[str, str]) -> None:
    """A validator: each key of *value* is a language tag."""
    for each in value:
        is_language(None, None, each)
