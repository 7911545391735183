"""One file of evidence: a page for people, with the same as JSON in it; and whether it holds.

The page is made from the JSON alone, so that who checks the file makes the page again and compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template, UndefinedError

from textback.errors import ConfigError
from textback.store.ledger import digest, fingerprint, link

Document = dict[str, Any]

_DATA: Final = re.compile(r'<script type="application/json">\n(.*?)\n</script>', re.DOTALL)


def render(document: Mapping[str, Any]) -> str:
    """The file: a page that shows the document, with the document in it."""
    data = json.dumps(document, ensure_ascii=False, indent=1).replace("<", "\\u003c")
    return _template().render(document=document, data=data)


def read(file: str) -> Document:
    """The document in a file.

    Raises:
        ConfigError: There is none.
    """
    found = _DATA.search(file)
    try:
        document = json.loads(found[1]) if found else None
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("format") != "textback evidence 1":
        raise ConfigError("is no file that `textback evidence` has written")
    return document


def faults(file: str) -> Iterator[str]:
    """What doesn't hold in a file, in sentences; nothing if all does.

    Raises:
        ConfigError: It is no file of evidence.
    """
    document = read(file)
    try:
        if render(document) != file:
            yield "the page doesn't show what its data says"
        for part in document["clients"]:
            for fault in _in_ledger(document, part):
                yield f"{part['client']}: {fault}"
    except (KeyError, TypeError, AttributeError, UndefinedError):
        yield "something is missing in its data"


def _in_ledger(document: Mapping[str, Any], part: Mapping[str, Any]) -> Iterator[str]:
    ledger = part["ledger"]
    own = {row["seq"]: row for row in ledger["rows"] if row["seq"] is not None}
    chain, seq = ledger["before"], ledger["first"] - 1
    for each in ledger["prints"]:
        seq += 1
        row = own.pop(seq, None)
        if row is not None:
            yield from _in_row(document, row, each)
        chain = link(chain, seq, each)
    for row in own.values():
        yield f"row {row['seq']} is not in the chain"
    if (seq, chain) != (ledger["head"]["seq"], ledger["head"]["chain"]):
        yield "the chain doesn't lead to its head: a row was changed, added or left out"
    yield from _in_texts(part)


def _in_row(document: Mapping[str, Any], row: Mapping[str, Any], print_: str) -> Iterator[str]:
    which = f"row {row['seq']}"
    if fingerprint(row) != print_:
        yield f"{which} was changed"
    if row["number_hash"] != document["number_hash"]:
        yield f"{which} is about another number"
    if row["text"] is not None:
        if digest(row["salt"], row["text"]) != row["digest"]:
            yield f"{which}: its content was changed"
        if json.loads(row["text"]) != row["content"]:
            yield f"{which}: what it shows is not its content"


def _in_texts(part: Mapping[str, Any]) -> Iterator[str]:
    """What was sent has its decision, unless that was erased, and says what it says."""
    decisions = [row["content"] for row in part["ledger"]["rows"] if row["kind"] == "decided"]
    decided = {each["text"]: each for each in decisions if each and "text" in each}
    for case in part["cases"]:
        for text in case["texts"]:
            content = decided.get(text["id"])
            if text["direction"] == "in" or text["state"] == "queued" or text["body"] is None:
                continue
            if content is None:
                if None not in decisions:
                    yield f"text {text['id']} has no row in the ledger"
            elif content.get("body") not in (None, text["body"]):
                yield f"text {text['id']} says something else than its decision"


@cache
def _template() -> Template:
    source = (
        files("textback").joinpath("data").joinpath("evidence.html").read_text(encoding="utf-8")
    )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
