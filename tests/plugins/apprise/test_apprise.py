"""Services told by Apprise, over real sockets: once each, in time, and without a word in a log."""

import asyncio
import logging
import traceback

import attrs
import pytest
from structlog.testing import capture_logs

from textback.config.secrets import Secret
from textback.errors import ConfigError, MaybeSent, NotSent, Refused
from textback.model import NoticeKind, Severity
from textback.testing.builders import CALLER, a_notice
from textback_apprise import Settings

NOTICE = a_notice(url="https://crm.example.com/7", next="A follow-up is due at noon.", key="call/1")


async def test_tells_every_service(build, listener):
    """Title, facts, text, what is next and the link, as plain words."""
    await build("a", "b").notify_team(NOTICE)

    assert listener.bodies("a") == listener.bodies("b")
    (body,) = listener.bodies("a")
    assert body["title"] == "Missed call from (303) 555-0123"
    assert body["message"].splitlines() == [
        "Number: (303) 555-0123",
        "When: Mon 02 Mar 2026, 10:30 MST",
        "Outcome: nobody answered",
        "Called: (303) 555-0100",
        "They were texted:",
        *NOTICE.text.splitlines(),
        "A follow-up is due at noon.",
        "Open in the CRM: https://crm.example.com/7",
    ]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (NoticeKind.REPLY, "info"),
        (NoticeKind.BOOKED, "success"),
        (NoticeKind.UNCONFIRMED, "warning"),
        (NoticeKind.FAILED, "failure"),
    ],
)
async def test_the_kind_is_apprises(build, listener, kind, shown):
    """Services colour by it."""
    await build("a").notify_team(attrs.evolve(NOTICE, kind=kind))

    assert listener.bodies("a")[0]["type"] == shown


async def test_strangers_call_nobody(build, listener):
    """Discord and others look for ``@everyone``, Slack for ``<!channel>``."""
    text = "@everyone <!channel> <@U1> a@example.com"
    await build("a").notify_team(attrs.evolve(NOTICE, text=text, title="Eve @here"))

    (body,) = listener.bodies("a")
    said = f"{body['title']} {body['message']}"
    assert not any(bad in said for bad in ("@everyone", "@here", "<!", "<@"))
    assert "a@example.com" in said


async def test_who_took_it_is_not_told_twice(build, listener):
    """One fails: only that one is tried again, by another process as well."""
    listener.answers["b"] = 503
    with pytest.raises(Refused) as caught:
        await build("a", "b", "c").notify_team(NOTICE)
    assert not caught.value.permanent

    listener.answers["b"] = 200
    await build("a", "b", "c").notify_team(NOTICE)
    await build("a", "b", "c").notify_team(NOTICE)
    assert [len(listener.bodies(path)) for path in "abc"] == [1, 2, 1]

    await build("a", "b", "c").notify_team(attrs.evolve(NOTICE, key="reply/1"))
    assert [len(listener.bodies(path)) for path in "abc"] == [2, 3, 2]


@pytest.mark.parametrize("path", ["x401", "x404", "x429", "x500"])
async def test_a_no_is_never_for_good(build, path):
    """Apprise doesn't say why, so it is tried again; the error names the service alone."""
    with pytest.raises(Refused, match="JSON said no, or was not reached") as caught:
        await build(path).notify_team(NOTICE)

    assert not caught.value.permanent
    assert caught.value.retry_after is None


async def test_not_reached_is_a_no_as_well(build):
    """Which of both it was is in Apprise's logs alone."""
    with pytest.raises(Refused, match="or was not reached"):
        await build("json://127.0.0.1:1/nobody").notify_team(NOTICE)


async def test_silence_may_be_a_yes(build, listener):
    """After its time; the loop is free meanwhile, so that the other service is told."""
    slow = build("silent", "quick", timeout_s=0.3)

    with pytest.raises(MaybeSent, match=r"gave no answer within 0\.3 s"):
        await slow.notify_team(NOTICE)

    assert len(listener.bodies("quick")) == 1


async def test_a_task_that_is_cancelled_ends_at_once(build, listener):
    """The thread ends by its own time-out, and nobody waits for it."""
    task = asyncio.ensure_future(build("silent").notify_team(NOTICE))
    async with asyncio.timeout(10):
        while not listener.told:
            await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_account_that_rests_is_not_asked(build, listener):
    """Requests pass the gate: after five failures nobody is asked for a while."""
    notifier = build("x503")
    for n in range(5):
        with pytest.raises(Refused):
            await notifier.notify_team(attrs.evolve(NOTICE, key=f"call/{n}"))

    with pytest.raises(NotSent):
        await notifier.notify_team(NOTICE)
    assert len(listener.told) == 5


@pytest.mark.parametrize("path", ["x200", "x401", "silent"])
async def test_nothing_of_the_url_or_the_notice_is_shown(build, listener, caplog, path):
    """With every logger at DEBUG: no password, no path, no number, no words."""
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)
    told = ""
    with capture_logs() as logs:
        notifier = build(f"a-secret-token/{path}", timeout_s=0.3)
        try:
            await notifier.notify_team(NOTICE)
        except (Refused, MaybeSent) as error:
            told = "".join(traceback.format_exception(error))
        findings = await notifier.check()

    assert listener.told
    shown = f"{told} {findings} {notifier!r} {notifier.settings!r} {logs} {caplog.text}"
    for secret in ("the-password-in-the-url", "a-secret-token", CALLER[1:], NOTICE.text):
        assert secret not in shown
    assert caplog.text == ""


async def test_check_reads_the_urls_and_sends_nothing(build, listener):
    """What Apprise doesn't understand is told by its place; what it does, by its name."""
    secret = "slack://not-a-token-of-slack"
    found = await build("a", secret, "nosuchthing://host/secret").check()

    assert [each.severity for each in found] == [Severity.OK, Severity.ERROR, Severity.ERROR]
    assert found[0].message == "notices go to JSON, entry 1 of urls"
    assert found[1].message.startswith("entry 2 of urls is no URL that Apprise understands")
    assert found[2].message.startswith("entry 3 of urls")
    assert "not-a-token" not in str(found)
    assert "nosuchthing" not in str(found)
    assert listener.told == []


async def test_a_url_that_is_none_is_for_good_and_hinders_no_other(build, listener):
    """The others are told; trying again can't help."""
    url = "nosuchthing://host/a-" + "secret"
    with pytest.raises(Refused, match="entry 1") as caught:
        await build(url, "a").notify_team(NOTICE)

    assert caught.value.permanent
    assert "a-secret" not in "".join(traceback.format_exception(caught.value))
    assert len(listener.bodies("a")) == 1


async def test_what_may_pass_outweighs_what_is_for_good(build):
    """Else the service that is only down would never be told."""
    with pytest.raises(Refused) as caught:
        await build("nosuchthing://host/secret", "x503").notify_team(NOTICE)

    assert not caught.value.permanent


@pytest.mark.parametrize("url", ["", "just-a-token", "://host", "1x://host", "json://"])
def test_refuses_what_is_no_url_without_showing_it(url):
    """By its place in the list."""
    with pytest.raises(ConfigError, match="entry 2 is not an Apprise URL") as caught:
        Settings(urls=(Secret("json://localhost"), Secret(url)))

    assert not url or url not in str(caught.value)


def test_refuses_an_empty_list():
    """Nobody would be told."""
    with pytest.raises(ValueError, match="urls"):
        Settings(urls=())
