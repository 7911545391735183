"""Tells the team in Slack, and lets it answer callers in the thread of a notice."""

from __future__ import annotations

from textback_slack.plugin import Slack
from textback_slack.settings import Settings

__all__ = ["Settings", "Slack"]
