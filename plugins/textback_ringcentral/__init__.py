"""RingCentral: missed calls from telephony session notifications, texts by its SMS API."""

from textback_ringcentral.plugin import RingCentral
from textback_ringcentral.settings import Settings

__all__ = ["RingCentral", "Settings"]
