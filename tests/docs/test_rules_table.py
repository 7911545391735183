"""The page on rules shows what each rule answers; if it doesn't, it is rewritten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest

from textback.model import Basis, Caller, Case, Consent, Kind, Outcome, PhoneNumber
from textback.picture import Action, History, Picture, Policy, Suppression, Verdict
from textback.rules import RULES
from textback.rules.packs import everything

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"
WORDS = (
    "Hi Anna, this is Bright Smile Dental. Sorry we missed your call. How can we help? "
    "Reply STOP to opt out"
)
POLICY = Policy(
    client="bright-smile",
    name="Bright Smile Dental",
    mode="live",
    lines=frozenset({PhoneNumber("+13035550100")}),
    test_phones=frozenset({PhoneNumber("+13035550150")}),
    staff_phones=frozenset({PhoneNumber("+13035550160")}),
    cool_down_s=86_400,
    max_age_s=900,
    zone=ZoneInfo("America/Denver"),
    regions=frozenset({"US", "CA", "GB", "DE"}),
    per_caller_day=3,
)
DENVER, TEXAS, FLORIDA, KEYS = "+13035550123", "+12145550123", "+13055550123", "+18505550123"
NOON = "2026-03-02 12:00 America/Denver"
Situation = tuple[str, str, Picture]
SITUATIONS: list[Situation] = []


def situation(rule: str, words: str, at: str = NOON, to: str | None = DENVER, **known: Any) -> None:
    """One line of the table: a text that nothing speaks against but what is *known*."""
    moment, _, zone = at.rpartition(" ")
    now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    ago = timedelta(seconds=known.pop("ago_s", 5))
    policy = attrs.evolve(POLICY, **known.pop("policy", {}))
    number = PhoneNumber(to) if to else None
    outcome = known.pop("outcome", Outcome.NO_ANSWER)
    case = Case(
        id="c1",
        client=policy.client,
        number=number,
        line=PhoneNumber("+13035550100"),
        opened_at=now - ago,
        outcome=outcome,
    )
    kind = known.pop("kind", Kind.FIRST)
    picture = Picture(
        now=now,
        kind=kind,
        step="follow_up/1" if kind is Kind.FOLLOW_UP else "text/1",
        policy=policy,
        case=case,
        to=number,
        call_ended_at=now - ago,
        **{"body": WORDS, "segments": 1, **known},
    )
    where = f"{to or 'nobody'}, " if to != DENVER else ""
    when = "" if at == NOON else f", {moment[:16]} {zone.rpartition('/')[2].replace('_', ' ')}"
    SITUATIONS.append((rule, f"{where}{words}{when}", picture))


def ago(**time: int) -> datetime:
    """A moment before noon."""
    return datetime(2026, 3, 2, 19, 0, tzinfo=UTC) - timedelta(**time)


def _who() -> None:
    out = Suppression(scope="bright-smile", reason="opt_out", since=ago(days=3))
    block = Suppression(scope="*", reason="block", since=ago(days=3))
    tester, owner = "+13035550150", "+13035550160"
    situation("textable", "first text")
    situation("textable", "withheld number", to=None)
    situation("textable", "own line", to="+13035550100")
    situation("suppressed", "opted out, first text", suppressions=(out,))
    situation("suppressed", "opted out, team writes", suppressions=(out,), kind=Kind.REPLY)
    situation("suppressed", "opted out, confirmation", suppressions=(out,), kind=Kind.CONFIRMATION)
    doubt = Suppression(scope="bright-smile", reason="maybe_opt_out", since=ago(days=3))
    situation("suppressed", "may have opted out, first text", suppressions=(doubt,))
    situation(
        "suppressed", "may have opted out, team writes", suppressions=(doubt,), kind=Kind.REPLY
    )
    situation("suppressed", "blocked for all clients", suppressions=(block,))
    situation("suppressed", "of the team", to=owner)
    situation("suppressed", "CRM says no", caller=Caller(do_not_text="marked in the CRM"))
    situation("mode", "live client")
    situation("mode", "client in test mode", policy={"mode": "test"})
    situation("mode", "its tester", to=tester, policy={"mode": "test"})
    situation("mode", "client in shadow mode", policy={"mode": "shadow"})
    situation("unwanted", "nothing known")
    situation("unwanted", "spam score 0.93", caller=Caller(spam_score=0.93))
    situation("unwanted", "spam score 0.93, known", caller=Caller(spam_score=0.93, known=True))
    situation("unwanted", "spam score 0.79", caller=Caller(spam_score=0.79))
    situation("unwanted", "fourth short call", history=History(short_calls=4))
    situation("unwanted", "landline by lookup", caller=Caller(line_type="landline", known=True))
    situation("unwanted", "country not in regions", to="+33612345678")
    situation("unwanted", "premium number", to="+449098790000")
    situation("unwanted", "country not in regions, VIP", to="+33612345678", vip=True)


def _when() -> None:
    situation("reached", "nobody spoke since")
    situation("reached", "rang back since", history=History(reached_at=ago(minutes=1)))
    for hours, wanted in (("open", "open"), ("closed", "open"), ("holiday", "closed")):
        words = f"call while {hours}, text_hours {wanted}"
        situation("business_hours", words, hours=hours, policy={"text_hours": wanted})
    situation(
        "business_hours", "VIP, closed", hours="closed", vip=True, policy={"text_hours": "open"}
    )
    situation("too_old", "call 14 minutes ago", ago_s=840)
    situation("too_old", "call 16 minutes ago", ago_s=960)
    situation("cool_down", "texted 23 hours ago", history=History(first_text_at=ago(hours=23)))
    situation("cool_down", "texted 25 hours ago", history=History(first_text_at=ago(hours=25)))
    situation("wait", "wait of 30 s, call 5 s ago", policy={"wait_s": 30})
    situation("wait", "wait of 30 s, call 31 s ago", policy={"wait_s": 30}, ago_s=31)
    situation("paused", "not paused")
    situation("paused", "paused", paused="moving")


def _ground_and_words() -> None:
    follow = {"kind": Kind.FOLLOW_UP}
    situation("consent", "called just now")
    situation("consent", "follow-up, called 89 days ago", ago_s=89 * 86_400, **follow)
    situation("consent", "follow-up, called 91 days ago", ago_s=91 * 86_400, **follow)
    london = "+447400123456"
    situation("consent", "follow-up, called 31 days ago", to=london, ago_s=31 * 86_400, **follow)
    situation("consent", "follow-up, never called", outcome=None, **follow)
    wrote = History(wrote_at=ago(days=1))
    situation("consent", "follow-up, wrote yesterday", outcome=None, history=wrote, **follow)
    _consents(follow)
    situation("content", "plain words")
    sells = f"{WORDS}. Get a 20% off discount!"
    situation("content", '"20% off"', body=sells)
    situation("content", '"20% off"', to="+61412345678", body=sells)
    situation("content", "no way to opt out", body=WORDS.replace("Reply STOP to opt out", ""))
    situation("content", "no name", body=WORDS.replace("Bright Smile Dental", "the dentist"))
    _later_words(sells, follow)
    care = {"packs": ("recipient", "healthcare")}
    anna = Caller(first_name="Anna")
    situation("content", "health care, caller named", caller=anna, policy=care)
    situation("loop_guard", "third HELP", kind=Kind.HELP, history=History(answers_in_day=2))
    situation("loop_guard", "fourth HELP", kind=Kind.HELP, history=History(answers_in_day=3))
    many = History(replies_in_hour=30)
    situation("loop_guard", "31st reply in an hour", kind=Kind.REPLY, history=many)
    three = History(texts_in_day=3, day_from=ago(hours=20))
    situation("caps", "third in 24 hours", history=attrs.evolve(three, texts_in_day=2))
    situation("caps", "fourth in 24 hours", history=three)
    situation("caps", "fourth in 24 hours, follow-up", history=three, **follow)
    one = History(texts_in_day=1, day_from=ago(hours=4))
    situation("caps", "health care, second, follow-up", history=one, policy=care, **follow)
    hour = {"per_hour": 100}
    situation("caps", "100th of the hour", policy=hour, history=History(client_in_hour=99))
    situation("caps", "101st of the hour", policy=hour, history=History(client_in_hour=100))
    spent, pays = History(client_segments=99), {"segments_per_day": 100}
    situation("caps", "one part, money for one", policy=pays, history=spent)
    situation("caps", "two parts, money for one", policy=pays, history=spent, segments=2)
    situation("caps", "money for none, follow-up", policy=pays, history=spent, segments=2, **follow)
    week = History(texts_in_week=3, week_from=ago(days=5))
    situation("caps", "health care, fourth in a week", history=week, policy=care, **follow)


def _consents(follow: dict[str, Any]) -> None:
    def agreed(basis: Basis, days: int) -> Consent:
        return Consent(basis=basis, at=ago(days=days), evidence="what shows it")

    called = {"ago_s": 91 * 86_400, **follow}
    for days in (539, 541):
        given = History(consents=(agreed(Basis.KEYPRESS, days),))
        situation("consent", f"follow-up, pressed 1 {days} days ago", history=given, **called)
    key = History(consents=(agreed(Basis.KEYPRESS, 91),))
    situation("consent", "follow-up, called and pressed 1 91 days ago", history=key, **called)
    for days in (729, 731):
        given = History(consents=(agreed(Basis.FORM, days),))
        words = f"follow-up, form of {days} days ago"
        situation("consent", words, to="+447400123456", history=given, **called)
    crm = Caller(consent=agreed(Basis.CRM, 30))
    situation("consent", "follow-up, CRM: agreed a month ago", caller=crm, **called)
    tomorrow = Caller(consent=agreed(Basis.CRM, -1))
    situation("consent", "follow-up, CRM: agreed tomorrow", caller=tomorrow, **called)
    out = attrs.evolve(key, withdrawn_at=ago(days=3))
    situation("consent", "follow-up, pressed 1, opted out since", history=out, **called)
    back = attrs.evolve(out, consents=(*out.consents, agreed(Basis.REPLIED, 1)))
    situation("consent", "follow-up, then START yesterday", history=back, **called)


def _later_words(sells: str, follow: dict[str, Any]) -> None:
    situation("content", 'follow-up, "20% off"', body=sells, **follow)
    situation("content", 'follow-up, "20% off"', to="+61412345678", body=sells, **follow)
    situation("content", "follow-up, no name", body="Do you still need us?", **follow)
    toronto = "+14165550123"
    situation("content", "follow-up, no name", to=toronto, body="Still there?", **follow)
    situation("content", "follow-up, bit.ly", body="See bit.ly/x", **follow)
    situation("content", "the team sends bit.ly", body="See bit.ly/x", kind=Kind.REPLY)
    situation("content", 'the team offers "20% off"', body=sells, kind=Kind.REPLY)
    situation("content", 'confirmation with "20% off"', body=sells, kind=Kind.CONFIRMATION)
    situation("content", "{first_name} is left", body=WORDS.replace("Anna", "{first_name}"))
    situation("content", "billed as 4 texts", segments=4)


def _night() -> None:
    follow = {"kind": Kind.FOLLOW_UP}
    rule = "quiet_hours"
    for at in ("07:59", "08:00", "20:59", "21:00"):
        situation(rule, "follow-up", f"2026-03-02 {at} America/Denver", **follow)
    # Clocks go forward on 8 March 2026 and back on 1 November 2026.
    for day in ("2026-03-07", "2026-03-08", "2026-10-31", "2026-11-01"):
        situation(rule, "follow-up", f"{day} 21:30 America/Denver", **follow)
        situation(rule, "follow-up", f"{day} 07:30 America/Denver", **follow)
    for at in ("14:30", "15:30"):  # 8:30 in Denver is 14:30 UTC in summer, 15:30 in winter
        situation(rule, "follow-up", f"2026-03-06 {at} UTC", **follow)
        situation(rule, "follow-up", f"2026-03-09 {at} UTC", **follow)
    for at in ("07:30", "08:30", "20:30"):
        situation(rule, "follow-up", f"2026-03-02 {at} America/New_York", FLORIDA, **follow)
    for at in ("08:30", "09:30", "19:30", "20:30"):  # two zones, New York and Chicago
        situation(rule, "follow-up", f"2026-03-02 {at} America/New_York", KEYS, **follow)
    for number, words in (("+12085550123", "Idaho"), ("+16055550123", "South Dakota")):
        situation(rule, f"follow-up, {words}", "2026-03-02 15:30 UTC", number, **follow)
        situation(rule, f"follow-up, {words}", "2026-03-02 16:30 UTC", number, **follow)
    situation(rule, "follow-up, toll-free", "2026-03-02 15:30 UTC", "+18005550100", **follow)
    situation(rule, "follow-up, toll-free", "2026-03-02 17:30 UTC", "+18005550100", **follow)
    moved = Caller(zone=ZoneInfo("America/New_York"))
    situation(
        rule, "follow-up, CRM: New York", "2026-03-02 06:30 America/Denver", caller=moved, **follow
    )
    # Texas from 1 September 2025: Monday to Saturday from 9, Sunday from 12.
    for at in ("2025-08-31 11:30", "2025-09-01 08:30", "2025-09-01 09:30", "2025-09-07 11:30"):
        situation(rule, "follow-up", f"{at} America/Chicago", TEXAS, **follow)
    situation(rule, "follow-up", "2025-09-07 12:30 America/Chicago", TEXAS, **follow)
    # Florida from 1 July 2021: until 20 in place of 21 o'clock.
    for at in ("2021-06-30 20:30", "2021-07-01 20:30"):
        situation(rule, "follow-up", f"{at} America/New_York", FLORIDA, **follow)
    situation(rule, "first text", "2026-03-02 22:30 America/Toronto", "+14165550123")
    for number, at in (("+447400123456", "20:30 Europe/London"), ("+12505550123", "17:30 UTC")):
        situation(rule, "follow-up", f"2026-03-02 {at}", number, **follow)
    late = "2026-03-02 23:30 America/Denver"
    situation(rule, "first text, 5 s after the call", late)
    situation(rule, "first text, 61 s after the call", late, ago_s=61)
    situation(rule, "first text, tried again", late, retried=True)
    situation(rule, "first text that sells", late, body=f"{WORDS}. Special offers!")
    off = {"first_text_at_night": False}
    situation(rule, "first text, first_text_at_night off", late, policy=off)
    situation(rule, "first text", "2025-08-31 23:30 America/Chicago", TEXAS)
    situation(rule, "first text", "2025-09-01 23:30 America/Chicago", TEXAS)
    situation(rule, "the team writes", late, kind=Kind.REPLY)
    situation(rule, "confirmation of STOP", late, kind=Kind.CONFIRMATION)
    situation(rule, "e-mail", late, channel="email", **follow)


for add in (_who, _when, _ground_and_words, _night):
    add()

ANSWERS = {
    Action.SEND: "yes",
    Action.SHADOW: "only watched",
    Action.HOLD: "not now",
    Action.SUPPRESS: "no",
}
JUDGES: dict[str, Callable[[Picture], Verdict]] = {rule.NAME: rule.judge for rule in RULES}


def situations() -> Iterator[str]:
    """The table of situations, as Markdown."""
    yield "| Rule | Situation | Text? | Why |"
    yield "| --- | --- | --- | --- |"
    for rule, words, picture in sorted(SITUATIONS, key=lambda each: list(JUDGES).index(each[0])):
        verdict = JUDGES[rule](picture)
        until = ""
        if verdict.until is not None:
            assert picture.to is not None
            until = f" until {verdict.until:%Y-%m-%d %H:%M} UTC"
        yield f"| `{rule}` | {words} | {ANSWERS[verdict.action]}{until} | {verdict.because} |"


def packs() -> Iterator[str]:
    """The table of packs, as Markdown."""
    yield "| Entry | Holds | What it says | Verified |"
    yield "| --- | --- | --- | --- |"
    for pack in everything().values():
        for entry in pack.entries:
            since = f"from {entry.since}" if entry.since else "as long as textback exists"
            until = f", until {entry.until}" if entry.until else ""
            says = f"{entry.says} [Source]({entry.source})"
            verified = "yes" if entry.verified else "no"
            yield f"| `{entry.name}` | {since}{until} | {says} | {verified} |"


@pytest.mark.parametrize(("name", "table"), [("packs", packs), ("table", situations)])
def test_the_page_says_what_the_rules_answer(name: str, table: Callable[[], Iterator[str]]) -> None:
    """Each entry of each pack, and each situation with its verdict."""
    page = PAGE.read_text(encoding="utf-8")
    rows = "\n".join(table())

    now = re.sub(
        rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)",
        lambda _: f"\n{rows}\n\n",
        page,
        flags=re.DOTALL,
    )

    if now != page:
        PAGE.write_text(now, encoding="utf-8")
    assert now == page, f"{PAGE.name} was out of date and has been rewritten; look at it"


def test_each_rule_has_a_section_and_situations() -> None:
    """In the order in which the rules are asked."""
    page = PAGE.read_text(encoding="utf-8")

    sections = page.partition("## The rules")[2].partition("## Packs")[0]

    assert sorted(re.findall(r"^### (\w+)$", sections, re.MULTILINE)) == sorted(JUDGES)
    assert {rule for rule, _, _ in SITUATIONS} == set(JUDGES)
    assert len(SITUATIONS) >= 60
