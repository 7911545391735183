"""The ledger: sealed in order, and every change to it shows."""

from __future__ import annotations

import pytest

from textback.store import Store, Work, ledger, statement

TAMPER = {
    "content": statement("UPDATE ledger SET content = 'x' WHERE seq = :seq"),
    "digest": statement("UPDATE ledger SET digest = 'x', content = NULL WHERE seq = :seq"),
    "time": statement("UPDATE ledger SET at = 99 WHERE seq = :seq"),
    "order": statement("UPDATE ledger SET seq = 9 WHERE seq = :seq"),
    "deletion": statement("DELETE FROM ledger WHERE seq = :seq"),
}
ERASE = statement("UPDATE ledger SET content = NULL, salt = NULL WHERE seq = :seq")


async def fill(store: Store) -> None:
    """Five rows for one client, two for another, sealed."""

    def unit() -> Work[None]:
        for number in range(5):
            yield from ledger.write("acme", "decided", "case/1", "hash", {"a": number}, number)
        for number in range(2):
            yield from ledger.write("other", "decided", "case/2", None, {"b": number}, number)

    await store.write(unit)
    assert len(await store.write(ledger.seal)) == 7
    assert await store.write(ledger.seal) == []


async def run(store: Store, query: object, seq: int) -> None:
    """Change one row behind the ledger's back."""

    def unit() -> Work[None]:
        yield query, {"seq": seq}

    await store.write(unit)


async def test_each_client_has_its_chain(store: Store) -> None:
    """Sealed rows are numbered from one for each client and hold."""
    await fill(store)

    assert await store.read(lambda: ledger.verify("acme")) == ledger.Proof(5)
    assert await store.read(lambda: ledger.verify("other")) == ledger.Proof(2)
    seq, chain = await store.read(lambda: ledger.head("acme"))
    assert seq == 5
    assert len(chain) == 64


async def test_sealing_goes_on_where_it_stopped(store: Store) -> None:
    """Later rows are chained to the sealed ones."""
    await fill(store)
    await store.write(lambda: ledger.write("acme", "sent", "case/1", "hash", {}, 3))
    await store.write(ledger.seal)

    assert await store.read(lambda: ledger.verify("acme")) == ledger.Proof(6)


async def test_erased_content_leaves_the_chain_whole(store: Store) -> None:
    """The hash covers a salted digest, not the content."""
    await fill(store)

    await run(store, ERASE, 2)

    assert await store.read(lambda: ledger.verify("acme")) == ledger.Proof(5)


@pytest.mark.parametrize("how", TAMPER)
async def test_every_change_shows(store: Store, how: str) -> None:
    """A row that was changed, moved or deleted breaks the chain at its place."""
    await fill(store)

    await run(store, TAMPER[how], 3)

    proof = await store.read(lambda: ledger.verify("acme"))
    assert proof.broken is not None
    assert proof.sealed == 2
