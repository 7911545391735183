"""What can go wrong between textback and HubSpot, as the SDK tells it: over real sockets."""

import json
import logging
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from structlog.testing import capture_logs

from support.hubspot_api import BAD_GATEWAY, BREAK_AFTER, DAILY, SECONDLY, SILENT, TOKEN
from textback.config.secrets import Secret
from textback.errors import MaybeSent, NotSent, ProviderError, Refused
from textback.testing.builders import CALLER, a_call, a_lead, an_activity
from textback_hubspot import Settings

LEAD = a_lead(tag=None, fields={}, name="Anna Example", email="anna@example.com")
JSON = {"content-type": "application/json"}
TEN_SECONDLY = (
    429,
    JSON,
    json.dumps({"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}).encode(),
)


async def error_of(crm):
    with pytest.raises(ProviderError) as caught:
        await crm.save_contact(LEAD, "key")
    return caught.value


# ── no answer ───────────────────────────────────────────────────────────────────────────────────


async def test_nobody_there(hubspot, crm):
    """Surely nothing was sent."""
    hubspot.down()
    assert isinstance(await error_of(crm), NotSent)


async def test_a_name_that_is_not_known(make):
    """The same, for one that can't be resolved."""
    assert isinstance(await error_of(make(base_url="http://hubspot.invalid")), NotSent)


@pytest.mark.parametrize("how", [BREAK_AFTER, BAD_GATEWAY])
async def test_no_whole_answer(hubspot, crm, how):
    """It may have been done: a broken connection, and a page of a proxy in between."""
    hubspot.fail(how)
    assert isinstance(await error_of(crm), MaybeSent)


async def test_no_answer_in_time(hubspot, make):
    """The thread comes back by itself."""
    hubspot.fail(SILENT)
    assert isinstance(await error_of(make(timeout_s=0.2)), MaybeSent)


@pytest.mark.parametrize(
    "content", [b"<html>fine</html>", b"", b"null", b"[]", b"{}", b'{"results": {', b"\xff\xfe"]
)
@pytest.mark.parametrize("status", [200, 201, 502])
async def test_an_answer_that_cannot_be_read(hubspot, crm, status, content):
    """Nobody knows what was done; and nothing of it is believed."""
    hubspot.fail((status, JSON, content))
    error = await error_of(crm)
    assert isinstance(error, MaybeSent)
    assert hubspot.all("contacts") == []


@pytest.fixture
def behind_tls():
    """A server with a certificate of its own making; its address, and its CA."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


async def test_a_certificate_nobody_vouches_for(make, behind_tls):
    """No byte of the request was written; the SDK itself stumbles over it."""
    error = await error_of(make(base_url=behind_tls))
    assert isinstance(error, NotSent)
    assert "certificate" in str(error)


async def test_no_tls_where_tls_is_asked_for(hubspot, make):
    """Told as trouble, whatever the SDK makes of it."""
    error = await error_of(make(base_url=hubspot.url.replace("http:", "https:")))
    assert isinstance(error, NotSent | MaybeSent)


# ── an answer that is no ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 415, 302])
async def test_what_only_people_can_mend(hubspot, crm, status):
    """For good: the step is parked where they see it."""
    hubspot.fail((status, JSON, b'{"message": "no"}'))
    error = await error_of(crm)
    assert isinstance(error, Refused)
    assert error.permanent
    assert error.code == str(status)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (SECONDLY, 1),
        (TEN_SECONDLY, 10),
        ((429, {"retry-after": "7"}, b""), 7),
        ((429, JSON, b"[]"), 1),
        ((423, JSON, b"{}"), 2),
        ((477, {"retry-after": "86400"}, b""), 86400),
        ((477, {}, b""), None),
        ((503, {"retry-after": "30"}, b""), 30),
        ((408, {}, b""), None),
        ((524, {}, b"<html>"), None),
    ],
)
async def test_what_mends_itself(hubspot, crm, answer, wait):
    """Later, after as long as HubSpot says or documents."""
    hubspot.fail(answer)
    error = await error_of(crm)
    assert not error.permanent
    assert error.retry_after == wait


async def test_the_daily_limit_ends_at_the_accounts_midnight(hubspot, crm, clock):
    """In its own time zone, which is known from its first contact on; else in an hour."""
    hubspot.fail(DAILY)
    assert (await error_of(crm)).retry_after == 3600

    await crm.save_contact(LEAD, "key")
    hubspot.fail(DAILY)
    wait = (await error_of(crm)).retry_after

    midnight = datetime(2026, 3, 3, 5, tzinfo=UTC)  # in New York
    assert clock.now() + timedelta(seconds=wait) == midnight


async def test_a_wrong_token_is_named(hubspot, crm):
    """By its setting."""
    hubspot.fail((401, JSON, b'{"message": "Authentication credentials not found."}'))
    assert "see access_token" in str(await error_of(crm))


async def test_missing_scopes_are_named(hubspot, make):
    """As HubSpot names them."""
    hubspot.scopes.remove("crm.objects.deals.read")
    crm = make()
    ref = await crm.save_contact(LEAD, "key")
    with pytest.raises(Refused, match=r"its scopes: crm\.objects\.deals\.read") as caught:
        await crm.save_deal(ref, a_lead(stage="New lead"), "key")
    assert caught.value.code == "MISSING_SCOPES"


# ── what is shown, and what is kept ─────────────────────────────────────────────────────────────


async def test_nothing_of_a_caller_or_the_token_is_shown(hubspot, crm, caplog):
    """Neither in errors nor in any log, the SDK's and its connections' included."""
    caplog.set_level(logging.DEBUG)
    said = json.dumps({"message": f"{CALLER} anna@example.com {TOKEN}"}).encode()
    with capture_logs() as logs:
        await crm.save_contact(LEAD, "key")
        hubspot.fail((400, JSON, said), "/contacts")
        hubspot.fail(BREAK_AFTER, "/contacts")
        errors = [repr(await error_of(crm)), repr(await error_of(crm))]
        await crm.identify_caller(a_call())

    shown = f"{errors} {logs} {caplog.text} {crm!r} {crm.settings!r}"
    for secret in (TOKEN, CALLER[1:], "3035550123", "anna@example.com"):
        assert secret not in shown
    assert "response body" not in caplog.text


async def test_connections_are_kept(hubspot, crm):
    """One for all kinds of requests; the SDK would open one for each."""
    hubspot.owner("7", "sam@example.com")
    for number in range(3):
        lead = a_lead(tag=None, fields={}, stage="New lead", owner="sam@example.com")
        ref = await crm.save_contact(lead, f"lead/{number}")
        await crm.save_deal(ref, lead, f"deal/{number}")
        await crm.log_activity(ref, an_activity(), f"log/{number}")

    assert len(hubspot.requests) > 12
    assert hubspot.connections == 1


async def test_a_kept_connection_that_has_died_costs_nothing(hubspot, crm):
    """HubSpot closes connections that nobody uses."""
    await crm.save_contact(LEAD, "key")
    hubspot.down()
    hubspot.up()

    assert await crm.save_contact(LEAD, "key")


async def test_a_proxy_on_the_way(hubspot, make):
    """It is asked instead of HubSpot, by the whole address."""
    crm = make(base_url="http://hubspot.example", proxy=Secret(hubspot.url))

    assert (await crm.save_contact(LEAD, "key")).id
    assert all("http://hubspot.example/" in request for request in hubspot.asked())


def test_the_token_is_nowhere_in_the_accounts_name(crm):
    """It is shown in metrics."""
    assert crm.settings.account not in TOKEN
    assert len(crm.settings.account) == 12


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("access_token", Secret(""), "is not a token"),
        ("access_token", Secret("pat\n"), "is not a token"),
        ("tag_property", "Lead Status", "not the internal name"),
        ("overwrite", ("city", "lifecyclestage"), "never moves back"),
    ],
)
def test_settings_that_cannot_be_meant(setting, value, words):
    """Told in words."""
    with pytest.raises(ValueError, match=words):
        Settings(**{"access_token": Secret(TOKEN), setting: value})
