"""Stand-ins for a client's plugins: the same names and hooks, every outside effect captured."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

import attrs
import httpx

from textback.errors import ConfigError, NotSent
from textback.events import Event, Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import (
    Absent,
    Activity,
    Addresses,
    Call,
    Caller,
    Case,
    Change,
    CrmRef,
    Email,
    Erased,
    Finding,
    Lead,
    Notice,
    PhoneNumber,
    Receipt,
    Text,
)
from textback.picture import Picture, Verdict
from textback.plugins import Found, anatomy_of, load
from textback.testing.asking import ask
from textback.testing.world import World

REAL = frozenset({"judge", "compose_text"})
"""Hooks that stay the real plugin's: they look at a picture and do nothing outside."""

BOOKING_LINK = "https://booking.example/{case}"


_NO_EVENTS: tuple[Event, ...] = ()


def fakes(found: Mapping[str, Found], names: set[str], world: World) -> dict[str, Found]:
    """Plugins to choose from, in which some are replaced by fakes that act on a world.

    A plugin that can't be imported stays as it is, so that assembling says what is wrong with it.

    Args:
        found: All that are installed.
        names: Those that a client's file uses.
        world: Where the fakes' effects end up.
    """
    chosen = dict(found)
    for name in names & found.keys():
        try:
            kind = load(found[name])
        except ConfigError:
            continue
        if not anatomy_of(kind).problems:
            chosen[name] = Found.of(name, fake(kind, world))
    return chosen


def fake(kind: type, world: World) -> type:
    """A class with the name, the settings and the hooks of a plugin, that does nothing outside.

    Args:
        kind: The real plugin's class, one that can be assembled.
        world: Where texts, leads and notices end up.
    """
    anatomy = anatomy_of(kind)
    stand_ins = vars(_StandIns)
    return attrs.make_class(
        kind.__name__,
        {"settings": attrs.field(type=anatomy.settings), "services": attrs.field()},
        bases=(_Fake,),
        eq=False,
        frozen=True,
        class_body={
            "world": world,
            "kind": kind,
            **{hook: stand_ins[hook] for hook in anatomy.hooks},
        },
    )


class _Fake:
    """What every fake has besides its hooks."""

    world: ClassVar[World]
    kind: ClassVar[type]
    settings: Any
    services: Any

    @property
    def name(self) -> str:
        """The plugin's name in the client's file."""
        return str(self.services.plugin)

    @cached_property
    def real(self) -> Any:
        """The plugin itself, with an HTTP client that reaches nobody."""
        offline = httpx.AsyncClient(transport=httpx.MockTransport(_unreachable))
        services = attrs.evolve(self.services, http=offline)
        return self.kind(settings=self.settings, services=services)


class _StandIns(_Fake):
    """One method for each hook; `fake` takes those that the real plugin implements."""

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        return Reading()

    @hookimpl
    async def listen(self, emit: Any) -> None:
        return None

    @hookimpl
    async def list_calls(self, since: datetime) -> AsyncIterator[Event]:
        for event in _NO_EVENTS:
            yield event

    @hookimpl
    async def identify_caller(self, call: Call) -> Caller | None:
        return self.world.identify(call.caller)

    @hookimpl
    def judge(self, picture: Picture) -> Verdict | None:
        verdict: Verdict | None = ask(self.real, "judge", picture=picture)
        return verdict

    @hookimpl
    async def compose_text(self, picture: Picture, step: str) -> str | None:
        body: str | None = await ask(self.real, "compose_text", picture=picture, step=step)
        return body

    @hookimpl
    async def booking_link(self, case: Case) -> str | None:
        return BOOKING_LINK.format(case=case.id)

    @hookimpl
    async def send_text(self, text: Text) -> Receipt:
        return self.world.take_text(text, self.name)

    @hookimpl
    async def find_text(self, text: Text) -> Receipt | Absent:
        return self.world.find_text(text.id)

    @hookimpl
    async def list_texts(self, since: datetime) -> AsyncIterator[Event]:
        for event in _NO_EVENTS:
            yield event

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        return self.world.save_contact(lead, self.name)

    @hookimpl
    async def save_deal(self, ref: CrmRef, lead: Lead, key: str) -> CrmRef | None:
        if lead.stage is None and getattr(self.settings, "stage", None) is None:
            return None
        return self.world.save_deal(ref, lead, key, self.name)

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        self.world.log(ref, activity, f"{self.name}/{key}", self.name)

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        self.world.tell(notice, self.name)

    @hookimpl
    async def send_email(self, email: Email) -> Receipt:
        return self.world.take_email(email, self.name)

    @hookimpl
    async def connect(self, addresses: Addresses, dry_run: bool) -> list[Change]:
        return []

    @hookimpl
    async def maintain(self) -> None:
        return None

    @hookimpl
    async def erase(self, number: PhoneNumber) -> Erased:
        return Erased()

    @hookimpl
    async def resolve_secret(self, reference: str) -> str | None:
        return None

    @hookimpl
    async def observe(self, event: Any) -> None:
        return None

    @hookimpl
    async def check(self) -> list[Finding]:
        return []


def _unreachable(request: httpx.Request) -> httpx.Response:
    raise NotSent(f"{request.url.host} is not asked: this is a simulation")
