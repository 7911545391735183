"""E-mail: notices to the team, follow-ups to callers, and the answers of both."""

from __future__ import annotations

from textback_email.plugin import Mail
from textback_email.settings import Imap, Settings

__all__ = ["Imap", "Mail", "Settings"]
