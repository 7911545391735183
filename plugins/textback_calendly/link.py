"""The link that a caller gets: it knows the case and the number, so that neither is asked for.

https://help.calendly.com/hc/en-us/articles/226766767
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from textback.model import Case
from textback_calendly.settings import Settings

TRACKING = "utm_content"
"""Under this name a booking carries our case; Calendly gives it back and shows it to nobody."""


def booking_link(settings: Settings, case: Case) -> str:
    """The scheduling page with the case as tracking and the caller's number filled in."""
    fields = {TRACKING: case.id}
    if settings.phone_field and case.number is not None:
        fields[settings.phone_field] = case.number
    joint = "&" if "?" in settings.link else "?"
    return f"{settings.link}{joint}{urlencode(fields, quote_via=quote)}"
