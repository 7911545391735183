"""GoHighLevel: a CRM, and calls and texts of the numbers that live there."""

from textback_gohighlevel.plugin import GoHighLevel
from textback_gohighlevel.settings import Settings

__all__ = ["GoHighLevel", "Settings"]
