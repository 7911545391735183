"""The link that a caller gets: it knows the case and the number, so that neither is asked for.

https://cal.com/help/embedding/prefill-booking-form-embed and, for the place of a phone call,
https://cal.com/help/en/articles/9937901-pre-fill-fields-questions
"""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

from textback.model import Case
from textback_calcom.settings import Settings

METADATA = "tb"
"""Under this name a booking carries our case; whoever books doesn't see it."""

LOCATION = "location"


def booking_link(settings: Settings, case: Case) -> str:
    """The booking page with the case as metadata and the caller's number filled in."""
    fields = {f"metadata[{METADATA}]": case.id}
    if settings.phone_field and case.number is not None:
        value: str = case.number
        if settings.phone_field == LOCATION:
            value = json.dumps({"value": "phone", "optionValue": value}, separators=(",", ":"))
        fields[settings.phone_field] = value
    joint = "&" if "?" in settings.link else "?"
    return f"{settings.link}{joint}{urlencode(fields, quote_via=quote)}"
