"""``/u/{token}``: a page that changes nothing, and a POST that does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from support.house import CLIENT, House
from textback.engine.cases import unsubscribing
from textback.engine.cases.unsubscribing import Link
from textback.errors import StoreBusy
from textback.web.app import public_app

ONE_CLICK = {"List-Unsubscribe": "One-Click"}  # RFC 8058 section 3.2


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's browser, or their mail program."""
    app = public_app(
        house.runtime.ctx,
        house.runtime.engine,
        left_out={},
        renamed={"old-name": CLIENT},
        admin=False,
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://hooks.example") as client:
        yield client


@pytest.fixture
async def page(house: House) -> str:
    """The link of a caller whose call was missed."""
    await house.missed()
    return path_of(house, CLIENT)


def path_of(house: House, client: str) -> str:
    """A link that we signed."""
    ctx = house.runtime.ctx
    address = unsubscribing.hash_of(ctx, "anna@example.com")
    return f"/u/{unsubscribing.write(ctx, Link(client, house.case()['case_id'], address))}"


def suppressed(house: House) -> list[str]:
    """Why addresses or numbers are not written to, by client."""
    return [f"{row['client']}/{row['reason']}" for row in house.rows("SELECT * FROM suppressions")]


async def test_opening_the_link_changes_nothing(
    house: House, browser: httpx.AsyncClient, page: str
) -> None:
    """Virus scanners open every link in a mail; there is a button, and nothing from elsewhere."""
    answer = await browser.get(page)

    assert answer.status_code == 200
    assert "No more e-mail from Bright Smile Dental?" in answer.text
    assert '<form method="post">' in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert suppressed(house) == []


@pytest.mark.parametrize("form", [ONE_CLICK, {}])
async def test_posting_unsubscribes_at_once(
    house: House, browser: httpx.AsyncClient, page: str, form: dict[str, str]
) -> None:
    """By the button or by the mail program; twice is once."""
    for _ in range(2):
        answer = await browser.post(page, data=form)
        assert answer.status_code == 200
        assert "will send you no more e-mail" in answer.text
    await house.run()

    assert suppressed(house) == [f"{CLIENT}/unsubscribed"]
    assert len([title for title in house.told() if "unsubscribed" in title]) == 1


async def test_a_forged_link_reads_no_store(
    house: House, browser: httpx.AsyncClient, page: str
) -> None:
    """With the store gone the answer is the same: the signature comes first."""
    await house.close()

    answer = await browser.post(page[:-3] + "abc", data=ONE_CLICK)

    assert answer.status_code == 404
    assert "not complete" in answer.text


async def test_a_link_of_before_a_renaming_counts(
    house: House, browser: httpx.AsyncClient, page: str
) -> None:
    """Mails stay in mailboxes for years."""
    await browser.post(path_of(house, "old-name"), data=ONE_CLICK)

    assert suppressed(house) == [f"{CLIENT}/unsubscribed"]


async def test_a_client_without_a_usable_file_is_unsubscribed_from_too(
    house: House, browser: httpx.AsyncClient, page: str
) -> None:
    """It will be served again one day."""
    answer = await browser.post(path_of(house, "left-out"), data=ONE_CLICK)

    assert answer.status_code == 200
    assert suppressed(house) == ["left-out/unsubscribed"]


async def test_a_store_that_is_busy_says_try_again(
    house: House, browser: httpx.AsyncClient, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that it worked when it did not."""

    async def busy(unit: object) -> None:
        raise StoreBusy("the disk is full")

    monkeypatch.setattr(house.runtime.ctx.store, "write", busy)

    answer = await browser.post(page, data=ONE_CLICK)

    assert answer.status_code == 503
    assert "Please try again" in answer.text


async def test_other_methods_and_large_bodies_are_refused(
    browser: httpx.AsyncClient, page: str
) -> None:
    """There is nothing else to do here."""
    assert (await browser.delete(page)).status_code == 405
    assert (await browser.post(page, content=b"x" * (1 << 20) + b"x")).status_code == 413
