"""When a step that failed is tried again, and when it is set aside for people."""

from __future__ import annotations

import random

import tenacity

from textback.engine.context import Context
from textback.errors import NotAsked, ProviderError, StoreError
from textback.store import Work, steps
from textback.store.steps import Step

FIRST_S = 2.0
LONGEST_S = 3600.0
TRIES = 24  # with the waits above, a provider may be down for about half a day
NOT_ASKED_S = 15.0  # over so long those spread that wait until an account is asked again

_wait = tenacity.wait_random_exponential(multiplier=FIRST_S, max=LONGEST_S)
_retrying = tenacity.Retrying(wait=_wait)


class Unknown(ProviderError):
    """A step of a newer version, or of one that is gone: it is kept for people to see."""

    permanent = True

    def __init__(self, name: str) -> None:
        super().__init__(f"this version of textback has no step {name}")


def delay_s(attempts: int, retry_after: float | None = None, *, asked: bool = True) -> float:
    """Seconds until the next try: exponential with full jitter, never before Retry-After.

    Args:
        attempts: How often it was tried, at least 1.
        retry_after: Seconds that the provider asked for.
        asked: Else it was no try: the next is soon after the account has rested.  Of all that
            wait, the account itself lets one through to see how it is.
    """
    if not asked:
        return (retry_after or 0.0) + random.uniform(0.5, NOT_ASKED_S)  # noqa: S311 (no secret)
    state = tenacity.RetryCallState(_retrying, None, (), {})
    state.attempt_number = attempts + 1  # tenacity counts from one and jitters below 2 ** (n - 1)
    return max(0.5 + _wait(state), retry_after or 0.0)


def again_or_park(ctx: Context, step: Step, error: BaseException) -> Work[None]:
    """Commit that a step failed: wait and try again, or park it where people see it."""
    now = ctx.now()
    said = describe(error)
    if step.name.startswith("deal/"):  # what is logged need not wait until there is one
        yield from steps.release(step.client, step.subject, step.name, now)
    asked = not isinstance(error, NotAsked)
    permanent = isinstance(error, ProviderError) and error.permanent
    if permanent or (asked and step.attempts >= TRIES):
        yield from steps.park(step.client, step.subject, step.name, said, now)
        return
    after = error.retry_after if isinstance(error, ProviderError) else None
    due_at = now + int(delay_s(step.attempts, after, asked=asked) * 1_000_000)
    yield from steps.wait(step.client, step.subject, step.name, due_at, said, now, tried=asked)


def describe(error: BaseException) -> str:
    """An error as it is stored: ours in words, others by type only, as they may quote secrets."""
    if isinstance(error, (ProviderError, StoreError)):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"failed in an unexpected way ({type(error).__name__})"
