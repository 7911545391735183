"""The tables, declared once for SQLite and Postgres.

Every key begins with the client, so that tables can be partitioned by it; ``*`` stands for the
whole deployment.  Times are microseconds in UTC, durations milliseconds, numbers E.164, structured
values JSON text.  The statements that run for each call are written out in the modules beside this
one; migrations and copies use these declarations.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData()


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _int(name: str, *, null: bool = False, default: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=null, server_default=default)


clients = Table(
    "clients",
    metadata,
    _text("client"),
    _int("first_seen"),
    _int("retired_at", null=True),
    PrimaryKeyConstraint("client"),
    Index(
        "clients_retired",
        "client",
        sqlite_where=text("retired_at IS NOT NULL"),
        postgresql_where=text("retired_at IS NOT NULL"),
    ),
)

subjects = Table(  # a call or a case; its lease says who advances it
    "subjects",
    metadata,
    _text("client"),
    _text("subject"),
    _text("owner", null=True),
    _int("lease_until", default="0"),
    _int("generation", default="0"),
    PrimaryKeyConstraint("client", "subject"),
    Index(
        "subjects_leased",
        "lease_until",
        sqlite_where=text("lease_until > 0"),
        postgresql_where=text("lease_until > 0"),
    ),
)

inbox = Table(  # every verified event, once
    "inbox",
    metadata,
    _text("client"),
    _text("plugin"),
    _text("key"),
    _text("subject", null=True),
    _text("kind"),
    _int("at"),
    _int("received_at"),
    _text("body"),
    PrimaryKeyConstraint("client", "plugin", "key"),
    Index("inbox_by_subject", "client", "subject"),
)

calls = Table(
    "calls",
    metadata,
    _text("client"),
    _text("call_id"),
    _text("same_as", null=True),  # another source told of this call first
    _text("caller", null=True),
    _text("caller_raw"),
    _text("caller_name", null=True),
    _text("line", null=True),
    _int("started_at"),
    _int("ended_at", null=True),
    _text("outcome", null=True),
    _int("duration_ms", null=True),
    _text("recording_url", null=True),
    _text("evidence"),
    _text("case_id", null=True),
    _text("end_state", null=True),
    _text("because"),
    PrimaryKeyConstraint("client", "call_id"),
    Index("calls_by_caller", "client", "caller", "started_at"),
    Index("calls_by_case", "client", "case_id"),
)

cases = Table(
    "cases",
    metadata,
    _text("client"),
    _text("case_id"),
    _text("number", null=True),
    _text("line", null=True),
    _int("opened_at"),
    _int("last_at"),  # when anything last happened
    _text("caller"),  # JSON: who, as identified
    _text("email", null=True),  # the caller's address in lower case, to find the case by
    _text("outcome", null=True),
    _text("end_state", null=True),
    _text("because"),
    _int("held_until", null=True),
    _int("calls", default="0"),
    _int("replies", default="0"),
    _int("closed_at", null=True),
    _text("closed_because", null=True),
    PrimaryKeyConstraint("client", "case_id"),
    Index(
        "cases_one_open",
        "client",
        "number",
        unique=True,
        sqlite_where=text("closed_at IS NULL AND number IS NOT NULL"),
        postgresql_where=text("closed_at IS NULL AND number IS NOT NULL"),
    ),
    Index("cases_by_number", "client", "number", "opened_at"),
    Index(
        "cases_by_email",
        "client",
        "email",
        "opened_at",
        sqlite_where=text("email IS NOT NULL"),
        postgresql_where=text("email IS NOT NULL"),
    ),
    Index("cases_by_time", "opened_at"),
    Index("cases_by_id", "case_id"),
)

steps = Table(  # outbox, checkpoint and timer in one
    "steps",
    metadata,
    _text("client"),
    _text("subject"),
    _text("name"),
    _text("state"),  # waiting, running, done, cancelled, parked
    _int("due_at", null=True),  # when to look at it; null: never by itself
    _text("after", null=True),  # the step whose first result brings this one forward
    _int("attempts", default="0"),
    _text("detail"),
    _text("result", null=True),
    _text("error", null=True),
    _int("updated_at"),
    PrimaryKeyConstraint("client", "subject", "name"),
    Index(
        "steps_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "steps_held",
        "client",
        sqlite_where=text("state = 'waiting' AND due_at IS NULL"),
        postgresql_where=text("state = 'waiting' AND due_at IS NULL"),
    ),
    Index(
        "steps_running",
        "state",
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    Index(
        "steps_parked",
        "state",
        sqlite_where=text("state = 'parked'"),
        postgresql_where=text("state = 'parked'"),
    ),
)

texts = Table(
    "texts",
    metadata,
    _text("client"),
    _text("text_id"),
    _text("case_id", null=True),
    _text("step", null=True),
    _text("kind"),
    _text("direction"),  # out, in
    _text("channel"),
    _text("number"),
    _text("line", null=True),
    _text("address", null=True),  # of an e-mail: the caller's
    _text("subject", null=True),
    _text("body"),
    _text("state"),
    Column("rank", Integer, nullable=False),  # of the state: it only grows
    _text("plugin", null=True),
    _text("provider_id", null=True),
    _int("at"),  # of the intent, or of receipt
    _int("state_at"),
    _text("reason", null=True),
    _text("error", null=True),
    Column("segments", Integer, nullable=False),
    _text("media"),
    PrimaryKeyConstraint("client", "text_id"),
    Index("texts_by_case", "client", "case_id"),
    Index("texts_by_provider", "client", "plugin", "provider_id"),
    Index("texts_by_number", "client", "number", "at"),
)

team_texts = Table(  # notices to staff phones: what an answer from there is about
    "team_texts",
    metadata,
    _text("client"),
    _text("text_id"),
    _text("number"),  # of the staff phone
    _text("case_id", null=True),  # null: a question of ours about which case was meant
    _text("plugin"),
    _text("state"),
    _text("provider_id", null=True),
    _int("at"),
    PrimaryKeyConstraint("client", "text_id"),
    Index("team_texts_by_number", "client", "number", "at"),
    Index("team_texts_by_case", "client", "case_id"),
)

contacts = Table(  # one row a number: the version that decisions compare, and the embedded CRM
    "contacts",
    metadata,
    _text("client"),
    _text("number"),
    _int("version", default="0"),
    _text("name", null=True),
    _text("email", null=True),
    _text("stage", null=True),
    _text("tags", null=True),
    _text("fields", null=True),
    _int("created_at", null=True),  # null: only the version is kept
    _int("updated_at", null=True),
    PrimaryKeyConstraint("client", "number"),
)

contact_log = Table(
    "contact_log",
    metadata,
    _text("client"),
    _text("number"),
    _text("key"),
    _int("at"),
    _text("entry"),
    PrimaryKeyConstraint("client", "number", "key"),
)

crm_refs = Table(
    "crm_refs",
    metadata,
    _text("client"),
    _text("plugin"),
    _text("kind"),  # contact, deal
    _text("number"),
    _text("ref"),
    _text("url", null=True),
    PrimaryKeyConstraint("client", "plugin", "kind", "number"),
)

suppressions = Table(  # by keyed hash of a number or an e-mail address, which outlives both
    "suppressions",
    metadata,
    _text("client"),
    _text("number_hash"),
    _text("reason"),
    _text("number", null=True),
    _int("since"),
    _text("evidence"),
    PrimaryKeyConstraint("client", "number_hash", "reason"),
)

consents = Table(  # the latest of each basis, and when all was withdrawn; the ledger has the rest
    "consents",
    metadata,
    _text("client"),
    _text("number_hash"),
    _text("basis"),
    _int("at"),
    _text("evidence"),
    PrimaryKeyConstraint("client", "number_hash", "basis"),
)

bookings = Table(
    "bookings",
    metadata,
    _text("client"),
    _text("plugin"),
    _text("booking"),
    _text("case_id", null=True),
    _int("starts_at", null=True),  # null: only its cancellation was told
    _int("ends_at", null=True),
    _text("title"),
    _int("cancelled", default="0"),
    _int("told_at", default="0"),  # when it was last made or moved, by the tool's clock; 0: never
    _text("replaced_by", null=True),  # the one in its place; empty: there is one, not yet known
    PrimaryKeyConstraint("client", "plugin", "booking"),
)

plugin_state = Table(
    "plugin_state",
    metadata,
    _text("client"),
    _text("plugin"),
    _text("key"),
    _text("value"),
    _int("expires_at", null=True),
    PrimaryKeyConstraint("client", "plugin", "key"),
)

pauses = Table(
    "pauses",
    metadata,
    _text("client"),
    _text("because"),
    _int("since"),
    PrimaryKeyConstraint("client"),
)

counters = Table(  # for the caps of a client: never a number in it
    "counters",
    metadata,
    _text("client"),
    _text("name"),  # texts, segments
    _text("period"),  # an hour in UTC, or a day of the client
    _int("since"),
    _int("count"),
    PrimaryKeyConstraint("client", "name", "period"),
)

ledger = Table(  # append-only; the content can be erased without breaking the chain
    "ledger",
    metadata,
    _text("client"),
    _text("entry"),
    _int("at"),
    _text("kind"),
    _text("subject"),
    _text("number_hash", null=True),
    _text("salt", null=True),
    _text("content", null=True),
    _text("digest"),
    _int("seq", null=True),  # null until sealed
    _text("chain", null=True),
    PrimaryKeyConstraint("client", "entry"),
    Index("ledger_by_seq", "client", "seq", unique=True),
    Index("ledger_by_subject", "client", "subject"),
    Index("ledger_by_number", "client", "number_hash"),
    Index(
        "ledger_unsealed",
        "at",
        sqlite_where=text("seq IS NULL"),
        postgresql_where=text("seq IS NULL"),
    ),
)
