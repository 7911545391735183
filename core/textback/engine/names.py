"""The names of subjects and steps: what is durable is known by them, in every version."""

from __future__ import annotations

import base64
import hashlib

FIRST_TEXT = "text/1"
IDLE = "idle"
CALLED_AGAIN = "the caller called again"  # why a case was closed in which there was no word
CONCLUDE = "conclude"  # the step of a call: what came of it
NO_CASE = "restored"  # of texts whose call a restored store has never heard of


def case_subject(case_id: str) -> str:
    """The subject of a case."""
    return f"case/{case_id}"


def case_id(client: str, origin: str) -> str:
    """The name of the case that a call or text opens: the same if it is opened again."""
    digest = hashlib.blake2b(f"{client}\x1f{origin}".encode(), digest_size=10).digest()
    return base64.b32encode(digest).decode().lower()[:12]


def reply_id(case: str, count: int) -> str:
    """Our id of what a caller wrote: the first, second, ... reply in a case."""
    return f"{case}-reply-{count}"


def text_id(case: str, step: str, attempt: int) -> str:
    """Our id of one attempt to send the text of a step."""
    return f"{case}-{step.replace('/', '-')}-{attempt}"
