"""One text of the past decided on anew, as the engine would: the picture, the rules, the words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import attrs

from textback.clock import moment
from textback.config.settings import Client
from textback.engine.names import FIRST_TEXT
from textback.engine.pictures import history_of, looked_back, picture_of
from textback.engine.replaying.counts import Counts
from textback.engine.replaying.judged import Judged
from textback.engine.replaying.orders import Orders
from textback.engine.replaying.past import Missed
from textback.engine.replaying.remembered import Known, Talk
from textback.engine.replaying.tools import Tools
from textback.flow import choice, deliver, follow_up
from textback.model import Kind
from textback.picture import Action, Decision, History, Picture, Policy

LINK: Final = "https://booking.example/link"
"""Stands for a booking tool's link, which nobody asks for here."""


@attrs.frozen
class Decided:
    """A decision, and the words if the text goes.

    Attributes:
        template: What the words were made from.
    """

    decision: Decision
    template: str = ""
    body: str = ""


@attrs.frozen(eq=False)
class Decider:
    """Decides by one set of files.

    Attributes:
        counts: What the client has sent to anybody.
    """

    client: Client
    policy: Policy
    tools: Tools
    orders: Orders
    hash_of: Callable[[str], str]
    judged: Judged
    counts: Counts

    def decide(
        self,
        talk: Talk,
        known: Known | None,
        step: str,
        now: int,
        *,
        call: Missed | None = None,
        address: str | None = None,
        retried: bool = False,
    ) -> Decided:
        """Decide on a text.

        Args:
            talk: The case.
            known: The caller; None if they are withheld.
            step: Which text.
            now: When.
            call: The call that has just been missed.
            address: Where an e-mail goes.
            retried: It was tried before.
        """
        picture = self._picture(talk, known, step, now, call, address, retried=retried)
        decision = self.judged.decide(picture, self.tools.judges)
        if decision.action not in (Action.SEND, Action.SHADOW):
            return Decided(decision)
        template, body = self.judged.words(picture, partial(self._words, talk, step))
        if body:
            decision = self.judged.decide_on(body, picture, decision)
        return Decided(decision, template, body)

    def _words(self, talk: Talk, step: str) -> tuple[str, str]:
        """The template of a text, and what it makes of what is known."""
        if step == FIRST_TEXT:
            template = choice.first_text(self.client, talk.case, talk.situation)
        else:
            template = follow_up.body_of(self.client, talk.case, step) or ""
        if self.tools.composes:
            return template, ""
        link = LINK if self.tools.books else ""
        return template, deliver.write(self.client, talk.case, kind_of(step), template, link)

    def _picture(
        self,
        talk: Talk,
        known: Known | None,
        step: str,
        now: int,
        call: Missed | None,
        address: str | None,
        *,
        retried: bool,
    ) -> Picture:
        """The picture that `pictures.look` would have made."""
        number, kind = talk.case.number, kind_of(step)
        forbidding = self.orders.forbidding(self.hash_of(number), now) if number else ()
        if address is not None:
            forbidding += self.orders.forbidding(self.hash_of(address), now)
        return picture_of(
            self.client,
            self.policy,
            talk.case,
            talk.situation,
            kind=kind,
            step=step,
            now=moment(now),
            raw=call.raw if call is not None else "",
            channel="sms" if address is None else "email",
            call_ended_at=moment(call.ended_at) if call is not None else None,
            suppressions=forbidding,
            history=self._history(talk, known, kind, now),
            paused=self.orders.paused(now),
            retried=retried,
        )

    def _history(self, talk: Talk, known: Known | None, kind: Kind, now: int) -> History:
        if known is None:
            return History()
        since = looked_back(self.client, now)
        return history_of(
            kind,
            known.written(talk.case.id, **since),
            known.called(since=talk.opened_at, day=since["day"]),
            self.counts.of(now),
        )


def kind_of(step: str) -> Kind:
    """What a step of a call's own texts is."""
    return Kind.FIRST if step == FIRST_TEXT else Kind.FOLLOW_UP
