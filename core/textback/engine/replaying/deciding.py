"""One text of the past decided on anew, as the engine would: the picture, the rules, the words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from textback.clock import moment
from textback.config.settings import Client
from textback.engine.cases.pictures import Agreed, history_of, looked_back, picture_of
from textback.engine.names import FIRST_TEXT
from textback.engine.replaying.counts import Counts
from textback.engine.replaying.judged import Asked, Decided, Judged
from textback.engine.replaying.orders import Orders
from textback.engine.replaying.past import Missed
from textback.engine.replaying.remembered import Known, Talk
from textback.engine.replaying.tools import Tools
from textback.flow import choice, deliver, follow_up
from textback.flow.decide import decide, decide_on
from textback.model import Kind
from textback.picture import Action, History, Policy, Suppression

LINK: Final = "https://booking.example/link"
"""Stands for a booking tool's link, which nobody asks for here."""


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
        asked = self._ask(talk, known, step, now, call, address, retried=retried)
        if asked.decided is not None and self.judged.same_words:
            return asked.decided
        decision, picture = asked.first, asked.picture
        if decision.action not in (Action.SEND, Action.SHADOW):
            asked.decided = Decided(decision)
            return asked.decided
        template, body = self._words(talk, step)
        if body:
            decision = decide_on(body, picture, decision)
        asked.decided = Decided(decision, template, body)
        return asked.decided

    def _ask(
        self,
        talk: Talk,
        known: Known | None,
        step: str,
        now: int,
        call: Missed | None,
        address: str | None,
        *,
        retried: bool,
    ) -> Asked:
        """Ask about the picture that `pictures.look` would have made."""
        case, kind = talk.case, kind_of(step)
        paused, forbidding = self.orders.paused(now), self._forbidding(case.number, address, now)
        written = called = None
        agreed: Agreed = ((), None)
        if known is not None and case.number is not None:
            agreed = self.orders.given(self.hash_of(case.number), now)
            since = looked_back(self.client, now)
            written = known.written(case.id, **since)
            called = known.called(since=talk.opened_at, day=since["day"])
        counted = self.counts.of(now)
        # Of a step of one call, all that can be different.
        key = (case.id, step, now)
        seen = (
            *(case.line, case.calls, talk.situation, written, called, counted, agreed),
            *(paused, forbidding, address, retried),
        )
        asked = self.judged.known(key, seen)
        if asked is not None:
            return asked
        picture = picture_of(
            self.client,
            self.policy,
            case,
            talk.situation,
            kind=kind,
            step=step,
            now=moment(now),
            raw=call.raw if call is not None else "",
            channel="sms" if address is None else "email",
            call_ended_at=moment(call.ended_at) if call is not None else None,
            suppressions=forbidding,
            history=history_of(kind, written, called, counted, agreed) if written else History(),
            paused=paused,
            retried=retried,
        )
        asked = Asked(seen, picture, decide(picture, self.tools.judges))
        self.judged.keep(key, asked)
        return asked

    def _forbidding(
        self, number: str | None, address: str | None, now: int
    ) -> tuple[Suppression, ...]:
        found = self.orders.forbidding(self.hash_of(number), now) if number is not None else ()
        if address is not None:
            found += self.orders.forbidding(self.hash_of(address), now)
        return found

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


def kind_of(step: str) -> Kind:
    """What a step of a call's own texts is."""
    return Kind.FIRST if step == FIRST_TEXT else Kind.FOLLOW_UP
