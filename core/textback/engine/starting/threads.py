"""Threads for plugins whose SDKs block, apart from those that the event loop itself needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, Final, TypeVar

T = TypeVar("T")

MOST: Final = 64
"""Calls at once in all; an account's share is what its gate lets through."""


class Threads:
    """Runs blocking calls; see `textback.services.InThread`.

    The event loop's own threads are a few, and names are resolved in them: SDKs of a provider
    that hangs would hold up everybody's requests there.  Threads are started when they are needed.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MOST, thread_name_prefix="textback-plugin")

    async def __call__(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """What *function* returns, or what it raises."""
        call = partial(copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Begin nothing more; what runs comes to its own end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
