"""Deliver: write one text, hand it to one sender, and say what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from textback import dispatch
from textback.config.settings import Client
from textback.errors import DeliveryError, MaybeSent, NotAsked, NotSent, ProviderError
from textback.flow import wording
from textback.model import Absent, Case, Email, Kind, Receipt, Text
from textback.phones import display, region_of
from textback.picture import Picture


@attrs.frozen
class Taken:
    """A provider has the text."""

    receipt: Receipt


@attrs.frozen
class Unsure:
    """It may have left and nobody said so: no one else may try."""

    because: str


@attrs.frozen
class Declined:
    """It surely did not leave.

    Attributes:
        next_may_try: Another sender could deliver it.
        permanent: The same sender would say the same again.
        asked: Somebody was asked; else the account rests, or has no room.
    """

    because: str
    next_may_try: bool
    permanent: bool
    opted_out: bool = False
    unreachable: bool = False
    retry_after: float | None = None
    asked: bool = True
    code: str | None = None


Attempt = Taken | Unsure | Declined


async def send(sender: dispatch.Impl, text: Text) -> Attempt:
    """Hand a text to one sender; every way that this can end, as a value."""
    return await _hand_over(sender, text=text)


async def send_email(sender: dispatch.Impl, email: Email) -> Attempt:
    """Hand an e-mail to one sender, as `send` does with a text."""
    return await _hand_over(sender, email=email)


async def _hand_over(sender: dispatch.Impl, **what: Text | Email) -> Attempt:
    try:
        receipt = await dispatch.call(sender, **what)
    except DeliveryError as error:
        return Declined(
            str(error),
            next_may_try=error.try_next,
            permanent=error.permanent,
            opted_out=error.opted_out,
            unreachable=error.unreachable,
            retry_after=error.retry_after,
            code=error.code,
        )
    except NotSent as error:
        return Declined(
            str(error),
            next_may_try=True,
            permanent=False,
            retry_after=error.retry_after,
            asked=not isinstance(error, NotAsked),
        )
    except MaybeSent as error:
        return Unsure(str(error))
    except ProviderError as error:  # it answered no, without saying whether others may try
        return Declined(str(error), next_may_try=False, permanent=error.permanent)
    except Exception as error:  # noqa: BLE001 (a plugin's bug may strike after the request left)
        return Unsure(f"{sender.plugin} failed in an unexpected way ({type(error).__name__})")
    if not isinstance(receipt, Receipt):
        return Unsure(f"{sender.plugin} gave no receipt")
    return Taken(receipt)


async def find(sender: dispatch.Impl, text: Text) -> Receipt | Absent | None:
    """Ask the sender that tried whether it has the text; None if it can't tell."""
    try:
        found = await dispatch.call(sender, text=text)
    except Exception:  # noqa: BLE001 (whatever went wrong, it proves nothing)
        return None
    return found if isinstance(found, (Receipt, Absent)) else None


async def compose(
    composers: Sequence[dispatch.Impl],
    bookers: Sequence[dispatch.Impl],
    client: Client,
    picture: Picture,
    template: str,
) -> str:
    """The body of a text: a plugin's, else the template's."""
    if composers:
        body = await dispatch.first(composers, picture=picture, step=picture.step)
        if body:
            return str(body)
    link = ""
    if bookers and "booking_link" in template:
        link = await dispatch.first(bookers, case=picture.case) or ""
    return write(client, picture.case, picture.kind, template, link)


def write(client: Client, case: Case, kind: Kind, template: str, booking_link: str = "") -> str:
    """The body of a text by its template."""
    values = variables(client, case, booking_link)
    try:
        return wording.render(template, values)
    except ValueError:  # too long with these values, or no words left: the caller still gets one
        return wording.render(_BUILT_IN.get(kind, wording.DEFAULT_BODY), values)


_BUILT_IN = {Kind.CONFIRMATION: wording.STOPPED_BODY, Kind.HELP: wording.HELP_BODY}


def variables(client: Client, case: Case, booking_link: str = "") -> Mapping[str, str]:
    """What stands for the names in a template; an empty value leaves no hole."""
    line = case.line or client.lines[0]
    shown = display(line, region_of(line))
    place = client.location_of(line)
    return {
        "first_name": case.caller.first_name or "",
        "name": case.caller.name or "",
        "business": client.name,
        "location": place.name if place else "",
        "line": shown,
        "contact": (place and place.contact) or client.contact or shown,
        "booking_link": booking_link,
    }
