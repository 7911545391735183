"""Follow-ups by e-mail, unsubscribing, and what callers answer by e-mail."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from support.house import CLIENT, STACK, House
from support.outside import Outside, Plugin, Settings
from textback.engine.cases import unsubscribing
from textback.engine.cases.unsubscribing import Link
from textback.errors import DeliveryError, MaybeSent, NotSent
from textback.events import EmailReceived
from textback.hookspecs import hookimpl
from textback.model import Caller, Email, Receipt
from textback.plugins import Found
from textback.store import contacts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNA = "Anna@Example.com"

SEQUENCE = """
[[follow_up]]
after = "2h"
body = "Hi {{ first_name }}, still need us?"
subject = "{{ first_name }}, your call"
channel = "email"
[[follow_up]]
after = "1d"
body = "Two: still need us?"
[[follow_up]]
after = "2d"
body = "Three: still need us?"
channel = "email"
"""


class Mailer(Plugin):
    """Sends e-mail, or fails, as `Letters` says."""

    @hookimpl
    async def send_email(self, email: Email) -> Receipt:
        letters: Letters = type(self).letters  # type: ignore[attr-defined]
        letters.handed.append((self.services.plugin, email))
        if self.services.plugin in letters.failing:
            raise letters.failing[self.services.plugin]
        letters.mails.append(email)
        return Receipt(f"<{email.id}@example.com>")


@attrs.define
class Letters(Outside):
    """The outside, with a mail service.

    Attributes:
        mails: What it took.
        handed: What each plugin was handed, taken or not.
        failing: What a plugin raises instead of sending.
    """

    mails: list[Email] = attrs.field(factory=list)
    handed: list[tuple[str, Email]] = attrs.field(factory=list)
    failing: dict[str, Exception] = attrs.field(factory=dict)

    def plugins(self) -> dict[str, Found]:
        """Those of every house, and the mailer."""
        kind = type("Mailer", (Mailer,), {"outside": self, "letters": self})
        kind.__annotations__ = {"settings": Settings, "services": Any}
        return {**super().plugins(), "mailer": Found.of("mailer", kind)}


@pytest.fixture
async def house(tmp_path: Path, empty: Path) -> AsyncIterator[House]:
    """A house whose second and last follow-ups are e-mails, by two mailers."""
    made = House(tmp_path, empty)
    made.outside = Letters()
    mailers = '[plugins.mailer]\n[plugins.spare]\nuse = "mailer"\nroles = ["email"]\n'
    made.write(more=SEQUENCE, stack=STACK + mailers)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def letters(house: House) -> Letters:
    """The mail service."""
    assert isinstance(house.outside, Letters)
    return house.outside


def an_answer(house: House, body: str = "Yes please", **fields: Any) -> EmailReceived:
    """A mail of a caller."""
    return EmailReceived(
        **{
            "key": house.key("M"),
            "at": house.clock.now(),
            "sender": ANNA,
            "subject": "Re: your call",
            "body": body,
            **fields,
        }
    )


def results(house: House) -> dict[str, str]:
    """What follow-ups came to."""
    rows = house.rows("SELECT name, result FROM steps WHERE name LIKE 'follow_up/%'")
    return {row["name"]: row["result"] or "" for row in rows}


async def test_goes_to_the_address_that_the_crm_knows_when_it_is_due(
    house: House, letters: Letters
) -> None:
    """It was not known at the call; the other follow-ups are texts."""
    await house.missed()
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.let_pass(3 * DAY)

    assert [(each.to, each.subject) for each in letters.mails] == [
        (ANNA, "Anna, your call"),
        (ANNA, "About your call"),
    ]
    first = letters.mails[0]
    assert first.body == "Hi Anna, still need us?"
    assert first.client_name == "Bright Smile Dental"
    assert [text.step for _, text in house.sent] == ["text/1", "follow_up/2"]
    rows = house.texts("follow_up/1")
    assert [(row["channel"], row["address"], row["state"]) for row in rows] == [
        ("email", ANNA, "sent")
    ]
    assert any(each.channel == "email" for each in house.outside.logged.values())
    assert await house.ledger_fault() is None


async def test_without_an_address_the_step_says_so(house: House, letters: Letters) -> None:
    """Nothing is sent, and the sequence goes on."""
    await house.missed()
    await house.let_pass(3 * DAY)

    assert letters.handed == []
    assert "no e-mail address is known" in results(house)["follow_up/1"]
    assert [text.step for _, text in house.sent] == ["text/1", "follow_up/2"]


async def test_an_address_that_a_caller_once_wrote_is_used_later(
    house: House, letters: Letters
) -> None:
    """Learnt from a text, kept with the case, found again at the next call."""
    await house.missed()
    await house.write_in("Please write to anna@example.com!")
    assert "anna@example.com" in house.case()["caller"]
    await house.let_pass(20 * DAY)

    await house.missed()
    await house.let_pass(3 * HOUR)

    assert [each.to for each in letters.mails] == ["anna@example.com"]


@pytest.mark.parametrize(
    "known", ["", "anna", "anna@", "a@b.example, c@d.example", "a b@c.example"]
)
async def test_what_is_no_address_is_none(house: House, letters: Letters, known: str) -> None:
    """CRMs hold anything."""
    letters.known = Caller(first_name="Anna", email=known)
    await house.missed()
    await house.let_pass(3 * HOUR)

    assert letters.handed == []


async def test_in_test_mode_only_testers_get_mail(house: House, letters: Letters) -> None:
    """The rules of texts hold for e-mail."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.missed()
    await house.close()
    house.write(settings='mode = "test"', more=SEQUENCE, stack=STACK + "[plugins.mailer]\n")
    await house.open()
    await house.let_pass(3 * HOUR)

    assert letters.handed == []
    assert "test mode" in results(house)["follow_up/1"]


async def test_the_next_plugin_tries_only_what_surely_did_not_leave(
    house: House, letters: Letters
) -> None:
    """As with texts: in the file's order."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    letters.failing["mailer"] = NotSent("refused the connection")
    await house.missed()
    await house.let_pass(3 * HOUR)

    assert [plugin for plugin, _ in letters.handed] == ["mailer", "spare"]
    assert len(letters.mails) == 1
    assert {row["plugin"]: row["state"] for row in house.texts("follow_up/1")} == {
        "mailer": "failed",
        "spare": "sent",
    }


async def test_what_may_have_left_is_never_sent_again(house: House, letters: Letters) -> None:
    """The team is told, in the words for an e-mail."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    letters.failing["mailer"] = MaybeSent("gave no whole answer")
    await house.missed()
    await house.let_pass(20 * HOUR)

    assert [plugin for plugin, _ in letters.handed] == ["mailer"]
    assert [row["state"] for row in house.texts("follow_up/1")] == ["unknown"]
    assert any(title.startswith("Unconfirmed: an e-mail to") for title in house.told())


async def test_a_refusal_is_told_and_says_nothing_of_the_number(
    house: House, letters: Letters
) -> None:
    """A mailbox that isn't there doesn't stop the texts."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    letters.failing["mailer"] = DeliveryError("no such user", permanent=True)
    await house.missed()
    await house.let_pass(30 * HOUR)

    assert any("An e-mail to" in title and "failed" in title for title in house.told())
    assert house.rows("SELECT * FROM suppressions") == []
    assert [text.step for _, text in house.sent] == ["text/1", "follow_up/2"]


async def test_a_death_while_it_is_sent_leaves_it_unknown(house: House, letters: Letters) -> None:
    """The intent was committed: after the restart nobody sends it again."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.missed()
    await house.let_pass(3 * HOUR)
    await house.close()
    with sqlite3.connect(house.folder / "textback.db") as store:  # its answer was never committed
        store.execute("UPDATE texts SET state = 'sending', rank = 1 WHERE step = 'follow_up/1'")
        store.execute("UPDATE steps SET state = 'running' WHERE name = 'follow_up/1'")
    store.close()
    await house.open()
    await house.let_pass(HOUR)

    assert len(letters.handed) == 1
    assert [row["state"] for row in house.texts("follow_up/1")] == ["unknown"]


def link_of(house: House, address: str = ANNA) -> Link:
    """The link in a caller's mails."""
    ctx = house.runtime.ctx
    return Link(CLIENT, house.case()["case_id"], unsubscribing.hash_of(ctx, address))


async def unsubscribe(house: House, link: Link) -> None:
    """Somebody presses the button."""
    ctx = house.runtime.ctx
    stack = await ctx.stack(CLIENT)
    wakes = await house.runtime.store.write(
        lambda: unsubscribing.unsubscribe(ctx, stack, link, "by the link", ctx.now())
    )
    house.runtime.engine.wake(wakes)
    await house.run()


async def test_who_unsubscribed_gets_no_mail_and_still_gets_texts(
    house: House, letters: Letters
) -> None:
    """However the address is capitalised; the team is told once."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.missed()
    await house.let_pass(3 * HOUR)
    ctx = house.runtime.ctx
    token = letters.mails[0].unsubscribe_url.rpartition("/")[2]
    link = unsubscribing.read(ctx, token)
    assert link == link_of(house, ANNA.lower())

    await unsubscribe(house, link)
    await unsubscribe(house, link)
    letters.known = Caller(first_name="Anna", email=ANNA.upper())
    await house.let_pass(3 * DAY)

    assert len(letters.mails) == 1
    assert "unsubscribed from e-mail" in results(house)["follow_up/3"]
    assert [text.step for _, text in house.sent] == ["text/1", "follow_up/2"]
    assert len([title for title in house.told() if "unsubscribed" in title]) == 1
    assert await house.ledger_fault() is None


async def test_no_intent_commits_after_unsubscribing_has(house: House, letters: Letters) -> None:
    """A decision that was made before is stale: it is made anew."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.missed()
    link = link_of(house)
    versions = await house.runtime.store.read(lambda: contacts.versions(CLIENT, link.address))
    await unsubscribe(house, link)

    with pytest.raises(contacts.Stale):
        await house.runtime.store.write(
            lambda: contacts.compare_and_set(CLIENT, link.address, versions)
        )
    await house.let_pass(3 * HOUR)
    assert letters.handed == []


@pytest.mark.parametrize("at", [0, 15, 20, 60, -5])
def test_a_token_that_was_changed_is_none(house: House, at: int) -> None:
    """Any byte of it; also what is no token at all."""
    ctx = house.runtime.ctx
    link = Link(CLIENT, "abcdefghij23", unsubscribing.hash_of(ctx, ANNA))
    token = unsubscribing.write(ctx, link)
    assert unsubscribing.read(ctx, token) == link
    changed = list(token)
    changed[at] = "A" if changed[at] != "A" else "B"

    assert unsubscribing.read(ctx, "".join(changed)) is None
    assert unsubscribing.read(ctx, token[:-4]) is None
    for nonsense in ("", "x", "ü", "A" * 400):
        assert unsubscribing.read(ctx, nonsense) is None


async def test_an_answer_stops_the_sequence(house: House, letters: Letters) -> None:
    """By the case that it names: the team reads it, the CRM has it, the address is kept."""
    await house.missed()
    case = house.case()["case_id"]

    await house.tell(an_answer(house, case=case), plugin="mailer")
    await house.let_pass(3 * DAY)

    assert [text.step for _, text in house.sent] == ["text/1"]
    assert set(house.states("follow_up/%").values()) == {"cancelled"}
    assert any(title.endswith("wrote by e-mail") for title in house.told())
    assert any("Yes please" in line for each in house.outside.notices for line in each.lines)
    assert any(each.body == "Yes please" for each in house.outside.logged.values())
    assert ANNA in house.case()["caller"]
    assert letters.handed == []


async def test_an_answer_is_known_by_its_sender(house: House, letters: Letters) -> None:
    """Where the mail service lost what leads to the case."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.missed()
    await house.let_pass(3 * HOUR)

    await house.tell(an_answer(house, sender=ANNA.lower()), plugin="mailer")
    await house.let_pass(3 * DAY)

    assert [text.step for _, text in house.sent] == ["text/1"]
    assert house.case()["replies"] == 1


async def test_strangers_open_nothing(house: House, letters: Letters) -> None:
    """Their mail is kept in the inbox and changes nothing."""
    await house.missed()
    told = house.told()

    await house.tell(an_answer(house, sender="eve@example.com"), plugin="mailer")
    await house.tell(an_answer(house, case="another", sender="eve@example.com"), plugin="mailer")
    await house.run()

    assert house.told() == told
    assert house.case()["replies"] == 0
    assert len(house.rows("SELECT * FROM inbox WHERE kind = 'EmailReceived'")) == 2


async def test_stop_by_mail_ends_mail(house: House, letters: Letters) -> None:
    """As good as the link; what waits is cancelled as by any answer."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.missed()

    await house.tell(an_answer(house, "Unsubscribe!"), plugin="mailer")
    await house.run()

    (row,) = house.rows("SELECT * FROM suppressions")
    assert (row["reason"], row["number"]) == ("unsubscribed", None)
    assert any("unsubscribed from e-mail" in title for title in house.told())


async def test_own_words_by_mail_end_everything(house: House, letters: Letters) -> None:
    """Who asks to be left alone hears nothing more, by mail or text; the team is told once."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.missed()

    await house.tell(an_answer(house, "Please take me off your list"), plugin="mailer")
    await house.let_pass(10 * DAY)
    await house.missed()

    reasons = {row["reason"] for row in house.rows("SELECT reason FROM suppressions")}
    assert reasons == {"unsubscribed", "opt_out"}
    assert not letters.mails
    assert len(house.sent) == 1
    assert [each.kind.value for each in house.outside.notices].count("opted_out") == 1


async def test_a_mail_that_may_be_an_opt_out_is_for_people(house: House, letters: Letters) -> None:
    """As with a text: what may go out is for the team to decide."""
    letters.known = Caller(first_name="Anna", email=ANNA)
    await house.missed()

    await house.tell(an_answer(house, "Not interested"), plugin="mailer")
    await house.let_pass(10 * DAY)
    await house.missed()

    assert house.ends() == ["sent", "suppressed"]
    assert any("may want no more texts" in title for title in house.told())


async def test_an_answer_told_twice_counts_once(house: House, letters: Letters) -> None:
    """A mailbox is read again after a crash."""
    await house.missed()
    event = an_answer(house, case=house.case()["case_id"])

    await house.tell(event, plugin="mailer")
    await house.tell(event, plugin="mailer")
    await house.run()

    assert house.case()["replies"] == 1
