"""Pipedrive: callers as persons, their calls as activities, and a deal in the right stage."""

from textback_pipedrive.plugin import Pipedrive
from textback_pipedrive.settings import Settings

__all__ = ["Pipedrive", "Settings"]
