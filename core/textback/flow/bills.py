"""What a client's templates cost: texts that carriers bill as several, and why they do."""

from __future__ import annotations

from collections.abc import Iterator

from textback.config.settings import Client
from textback.flow.segments import not_gsm, segments
from textback.flow.wording import render
from textback.phones import display, region_of

_FIRST_NAME, _LINK = "Anna", "https://booking.example/a1b2c3"  # of a usual length


def bills(client: Client) -> Iterator[str]:
    """A sentence for each template that is billed as more than one text."""
    values = usual_values(client)
    for path, template in _templates(client):
        body = render(template, values)
        parts = segments(body) if body else 1
        if parts > 1:
            yield f"{path} is billed as {parts} texts{_price(client, parts)}{_because(body)}"


def usual_values(client: Client) -> dict[str, str]:
    """What stands for the names in a template, of a usual length where only a call brings it."""
    line = display(client.lines[0], region_of(client.lines[0]))
    return {
        "business": client.name,
        "line": line,
        "contact": client.contact or line,
        "location": max((place.name for place in client.location), key=len, default=""),
        "first_name": _FIRST_NAME,
        "name": _FIRST_NAME,
        "booking_link": _LINK,
    }


def _templates(client: Client) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(client.text, 1):
        yield f"text[{number}].body", text.body
    for number, answer in enumerate(client.answer, 1):
        yield f"answer[{number}].body", answer.body
    for number, step in enumerate(client.follow_up, 1):
        if step.channel == "sms":
            yield f"follow_up[{number}].body", step.body
            for language, body in step.translations.items():
                yield f"follow_up[{number}].translations.{language}", body


def _price(client: Client, parts: int) -> str:
    if client.segment_price is None:
        return ""
    return f" ({parts * client.segment_price:g} instead of {client.segment_price:g})"


def _because(body: str) -> str:
    dear = not_gsm(body)
    if not dear:
        return ""
    return f"; without {' '.join(dear[:5])} a text would hold 160 characters instead of 70"
