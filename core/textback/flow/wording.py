"""Wording: from a client's template and what is known to the words of one text.

A template is Jinja's, with names, ``if`` and a few filters, and nothing that could loop, call or
fail: what `check_template` passes can be rendered for every caller.

A value that isn't known leaves no hole.  These rules close it, in this order:

1. A sentence that lives by the value (`NEEDED`: a link, a number) goes as a whole.
2. Brackets and quotation marks around nothing go.
3. At the start of a sentence, the punctuation after the hole goes too, and the next word gets a
   capital: ``{{ first_name }}, we missed you`` gives ``We missed you``.
4. Before punctuation or the end of a line, the space and comma before the hole go:
   ``Hi {{ first_name }},`` gives ``Hi,`` and ``Thanks, {{ first_name }}!`` gives ``Thanks!``.
5. Anywhere else one space stays.

Then, everywhere: no two spaces in a row, none at the ends of lines, no line left blank by a hole,
and no full stop after a name that ends with one ("Acme Inc.").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from textback.errors import ConfigError

LIMITS: Mapping[str, int] = {
    "first_name": 40,
    "name": 80,
    "business": 160,
    "location": 80,
    "line": 40,
    "contact": 160,
    "booking_link": 500,
}
"""The names that a template may use, and how many characters of a value are used.

Values come from other people's systems; a link that is longer is left out, as half a link leads
nowhere.
"""

NEEDED = frozenset({"business", "line", "contact", "booking_link"})
"""Without these, the sentence that uses them says nothing."""

MAX_CHARACTERS = 1600
"""Of one text: https://www.twilio.com/docs/messaging/api/message-resource, parameter Body."""

DEFAULT_BODY = (
    "Hi {{ first_name }}, this is {{ business }}. Sorry we missed your call. "
    "How can we help? Reply STOP to opt out"
)
HELP_BODY = "{{ business }}: for help, contact {{ contact }}. Reply STOP to opt out"
STOPPED_BODY = (
    "{{ business }}: you have opted out and will get no more texts from us. "
    "Reply START to get them again"
)

# Marks that live from rendering to `_tidy`.  Neither templates nor values contain them.
_EDGE = "\x01"  # where a value begins and ends
_HOLE = "\x02"  # a value that isn't known
_NEEDED_HOLE = "\x03"
_KEPT_SPACE = "\xa0"  # a space within a value, which no rule touches

_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
)
_FILTERS = {"capitalize": 0, "default": 1, "lower": 0, "title": 0, "trim": 0, "upper": 0}


class _Missing(str):
    """A value that isn't known: empty and false, but it leaves a mark in the text."""

    __slots__ = ("mark",)
    mark: str

    def __new__(cls, name: str) -> _Missing:
        made = super().__new__(cls)
        made.mark = _NEEDED_HOLE if name in NEEDED else _HOLE
        return made


_MISSING = {name: _Missing(name) for name in LIMITS}


@lru_cache(maxsize=4096)  # an agency writes the same for many clients
def check_template(source: str) -> tuple[str, ...]:
    """Say everything that is wrong with a template, in words for the one who wrote it.

    Returns:
        Nothing for a template on which `render` can only fail if a caller's values make the text
        too long, or choose a branch without words.
    """
    if _controls(source):
        return (_INVISIBLE,)
    try:
        tree = _ENVIRONMENT.parse(source)
        problems = [problem for node in _walk(tree) for problem in _wrong_with(node)]
        if not problems:
            problems = _wrong_with_words(_fill(_ENVIRONMENT.from_string(tree), {}))
    except TemplateSyntaxError as error:
        problems = [f"line {error.lineno}: {error.message}"]
    except (RecursionError, SyntaxError, ValueError):  # hundreds of nested ifs, 5000-digit numbers
        problems = ["is too complicated; a text needs only a few names and ifs"]
    return tuple(dict.fromkeys(problems))


@lru_cache(maxsize=512)  # the templates of the clients that are called now
def compile(source: str) -> Template:  # noqa: A001 (as in `re.compile`)
    """Prepare a template.

    Raises:
        ConfigError: `check_template` finds something wrong; the message has it.
    """
    if problems := check_template(source):
        raise ConfigError("; ".join(problems))
    return _ENVIRONMENT.from_string(source)


def render(source: str, values: Mapping[str, str]) -> str:
    """Write one text.

    Args:
        source: The template.
        values: By the names of `LIMITS`; what is left out or empty isn't known.  They are taken
            as words: whatever they contain is neither template nor line break.

    Raises:
        ConfigError: The template is wrong, see `check_template`.
        ValueError: The text is longer than `MAX_CHARACTERS`, or nothing is left of it.
    """
    return _render(source, tuple((name, values.get(name, "")) for name in LIMITS))


@lru_cache(maxsize=1024)  # most callers have no name, and get the same words
def _render(source: str, values: tuple[tuple[str, str], ...]) -> str:
    text = _fill(compile(source), dict(values))
    if not text:
        raise ValueError("the template leaves no words for this caller")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"the text would have {len(text)} characters; a text may have {MAX_CHARACTERS}"
        )
    return text


def _fill(template: Template, values: Mapping[str, str]) -> str:
    known = {
        name: _clean(values.get(name, ""), limit) or _MISSING[name]
        for name, limit in LIMITS.items()
    }
    if len(values.get("booking_link", "")) > LIMITS["booking_link"]:
        known["booking_link"] = _MISSING["booking_link"]
    return _tidy(template.render(known))


def _clean(value: str, limit: int) -> str:
    """Plain words on one line: no controls, no invisible and no direction-changing characters."""
    if value.isascii() and value.isprintable():
        return " ".join(value[:limit].split())
    start = unicodedata.normalize("NFC", value[: 4 * limit])  # composed letters stay in GSM-7
    kept = (
        " " if unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp") else c
        for c in start
        if c in _JOINERS or unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(kept)[:limit].split())


_JOINERS = "\u200c\u200d"  # Persian and Indic names and many emoji are wrong without them


# ── closing holes ───────────────────────────────────────────────────────────────────────────────

_SENTENCE_END = re.compile(r"(?<=[.!?]) +")
_WRAPPED = re.compile(rf"[(\[\"“«] *{_HOLE}[ {_HOLE}]*[)\]\"”»]")
_AT_START = re.compile(rf"(^|[.!?] ) *{_HOLE}[ {_HOLE},;:.!?\u2013\u2014-]*(\w(?!\S*[/@]))?")
_BEFORE_END = re.compile(rf",? *{_HOLE}[ {_HOLE}]*(?=[,.;:!?)\]]|$)")
_ELSEWHERE = re.compile(rf"( ?){_HOLE}[ {_HOLE}]*")
_DOUBLE_STOP = re.compile(rf"([.!?]{_EDGE})\.(?!\.)")
_SPACES = re.compile(rf"[ \t{_KEPT_SPACE}]+")
_BLANK_LINES = re.compile(r"\n{3,}")


def _tidy(text: str) -> str:
    lines = (_close(line) for line in re.split(r"\r?\n|\r", text))
    whole = "\n".join(line for line in lines if line is not None)
    return _BLANK_LINES.sub("\n\n", whole).strip()


def _close(line: str) -> str | None:
    """One line without its holes; None if only holes were in it."""
    holes = _HOLE in line or _NEEDED_HOLE in line
    if holes:
        line = re.sub(r"[ \t]+", " ", line).strip(" ")
        if _NEEDED_HOLE in line:
            sentences = _SENTENCE_END.split(line)
            line = " ".join(each for each in sentences if _NEEDED_HOLE not in each)
        line = _WRAPPED.sub(_HOLE, line)
        line = _AT_START.sub(lambda found: found[1] + (found[2] or "").upper(), line)
        line = _BEFORE_END.sub("", line)
        line = _ELSEWHERE.sub(_one_space, line)
    line = _DOUBLE_STOP.sub(r"\1", line).replace(_EDGE, "")
    line = _SPACES.sub(" ", line).strip(" ")
    return None if holes and not line else line


def _one_space(found: re.Match[str]) -> str:
    return " " if " " in found[0] else ""


# ── what a template may say ─────────────────────────────────────────────────────────────────────


def _mark(value: object) -> str:
    """What Jinja writes for one ``{{ ... }}``: the value between marks, or the mark of a hole."""
    if isinstance(value, _Missing):
        return value.mark
    words = str(value).split()
    return f"{_EDGE}{_KEPT_SPACE.join(words)}{_EDGE}" if words else _HOLE


_INVISIBLE = "has an invisible control character; type the text anew"


def _controls(words: str) -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\r\n\t" for c in words)


def _walk(node: nodes.Node) -> list[nodes.Node]:
    return [node, *(each for child in node.iter_child_nodes() for each in _walk(child))]


def _wrong_with(node: nodes.Node) -> list[str]:
    where = f"line {node.lineno}: "
    if not isinstance(node, _NODES):
        return [where + "only names, filters and if can be used in a text"]
    if isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in LIMITS:
        near = get_close_matches(node.name, LIMITS, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(LIMITS)}"
        return [f'{where}unknown name "{node.name}"; {hint}']
    if isinstance(node, nodes.Const) and _controls(str(node.value)):
        return [where + _INVISIBLE]
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        return [where + "if within {{ }} needs an else"]
    if isinstance(node, nodes.Filter):
        return [where + problem for problem in _wrong_with_filter(node)]
    return []


def _wrong_with_filter(node: nodes.Filter) -> list[str]:
    if node.name not in _FILTERS:
        return [f'unknown filter "{node.name}"; known are {", ".join(_FILTERS)}']
    if node.node is None:
        return [f'filter "{node.name}" can only be used within {{{{ }}}}']
    given = len(node.args) + bool(node.kwargs or node.dyn_args or node.dyn_kwargs) * 2
    if given != _FILTERS[node.name]:
        return [f'filter "{node.name}" takes {_FILTERS[node.name] or "no"} value in brackets']
    return []


def _wrong_with_words(bare: str) -> list[str]:
    """What is wrong with a text for a caller of whom nothing is known."""
    if not bare:
        return ["says nothing when no value is known; add words that always stand"]
    if len(bare) > MAX_CHARACTERS:
        return [f"is {len(bare)} characters long; a text may have {MAX_CHARACTERS}"]
    return []


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=StrictUndefined, finalize=_mark)
    environment.globals.clear()
    environment.filters = {name: _on_known(environment.filters[name]) for name in _FILTERS}
    environment.filters["default"] = lambda value, other: value or other
    return environment


def _on_known(change: Callable[[Any], object]) -> Callable[[object], object]:
    """A filter that hands on what isn't known, so that it still counts as a hole."""
    return lambda value: value if isinstance(value, _Missing) else change(value)


_ENVIRONMENT = _environment()
