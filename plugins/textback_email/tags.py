"""Tags: what leads an answer back to its case, in a Message-ID or a ``+tag`` of an address.

A tag is signed, so that nobody can write one for a case whose mail they have not seen; above all
nobody can make us text a caller in the team's name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import attrs

from textback.services import State

_KEY: Final = "tag_key"
_SIGNED: Final = 16  # characters of base32: 80 bits
_TAG: Final = re.compile(rf"tb-([cn])-([a-z0-9]{{1,24}})-([a-z2-7]{{{_SIGNED}}})", re.ASCII)


class About(StrEnum):
    """Whom the tagged mail went to."""

    CALLER = "c"
    TEAM = "n"


@attrs.frozen
class Tag:
    """What a tag says."""

    about: About
    case: str


async def key_of(state: State) -> bytes:
    """The key that signs this plugin's tags; made at first use and kept with its state."""
    known = await state.get(_KEY)
    if known is None:
        await state.add(_KEY, secrets.token_hex(32))  # another process may be quicker
        known = await state.get(_KEY)
    return bytes.fromhex(known)


def write(key: bytes, tag: Tag) -> str:
    """A tag in lower case, at most 46 characters: mail servers may change the case."""
    words = f"{tag.about}-{tag.case}"
    return f"tb-{words}-{_sign(key, words)}"


def find(key: bytes, places: Iterable[str]) -> Tag | None:
    """The first true tag in some header values."""
    for place in places:
        for about, case, signature in _TAG.findall(place.lower()):
            if hmac.compare_digest(_sign(key, f"{about}-{case}"), signature):
                return Tag(About(about), case)
    return None


def _sign(key: bytes, words: str) -> str:
    digest = hmac.new(key, words.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()[:_SIGNED]
