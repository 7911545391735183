"""What to dial so that a phone forwards calls that it doesn't take: ``data/forwarding.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import attrs
import cattrs

from textback.model import PhoneNumber


@attrs.frozen(kw_only=True)
class Code:
    """One code of one phone company.

    Attributes:
        calls: Which calls it forwards.
        on: What to dial, with a placeholder for the number that calls go to, see `to`.
        off: What to dial to undo it.
        source: Where that is written.
        verified: The source is the company's own, or a standard that it is bound to.
        note: What else to know.
    """

    carrier: str
    country: str
    calls: str
    on: str
    off: str
    source: str
    verified: bool
    note: str = ""

    def to(self, number: PhoneNumber) -> str:
        """What to dial to forward to a number."""
        return self.on.format(e164=number, national=_national(number))


@cache
def codes() -> tuple[Code, ...]:
    """All codes, by country and company."""
    text = files("textback").joinpath("data").joinpath("forwarding.toml").read_text("utf-8")
    return cattrs.structure(tomllib.loads(text)["code"], tuple[Code, ...])


def _national(number: str) -> str:
    """A North American number without its country code; any other one as it is."""
    return number.removeprefix("+1") if number.startswith("+1") else number
