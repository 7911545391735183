"""The roles that a plugin can play: which hooks it is asked, and which of its events count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from textback.events import (
    Booked,
    BookingCancelled,
    CallEvent,
    EmailReceived,
    Event,
    KeyPressed,
    OptIn,
    OptOut,
    TeamReply,
    TextReceived,
    TextStatus,
)
from textback.plugins.anatomy import hooks_of

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "source": frozenset({"read_webhook", "listen", "list_calls"}),
    "sender": frozenset({"send_text", "find_text", "list_texts", "read_webhook"}),
    "crm": frozenset({"identify_caller", "save_contact", "save_deal", "log_activity"}),
    "notifier": frozenset({"notify_team", "read_webhook", "listen"}),
    "booking": frozenset({"booking_link", "read_webhook"}),
    "lookup": frozenset({"identify_caller"}),
    "email": frozenset({"send_email", "read_webhook", "listen"}),
}
"""What a plugin is asked in each role.  A hook that is in none is asked whatever the roles say: a
plugin that judges must not lose its voice because it is a sender too."""

NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "source": ROLES["source"],
    "sender": frozenset({"send_text"}),
    "crm": frozenset({"save_contact", "save_deal", "log_activity"}),
    "notifier": frozenset({"notify_team"}),
    "booking": frozenset({"booking_link"}),
    "lookup": frozenset({"identify_caller"}),
    "email": frozenset({"send_email"}),
}
"""A plugin can play a role if it has one of these hooks."""

TELLS: Final[Mapping[type[Event], frozenset[str]]] = {
    CallEvent: frozenset({"source"}),
    KeyPressed: frozenset({"source"}),
    TextReceived: frozenset({"sender"}),
    TextStatus: frozenset({"sender"}),
    OptOut: frozenset({"sender"}),
    OptIn: frozenset({"sender"}),
    EmailReceived: frozenset({"email"}),
    # A shared inbox, where a colleague answers the caller, may belong to the provider of texts.
    TeamReply: frozenset({"notifier", "sender"}),
    Booked: frozenset({"booking"}),
    BookingCancelled: frozenset({"booking"}),
}
"""An event counts if its plugin plays one of these roles."""

_IN_ROLES: Final = frozenset().union(*ROLES.values())


def roles_of(kind: type) -> tuple[str, ...]:
    """The roles that a plugin's class can play."""
    hooks = hooks_of(kind)
    return tuple(role for role, needed in NEEDS.items() if needed & hooks)


def is_asked(hook: str, roles: tuple[str, ...] | None) -> bool:
    """Whether a plugin in these roles is asked a hook; None means all that it can play."""
    if roles is None or hook not in _IN_ROLES:
        return True
    return any(hook in ROLES[role] for role in roles if role in ROLES)
