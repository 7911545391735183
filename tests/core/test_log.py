"""What is written about the work: no number, no body, no secret, nobody else's message."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
import structlog

from textback import log
from textback.config.settings import LogSettings


def written(monkeypatch: pytest.MonkeyPatch, event: str, **values: Any) -> dict[str, Any]:
    """One line, as a machine reads it."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log.set_up(LogSettings(format="json"))
    structlog.get_logger("textback").warning(event, **values)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_numbers_are_masked_in_every_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the value is called, however deep it is, and in the event itself."""
    line = written(
        monkeypatch,
        "a call from +13035550123",
        caller="+13035550123",
        error="+13035550123 can't be reached, nor can +442079460123",
        tried=["+13035550123"],
        detail={"to": "+13035550123", "deeper": [{"from": "+13035550123"}]},
    )

    assert "5550123" not in json.dumps(line)
    assert "79460123" not in json.dumps(line)
    assert line["caller"].endswith("23")


@pytest.mark.parametrize("name", ["body", "text", "token", "secret", "password", "authorization"])
def test_what_must_not_be_written_is_hidden(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """By its name, at the top and inside of other values."""
    line = written(monkeypatch, "sent", **{name: "hunter2", "detail": {name: "hunter2"}})

    assert "hunter2" not in json.dumps(line)


def test_an_error_shows_its_place_and_not_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message of another's exception may quote a body or a secret."""
    try:
        raise ValueError("the body was: call me at +13035550123, hunter2")
    except ValueError as error:
        line = written(monkeypatch, "failed", exc_info=error)

    assert "hunter2" not in json.dumps(line)
    assert "test_log.py" in line["where"]


def test_an_error_that_is_being_handled_shows_no_message_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``exc_info=True`` means the error at hand."""
    try:
        raise ValueError("hunter2")
    except ValueError:
        line = written(monkeypatch, "failed", exc_info=True)

    assert "hunter2" not in json.dumps(line)
    assert "test_log.py" in line["where"]
