"""What carriers ask before a US number may text (10DLC, toll-free), said from a client's own file.

The fields are those that registrations have in common; their limits are Twilio's:
https://www.twilio.com/docs/messaging/compliance/a2p-10dlc/onboarding-isv-api
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from textback.config.settings import Client
from textback.flow import wording
from textback.flow.bills import usual_values
from textback.model import PhoneNumber
from textback.phones import display, region_of

MOST_SAMPLES: Final = 5
LENGTHS: Final = {"description": (40, 4096), "message_flow": (40, 2048), "samples": (20, 1024)}
_LINK: Final = re.compile(r"https?://|\b[\w-]+\.[a-z]{2,}/", re.IGNORECASE)
_PHONE: Final = re.compile(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}")


@attrs.frozen(kw_only=True)
class Campaign:
    """The description of what a business texts for.

    Attributes:
        message_flow: How people come to be texted: the opt-in story.
        samples: Texts as callers get them, with usual names and links filled in.
    """

    brand: str
    use_case: str
    description: str
    message_flow: str
    samples: tuple[str, ...]
    opt_out_keywords: tuple[str, ...]
    opt_out_message: str
    help_keywords: tuple[str, ...]
    help_message: str
    opt_in_keywords: tuple[str, ...]
    embedded_links: bool
    embedded_phone_numbers: bool


def us_lines(client: Client) -> tuple[PhoneNumber, ...]:
    """The client's lines that are numbers of the US, whose texts its carriers filter."""
    return tuple(line for line in client.lines if region_of(line) == "US")


def describe(client: Client) -> Campaign:
    """The description that a client's file comes to."""
    values = usual_values(client)
    first = tuple(text.body for text in client.text) or (wording.DEFAULT_BODY,)
    later = tuple(step.body for step in client.follow_up if step.channel == "sms")
    answers = {each.to: each.body for each in reversed(client.answer)}
    stopped = wording.render(answers.get("stop", wording.STOPPED_BODY), values)
    helped = wording.render(answers.get("help", wording.HELP_BODY), values)
    samples = tuple(dict.fromkeys(wording.render(body, values) for body in (*first, *later)))
    told = " ".join(samples)
    return Campaign(
        brand=client.name,
        use_case="Customer care: conversations about the caller's own call",
        description=_description(client, len(later)),
        message_flow=_message_flow(client),
        samples=samples[:MOST_SAMPLES],
        opt_out_keywords=("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE"),
        opt_out_message=stopped,
        help_keywords=("HELP", "INFO"),
        help_message=helped,
        opt_in_keywords=("START", "UNSTOP"),
        embedded_links=bool(_LINK.search(told)),
        embedded_phone_numbers=bool(_PHONE.search(told)),
    )


def _description(client: Client, later: int) -> str:
    follow_ups = (
        f" If the caller does not answer, at most {later} more text{'s' if later > 1 else ''} "
        f"about the same call follow{'' if later > 1 else 's'}, and none after a reply."
        if later
        else ""
    )
    return (
        f"{client.name} answers missed phone calls by text. A person who calls and reaches nobody "
        f"gets one text about that call, at once, and can reply to it; a person of {client.name} "
        f"continues the conversation.{follow_ups} No marketing is sent."
    )


def _message_flow(client: Client) -> str:
    lines = " or ".join(display(line, region_of(line)) for line in client.lines)
    what = "numbers" if len(client.lines) > 1 else "a number"
    return (
        f"The consumer dials {client.name} at {lines}, {what} published by the business. If "
        "nobody answers, a single text replies to that call, on the consumer's own initiative; "
        "nobody is texted who has not called. Numbers are not bought, shared or imported. Every "
        'first text names the business and ends with how to opt out; "STOP" ends all texts at '
        'once, "HELP" is answered with name and contact. Message frequency: depends on the '
        "conversation. Message and data rates may apply."
    )


def shortcomings(campaign: Campaign) -> Iterator[str]:
    """What a reviewer would send back, in sentences."""
    for name, (least, most) in LENGTHS.items():
        value = getattr(campaign, name)
        for each in value if isinstance(value, tuple) else (value,):
            if not least <= len(each) <= most:
                yield f"{name}: {each[:40]!r} must have {least} to {most} characters"
    if len(campaign.samples) < 2:
        yield "samples: two are asked for; write a [[follow_up]], or a second [[text]]"
    if campaign.samples and campaign.brand.lower() not in campaign.samples[0].lower():
        yield "samples: the first text doesn't name the business; write {{ business }}"


def drift(registered: Mapping[str, Any], campaign: Campaign) -> Iterator[str]:
    """Where the file has moved away from what was registered, in sentences.

    Args:
        registered: The sheet as it was handed in; fields that it doesn't have aren't compared.
        campaign: What the file comes to now.
    """
    now = attrs.asdict(campaign, recurse=False)
    for name, before in registered.items():
        if name not in now:
            yield f"{name}: is no field of a registration"
            continue
        value = list(now[name]) if isinstance(now[name], tuple) else now[name]
        if name == "samples" and isinstance(before, list):
            yield from (
                f"samples: {each!r} is not registered" for each in value if each not in before
            )
        elif value != before:
            yield f"{name}: registered as {before!r}, the file says {value!r}"


def sheet(campaign: Campaign) -> str:
    """The description as TOML, to hand in and to keep."""
    lines = []
    for name, value in attrs.asdict(campaign, recurse=False).items():
        if isinstance(value, tuple):
            lines.append(f"{name} = [")
            lines += [f"  {_quoted(each)}," for each in value]
            lines.append("]")
        else:
            lines.append(f"{name} = {_quoted(value)}")
    return "\n".join(lines) + "\n"


def _quoted(value: str | bool) -> str:
    """A string as TOML writes it, which is as JSON does but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
