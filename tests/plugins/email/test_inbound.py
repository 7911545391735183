"""Answers that a mail service posts: with the secret, in the forms that services use."""

import base64
import json
from urllib.parse import urlencode

import pytest

from textback.errors import UnreadableWebhook, WebhookRejected
from textback.testing.builders import a_request

RAW = (
    b"From: caller@example.com\r\nSubject: Re\r\nMessage-ID: <m1@example.com>\r\n\r\nYes please\r\n"
)


def posted(body, content_type, password, *, topic="inbound", authorization=None):
    headers = {"content-type": content_type, "authorization": authorization or f"Bearer {password}"}
    return a_request(body, topic=topic, headers=headers)


BOUNDARY = "b0undary"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="to"\r\n\r\ndesk@bright.example\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
).encode() + (RAW + f"\r\n--{BOUNDARY}--\r\n".encode())


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (RAW, "message/rfc822"),
        (RAW, "application/octet-stream"),
        (
            urlencode({"recipient": "desk", "body-mime": RAW.decode()}).encode(),
            "application/x-www-form-urlencoded",
        ),
        (json.dumps({"Subject": "Re", "RawEmail": RAW.decode()}).encode(), "application/json"),
        (MULTIPART, f"multipart/form-data; boundary={BOUNDARY}"),
    ],
)
async def test_reads_the_whole_message_wherever_it_is(mail, password, body, content_type):
    """As the body, or in the field that a service puts it into."""
    reading = await mail.read_webhook(posted(body, content_type, password))

    (event,) = reading.events
    assert (event.sender, event.body) == ("caller@example.com", "Yes please")


async def test_basic_authentication_counts_too(mail, password):
    """Many services take a user name and password in the address."""
    basic = base64.b64encode(f"textback:{password}".encode()).decode()

    reading = await mail.read_webhook(
        posted(RAW, "message/rfc822", password, authorization=f"Basic {basic}")
    )

    assert len(reading.events) == 1


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", "Basic d3Jvbmc=", "Basic %%%", "Digest x", "Bearer ", " "]
)
async def test_without_the_secret_nothing_is_read(mail, password, authorization):
    """Rejected before the message is looked at."""
    with pytest.raises(WebhookRejected):
        await mail.read_webhook(
            posted(b"", "message/rfc822", password, authorization=authorization)
        )


async def test_other_topics_are_not_answered(mail, password):
    """There is one address."""
    with pytest.raises(WebhookRejected):
        await mail.read_webhook(posted(RAW, "message/rfc822", password, topic="else"))


async def test_without_the_setting_there_is_no_door(build):
    """An empty secret opens nothing."""
    with pytest.raises(WebhookRejected):
        await build().read_webhook(posted(RAW, "message/rfc822", ""))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "message/rfc822"),
        (b"a=1", "application/x-www-form-urlencoded"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b"--x--", "multipart/form-data; boundary=x"),
        (RAW, "image/png"),
        (RAW, ""),
    ],
)
async def test_no_message_is_unreadable(mail, password, body, content_type):
    """The service is told, and nothing is stored."""
    with pytest.raises(UnreadableWebhook):
        await mail.read_webhook(posted(body, content_type, password))


async def test_an_absence_is_passed_over_and_logged(mail, password, log):
    """The service gets its 2xx: it need not try again."""
    raw = RAW.replace(b"Subject", b"Auto-Submitted: auto-replied\r\nSubject")

    reading = await mail.read_webhook(posted(raw, "message/rfc822", password))

    assert reading.events == ()
    assert log.lines == [("a mail was passed over", {"because": "a machine wrote it"})]
