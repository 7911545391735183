"""Notices as mails: what the team reads, whatever a caller is called."""

import attrs
import pytest

from textback.testing.builders import a_notice
from textback_email.messages import LONGEST_HEADER, MARKER


def body_of(mail):
    return mail.get_content().replace("\r\n", "\n")


async def test_the_team_reads_the_story(mail, post):
    """To all of the team at once, under the title, word for word."""
    notice = a_notice(url="https://crm.example/contacts/1", key="call/1")

    await mail.notify_team(notice)

    (sent,) = post.mails
    assert post.envelopes[0].rcpt_tos == ["anna@bright.example", "ben@bright.example"]
    assert sent["subject"] == notice.title
    assert str(sent["from"]) == "Bright Smile Dental <desk@bright.example>"
    assert "\n".join(notice.lines) in body_of(sent)
    assert "https://crm.example/contacts/1" in body_of(sent)
    assert "Case: case1" in body_of(sent)


async def test_the_notices_of_a_case_are_one_thread_and_a_repeat_is_the_same_mail(mail, post):
    """By References and Message-ID, as mail programs go."""
    await mail.notify_team(a_notice(key="call/1"))
    await mail.notify_team(a_notice(key="reply/1"))
    await mail.notify_team(a_notice(key="reply/1"))

    first, second, again = post.mails
    assert first["references"] == second["references"]
    assert first["message-id"] != second["message-id"] == again["message-id"]


async def test_says_how_to_answer_only_where_answers_are_read(build, smtp_server, post):
    """And only if there is a number to text."""
    deaf = build(port=await smtp_server())
    await deaf.notify_team(a_notice())
    (sent,) = post.mails
    assert MARKER not in body_of(sent)


async def test_a_withheld_number_cannot_be_answered(mail, post):
    """The other notices begin with the line above which the answer stands."""
    await mail.notify_team(a_notice())
    await mail.notify_team(a_notice(number=None))

    known, withheld = post.mails
    assert body_of(known).startswith(MARKER)
    assert MARKER not in body_of(withheld)


HOSTILE = [
    "Anna\r\nBcc: eve@example.com",
    "Anna\nX-Evil: yes\n\nbody",
    "Anna\u2028Bcc: eve@example.com",
    "\u202egnp.exe Anna\u202c",
    "Anna\x00\x07\x1b[31m",
    "=?utf-8?q?Bcc=3A_eve=40example=2Ecom?=",
    '"Anna" <eve@example.com>',
    "Zoë 日本語 🦷 " * 20,
    "A" * 10_240,
    "\ud800 half a letter",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_no_name_bends_the_headers(mail, post, name):
    """A caller chooses their own name; the mail goes to the team alone, and is a mail."""
    await mail.notify_team(
        a_notice(title=f"Missed call from {name}", lines=(f"{name} called.",), client_name=name)
    )

    (sent,) = post.mails
    assert post.envelopes[0].rcpt_tos == ["anna@bright.example", "ben@bright.example"]
    assert {"bcc", "x-evil"}.isdisjoint(each.lower() for each in sent)
    assert len(sent["from"].addresses) == 1
    assert sent["from"].addresses[0].addr_spec == "desk@bright.example"
    assert len(str(sent["subject"])) <= LONGEST_HEADER
    assert not set("\r\n\u2028\u202e\x00\x1b") & set(str(sent["subject"]))
    assert not set("\u202e\x00\x1b") & set(body_of(sent))


async def test_nobody_to_tell_is_no_trouble(mail, post):
    """A plugin that only writes to callers has no `to`."""
    alone = attrs.evolve(mail, settings=attrs.evolve(mail.settings, to=()))

    await alone.notify_team(a_notice())

    assert post.envelopes == []
