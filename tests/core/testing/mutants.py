"""Plugins that are wrong in one way each, and the one check of a contract that must see it.

`test_contracts.py` copies this file beside the tests that ``textback plugins new`` writes, where
its relative imports are at home.
"""

import asyncio
from contextlib import suppress
from typing import ClassVar

import attrs
import pytest
from textback_acme import Acme

from textback.errors import (
    DeliveryError,
    MaybeSent,
    NotSent,
    ProviderError,
    Refused,
    StoreBusy,
    UnreadableWebhook,
    WebhookRejected,
)
from textback.events import BookingCancelled, CallEvent, Happened, Reading, TextReceived
from textback.hookspecs import hookimpl
from textback.model import (
    Absent,
    ActivityKind,
    Caller,
    CannotTell,
    CrmRef,
    Erased,
    Finding,
    NoticeKind,
    PhoneNumber,
    Receipt,
    Severity,
)
from textback.services import Services
from textback.testing import contracts
from textback.testing.builders import NOW
from textback.testing.fixtures import provider, services

from .conftest import API_KEY, WEBHOOK_SECRET
from .test_booking import TestBookings as Bookings
from .test_crm import TestRecords as Records
from .test_crm import TestWhoCalls as WhoCalls
from .test_email import TestMails as Mails
from .test_notifier import TestNotices as Notices
from .test_plugin import TestCheck as Check
from .test_sender import TestTexts as Texts
from .test_sender import TestTextWebhooks as TextWebhooks
from .test_source import TestCalls as Calls

__all__ = ["provider", "services"]

OTHER = PhoneNumber("+13035550199")


def wrong(suite, check, **attributes):
    """A class that derives from a suite, with a plugin of the decorated class in it."""

    def take(kind):
        def acme(self, acme):
            return kind(acme.settings, acme.services)

        lame(suite, check, kind.__name__, acme=pytest.fixture(acme), **attributes)
        return kind

    return take


def lame(suite, check, name, **attributes):
    """The same with the right plugin: it is the class of tests that lacks something."""
    name = f"Test{name}__{check}"  # by which `test_contracts.py` knows who must see it
    globals()[name] = type(name, (suite,), attributes)


class Retold(Acme):
    """Makes something else of what is read."""

    @hookimpl
    async def read_webhook(self, request):
        reading = await super().read_webhook(request)
        return attrs.evolve(reading, events=tuple(self.retell(request, e) for e in reading.events))

    def retell(self, request, event):
        return event


# ── webhooks ────────────────────────────────────────────────────────────────────────────────────

lame(Calls, "test_there_are_examples", "NoExamples", examples=())
lame(Calls, "test_there_is_a_missed_call", "NoStories", stories=())


@wrong(Calls, "test_tells_what_happened")
class TellsNothing(Acme):
    @hookimpl
    async def read_webhook(self, request):
        await super().read_webhook(request)
        return Reading()


@wrong(Calls, "test_its_events_are_well_made_and_count")
class ForgetsTheZone(Retold):
    def retell(self, request, event):
        return attrs.evolve(event, at=event.at.replace(tzinfo=None))


@wrong(Calls, "test_told_again_it_is_the_same")
class KeysByArrival(Retold):
    def retell(self, request, event):
        return attrs.evolve(event, key=f"{event.key}/{request.received_at.isoformat()}")


@wrong(Calls, "test_order_changes_nothing")
class CarriesOver(Retold):
    seen: ClassVar = []

    def retell(self, request, event):
        self.seen.append(event.happened)
        ended = Happened.CONCLUDED in self.seen
        return attrs.evolve(event, evidence="too late") if ended else event


@wrong(Calls, "test_unsigned_is_rejected")
class BelievesTheUnsigned(Acme):
    @hookimpl
    async def read_webhook(self, request):
        try:
            return await super().read_webhook(request)
        except WebhookRejected:
            if request.headers:
                raise
            return Reading()


@wrong(Calls, "test_unsigned_is_rejected")
class LooksBeforeItVerifies(Acme):
    @hookimpl
    async def read_webhook(self, request):
        await self.services.state.add("seen", 1)
        return await super().read_webhook(request)


@wrong(Calls, "test_signed_by_another_is_rejected")
class BelievesAnySecret(Acme):
    @hookimpl
    async def read_webhook(self, request):
        try:
            return await super().read_webhook(request)
        except WebhookRejected:
            return Reading()


@wrong(Calls, "test_changed_is_rejected")
class SignsTheBeginning(Acme):
    @hookimpl
    async def read_webhook(self, request):
        return await super().read_webhook(attrs.evolve(request, body=request.body.rstrip()))


@wrong(Calls, "test_odd_signature_is_rejected")
class ComparesAscii(Acme):
    @hookimpl
    async def read_webhook(self, request):
        request.headers["x-acme-signature"].encode("ascii")
        return await super().read_webhook(request)


@wrong(Calls, "test_replayed_later_is_rejected")
class NeverTooOld(Acme):
    @hookimpl
    async def read_webhook(self, request):
        stamp = request.headers["x-acme-signature"].partition(",")[0].removeprefix("t=")
        at = NOW.fromtimestamp(int(stamp), NOW.tzinfo)
        return await super().read_webhook(attrs.evolve(request, received_at=at))


@wrong(Calls, "test_late_within_the_window_is_read")
class InAHurry(Acme):
    @hookimpl
    async def read_webhook(self, request):
        stamp = str(int(request.received_at.timestamp()))
        if stamp not in request.headers["x-acme-signature"]:
            raise WebhookRejected("too late")
        return await super().read_webhook(request)


@wrong(Calls, "test_a_rejection_shows_no_secret")
class TellsTheSecret(Acme):
    @hookimpl
    async def read_webhook(self, request):
        try:
            return await super().read_webhook(request)
        except WebhookRejected:
            raise WebhookRejected(f"not signed with {WEBHOOK_SECRET}") from None


class Fragile(Acme):
    """Fails where something can't be read."""

    @hookimpl
    async def read_webhook(self, request):
        try:
            return await super().read_webhook(request)
        except UnreadableWebhook as error:
            raise KeyError("call") from error


wrong(Calls, "test_garbage_is_unreadable_at_worst")(type("FailsOnGarbage", (Fragile,), {}))
wrong(Calls, "test_an_odd_field_is_unreadable_at_worst")(type("FailsOnAField", (Fragile,), {}))


@wrong(Calls, "test_an_odd_field_is_unreadable_at_worst")
class TakesAnyType(Retold):
    def retell(self, request, event):
        return attrs.evolve(event, caller=request.json["from"])


@wrong(Calls, "test_hostile_words_are_unreadable_at_worst")
class FailsOnLongNames(Retold):
    def retell(self, request, event):
        if len(event.caller_name or "") > 255:
            raise ValueError("too long")
        return event


@wrong(TextWebhooks, "test_a_text_comes_in_word_for_word")
class KnowsAsciiOnly(Retold):
    def retell(self, request, event):
        if not isinstance(event, TextReceived):
            return event
        return attrs.evolve(event, body=event.body.encode("ascii", "replace").decode())


# ── sources ─────────────────────────────────────────────────────────────────────────────────────


@wrong(Calls, "test_a_call_ends_the_same_in_any_order")
class ACallALeg(Retold):
    def retell(self, request, event):
        return attrs.evolve(event, call=event.key)


@wrong(Calls, "test_a_call_ends_the_same_in_any_order")
class JudgesByTheFirst(Retold):
    seen: ClassVar = set()

    def retell(self, request, event):
        self.seen.add(event.happened)
        late = Happened.CONCLUDED in self.seen and event.happened is Happened.STARTED
        return attrs.evolve(event, happened=Happened.LEG_ANSWERED) if late else event


@wrong(Calls, "test_lists_calls")
class ListsNothing(Acme):
    @hookimpl
    async def list_calls(self, since):
        for event in ():
            yield event


@wrong(Calls, "test_lists_calls")
class ReadsOnePage(Acme):
    @hookimpl
    async def list_calls(self, since):
        async for event in super().list_calls(since):
            yield event
            return


@wrong(Calls, "test_a_failed_listing_is_not_an_empty_one")
class HidesAFailedListing(Acme):
    @hookimpl
    async def list_calls(self, since):
        try:
            async for event in super().list_calls(since):
                yield event
        except ProviderError:
            return


# ── whatever is asked over HTTP ─────────────────────────────────────────────────────────────────


class Retried(Acme):
    """Tells of errors in another way."""

    @hookimpl
    async def send_text(self, text):
        try:
            return await super().send_text(text)
        except ProviderError as error:
            return self.instead(error)

    def instead(self, error):
        raise error


@wrong(Texts, "test_not_reached_is_not_sent")
class AlwaysUnsure(Retried):
    def instead(self, error):
        raise MaybeSent("who knows")


@wrong(Texts, "test_cut_off_may_be_sent")
class AlwaysSure(Retried):
    def instead(self, error):
        raise NotSent("surely not")


@wrong(Texts, "test_does_not_wait_for_ever")
class WaitsForEver(Acme):
    @hookimpl
    async def send_text(self, text):
        await self.services.http.post("https://api.acme.example/messages", timeout=None)


@wrong(Texts, "test_busy_or_broken_is_not_for_ever")
class GivesUp(Retried):
    def instead(self, error):
        raise DeliveryError("no", permanent=True)


@wrong(Texts, "test_a_page_of_a_broken_proxy_is_an_error")
class ExpectsJson(Acme):
    @hookimpl
    async def send_text(self, text):
        answer = await self.services.http.post("https://api.acme.example/messages")
        return Receipt(answer.json()["id"])


@wrong(Texts, "test_a_redirect_is_not_a_yes")
class TakesARedirectForAYes(Retried):
    def instead(self, error):
        if "answered 302" in str(error):
            return Receipt("m1")
        raise error


@wrong(Texts, "test_keeps_what_the_provider_asks_for")
class ForgetsToWait(Retried):
    def instead(self, error):
        error.retry_after = None
        raise error


@wrong(Texts, "test_shows_no_secret")
class TellsTheKey(Retried):
    def instead(self, error):
        raise Refused(f"the key {API_KEY} is wrong", permanent=True)


@wrong(Texts, "test_shows_no_secret")
class LogsTheKey(Retried):
    def instead(self, error):
        self.services.log.warning("refused", key=API_KEY)
        raise error


@wrong(Texts, "test_shows_no_secret")
class ShowsTheKey(Acme):
    def __repr__(self):
        return f"Acme({self.settings.api_key.value})"


class AsksFirst(Acme):
    """Tells the provider's words as they are, when it is not let in."""

    @hookimpl
    async def send_text(self, text):
        answer = await self.services.http.post("https://api.acme.example/session", **self.given())
        raise Refused(answer.json()["message"], permanent=True)

    def given(self):
        raise NotImplementedError


@wrong(Texts, "test_shows_no_secret")
class TellsTheOtherSecret(AsksFirst):
    def given(self):
        return {"json": {"secret": self.settings.webhook_secret.value}}


@wrong(Texts, "test_shows_no_secret")
class TellsTheToken(AsksFirst):
    def given(self):
        return {"headers": {"authorization": "Bearer had-for-the-key"}}


@wrong(Texts, "test_shows_no_number")
class TellsTheNumber(Acme):
    @hookimpl
    async def send_text(self, text):
        try:
            return await super().send_text(text)
        except ProviderError as error:
            raise Refused(f"{text.to}: {error}", permanent=True) from error


@wrong(Texts, "test_cancelling_leaves_nothing_open")
class GoesOnAlone(Acme):
    going: ClassVar = set()

    @hookimpl
    async def send_text(self, text):
        task = asyncio.ensure_future(super().send_text(text))
        self.going.add(task)
        task.add_done_callback(self.going.discard)
        return await asyncio.shield(task)


# ── senders ─────────────────────────────────────────────────────────────────────────────────────


@wrong(Texts, "test_taken_gives_a_receipt")
class SendsTwice(Acme):
    @hookimpl
    async def send_text(self, text):
        await super().send_text(text)
        return await super().send_text(text)


@wrong(Texts, "test_taken_gives_a_receipt")
class GivesNoId(Acme):
    @hookimpl
    async def send_text(self, text):
        await super().send_text(text)
        return Receipt("")


class Rewritten(Acme):
    """Sends something else."""

    @hookimpl
    async def send_text(self, text):
        return await super().send_text(self.rewrite(text))


@wrong(Texts, "test_goes_to_the_caller_alone")
class TextsSomebodyElse(Rewritten):
    def rewrite(self, text):
        return attrs.evolve(text, to=OTHER)


@wrong(Texts, "test_says_it_word_for_word")
class JoinsLines(Rewritten):
    def rewrite(self, text):
        return attrs.evolve(text, body=" ".join(text.body.split()))


@wrong(Texts, "test_cuts_nothing_off")
class CutsOff(Rewritten):
    def rewrite(self, text):
        return attrs.evolve(text, body=text.body[:1600])


@wrong(Texts, "test_broken_answer_may_be_sent")
class MakesUpAnId(Retried):
    def instead(self, error):
        return Receipt("unknown")


@wrong(Texts, "test_a_broken_provider_may_have_sent_it")
class TriesTheNextAfter500(Retried):
    def instead(self, error):
        raise DeliveryError("broken", permanent=False, try_next=True)


@wrong(Texts, "test_a_broken_provider_may_have_sent_it")
class SendsAgainAfter500(Retried):
    def instead(self, error):
        raise Refused("broken", permanent=False)


@wrong(Texts, "test_a_refusal_is_final")
class AsksAgainAndAgain(Retried):
    def instead(self, error):
        raise DeliveryError("no", permanent=False, code="422")


@wrong(Texts, "test_an_opt_out_is_ours_too")
class KeepsAnOptOutToItself(Retried):
    def instead(self, error):
        raise DeliveryError("no", permanent=True, try_next=True, code="422")


@wrong(Texts, "test_a_failed_look_up_proves_nothing")
class TakesNoAnswerForAbsent(Acme):
    @hookimpl
    async def find_text(self, text):
        try:
            return await super().find_text(text)
        except ProviderError:
            return Absent()


@wrong(Texts, "test_finds_a_text")
class NeverFinds(Acme):
    @hookimpl
    async def find_text(self, text):
        return CannotTell()


@wrong(Texts, "test_a_failed_listing_is_not_an_empty_one")
class HidesAFailedListOfTexts(Acme):
    @hookimpl
    async def list_texts(self, since):
        try:
            for event in (await self._api.get("messages"))["messages"]:
                yield event
        except (ProviderError, KeyError):
            return


# ── notifiers ───────────────────────────────────────────────────────────────────────────────────


class Renoticed(Acme):
    """Tells the team something else."""

    @hookimpl
    async def notify_team(self, notice):
        await super().notify_team(self.rewrite(notice))

    def rewrite(self, notice):
        return notice


@wrong(Notices, "test_tells_title_and_text")
class TellsTheTitleOnly(Renoticed):
    def rewrite(self, notice):
        return attrs.evolve(notice, lines=())


@wrong(Notices, "test_tells_what_the_caller_wrote")
class TellsAsciiOnly(Renoticed):
    def rewrite(self, notice):
        lines = tuple(each.encode("ascii", "ignore").decode() for each in notice.lines)
        return attrs.evolve(notice, lines=lines)


@wrong(Notices, "test_tells_whatever_a_caller_is_called")
class RefusesNames(Renoticed):
    def rewrite(self, notice):
        if not notice.title.isprintable():
            raise ValueError("not printable")
        return notice


@wrong(Notices, "test_tells_every_kind")
class KnowsSomeKinds(Renoticed):
    def rewrite(self, notice):
        {NoticeKind.MISSED_CALL: "missed", NoticeKind.REPLY: "reply"}[notice.kind]
        return notice


@wrong(Notices, "test_may_be_told_again")
class RefusesARepeat(Renoticed):
    told: ClassVar = set()

    def rewrite(self, notice):
        if notice.key in self.told:
            raise Refused("told already", permanent=True)
        self.told.add(notice.key)
        return notice


# ── CRMs and lookups ────────────────────────────────────────────────────────────────────────────


@wrong(Records, "test_gives_the_contacts_id")
class ContactWithoutId(Acme):
    @hookimpl
    async def save_contact(self, lead):
        await super().save_contact(lead)
        return CrmRef("")


class MakesAnew(Acme):
    """Makes a contact without looking whether there is one."""

    @hookimpl
    async def save_contact(self, lead):
        made = await self._api.post("contacts", {"phone": lead.number})
        return CrmRef(made["id"])


for number, check in enumerate(
    (
        "test_same_key_same_contact",
        "test_another_call_is_no_other_contact",
        "test_a_lost_answer_makes_no_second_contact",
    )
):
    wrong(Records, check)(type(f"MakesAnew{number}", (MakesAnew,), {}))


@wrong(Records, "test_takes_a_lead_of_which_little_is_known")
class NeedsATag(Acme):
    @hookimpl
    async def save_contact(self, lead):
        if lead.tag is None:
            raise Refused("no tag", permanent=True)
        return await super().save_contact(lead)


@wrong(Records, "test_takes_whatever_a_caller_is_called")
class FailsOnANote(Acme):
    @hookimpl
    async def save_contact(self, lead):
        if len(lead.name or "") > 255:
            raise ValueError("too long")
        return await super().save_contact(lead)


class LogsAnew(Acme):
    """Logs without looking whether it is there."""

    @hookimpl
    async def log_activity(self, ref, activity):
        await self._api.post("activities", {"external_id": "", "contact": ref.id})


for number, check in enumerate(
    (
        "test_logs_an_activity_twice_without_complaint",
        "test_a_lost_answer_makes_no_second_record",
    )
):
    wrong(Records, check)(type(f"LogsAnew{number}", (LogsAnew,), {}))


@wrong(Records, "test_logs_every_kind")
class LogsCallsOnly(Acme):
    @hookimpl
    async def log_activity(self, ref, activity, key):
        {ActivityKind.CALL: "call"}[activity.kind]
        await super().log_activity(ref, activity, key)


@wrong(Records, "test_a_lost_answer_makes_no_second_deal")
class DealsAnew(Acme):
    @hookimpl
    async def save_deal(self, ref):
        made = await self._api.post("deals", {"external_id": "", "contact": ref.id})
        return CrmRef(made["id"])


class AsksForNobody(Acme):
    """Asks the provider although the number is withheld."""

    @hookimpl
    async def identify_caller(self, call):
        number = call.caller or PhoneNumber("")
        return await super().identify_caller(attrs.evolve(call, caller=number))


wrong(Records, "test_a_withheld_number_is_nobodys")(type("CrmAsks", (AsksForNobody,), {}))
wrong(WhoCalls, "test_a_withheld_number_is_nobodys")(type("LookupAsks", (AsksForNobody,), {}))


class Embellished(Acme):
    """Says something else of a caller."""

    @hookimpl
    async def identify_caller(self, call):
        return self.embellish(await super().identify_caller(call))


@wrong(WhoCalls, "test_says_who_calls")
class MakesUpALanguage(Embellished):
    def embellish(self, caller):
        return caller and attrs.evolve(caller, language="en")


@wrong(WhoCalls, "test_knows_nobody_of_whom_nothing_is_known")
class MakesUpAName(Embellished):
    def embellish(self, caller):
        return caller or Caller(name="Valued Customer", first_name="Valued")


@wrong(WhoCalls, "test_a_broken_answer_tells_nothing")
class ExpectsContacts(Acme):
    @hookimpl
    async def identify_caller(self, call):
        answer = await self.services.http.get("https://api.acme.example/contacts")
        return Caller(name=answer.json()["contacts"][0]["name"])


@wrong(WhoCalls, "test_takes_whatever_a_caller_is_called")
class FailsOnNames(Embellished):
    def embellish(self, caller):
        if caller and len(caller.name or "") > 255:
            raise ValueError("too long")
        return caller


@wrong(WhoCalls, "test_is_paid_for_once", paid=True)
class AsksEachTime(Acme):
    """As the right one does, where it is free."""


# ── bookings and mails ──────────────────────────────────────────────────────────────────────────


@wrong(Bookings, "test_gives_a_link")
class NoLink(Acme):
    @hookimpl
    async def booking_link(self, case):
        return "book.acme.example"


@wrong(Bookings, "test_the_link_carries_the_case")
class OneLinkForAll(Acme):
    @hookimpl
    async def booking_link(self, case):
        return self.settings.booking_url


@wrong(Bookings, "test_no_name_bends_the_link")
class QuotesNothing(Acme):
    @hookimpl
    async def booking_link(self, case):
        return f"{self.settings.booking_url}?case={case.id}&name={case.caller.name or ''}"


@wrong(Bookings, "test_a_cancellation_names_what_was_booked")
class CancelsSomethingElse(Retold):
    def retell(self, request, event):
        if not isinstance(event, BookingCancelled):
            return event
        return attrs.evolve(event, booking=f"cancelled-{event.booking}")


class Remailed(Acme):
    """Mails something else."""

    @hookimpl
    async def send_email(self, email):
        return await super().send_email(self.rewrite(email))


@wrong(Mails, "test_taken_gives_a_receipt")
class MailsSomebodyElse(Remailed):
    def rewrite(self, email):
        return attrs.evolve(email, to="eve@example.com")


@wrong(Mails, "test_can_be_unsubscribed_from")
class CannotBeLeft(Remailed):
    def rewrite(self, email):
        return attrs.evolve(email, unsubscribe_url="")


@wrong(Mails, "test_says_it_word_for_word")
class MailsAsciiOnly(Remailed):
    def rewrite(self, email):
        return attrs.evolve(email, body=email.body.encode("ascii", "ignore").decode())


@wrong(Mails, "test_no_name_bends_the_headers")
class BelievesSubjects(Remailed):
    def rewrite(self, email):
        subject, _, more = email.subject.partition("\r\n")
        return attrs.evolve(email, subject=subject, to=f"{email.to}, {more}" if more else email.to)


@wrong(Mails, "test_a_broken_provider_may_have_sent_it")
class MailsAgainAfter500(Acme):
    @hookimpl
    async def send_email(self, email):
        try:
            return await super().send_email(email)
        except MaybeSent:
            raise Refused("broken", permanent=False) from None


# ── around the flow ─────────────────────────────────────────────────────────────────────────────


@wrong(Check, "test_says_that_all_is_well")
class SaysNothing(Acme):
    @hookimpl
    async def check(self):
        await super().check()
        return []


@wrong(Check, "test_changes_nothing")
class ChecksBySending(Acme):
    @hookimpl
    async def check(self):
        await self.services.http.post("https://api.acme.example/messages")
        return await super().check()


@wrong(Check, "test_finds_what_is_wrong")
class AlwaysFine(Acme):
    @hookimpl
    async def check(self):
        return [Finding(Severity.OK, "fine")]


@wrong(Check, "test_shows_no_secret")
class ChecksAloud(Acme):
    @hookimpl
    async def check(self):
        return [Finding(Severity.ERROR, f"{API_KEY} doesn't work")]


@attrs.frozen(eq=False)
class Keeper:
    """Keeps a word for each number, and forgets it."""

    services: Services

    @hookimpl
    async def erase(self, number):
        known = await self.services.state.get(number) is not None
        await self.services.state.delete(number)
        return Erased(int(known))


class Erasing(contracts.EraseContract):
    @pytest.fixture
    def acme(self, services):
        return attrs.make_class("Given", ["settings", "services"])(services, services)

    @pytest.fixture
    def plugin(self, acme):
        return Keeper(acme.services) if not isinstance(acme, Keeper) else acme

    async def hold(self, plugin, number):
        await plugin.services.state.set(number, "x")


class TestKeeper(Erasing):
    """The right one passes."""


def keeper(check):
    def take(kind):
        made = type(
            kind.__name__, (kind,), {"__init__": lambda self, _, s: Keeper.__init__(self, s)}
        )
        wrong(Erasing, check)(made)
        return kind

    return take


@keeper("test_erases_what_is_held")
class KeepsForEver(Keeper):
    @hookimpl
    async def erase(self, number):
        return Erased(1)


@keeper("test_erases_nobody_else")
class ErasesAll(Keeper):
    @hookimpl
    async def erase(self, number):
        await self.services.state.delete("+13035550124")
        return await super().erase(number)


@keeper("test_of_a_stranger_there_is_nothing")
class CountsStrangers(Keeper):
    @hookimpl
    async def erase(self, number):
        await super().erase(number)
        return Erased(1)


# ── held connections ────────────────────────────────────────────────────────────────────────────

RANG = CallEvent(key="c1/started", call="c1", happened=Happened.STARTED, at=NOW)


@attrs.frozen(eq=False)
class Ear:
    """Hears a call in each line that a server writes."""

    port: int

    @hookimpl
    async def listen(self, emit):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while line := await reader.readline():
                await emit(self.heard(line))
        finally:
            writer.close()

    def heard(self, line):
        return [attrs.evolve(RANG, call=line.decode().strip())]


@attrs.define
class Pbx:
    """Writes lines to whoever is connected."""

    port: int = 0
    writers: list = attrs.field(factory=list)

    async def serve(self, reader, writer):
        self.writers.append(writer)
        try:
            await reader.read()
        except ConnectionError:
            pass
        finally:
            self.writers.remove(writer)
            writer.close()

    @property
    def open(self):
        return len(self.writers)

    async def tell(self):
        for writer in self.writers:
            writer.write(b"c1\n")

    async def hang_up(self):
        for writer in self.writers:
            writer.transport.abort()


class Listening(contracts.ListenContract):
    told = (RANG,)
    within_s = 0.5
    ear = Ear

    @pytest.fixture
    async def far_side(self):
        pbx = Pbx()
        server = await asyncio.start_server(pbx.serve, "127.0.0.1", 0)
        pbx.port = server.sockets[0].getsockname()[1]
        yield pbx
        await pbx.hang_up()
        server.close()

    @pytest.fixture
    def plugin(self, far_side):
        return self.ear(far_side.port)


class TestEar(Listening):
    """The right one passes."""


def ear(check):
    def take(kind):
        lame(Listening, check, kind.__name__, ear=kind)
        return kind

    return take


@ear("test_hears_what_is_told")
class HearsBadly(Ear):
    def heard(self, line):
        return []


@ear("test_is_over_when_the_connection_breaks")
class HoldsTheLine(Ear):
    @hookimpl
    async def listen(self, emit):
        with suppress(ConnectionError):
            await super().listen(emit)
        await asyncio.Event().wait()


@ear("test_cancelling_hangs_up")
class LeavesItOpen(Ear):
    left: ClassVar = []

    @hookimpl
    async def listen(self, emit):
        self.left.append(await asyncio.open_connection("127.0.0.1", self.port))
        await asyncio.Event().wait()


@ear("test_what_is_not_kept_is_not_passed_over")
class PassesOver(Ear):
    @hookimpl
    async def listen(self, emit):
        async def quietly(events):
            with suppress(StoreBusy):
                await emit(events)

        await super().listen(quietly)
