"""Slack's words for why it said no: whether they pass by themselves, and what to do about them.

Of the Web API: https://docs.slack.dev/reference/methods/chat.postMessage#errors, of incoming
webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
"""

from __future__ import annotations

import re
from typing import Final

_BOT = 'the bot\'s token is not valid; copy it from "OAuth & Permissions" of the app'
_HOOK = "the incoming webhook is gone; make a new one and put its address into webhook_url"
_INVITE = "the bot is not in the channel; write /invite and its name there"
_NO_CHANNEL = "the channel doesn't exist, or it is private and the bot is not in it; see channel"
_ARCHIVED = "the channel is archived; choose another"
_FORBIDDEN = "the workspace's rules forbid it to post there; ask its admin"
_NOT_THERE = "the workspace, or the app in it, is switched off"

# What a person must set right: asking again gives the same answer.
_CONFIGURATION: Final = {
    "access_denied": _FORBIDDEN,
    "account_inactive": _BOT,
    "action_prohibited": _FORBIDDEN,
    "channel_is_archived": _ARCHIVED,
    "channel_not_found": _NO_CHANNEL,
    "ekm_access_denied": _FORBIDDEN,
    "enterprise_is_restricted": _FORBIDDEN,
    "invalid_auth": _BOT,
    "invalid_token": _HOOK,
    "is_archived": _ARCHIVED,
    "missing_scope": "the app may not do this; add the scope, then install the app again",
    "no_active_hooks": _HOOK,
    "no_permission": _FORBIDDEN,
    "no_service": _HOOK,
    "no_service_id": _HOOK,
    "no_team": _HOOK,
    "not_allowed_token_type": _BOT,
    "not_authed": _BOT,
    "not_in_channel": _INVITE,
    "org_login_required": _NOT_THERE,
    "posting_to_general_channel_denied": _FORBIDDEN,
    "restricted_action": _FORBIDDEN,
    "restricted_action_read_only_channel": _FORBIDDEN,
    "restricted_action_thread_only_channel": _FORBIDDEN,
    "team_access_not_granted": _FORBIDDEN,
    "team_disabled": _NOT_THERE,
    "token_expired": _BOT,
    "token_revoked": _BOT,
    "two_factor_setup_required": _BOT,
    "user_not_found": "there is no such person in the workspace",
}

# What passes: Slack is busy, or in trouble.  In two of them it may have posted all the same.
_PASSING: Final = frozenset(
    {
        "accesslimited",
        "message_limit_exceeded",
        "ratelimited",
        "rate_limited",
        "rollup_error",
        "service_unavailable",
        "team_added_to_org",
    }
)
UNSURE: Final = frozenset({"fatal_error", "internal_error", "request_timeout"})
"""Slack says that "some aspect of the operation" may have succeeded."""

REFUSED_BLOCKS: Final = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}
)
"""The layout is at fault, not the words: they can go without it."""

NO_THREAD: Final = frozenset(
    {
        "cannot_reply_to_message",
        "invalid_thread_ts",
        "message_not_found",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "thread_not_found",
    }
)
"""The thread is gone or closed: the notice can begin another."""

_CODE = re.compile(r"[a-z_]{2,60}")
_SCOPES = re.compile(r"[a-z_.:,]{2,200}")


def code_of(words: object) -> str:
    """Slack's own code; nothing of what is none, as that may repeat anything."""
    return words if isinstance(words, str) and _CODE.fullmatch(words) else ""


def scopes_of(words: object) -> str:
    """The scopes that Slack says are needed, e.g. ``channels:read,groups:read``."""
    return words if isinstance(words, str) and _SCOPES.fullmatch(words) else ""


def is_permanent(code: str, status: int) -> bool:
    """Whether the same request would get the same answer, until a person does something."""
    busy = status in (408, 429) or status >= 500
    return not busy and code not in _PASSING | UNSURE


def meaning(code: str, needed: str = "") -> str:
    """What a code means and what to do, as the end of a sentence."""
    words = _CONFIGURATION.get(code)
    if words is None:
        return code or "it doesn't say why"
    return f"{words} ({code}{': ' if needed else ''}{needed})"
