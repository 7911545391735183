"""A step's result that no database takes: its neighbours' are kept, and it is parked in the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from support import postgres
from support.beside import store_of
from support.house import CLIENT, House
from support.outside import Plugin
from textback.engine import retry
from textback.engine.actor import Actor
from textback.engine.context import Context
from textback.errors import DeliveryError, MaybeSent, Refused
from textback.hookspecs import hookimpl
from textback.model import Activity, Caller, CrmRef, Lead, Receipt, Text, TextState
from textback.store import Store, Unit, Work, cases, contacts, steps, texts
from textback.store.migrate import migrate
from textback.store.steps import Step
from textback.store.work import Row

HALF = "\ud83d"  # of an emoji, as it is left where somebody cut a text by UTF-16 units
LONG = timedelta(days=3)  # until all tries are over


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def store(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each database, empty."""
    url = None
    if request.param == "postgres":
        url = postgres.new_database(request.getfixturevalue("postgres_server"))
    else:
        migrate(f"sqlite:///{tmp_path / 'textback.db'}")
    store = await store_of(tmp_path, url)
    yield store
    await store.close()


@pytest.fixture
async def closed(tmp_path: Path, store: Store) -> AsyncIterator[House]:
    """A house that is still to be opened, on that store."""
    house = House(tmp_path, None)
    house.write(more="")
    yield house
    await house.close()


@pytest.fixture
async def house(closed: House, store: Store) -> House:
    """A house on each database."""
    await closed.open(store)
    return closed


async def case_of(house: House) -> Row:
    """The only case."""
    (row,) = await house.runtime.store.read(lambda: cases.open_ones(CLIENT, 2))
    return row


async def step_of(house: House, name: str) -> Step:
    """A step of the only case."""
    subject = f"case/{(await case_of(house))['case_id']}"
    step = await house.runtime.store.read(lambda: steps.get(CLIENT, subject, name))
    assert step is not None
    return step


async def texts_of(house: House) -> list[tuple[str, str | None]]:
    """The texts of the only case: how far each is, and by which id its provider knows it."""
    case = (await case_of(house))["case_id"]
    rows = await house.runtime.store.read(lambda: texts.of_case(CLIENT, case))
    return [(row["state"], row["provider_id"]) for row in rows]


def test_words_and_ids_of_providers_can_be_stored() -> None:
    """As it is with webhooks, so that a status still finds its text."""
    ref = CrmRef(123, f"https://crm.example/{HALF}")  # type: ignore[arg-type]

    assert str(Refused(f"no {HALF}\0", permanent=True)) == "no \ufffd\ufffd"
    assert Receipt(f"SM\0{HALF}").provider_id == "SM\ufffd\ufffd"
    assert (ref.id, ref.url) == ("123", "https://crm.example/\ufffd")
    assert CrmRef("1").url is None
    assert Receipt(None).provider_id is None  # type: ignore[arg-type]


async def test_a_crms_error_with_half_an_emoji_is_counted_and_parked(house: House) -> None:
    """It is said in its own words, but for that one character."""
    tries = []

    async def save(lead: Lead) -> None:
        tries.append(lead)
        raise Refused(f"no field {HALF}\0", permanent=False)

    house.outside.saving = save
    await house.missed()
    await house.let_pass(LONG)

    step = await step_of(house, "lead/crm")
    assert (step.state, step.error) == ("parked", "no field \ufffd\ufffd")
    assert len(tries) == retry.TRIES
    assert await texts_of(house) == [("sent", f"SM-{house.sent[0][1].id}")]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (DeliveryError(f"no such phone {HALF}", permanent=True), "failed"),
        (MaybeSent(f"the answer broke off: {HALF}"), "unknown"),
    ],
)
async def test_a_senders_error_with_half_an_emoji_means_what_it_says(
    house: House, error: Exception, state: str
) -> None:
    """What surely did not leave isn't taken for unsure, and the other way round."""

    async def send(text: Text) -> Receipt:
        raise error

    house.outside.sending["carrier"] = send
    await house.missed()

    assert await texts_of(house) == [(state, None)]
    assert (await case_of(house))["because"] == str(error)
    assert "\ufffd" in str(error)


@pytest.mark.parametrize(("given", "kept"), [(123, "123"), ("SM\0" + HALF, "SM\ufffd\ufffd")])
async def test_a_receipt_is_kept_whatever_a_sender_made_of_its_id(
    house: House, given: Any, kept: str
) -> None:
    """And what the provider tells of the text under that id later finds it."""

    async def send(text: Text) -> Receipt:
        house.outside.take("carrier", text)
        return Receipt(given)

    house.outside.sending["carrier"] = send
    await house.missed()
    assert await texts_of(house) == [("sent", kept)]

    await house.tell(house.status(TextState.DELIVERED, provider_id=kept), plugin="carrier")
    await house.run()
    assert await texts_of(house) == [("delivered", kept)]
    assert len(house.sent) == 1


class OddCrm(Plugin):
    """One that hands on ids as they came."""

    logged: ClassVar[list[CrmRef]]
    saved: ClassVar[list[str]]
    given: ClassVar[Any]

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        self.saved.append(key)
        return CrmRef(self.given, self.given)

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        self.logged.append(ref)


@pytest.mark.parametrize(("given", "kept"), [(77, "77"), (f"c{HALF}\0", "c\ufffd\ufffd")])
async def test_a_contact_is_kept_whatever_a_crm_made_of_its_id(
    closed: House, store: Store, given: Any, kept: str
) -> None:
    """It is saved once, and what is logged goes to it."""
    crm = type("Odd", (OddCrm,), {"given": given, "logged": [], "saved": []})
    closed.outside.others["crm"] = crm
    await closed.open(store)

    await closed.missed()

    assert len(crm.saved) == 1
    assert set(crm.logged) == {CrmRef(kept, kept)}
    assert (await step_of(closed, "lead/crm")).state == "done"


def spoil_the_contact(patch: pytest.MonkeyPatch) -> None:
    """What comes of a lead can't be committed, on either database."""
    real = contacts.keep_ref

    def keep(client: str, plugin: str, kind: str, number: str, *ref: str) -> Work[None]:
        return real(client, plugin, kind, number, HALF, None)

    patch.setattr(contacts, "keep_ref", keep)


async def test_a_receipt_is_kept_beside_what_cannot_be_committed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is tried as often as anything that fails, and parked; then it is taken up by `retry`."""
    tries = []

    async def save(lead: Lead) -> None:
        tries.append(lead)

    def woken_by_the_last(actor: Actor, task: asyncio.Task[Unit[None]]) -> None:
        if all(each.done() for each in actor._tasks):
            actor.woken.set()

    house.outside.saving = save
    monkeypatch.setattr(Actor, "_ended", woken_by_the_last)  # so that they are one commit
    with monkeypatch.context() as patch:
        spoil_the_contact(patch)
        await house.missed()
        assert await texts_of(house) == [("sent", f"SM-{house.sent[0][1].id}")]
        assert (await step_of(house, "lead/crm")).state == "waiting"
        await house.let_pass(LONG)

    step = await step_of(house, "lead/crm")
    assert (step.state, step.attempts, len(tries)) == ("parked", retry.TRIES, retry.TRIES)
    assert step.error is not None
    assert step.error.startswith("failed in an unexpected way (")
    assert len(house.sent) == 1
    assert len(house.told()) == 1

    await house.runtime.store.write(lambda: steps.retry_parked("*", house.runtime.ctx.now()))
    await house.run()
    assert (await step_of(house, "lead/crm")).state == "done"


async def test_a_text_under_way_is_not_cut_off_by_what_cannot_be_committed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its provider answers after that has failed."""
    failed = asyncio.Event()
    real = retry.again_or_park

    def again(ctx: Context, step: Step, error: BaseException) -> Work[None]:
        failed.set()
        return real(ctx, step, error)

    async def send(text: Text) -> Receipt:
        await failed.wait()
        return house.outside.take("carrier", text)

    house.outside.sending["carrier"] = send
    monkeypatch.setattr(retry, "again_or_park", again)
    spoil_the_contact(monkeypatch)
    await house.missed()

    assert await texts_of(house) == [("sent", f"SM-{house.sent[0][1].id}")]


async def test_a_text_whose_receipt_cannot_be_committed_is_unsure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have left: it isn't sent again, and the provider is asked what became of it."""
    real = texts.advance

    def advance(client: str, text: str, state: TextState, now: int, **more: Any) -> Work[bool]:
        if state is TextState.SENT:
            more["provider_id"] = HALF
        return real(client, text, state, now, **more)

    with monkeypatch.context() as patch:
        patch.setattr(texts, "advance", advance)
        await house.missed()
        await house.let_pass(timedelta(seconds=5))
        assert await texts_of(house) == [("unknown", None)]
        assert (await step_of(house, "text/1")).result["state"] == "unknown"
        assert (await case_of(house))["end_state"] == "unknown"

    house.outside.finding = lambda text: Receipt("SM1")
    await house.let_pass(LONG)
    assert await texts_of(house) == [("sent", "SM1")]
    assert len(house.outside.asked) == 1
    assert (await step_of(house, "lead/crm")).state == "done"


async def test_half_an_emoji_in_a_name_costs_nobody_the_text(house: House) -> None:
    """From the CRM, and from a source that lists or holds a connection: no webhook cleans these."""
    house.outside.known = Caller(name=f"Anna {HALF}", first_name=f"Anna{HALF}", known=True)
    await house.missed(caller_name=f"ANNA {HALF}")

    (_, text) = house.sent[0]
    assert HALF not in text.body
    assert await texts_of(house) == [("sent", f"SM-{text.id}")]
