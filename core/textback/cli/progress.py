"""A bar for what takes long, on standard error, if somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from textback.cli.common import words

Step = Callable[[int], None]


@contextmanager
def progress(what: str) -> Iterator[tuple[Step, Step]]:
    """A bar of so many; what moves it, and what makes it longer."""
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=words,
        transient=True,
        disable=not words.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=0)
        length = 0

        def longer(by: int) -> None:
            nonlocal length
            length += by
            bar.update(task, total=length)

        yield partial(bar.advance, task), longer
