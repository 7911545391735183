"""What a client's file says of lines and hours in several places must be of one piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textback.config.messages import Wrong, nearest
from textback.config.places import Hours, When
from textback.config.settings import Client
from textback.model import PhoneNumber


def check_situations(client: Client) -> list[Wrong]:
    """Everything that is wrong with ``when`` and ``[[location]]``."""
    wrong: list[Wrong] = []
    seen: set[PhoneNumber] = set()
    for at, place in enumerate(client.location):
        wrong += _not_ours(client, place.lines, ("location", at, "lines"))
        wrong += [
            Wrong(("location", at, "lines", n), f"{line} is in another [[location]] already")
            for n, line in enumerate(place.lines)
            if line in seen
        ]
        seen.update(place.lines)
    hours = [each for each in (client.hours, *(p.hours for p in client.location)) if each]
    whens: list[tuple[tuple[str | int, ...], When]]
    whens = [(("text", at, "when"), entry.when) for at, entry in enumerate(client.text)]
    whens += [(("lead", at, "when"), entry.when) for at, entry in enumerate(client.lead)]
    whens += [(("notify", at, "when"), entry.when) for at, entry in enumerate(client.notify)]
    wrong += _told(client)
    for where, when in whens:
        wrong += _not_ours(client, when.line, (*where, "line"))
        wrong += _without_hours(when, hours, (*where, "hours"))
    return wrong


def _not_ours(
    client: Client, lines: Iterable[PhoneNumber], where: tuple[str | int, ...]
) -> Iterator[Wrong]:
    for line in lines:
        if line not in client.lines:
            yield Wrong(where, f"{line} is not one of this client's lines")


def _told(client: Client) -> Iterator[Wrong]:
    """Somebody must be told of everything, by a plugin that is there."""
    if client.notify and not any(entry.fallback for entry in client.notify):
        yield Wrong(("notify",), "needs one [[notify]] without `when`, for what no other is for")
    for at, entry in enumerate(client.notify):
        for n, name in enumerate(entry.to):
            if name not in client.plugins:
                hint = nearest(name, client.plugins) or "; it must be one of the [plugins] tables"
                yield Wrong(("notify", at, "to", n), f'there is no plugin table "{name}"{hint}')


def _without_hours(when: When, hours: list[Hours], where: tuple[str | int, ...]) -> Iterator[Wrong]:
    """A condition that no call could ever meet, or each would."""
    if when.hours is None:
        return
    if not hours:
        yield Wrong(
            where,
            "needs the table [hours]; for calls that the phone system itself says came out of"
            ' hours, write outcome = "out_of_hours"',
        )
    elif when.hours == "holiday" and not any(each.holidays or each.closed for each in hours):
        yield Wrong(where, 'there are no holidays; write e.g. holidays = "US" in [hours]')
