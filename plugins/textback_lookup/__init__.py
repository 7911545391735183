"""Who calls, by paid lookups: name, kind of line and spam score, from Twilio or Telnyx."""

from textback_lookup.plugin import Lookup
from textback_lookup.settings import Settings

__all__ = ["Lookup", "Settings"]
