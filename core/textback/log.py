"""What is written about the work: structured, numbers masked, never a body or a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from time import monotonic
from typing import Any, Final, TextIO

import structlog

from textback.config.settings import LogSettings
from textback.phones import mask

OFTEN: Final = 20  # the same warnings that are written one by one
WITHIN_S: Final = 10.0  # in so many seconds
KINDS: Final = 10_000  # of warnings that are told apart

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_HIDDEN = frozenset({"body", "text", "auth", "authorization", "password", "token", "secret", "key"})


def set_up(settings: LogSettings) -> None:
    """Write to standard error, for people or for machines."""
    level = getattr(logging, settings.level.upper())
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            Seldom(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _frames_only,
            hide,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_Careful(sys.stderr)),  # type: ignore[arg-type]
    )


class _Careful:
    """Writes if that is possible: a full disk or a closed pipe must not stop the work itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, words: str) -> None:
        """Write, or don't."""
        with suppress(OSError):
            self._stream.write(words)

    def flush(self) -> None:
        """See that it is written, or not."""
        with suppress(OSError):
            self._stream.flush()


class Seldom:
    """Counts warnings that come again and again, instead of writing all of them.

    Whoever sends forged webhooks, or a disk that is full, could else fill the log and use up the
    time that the work needs.  What counts as the same is the event, of the same client and plugin.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[str, object, object], list[float]] = {}  # since, written, left out

    def __call__(
        self, logger: object, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Let a line pass, or drop it."""
        del logger
        if method != "warning":
            return event
        key = (str(event.get("event")), event.get("client"), event.get("plugin"))
        now = monotonic()
        told = self._told.get(key)
        if told is None or now - told[0] > WITHIN_S:
            if len(self._told) >= KINDS:
                self._told.clear()
            self._told[key] = [now, 1, 0]
            if told is not None and told[2]:
                event["left_out_before"] = int(told[2])
            return event
        told[1] += 1
        if told[1] > OFTEN:
            told[2] += 1
            raise structlog.DropEvent
        return event


def hide(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask phone numbers in every value, and leave out what must not be written."""
    del logger, method
    for name, value in event.items():
        event[name] = "***" if name in _HIDDEN else _clean(value)
    return event


def masked(words: str) -> str:
    """Words with every phone number in them masked."""
    return _NUMBER.sub(lambda found: mask(found.group()), words)


def _clean(value: Any) -> Any:
    """A value as it may be written, however deep it is."""
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {
                str(name): "***" if name in _HIDDEN else _clean(inner)
                for name, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_clean(inner) for inner in value]
        case BaseException():
            return type(value).__name__
        case _:
            return masked(str(value))


def _frames_only(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Where an error came from, without its message: that may quote a body or a secret."""
    del logger, method
    error = event.pop("exc_info", None)
    if error is True:  # the one that is being handled
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["where"] = " < ".join(reversed(frames[-6:]))
    return event
