"""Call a plugin's hook as the engine does."""

from __future__ import annotations

from typing import Any

from textback.plugins import anatomy_of


def ask(plugin: Any, hook: str, **given: Any) -> Any:
    """Call a hook with those of the arguments that this plugin takes, in whatever order."""
    kind: type = type(plugin)
    takes = anatomy_of(kind).hooks[hook]
    return getattr(plugin, hook)(**{name: given[name] for name in takes})
