"""``--trace``: every call of a hook in a line; numbers masked, and no words of anybody's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs

from textback.config.settings import LogSettings
from textback.dispatch import Called, OnCall, describe
from textback.events import CallEvent, Reading, TextStatus, WebhookRequest
from textback.log import masked
from textback.model import (
    Activity,
    Call,
    Caller,
    Case,
    Committed,
    CrmRef,
    Email,
    Lead,
    Notice,
    Receipt,
    Text,
)
from textback.phones import mask
from textback.picture import Picture, Verdict
from textback.services import Log


def to_people(write: Callable[[str], None], start: datetime) -> Callable[[datetime, Called], None]:
    """Write a line for each call, with the seconds since *start*."""

    def trace(moment: datetime, called: Called) -> None:
        at = (moment - start).total_seconds()
        line = told(called)
        about = f" {line['about']}" if line["about"] else ""
        write(
            f"{at:+10.3f}s  {line['plugin']}.{line['hook']}{about}: {line['result']} "
            f"in {line['ms']:g} ms, {line['answer']}"
        )

    return trace


def to_log(log: Log) -> OnCall:
    """Log each call."""

    def trace(called: Called) -> None:
        log.info("hook", **told(called))

    return trace


def visible(settings: LogSettings) -> LogSettings:
    """The log's settings, with a level at which what is traced is written."""
    hidden = settings.level in ("warning", "error")
    return attrs.evolve(settings, level="info") if hidden else settings


def told(called: Called) -> dict[str, Any]:
    """What may be shown of a call: who was asked, about what, and what came of it."""
    return {
        "client": called.client,
        "plugin": called.plugin,
        "hook": called.hook,
        "about": ", ".join(filter(None, map(_about, called.given.values()))),
        "result": called.result,
        "ms": round(called.seconds * 1000, 1),
        "answer": _answer(called.answer),
    }


def _about(given: Any) -> str:
    """One argument of a hook."""
    match given:
        case WebhookRequest():
            return f"{given.method} {given.topic}".strip()
        case Text():
            return f"{given.step} to {mask(given.to)}"
        case Email():
            return f"an e-mail of {given.case}"
        case Call():
            return f"{masked(given.id)} from {_number(given.caller)}"
        case Lead() | Activity():
            kind = given.kind.value if isinstance(given, Activity) else "lead"
            return f"{kind} of {_number(given.number)}"
        case Notice():
            return f"{given.kind.value} of {given.case}"
        case Case():
            return given.id
        case Picture():
            return f"{given.step} to {_number(given.to)}"
        case Committed():
            return given.what
        case datetime():
            return f"since {given:%Y-%m-%dT%H:%M:%SZ}"
        case str():  # a number, a step or a key
            return masked(given)
    return ""


def _answer(answer: Any) -> str:
    """What a plugin answered; of names and texts, only that there are some."""
    match answer:
        case None:
            return "nothing"
        case BaseException():
            return masked(describe(answer))
        case Reading():
            return _events(answer.events)
        case Receipt():
            return f"{answer.state.value} as {masked(answer.provider_id)}"
        case CrmRef():
            return masked(answer.id)
        case Verdict():
            return answer.action.name.lower()
        case Caller():
            known = attrs.asdict(answer, recurse=False)
            return f"knows {', '.join(k for k, v in known.items() if v is not None) or 'nothing'}"
        case str():
            return f"{len(answer)} characters"
        case list() | tuple():
            return f"{len(answer)} of {type(answer[0]).__name__}" if answer else "none"
    return type(answer).__name__


def _events(events: tuple[Any, ...]) -> str:
    return ", ".join(map(_event, events)) or "no events"


def _event(event: Any) -> str:
    """What a webhook told: enough to see whether it was read as it was meant."""
    told: tuple[str | None, ...] = ()
    match event:
        case CallEvent():
            told = (event.happened, event.by, event.outcome, "outgoing" if event.outgoing else None)
        case TextStatus():
            told = (event.state, event.reason)
    return " ".join((type(event).__name__, *filter(None, told)))


def _number(number: str | None) -> str:
    return mask(number) if number else "nobody"
