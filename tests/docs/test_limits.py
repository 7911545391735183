"""The page of limits states the numbers that the program keeps to."""

from __future__ import annotations

from pathlib import Path

import attrs

from textback import dispatch, gate, http, log
from textback.config.settings import Limits
from textback.engine import blocking
from textback.web import body, hooks, protocol

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "limits.md").read_text()

MIB = 2**20


def row(about: str) -> str:
    """The line of the page that begins with some words."""
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {about}")]
    return line


def test_every_setting_has_its_row_and_its_number() -> None:
    """By name, with the default."""
    for field in attrs.fields(Limits):
        (line,) = [line for line in PAGE.splitlines() if f"`limits.{field.name}`" in line]
        default = field.default
        number = default if isinstance(default, int) else f"{default.total_seconds():g} s"
        assert f"| {number} |" in line, field.name


def test_the_numbers_without_a_setting() -> None:
    """As they stand in the code."""
    assert f"{body.MAX_BYTES // MIB} MiB" in row("body of a request")
    assert f"{body.WITHIN_S:g} s" in row("time for a body")
    assert f"{protocol.HEAD_BYTES // 1024} KiB" in row("head of a request")
    assert f"{protocol.HEAD_WITHIN_S:g} s" in row("time for a head")
    lingers = f"{protocol.LINGER_S:g} s, {protocol.LINGER_BYTES // MIB} MiB"
    assert lingers in row("what still comes")
    assert f"{gate.AT_ONCE}, " in row("requests to one account")
    assert f"{http.CONNECTIONS}, {http.CONNECTIONS_PER_HOST} a host" in row("connections to prov")
    assert f"{dispatch.MOST_LEFT_BEHIND} for a client" in row("calls of a plugin's hooks")
    assert f"{http.BODY_LIMIT // MIB} MiB" in row("one answer of a provider")
    assert f"more than {blocking.BLOCKED_S:g} s without" in PAGE
    assert f"after {hooks.LIVE_WITHIN_S:g} s, if" in PAGE
    assert f"{log.OFTEN} times in {log.WITHIN_S:g} seconds" in PAGE
