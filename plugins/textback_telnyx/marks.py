"""What we have Telnyx remember of a leg: it gives it back, as ``client_state``, with every event.

So a webhook says by itself what its leg is for, whichever process reads it and whatever it knows.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Literal

import attrs

from textback_telnyx.webhook import Webhook

_OURS = "textback"


@attrs.frozen(kw_only=True)
class Phone:
    """A phone that we ring for a caller.

    Attributes:
        index: Which of those that ring, from 0.
        of: How many ring.
        leg: The caller's leg, as commands name it.
        caller: The caller's number, as Telnyx writes it.
        line: The number that was called.
        ours: We connect the two when it is picked up; else Telnyx does.
    """

    index: int
    of: int
    leg: str
    caller: str
    line: str
    ours: bool = False


@attrs.frozen(kw_only=True)
class Answered:
    """The caller's leg, which we have answered: to hear the greeting, or to talk to *phone*.

    Attributes:
        phone: Whom they are to talk to.
        asked: They were asked whether they want texts.
    """

    phone: str | None = None
    asked: bool = False


Mark = Phone | Answered
_KINDS: dict[str, type[Phone | Answered]] = {"phone": Phone, "answered": Answered}


def write(mark: Mark) -> str:
    """A mark as Telnyx takes it: text in base64."""
    kind: Literal["phone", "answered"] = "phone" if isinstance(mark, Phone) else "answered"
    values = {_OURS: kind, **attrs.asdict(mark)}
    return base64.b64encode(json.dumps(values).encode()).decode()


def read(webhook: Webhook) -> Mark | None:
    """The mark of the leg that an event is about; None if it has none of ours."""
    told = webhook.text("client_state") or ""
    try:
        values: Any = json.loads(base64.b64decode(told, validate=True))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(values, dict):
        return None
    kind = _KINDS.get(str(values.pop(_OURS, "")))
    try:
        return kind(**values) if kind is not None else None
    except TypeError:  # written by another version
        return None
