"""Telnyx: calls through its Voice API, texts through its messaging API."""

from textback_telnyx.plugin import Telnyx
from textback_telnyx.settings import Settings

__all__ = ["Settings", "Telnyx"]
