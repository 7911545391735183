"""Steps that follow from something that happened in a case: tell the team, write it to the CRMs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textback.config.settings import Client
from textback.engine.names import case_subject
from textback.plugins import Stack
from textback.store.steps import Step


def notices(
    client: Client,
    stack: Stack,
    case: str,
    about: str,
    due_at: int,
    detail: Mapping[str, Any] | None = None,
) -> list[Step]:
    """One step a notifier, e.g. ``notify/slack/reply/3``."""
    return [
        Step(
            client=client.id,
            subject=case_subject(case),
            name=f"notify/{plugin}/{about}",
            due_at=due_at,
            detail=detail or {},
        )
        for plugin in stack.notifiers
    ]


def logs(
    client: Client,
    stack: Stack,
    case: str,
    about: str,
    due_at: int,
    detail: Mapping[str, Any],
) -> list[Step]:
    """One step a CRM that keeps activities, e.g. ``log/hubspot/text/1``."""
    return [
        Step(
            client=client.id,
            subject=case_subject(case),
            name=f"log/{impl.plugin}/{about}",
            due_at=due_at,
            after=logged_after(stack, impl.plugin),
            detail=detail,
        )
        for impl in stack.impls("log_activity")
    ]


def logged_after(stack: Stack, plugin: str) -> str:
    """The step that comes before what is logged: a deal shows what belongs to it from the first."""
    return f"{'lead' if stack.impl('save_deal', plugin) is None else 'deal'}/{plugin}"
