"""Things to hand to a plugin in a test: right in every field, changed where the test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from textback.events import WebhookRequest
from textback.model import (
    Activity,
    ActivityKind,
    Call,
    Case,
    Email,
    Lead,
    Notice,
    NoticeKind,
    Outcome,
    PhoneNumber,
    Text,
    TextState,
)

NOW: Final = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
"""The moment at which a test's clock stands: a Monday morning in Denver."""

LINE: Final = PhoneNumber("+13035550100")
CALLER: Final = PhoneNumber("+13035550123")
ADDRESS: Final = "http://127.0.0.1:8000/hooks/bright-smile"
BODY: Final = "Hi, this is Bright Smile Dental. Sorry we missed your call. Reply STOP to opt out"

_OF_CASE: Final = {"client": "bright-smile", "case": "case1"}


def a_text(**more: Any) -> Text:
    """A first text to `CALLER`."""
    given = {
        "id": "case1-text-1-1",
        **_OF_CASE,
        "to": CALLER,
        "line": LINE,
        "body": BODY,
        "status_url": f"{ADDRESS}/plugin/sms-status?text=case1-text-1-1",
        "attempted_at": NOW,
    }
    return Text(**{**given, **more})


def a_call(**more: Any) -> Call:
    """A call of `CALLER` that nobody answered."""
    given = {
        "id": "simulator/CALL1",
        "client": "bright-smile",
        "line": LINE,
        "caller": CALLER,
        "caller_raw": CALLER,
        "started_at": NOW - timedelta(seconds=20),
        "ended_at": NOW,
        "outcome": Outcome.NO_ANSWER,
        "duration_ms": 20_000,
    }
    return Call(**{**given, **more})


def a_case(**more: Any) -> Case:
    """The conversation that `a_call` opened."""
    given = {
        "id": "case1",
        "client": "bright-smile",
        "number": CALLER,
        "line": LINE,
        "opened_at": NOW,
        "outcome": Outcome.NO_ANSWER,
    }
    return Case(**{**given, **more})


def a_lead(**more: Any) -> Lead:
    """What a CRM is told of `a_call`."""
    given = {
        **_OF_CASE,
        "number": CALLER,
        "line": LINE,
        "called_at": NOW,
        "outcome": Outcome.NO_ANSWER,
        "tag": "missed-call",
        "stage": "new-lead",
        "fields": {"lead_source": "Missed call"},
    }
    return Lead(**{**given, **more})


def an_activity(**more: Any) -> Activity:
    """`a_call`, for a CRM's log."""
    given = {
        "kind": ActivityKind.CALL,
        "at": NOW,
        "number": CALLER,
        "line": LINE,
        "outcome": Outcome.NO_ANSWER,
        "duration_ms": 20_000,
    }
    return Activity(**{**given, **more})


def a_notice(**more: Any) -> Notice:
    """What the team is told of `a_call`."""
    given = {
        "kind": NoticeKind.MISSED_CALL,
        **_OF_CASE,
        "client_name": "Bright Smile Dental",
        "at": NOW,
        "local_time": "Mon 02 Mar 2026, 10:30 MST",
        "title": "Missed call from (303) 555-0123",
        "lines": (
            "(303) 555-0123 called (303) 555-0100 at Mon 02 Mar 2026, 10:30 MST: nobody answered.",
            f"They were texted: {BODY}",
        ),
        "number": CALLER,
        "line": LINE,
        "outcome": Outcome.NO_ANSWER,
        "text": BODY,
        "text_state": TextState.SENT,
    }
    return Notice(**{**given, **more})


def an_email(**more: Any) -> Email:
    """A follow-up to `CALLER` by e-mail."""
    given = {
        "id": "case1-follow-up-1-1",
        **_OF_CASE,
        "to": "anna@example.com",
        "subject": "Your call to Bright Smile Dental",
        "body": BODY,
        "client_name": "Bright Smile Dental",
        "unsubscribe_url": f"{ADDRESS.partition('/hooks')[0]}/u/token",
    }
    return Email(**{**given, **more})


def a_request(
    body: bytes = b"",
    *,
    topic: str = "",
    headers: dict[str, str] | None = None,
    url: str = "",
    method: str = "POST",
    received_at: datetime = NOW,
    remote_ip: str = "192.0.2.7",
) -> WebhookRequest:
    """A webhook as the engine hands it to a plugin; names of headers are lower-cased."""
    return WebhookRequest(
        method=method,
        url=url or f"{ADDRESS}/plugin" + (f"/{topic}" if topic else ""),
        topic=topic,
        headers={name.lower(): value for name, value in (headers or {}).items()},
        body=body,
        received_at=received_at,
        remote_ip=remote_ip,
    )
