"""What holds for all tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import hypothesis
import pytest
import structlog

from textback.config.settings import LogSettings
from textback.log import set_up

# The same examples at each run, however slow the machine: a run tells of the change that is
# tested.  New ones are looked for with --hypothesis-profile long.
hypothesis.settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("long", max_examples=5_000, deadline=None)
hypothesis.settings.load_profile("steady")

# Before Python 3.14, asking a thread for its loop makes one, until its loop was set once.
# pytest-asyncio asks before each test; a loop made so is never closed, and whichever test runs
# when it is collected would be blamed.
asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Each test has the log that `serve` has; what a command sets up in this process is its own.

    The library's own renderer draws the variables of every frame, which takes seconds an error.
    """
    set_up(LogSettings())
    yield
    structlog.reset_defaults()
