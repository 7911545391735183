"""Nobody is disturbed at night: texts wait until it is day wherever the caller may be.

The hours come from the packs that hold there, on that day, by the clocks there.  Of several
plausible zones all must allow it.  What may go at any time:

- what the caller has just asked for (the confirmation of an opt-out, the answer to HELP);
- what a person of the business writes into the conversation: they look at the clock themselves, and
  hold back nothing that the caller waits for;
- e-mail, which wakes nobody;
- the first text, if the client wants that and no pack is against it: it answers the caller's own
  call while they still have the phone in their hand.  It must go within a minute of the call's end,
  at the first try, and in plain words of service.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import lru_cache
from zlib import crc32
from zoneinfo import ZoneInfo

import attrs

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import hold, send, spell, suppress
from textback.rules.content import unfit
from textback.rules.packs import Hours, law_of
from textback.rules.places import Place, place_of

NAME = "quiet_hours"
VERSION = 1

AT_ONCE_S = 60
"""So soon after the call's end a first text may go at night."""

JITTER_S = 15 * 60
"""Held texts leave spread over this time, so that not all leave in the first second of the day."""

_LOOK_AHEAD = timedelta(days=8)
_NOT = timedelta()
_ALWAYS = {
    Kind.REPLY: "a person of the business writes",
    Kind.CONFIRMATION: "the caller has just asked for this text",
    Kind.HELP: "the caller has just asked for this text",
    Kind.NOTICE: "the team is told at any time",
}


def judge(picture: Picture) -> Verdict:
    """Hold a first text or a follow-up until it is day in every plausible zone."""
    if picture.channel == "email":
        return send(NAME, "an e-mail wakes nobody")
    if picture.to is None:
        return send(NAME, "there is no number to be called a place")
    place = place_of(picture.to, picture.caller.zone)
    zones = place.zones or ((picture.policy.zone,) if picture.policy.zone else ())
    if not zones:
        return send(NAME, "nobody knows what time it is there")
    if why := _ALWAYS.get(picture.kind):
        return send(NAME, why, local=_clocks(picture.now, zones))
    look = _look(picture.now, zones, picture.policy.packs, place)
    opens, saw = look.opens, dict(look.saw)
    if opens == picture.now:
        return send(NAME, "it is day where the caller may be", **saw)
    if opens is None:
        return suppress(NAME, "there is no time at which all places of the caller allow it", **saw)
    night = f"it is {look.told}, when texts wait"
    if picture.kind is Kind.FIRST:
        saw["first_text_at_night"] = picture.policy.first_text_at_night
        against = _against_now(picture, zones, place)
        if against is None:
            return send(NAME, "it answers the call that has just ended, even at night", **saw)
        night += f"; {against}"
    return hold(NAME, _spread(picture, opens, zones, place), night, **saw)


Zones = tuple[ZoneInfo, ...]


@attrs.frozen(kw_only=True)
class _Look:
    """What the clocks say at one moment.

    Attributes:
        opens: When texts may go; None if that is never.
        saw: What that rests on.
        told: The time as people say it, if texts have to wait.
    """

    opens: datetime | None
    saw: Mapping[str, object]
    told: str


@lru_cache(maxsize=256)  # it is asked before the words are written and again after
def _look(now: datetime, zones: Zones, packs: tuple[str, ...], place: Place) -> _Look:
    opens, clocks = _opens(now, zones, packs, place), _clocks(now, zones)
    return _Look(
        opens=opens,
        saw={
            "local": clocks,
            "areas": place.named,
            "packs": list(law_of(packs, place.areas, now.date()).packs),
        },
        told=_told(now, zones, clocks) if opens != now else "",
    )


def _against_now(picture: Picture, zones: Zones, place: Place) -> str | None:
    """Why not even a first text may go at night; None if it may."""
    policy = picture.policy
    if not policy.first_text_at_night:
        return "first_text_at_night is off"
    for zone in zones:
        law = law_of(policy.packs, place.areas, picture.now.astimezone(zone).date())
        for entry in law.entries:
            if not entry.first_at_night:
                return f"{entry.name} lets not even the first text go at night"
    since_s = (picture.now - picture.case.opened_at).total_seconds()
    if since_s > AT_ONCE_S:
        return f"the call ended {spell(since_s)} ago"
    if picture.retried:
        return "it was tried before"
    if faults := unfit(picture):
        return f"at night a first text is plain words of service, and this one {faults[0]}"
    return None


def _opens(now: datetime, zones: Zones, packs: tuple[str, ...], place: Place) -> datetime | None:
    """The first moment from *now* on at which all zones allow texts; None if none does soon."""
    moment, limit = now, now + _LOOK_AHEAD
    while moment <= limit:
        later = max(_next(moment, zone, packs, place) for zone in zones)
        if later == moment:
            return moment
        moment = later
    return None


def _next(moment: datetime, zone: ZoneInfo, packs: tuple[str, ...], place: Place) -> datetime:
    """The first moment from *moment* on at which one zone allows texts."""
    local = moment.astimezone(zone)
    day, minute = local.date(), local.hour * 60 + local.minute
    for ahead in range(_LOOK_AHEAD.days + 1):
        that_day = day + timedelta(days=ahead)
        hours: Hours = law_of(packs, place.areas, that_day).hours[that_day.weekday()]
        if hours is None or (ahead == 0 and minute >= hours[1]):
            continue
        if ahead == 0 and minute >= hours[0]:
            return moment
        start = time(hours[0] // 60, hours[0] % 60)
        return datetime.combine(that_day, start, zone).astimezone(moment.tzinfo)
    return moment + _LOOK_AHEAD + timedelta(microseconds=1)


def _spread(picture: Picture, opens: datetime, zones: Zones, place: Place) -> datetime:
    """A moment soon after the opening, always the same for one case and step."""
    share = crc32(f"{picture.case.id}/{picture.step}".encode()) % JITTER_S
    moment = opens + timedelta(seconds=share)
    fits = _opens(moment, zones, picture.policy.packs, place) == moment
    return moment if fits else opens


def _clocks(now: datetime, zones: Zones) -> dict[str, str]:
    return {str(zone): _clock(now.astimezone(zone)) for zone in zones}


def _clock(local: datetime) -> str:
    """``2026-03-02 09:00 -0700``; a format of `strftime` takes four times as long."""
    told = local.isoformat(" ", "minutes")
    return f"{told[:16]} {told[16:].replace(':', '')}"


def _told(now: datetime, zones: Zones, clocks: Mapping[str, str]) -> str:
    """The time as people say it: ``21:30 in Denver``; of several zones, the first and the last."""
    if len(zones) > 1:
        zones = tuple(sorted(zones, key=lambda zone: now.astimezone(zone).utcoffset() or _NOT))
    names = map(str, zones)
    told = list(dict.fromkeys(f"{clocks[name][11:16]} in {_city(name)}" for name in names))
    return told[0] if len(told) == 1 else f"{told[0]} or {told[-1]}"


def _city(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")
