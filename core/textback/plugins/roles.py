"""The roles that a plugin can play: which hooks it is asked, and which of its events count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from textback.events import (
    Booked,
    BookingCancelled,
    CallEvent,
    Consented,
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

ON_REQUEST: Final[Mapping[str, frozenset[str]]] = {"notifier": frozenset({"send_text"})}
"""A plugin with one of these hooks plays the role only if its table names it: a sender texts the
team, too."""

TELLS: Final[Mapping[type[Event], frozenset[str]]] = {
    CallEvent: frozenset({"source"}),
    KeyPressed: frozenset({"source"}),
    Consented: frozenset({"source", "crm"}),
    # The team answers notices by text, and only the team's words count from a mere notifier.
    TextReceived: frozenset({"sender", "notifier"}),
    TextStatus: frozenset({"sender", "notifier"}),
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


def playable(kind: type) -> tuple[str, ...]:
    """The roles that a table may name for a plugin's class."""
    hooks, can = hooks_of(kind), roles_of(kind)
    more = (role for role, needed in ON_REQUEST.items() if needed & hooks and role not in can)
    return (*can, *more)


def texts_team(kind: type, roles: tuple[str, ...] | None) -> bool:
    """Whether a plugin in these roles is a sender that texts notices to the team."""
    return "notifier" in (roles or ()) and "notifier" not in roles_of(kind)


def is_asked(hook: str, roles: tuple[str, ...] | None) -> bool:
    """Whether a plugin in these roles is asked a hook; None means all that it can play."""
    if roles is None or hook not in _IN_ROLES:
        return True
    return any(hook in ROLES[role] for role in roles if role in ROLES)
