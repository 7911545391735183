"""What the webhook's table may say, and the words for what it may not."""

import base64
import traceback

import pytest

from textback.config.secrets import Secret
from textback.errors import ConfigError
from textback_webhook import Settings

GOOD = Secret("whsec_" + base64.b64encode(bytes(range(32))).decode())


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/textback?team=1",
        "https://hooks.example.com:8443",
        "http://localhost:9000/notices",
        "http://127.0.0.1:9000",
        "http://[::1]:9000/",
    ],
)
def test_takes_https_and_this_machine(url):
    """Plain http never leaves the machine."""
    assert Settings(url=url, secret=GOOD).url == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example.com/", "use https://"),
        ("http://10.0.0.5/", "use https://"),
        ("http://localhost.example.com/", "use https://"),
        ("hooks.example.com/textback", "in full"),
        ("https://", "in full"),
        ("ftp://example.com", "in full"),
        ("https://example.com:99999/", "in full"),
        ("https://anna:word@example.com/", "user name or password"),
    ],
)
def test_refuses_other_addresses(url, words):
    """Each with what to write instead."""
    with pytest.raises(ConfigError, match=words):
        Settings(url=url, secret=GOOD)


@pytest.mark.parametrize("size", [24, 25, 64])
@pytest.mark.parametrize("padding", ["kept", "left out"])
def test_takes_secrets_of_the_specified_sizes(size, padding):
    """24 to 64 bytes; some tools leave out base64's padding."""
    encoded = base64.b64encode(b"k" * size).decode()
    if padding == "left out":
        encoded = encoded.rstrip("=")

    assert Settings(url="https://example.com", secret=Secret(f"whsec_{encoded}")).timeout_s == 10


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 'must begin with "whsec_"'),
        ("", 'must begin with "whsec_"'),
        ("whsec_not*base64*at*all*but*rather*long", "is not base64"),
        ("whsec_ünïcödé", "is not base64"),
        ("whsec_c2hvcnQ=", "has 5 bytes"),
        ("whsec_" + base64.b64encode(b"k" * 65).decode(), "has 65 bytes"),
    ],
)
def test_refuses_other_secrets_without_showing_them(value, words):
    """Neither the message nor the traceback has any of it."""
    with pytest.raises(ConfigError, match=words) as caught:
        Settings(url="https://example.com", secret=Secret(value))

    told = "".join(traceback.format_exception(caught.value))
    assert value.removeprefix("whsec_") not in told or not value


@pytest.mark.parametrize("seconds", [0, -1, 31])
def test_refuses_a_time_out_that_cannot_work(seconds):
    """Between nothing and the half minute that the specification names."""
    with pytest.raises(ValueError, match="timeout_s"):
        Settings(url="https://example.com", secret=GOOD, timeout_s=seconds)


@pytest.mark.parametrize(
    ("roles", "given", "words"),
    [
        (("notifier",), {"url": "https://example.com", "secret": GOOD}, None),
        (("source",), {"secret": GOOD}, None),
        (("source",), {"weak_token": Secret("t" * 24)}, None),
        (("source", "notifier"), {"secret": GOOD}, 'needs url.*roles = \\["source"\\]'),
        (("notifier",), {"url": "https://example.com", "weak_token": Secret("t" * 24)}, "secret"),
        (("source",), {}, "needs secret"),
    ],
)
def test_each_role_needs_its_own(roles, given, words):
    """An address to post to, a secret to sign with; a token will do for taking calls."""
    settings = Settings(**given)

    if words is None:
        settings.check_roles(roles)
        return
    with pytest.raises(ConfigError, match=words):
        settings.check_roles(roles)


def test_refuses_a_token_that_can_be_guessed():
    """24 characters at least; the message doesn't show it."""
    with pytest.raises(ConfigError, match="shorter than 24") as caught:
        Settings(weak_token=Secret("hunter2"))

    assert "hunter2" not in str(caught.value)
