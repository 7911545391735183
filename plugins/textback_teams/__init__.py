"""Tells the team in a channel or chat of Microsoft Teams, by a workflow's webhook."""

from __future__ import annotations

from textback_teams.plugin import Teams
from textback_teams.settings import Settings

__all__ = ["Settings", "Teams"]
