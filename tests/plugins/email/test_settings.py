"""What the table may say, and the words for what it may not."""

import pytest

from textback.config.secrets import Secret
from textback.errors import ConfigError
from textback_email import Imap, Settings


def settings(**given):
    return Settings(**{"host": "smtp.bright.example", "sender": "desk@bright.example", **given})


def test_little_is_needed():
    """A server and a sender: encrypted, and answers go to the sender."""
    made = settings()

    assert made.security == "starttls"
    assert made.answers_to == "desk@bright.example"
    assert not made.reads_answers


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_without_encryption_on_this_machine_only(host):
    """A relay on the same machine needs none."""
    assert settings(host=host, security="none").security == "none"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"security": "none"}, "readable for all"),
        ({"sender": "Desk <desk@bright.example>"}, "is not an e-mail address"),
        ({"sender": "desk"}, "is not an e-mail address"),
        ({"sender": "desk@bright.example\nBcc: eve@example.com"}, "is not an e-mail address"),
        ({"to": ("anna@bright.example", "ben")}, '"ben" is not an e-mail address'),
        ({"password": Secret("x")}, "no username"),
        ({"reply_to": "a-very-long-mailbox@bright.example", "tag_replies": True}, "at most 16"),
        ({"timeout_s": 0}, "timeout_s"),
    ],
)
def test_refuses_what_cannot_work(given, words):
    """Each with what to write instead."""
    with pytest.raises(ValueError, match=words):
        settings(**given)


def test_a_mailbox_is_encrypted_too():
    """Its password would be read by all the same."""
    with pytest.raises(ConfigError, match="readable for all"):
        Imap(host="imap.bright.example", security="none")


def test_a_mailbox_needs_somebody_who_logs_in():
    """Its own name, or the one of SMTP."""
    assert settings(imap=Imap(host="imap.bright.example", username="desk")).reads_answers
    with pytest.raises(ConfigError, match="imap needs a username"):
        settings(imap=Imap(host="imap.bright.example"))
