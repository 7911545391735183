"""HubSpot: contacts, deals and timelines of one account, through HubSpot's own package."""

from textback_hubspot.plugin import HubSpot
from textback_hubspot.settings import Settings

__all__ = ["HubSpot", "Settings"]
