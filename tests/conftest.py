"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest
import structlog

from textback.config.settings import LogSettings
from textback.log import set_up

hypothesis.settings.register_profile("long", max_examples=5_000, deadline=None)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Each test has the log that `serve` has; what a command sets up in this process is its own.

    The library's own renderer draws the variables of every frame, which takes seconds an error.
    """
    set_up(LogSettings())
    yield
    structlog.reset_defaults()
