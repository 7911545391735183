"""So many texts and no more: to one caller, of one client in an hour, and for one day's money.

What comes to one caller is counted over any 24 hours, and any seven days where a pack says so.
What a client sends is counted by the hour and by its own day.  A decision that was made on an older
count is not committed, so that two processes can't both take the last one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import hold, send, suppress
from textback.rules.packs import law_of
from textback.rules.places import place_of
from textback.words import counted

NAME = "caps"
VERSION = 1

_DAY, _WEEK, _HOUR = timedelta(days=1), timedelta(days=7), timedelta(hours=1)


def judge(picture: Picture) -> Verdict:
    """Hold or suppress a text that would be one too many."""
    if picture.channel == "email" or picture.to is None:
        return send(NAME, "only texts are counted")
    if picture.kind in (Kind.CONFIRMATION, Kind.HELP):
        return send(NAME, "the caller has just asked for this text")
    policy = picture.policy
    if policy.mode == "test" and picture.to in policy.test_phones:
        return send(NAME, "test_phones may be texted as often as they like in test mode")
    return _of_caller(picture, picture.to) or _of_client(picture) or send(NAME, "few texts so far")


def _of_caller(picture: Picture, to: str) -> Verdict | None:
    if picture.kind is Kind.REPLY:
        return None  # a person writes, and the caller's own words are being answered
    policy, history = picture.policy, picture.history
    law = law_of(policy.packs, place_of(to).areas, picture.now.date())
    daily = [cap for cap in (policy.per_caller_day or None, law.per_day) if cap is not None]
    for sent, cap, since, span, told in (
        (history.texts_in_day, min(daily, default=None), history.day_from, _DAY, "24 hours"),
        (history.texts_in_week, law.per_week, history.week_from, _WEEK, "seven days"),
    ):
        if cap is not None and sent >= cap:
            because = f"the caller got {counted(sent, 'text')} in {told}; {cap} is the most"
            saw = {"sent": sent, "cap": cap}
            if picture.kind is Kind.FIRST or since is None:
                return suppress(NAME, because, **saw)
            return hold(NAME, since + span, because, **saw)
    return None


def _of_client(picture: Picture) -> Verdict | None:
    policy, history = picture.policy, picture.history
    if policy.per_hour and picture.kind is not Kind.REPLY:
        saw = {"in_hour": history.client_in_hour, "per_hour": policy.per_hour}
        if history.client_in_hour >= policy.per_hour:
            because = (
                f"{history.client_in_hour} texts went in this hour; {policy.per_hour} is the most"
            )
            return hold(NAME, _next_hour(picture.now), because, **saw)
    if policy.segments_per_day is None:
        return None
    parts = max(picture.segments, 1)
    saw = {"segments": history.client_segments, "segments_per_day": policy.segments_per_day}
    if history.client_segments + parts <= policy.segments_per_day:
        return None
    because = (
        f"the texts of the day are billed as {history.client_segments} parts; "
        f"spend_per_day pays for {policy.segments_per_day}"
    )
    if picture.kind is Kind.FOLLOW_UP:
        return hold(NAME, _next_day(picture), because, **saw)
    return suppress(NAME, because, **saw)


def _next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + _HOUR


def _next_day(picture: Picture) -> datetime:
    local = picture.now.astimezone(picture.policy.zone)
    midnight = datetime.combine(local.date() + _DAY, datetime.min.time(), local.tzinfo)
    return midnight.astimezone(picture.now.tzinfo)
