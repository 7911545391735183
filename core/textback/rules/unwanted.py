"""Who is no customer: spam, calls that end as soon as they begin, numbers of places not served.

People whom a CRM knows, and VIPs, are texted whatever their number looks like.
"""

from __future__ import annotations

from textback.model import Kind
from textback.phones import costs_extra, region_of
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress

NAME = "unwanted"

SHORT_CALLS = 4  # in a day, each of them over within `SHORT_S`
SHORT_S = 3


def judge(picture: Picture) -> Verdict:
    """Suppress first texts and follow-ups to numbers that nobody would want to text."""
    caller, to, regions = picture.caller, picture.to, picture.policy.regions
    if picture.kind not in (Kind.FIRST, Kind.FOLLOW_UP) or picture.channel == "email" or to is None:
        return send(NAME, "only first texts and follow-ups are kept from unwanted callers")
    if caller.line_type == "landline":
        return suppress(NAME, "a lookup says that the number is a landline", line_type="landline")
    if caller.known or picture.vip:
        return send(NAME, "the caller is known to the business")
    score, short = caller.spam_score, picture.history.short_calls
    saw: dict[str, object] = {"spam_score": score, "short_calls": short}
    if score is not None and score >= picture.policy.spam_score:
        return suppress(NAME, f"a lookup takes the number for spam ({score:.2f} of 1)", **saw)
    if short >= SHORT_CALLS:
        return suppress(
            NAME, f"{short} calls within a day ended in less than {SHORT_S} seconds", **saw
        )
    region = region_of(to)
    saw |= {"region": region}
    if regions and region is not None and region not in regions:
        served = ", ".join(sorted(regions))
        return suppress(NAME, f"the number is of {region}; regions has {served}", **saw)
    if costs_extra(to):
        return suppress(NAME, "texts to this number cost more than others", **saw)
    return send(NAME, "nothing is wrong with the number", **saw)
