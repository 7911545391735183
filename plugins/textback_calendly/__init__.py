"""Calendly: links that know who they are for, and appointments told by signed webhooks."""

from textback_calendly.plugin import Calendly
from textback_calendly.settings import Settings

__all__ = ["Calendly", "Settings"]
