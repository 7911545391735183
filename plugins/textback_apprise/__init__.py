"""Tells the team by any service that Apprise knows: https://github.com/caronc/apprise/wiki."""

from __future__ import annotations

from textback_apprise.plugin import Apprise
from textback_apprise.settings import Settings

__all__ = ["Apprise", "Settings"]
