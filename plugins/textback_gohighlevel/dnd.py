"""Do Not Disturb: whom the business, or the caller, has taken off the list.

A contact has ``dnd`` for everything and ``dndSettings`` for each channel, whose status is
``active``, ``inactive`` or ``permanent`` (the caller wrote STOP).
https://help.gohighlevel.com/support/solutions/articles/48001214849-how-to-use-do-not-disturb-dnd-
"""

from __future__ import annotations

from textback_gohighlevel.contacts import Contact
from textback_gohighlevel.settings import Settings

_ON = ("active", "permanent")


def forbids(contact: Contact, settings: Settings) -> str | None:
    """Why a contact must not be texted; None if nothing says so."""
    if contact.sms_dnd in _ON:
        return "GoHighLevel has Do Not Disturb for SMS at this contact"
    if contact.dnd and (settings.dnd == "any" or not contact.sms_dnd):
        return "GoHighLevel has Do Not Disturb at this contact"
    return None
