"""Twilio: missed calls from ``<Dial action>``, texts through its Messages API."""

from textback_twilio.plugin import Twilio
from textback_twilio.settings import Settings
from textback_twilio.twiml import fallback_twiml

__all__ = ["Settings", "Twilio", "fallback_twiml"]
