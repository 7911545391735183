"""The key that a store's hashes are made with: always the same, or opt-outs aren't recognised.

The store keeps the hash of nothing under its key, which tells one key from another, and no key.
"""

from __future__ import annotations

from typing import Final

from textback.config.settings import StoreSettings
from textback.engine.context import keyed_hash
from textback.errors import WrongStore
from textback.store import Work, plugin_state

_PLACE: Final = ("*", "textback", "key")  # client, plugin and key among the plugins' state
_NONE: Final = keyed_hash(b"")("")


def fingerprint(settings: StoreSettings) -> str:
    """Tells one key from another without telling the key."""
    return keyed_hash(settings.key.value.encode() if settings.key else b"")("")


def refuse_another(settings: StoreSettings) -> Work[None]:
    """See that the store's hashes were made with this key; a store without one may get one.

    Raises:
        WrongStore: They were made with another.
    """
    known = yield from plugin_state.get(*_PLACE, 0)
    if known not in (None, _NONE, fingerprint(settings)):
        raise WrongStore(
            "store.key is not the one that this store was made with, so that nobody who opted out"
            " would be recognised; bring back that key"
        )


def remember(settings: StoreSettings) -> Work[None]:
    """As `refuse_another`; from now on the store is tied to this key.

    Raises:
        WrongStore: It is tied to another.
    """
    yield from refuse_another(settings)
    yield from plugin_state.put(*_PLACE, fingerprint(settings), None)
