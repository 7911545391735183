"""``/u/{token}``: end e-mail to one address, by the link that stands in each mail.

The token is signed, so that a forged one costs no look into the store, and it holds the address
only as the keyed hash under which suppressions are kept: nobody learns it from the link.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

import attrs

from textback.engine.cases import todo
from textback.engine.context import Context, Wake
from textback.engine.names import case_subject
from textback.plugins import Stack
from textback.store import Work, cases, contacts, ledger, steps, suppressions

REASON: Final = "unsubscribed"
_HASH: Final = 32  # bytes, of the address under the deployment's key
_SIGNATURE: Final = 16


@attrs.frozen
class Link:
    """Whose mail a link ends; *address* is the keyed hash of the address."""

    client: str
    case: str
    address: str


def hash_of(ctx: Context, address: str) -> str:
    """The hash under which an address is suppressed, however it is capitalised."""
    return ctx.hash_of(address.lower())


def write(ctx: Context, link: Link) -> str:
    """The token of a link."""
    said = bytes.fromhex(link.address) + f"{link.client}/{link.case}".encode()
    return base64.urlsafe_b64encode(_sign(ctx, said) + said).decode().rstrip("=")


def read(ctx: Context, token: str) -> Link | None:
    """What a token says; None if it is none of ours."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        signature, said = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, _sign(ctx, said)):
            return None
        client, _, case = said[_HASH:].decode().partition("/")
    except (binascii.Error, ValueError):
        return None
    return Link(client, case, said[:_HASH].hex())


def unsubscribe(
    ctx: Context, stack: Stack | None, link: Link, evidence: str, now: int
) -> Work[list[Wake]]:
    """Never mail an address again; texts and calls are not concerned.

    A mail that is due is decided on anew; one that the mail server has may still arrive.

    Args:
        ctx: The deployment.
        stack: Who tells the team; None if the client's file can't be used: it counts all the same.
        link: Which address of which client, and the case whose mail had the link.
        evidence: How it was said.
        now: When.
    """
    yield from contacts.raise_version(link.client, link.address)
    new = yield from suppressions.add(link.client, None, link.address, REASON, evidence, now)
    if not new:
        return []
    subject = case_subject(link.case)
    content = {"reason": REASON, "evidence": evidence}
    yield from ledger.write(link.client, "suppressed", subject, link.address, content, now)
    client = ctx.clients.get(link.client)
    if client is None or stack is None or (yield from cases.get(link.client, link.case)) is None:
        return []
    about = f"{REASON}/{link.address[:8]}"
    yield from steps.add(todo.notices(client, stack, link.case, about, now), now)
    return [Wake(link.client, subject)]


def _sign(ctx: Context, said: bytes) -> bytes:
    # A number never begins like this, so that no hash of one is a signature.
    return bytes.fromhex(ctx.hash_of(f"unsubscribe {said.hex()}"))[:_SIGNATURE]
