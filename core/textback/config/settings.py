"""What the files of a deployment may say, as frozen classes; the reference page is made from them.

Every setting has its description in the metadata ``help`` (one sentence), which also goes into the
JSON Schema.  Durations are written ``"90s"``, ``"15m"``, ``"2h"``, ``"1d"``.  A validator looks at
one value; what concerns several belongs in ``__attrs_post_init__``.  Both raise `ValueError` in
words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import attrs
from attrs import validators

from textback.config.fields import are_languages, is_language
from textback.config.fields import given as given  # noqa: PLC0414 (plugins take these from here)
from textback.config.fields import setting as setting  # noqa: PLC0414
from textback.config.places import Hours, Location, ToldWhen, When
from textback.config.references import References
from textback.config.secrets import Secret
from textback.model import PhoneNumber


def _is_positive(_: object, __: object, value: timedelta) -> None:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")


def _is_address(_: object, __: object, value: str | None) -> None:
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^\s:/]+):(\d{1,5})", value or "127.0.0.1:0")
    if found is None or int(found[2]) > 65_535:
        raise ValueError('must be HOST:PORT, e.g. "127.0.0.1:8000"')


def _is_visible(_: object, __: object, value: str) -> None:
    if not value.strip():
        raise ValueError("must not be empty: callers and the team read it")


def _is_url(_: object, __: object, value: str) -> None:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise ValueError('must be a web address, e.g. "https://hooks.agency.example"')


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class PluginTable:
    """``[plugins.NAME]`` of a client's file: which plugin, in which roles, with which settings.

    Attributes:
        settings: As written, ``${NAME}`` included: secrets are looked up when a stack is built.
        references: Where ``${NAME}`` comes from.
        region: Where phone numbers without a country code are taken to be.
    """

    name: str
    use: str
    roles: tuple[str, ...] | None  # None: all that it implements
    was: tuple[str, ...]
    settings: Mapping[str, Any] = attrs.field(repr=False)  # may hold secrets
    file: str  # for messages
    references: References = attrs.field(factory=References, repr=False, eq=False)
    region: str | None = None


@attrs.frozen(kw_only=True)
class Wording:
    """``[[text]]``: the first text; of several, the first that fits the situation."""

    body: str = setting("Template of the text; {{ first_name }} and the like leave no hole.")
    when: When = setting("In which situations; in all, if not set.", factory=When)
    language: str | None = setting(
        'For callers who speak it, e.g. "es" or "es-MX"; for all, if not set.',
        default=None,
        validator=is_language,
    )


@attrs.frozen(kw_only=True)
class Answer:
    """``[[answer]]``: our answer to STOP or HELP, where the provider doesn't give its own."""

    to: Literal["stop", "help"] = setting("What is answered.")
    body: str = setting("Template of the answer.")
    language: str | None = setting(
        'For callers who speak it, e.g. "es"; for all, if not set.',
        default=None,
        validator=is_language,
    )


@attrs.frozen(kw_only=True)
class LeadRule:
    """``[[lead]]``: what CRMs are told; of several, the first that fits the situation."""

    when: When = setting("In which situations; in all, if not set.", factory=When)
    tag: str | None = setting("Tag that the contact gets.", default=None)
    pipeline: str | None = setting("Pipeline of the deal.", default=None)
    stage: str | None = setting("Stage of the contact or deal.", default=None)
    owner: str | None = setting("Who owns the contact in the CRM.", default=None)
    fields: Mapping[str, str] = setting("Custom fields and their values.", factory=dict)


@attrs.frozen(kw_only=True)
class NotifyRule:
    """``[[notify]]``: who of the team is told; without any, every notifier is told everything."""

    to: tuple[str, ...] = setting(
        'The plugin tables that tell it, e.g. ["slack", "email"].',
        validator=validators.min_len(1),
    )
    when: ToldWhen = setting(
        "In which situations; if not set, of what none with a `when` is for.", factory=ToldWhen
    )

    @property
    def fallback(self) -> bool:
        """Whether it is for what no other is for."""
        return self.when == ToldWhen()


@attrs.frozen(kw_only=True)
class Registration:
    """``[registration]``: that US carriers know who texts; see `textback registration`."""

    id: str = setting("The campaign's or verification's id at the provider.", validator=_is_visible)
    sheet: str | None = setting(
        "The description as it was handed in: a file, relative to textback.toml.", default=None
    )


@attrs.frozen(kw_only=True)
class FollowUp:
    """``[[follow_up]]``: one more text or e-mail, if nothing was heard."""

    after: timedelta = setting(
        'How long after the first text, e.g. "2h" or "1d".', validator=_is_positive
    )
    body: str = setting("Template of the text.")
    translations: Mapping[str, str] = setting(
        'The template for callers who speak another language, e.g. { es = "..." }.',
        factory=dict,
        validator=are_languages,
    )
    channel: Literal["sms", "email"] = setting(
        "How it is sent; by e-mail only if an address is known when it is due.", default="sms"
    )
    subject: str = setting("Template of an e-mail's subject.", default="About your call")


@attrs.frozen(kw_only=True)
class RulesSettings:
    """``[rules]``: which rules of law and trade texts keep to; see the reference of the rules."""

    packs: tuple[str, ...] = setting(
        'Rule packs by name; "recipient" stands for those of every place where the caller may be.',
        default=("recipient",),
    )


@attrs.frozen(kw_only=True)
class Caps:
    """``[caps]``: how many texts go at the most."""

    per_caller_day: int = setting(
        "First texts and follow-ups to one caller in 24 hours; 0: no cap.",
        default=3,
        validator=validators.ge(0),
    )
    per_hour: int = setting(
        "Texts of the client in an hour, but for answers and what the team writes; 0: no cap.",
        default=0,
        validator=validators.ge(0),
    )
    spend_per_day: float | None = setting(
        "What the texts of one day may cost, by segment_price; no cap if not set.",
        default=None,
        validator=validators.optional(validators.gt(0)),
    )


@attrs.frozen(kw_only=True)
class Client:
    """One business whose missed calls are answered by text; its file is ``clients/{id}.toml``."""

    id: str = given()
    file: str = given()
    name: str = setting("The business's name, as callers know it.", validator=_is_visible)
    time_zone: ZoneInfo = setting('Where the business is, e.g. "America/Denver".')
    lines: tuple[PhoneNumber, ...] = setting(
        "The phone numbers whose missed calls are answered; calls to others are left alone.",
        validator=validators.min_len(1),
    )
    mode: Literal["test", "shadow", "live"] = setting(
        "test: only test_phones are texted; shadow: nobody is; live: callers are.", default="test"
    )
    test_phones: tuple[PhoneNumber, ...] = setting(
        "Numbers that are texted in test mode, as often as they call.", default=()
    )
    staff_phones: tuple[PhoneNumber, ...] = setting(
        "Numbers of the team; they are never texted as callers.", default=()
    )
    vip_phones: tuple[PhoneNumber, ...] = setting(
        "Numbers of callers for whom `when = { vip = true }` holds; a CRM may know more.",
        default=(),
    )
    language: str = setting(
        "What callers speak of whom it isn't known.", default="en", validator=is_language
    )
    hours: Hours | None = setting(
        "When the business is open; nobody asks if not set.", default=None
    )
    location: tuple[Location, ...] = setting("Places of a business that has several.", default=())
    contact: str = setting(
        "Phone number or address that the answer to HELP names; the line called if not set.",
        default="",
    )
    opt_out_scope: Literal["client", "deployment"] = setting(
        "client: an opt-out counts for this client; deployment: for all clients of this one.",
        default="client",
    )
    cool_down: timedelta = setting(
        "A caller gets at most one first text in this time.",
        default=timedelta(hours=24),
    )
    max_age: timedelta = setting(
        "A call that ended longer ago is recorded and told to the team, but not texted.",
        default=timedelta(minutes=15),
    )
    idle_after: timedelta = setting(
        "A case is closed when nothing happened for so long after its last follow-up.",
        default=timedelta(days=7),
    )
    segment_price: float | None = setting(
        "What one text of 160 characters costs, for `check` to say what longer ones do.",
        default=None,
        validator=validators.optional(validators.ge(0)),
    )
    identify_within_s: float = setting(
        "Seconds that finding out who called may take before the text goes without it.",
        default=0.6,
        validator=[validators.gt(0), validators.le(10)],
    )
    first_text_at_night: bool = setting(
        "The first text goes at night, too, if it goes within a minute of the call.", default=True
    )
    wait_before_text: timedelta = setting(
        "So long after a call the first text waits; who is spoken with meanwhile gets none.",
        default=timedelta(0),
        validator=validators.ge(timedelta(0)),
    )
    text_hours: Literal["always", "open", "closed"] = setting(
        "Whether first texts go only after calls at which the business was open, or closed.",
        default="always",
    )
    regions: tuple[str, ...] = setting(
        'Countries whose numbers are texted, e.g. ["US", "CA"]; those of the lines if not set.',
        default=(),
    )
    spam_score: float = setting(
        "Unknown callers whom a lookup gives so much, of 1, are not texted.",
        default=0.8,
        validator=[validators.gt(0), validators.le(1)],
    )
    rules: RulesSettings = setting(
        "Which rules of law and trade texts keep to.", factory=RulesSettings
    )
    caps: Caps = setting("How many texts go at the most.", factory=Caps)
    text: tuple[Wording, ...] = setting(
        "The first text: the first of these that fits; the built-in one if none does.", default=()
    )
    answer: tuple[Answer, ...] = setting(
        "Our answers to STOP and HELP; the built-in ones if not set.", default=()
    )
    lead: tuple[LeadRule, ...] = setting(
        "What CRMs are told: the first of these that fits.", default=()
    )
    notify: tuple[NotifyRule, ...] = setting(
        "Who of the team is told: all of these that fit; every notifier if not set.", default=()
    )
    follow_up: tuple[FollowUp, ...] = setting("Later texts, in their order.", default=())
    registration: Registration | None = setting(
        "That the US lines may text; without it a client with such lines can't be live.",
        default=None,
    )
    unregistered: bool = setting(
        "Be live with US lines that aren't registered; the ledger keeps that you said so.",
        default=False,
    )
    was: tuple[str, ...] = setting("Earlier names of this client's file.", default=())
    plugins: Mapping[str, PluginTable] = setting(
        "The stack, in order of preference; see each plugin's page.", factory=dict
    )

    def __attrs_post_init__(self) -> None:
        if self.caps.spend_per_day is not None and not self.segment_price:
            raise ValueError("caps.spend_per_day needs segment_price, what one text costs")

    def location_of(self, line: PhoneNumber) -> Location | None:
        """Where a line rings, if the file says so."""
        return next((each for each in self.location if line in each.lines), None)


@attrs.frozen(kw_only=True)
class Server:
    """``[server]``: where textback listens."""

    public_url: str = setting(
        'The address that providers reach, e.g. "https://hooks.agency.example".',
        validator=_is_url,
        converter=_without_slash,
    )
    listen: str = setting(
        "Address and port for webhooks.", default="127.0.0.1:8000", validator=_is_address
    )
    admin_listen: str | None = setting(
        "Address and port for metrics; the same as listen if not set.",
        default=None,
        validator=_is_address,
    )


@attrs.frozen(kw_only=True)
class StoreSettings:
    """``[store]``: where everything is remembered."""

    url: str = setting(
        "sqlite:///FILE, relative to textback.toml; or postgresql://USER:PASSWORD@HOST/DATABASE"
        " for several processes and machines, the password as a reference to the environment.",
        default="sqlite:///textback.db",
        repr=False,
    )
    queue: Literal["pgqueuer", "notify"] = setting(
        "How processes on a Postgres store wake each other; the same for all of them.",
        default="pgqueuer",
    )
    key: Secret | None = setting(
        "Keys the hashes of phone numbers; without it no client can be live.", default=None
    )


@attrs.frozen(kw_only=True)
class LogSettings:
    """``[log]``: what is written about the work."""

    format: Literal["console", "json"] = setting(
        "console for people, json for machines.", default="console"
    )
    level: Literal["debug", "info", "warning", "error"] = setting(
        "The least that is written.", default="info"
    )


@attrs.frozen(kw_only=True)
class Retention:
    """``[retention]``: how long `textback prune` leaves what is remembered."""

    raw_events: timedelta = setting(
        "What providers told, word for word.", default=timedelta(days=30), validator=_is_positive
    )
    bodies: timedelta = setting(
        "What texts said, and where pictures and recordings are.",
        default=timedelta(days=90),
        validator=_is_positive,
    )
    evidence: timedelta = setting(
        "Calls, cases, texts, and why each was decided as it was.",
        default=timedelta(days=1825),
        validator=_is_positive,
    )
    suppressions: timedelta = setting(
        "Numbers that may not be texted.", default=timedelta(days=3650), validator=_is_positive
    )


@attrs.frozen(kw_only=True)
class Limits:
    """``[limits]``: how much is taken on at once, so that a flood harms nobody else."""

    connections: int = setting(
        "Open connections; for one more, the one that has waited longest is closed.",
        default=15_000,
        validator=validators.ge(10),
    )
    webhooks_of_client: int = setting(
        "Webhooks of one client that are being read and stored; more are answered 503.",
        default=200,
        validator=validators.ge(1),
    )
    work_of_client: int = setting(
        "Calls and cases of one client that are worked on; more wait for their turn.",
        default=100,
        validator=validators.ge(1),
    )
    commits: int = setting(
        "Units that wait for their commit; with more, webhooks are answered 503.",
        default=2_000,
        validator=validators.ge(1),
    )
    commit_age: timedelta = setting(
        "How long the oldest of them may have waited; after that, webhooks are answered 503.",
        default=timedelta(seconds=5),
        validator=_is_positive,
    )


@attrs.frozen(kw_only=True)
class Deployment:
    """``textback.toml``: one installation."""

    directory: Path = given()
    server: Server = setting("Where textback listens.")
    store: StoreSettings = setting("Where everything is remembered.", factory=StoreSettings)
    log: LogSettings = setting("What is written about the work.", factory=LogSettings)
    limits: Limits = setting("How much is taken on at once.", factory=Limits)
    retention: Retention = setting("How long what is remembered is kept.", factory=Retention)
    defaults: Mapping[str, Any] = setting(
        "Any setting of a client, for all clients that don't set it.", factory=dict, repr=False
    )
    plugins: Mapping[str, PluginTable] = setting(
        "Plugins of the whole deployment: they resolve secrets and observe.", factory=dict
    )
