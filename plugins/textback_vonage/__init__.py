"""Vonage: missed calls from its Voice API, texts through its Messages API or its SMS API."""

from textback_vonage.ncco import fallback_ncco
from textback_vonage.plugin import Vonage
from textback_vonage.settings import Settings

__all__ = ["Settings", "Vonage", "fallback_ncco"]
