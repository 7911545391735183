"""X-Twilio-Signature, against the class that Twilio publishes."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from textback.config.secrets import Secret
from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import WebhookRequest
from textback_twilio.signature import check, sign

TOKEN = Secret("12345")
URLS = [
    "https://hooks.example/hooks/a/twilio/dial",
    "https://hooks.example:443/hooks/a/twilio/dial?text=T1",
    "https://hooks.example:8443/hooks/a/twilio/dial",
    "http://hooks.example/a?b=%2B1&c=",
]


def a_request(url, signature, body=b"", method="POST"):
    headers = {"x-twilio-signature": signature} if signature is not None else {}
    return WebhookRequest(
        method=method, url=url, topic="dial", headers=headers, body=body, received_at=None
    )


class TestPublished:
    """The values that Twilio's own library is tested with."""

    URL = "https://mycompany.com/myapp.php?foo=1&bar=2"

    def test_form(self):
        """A form's fields are signed in the order of their names."""
        pairs = [
            ("To", "+18005551212"),
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("From", "+14158675309"),
            ("Caller", "+14158675309"),
        ]

        assert sign(TOKEN, self.URL, pairs) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    def test_json(self):
        """Of another body the address has the hash."""
        body = b'{"property": "value", "boolean": true}'
        url = f"{self.URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"

        check(a_request(url, "a9nBmqA0ju/hNViExpshrM61xv4=", body), [TOKEN])


class TestOracle:
    @given(
        st.sampled_from(URLS),
        st.dictionaries(
            st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))
        ),
    )
    def test_same_signature(self, url, fields):
        """Ours is what Twilio's class computes, for any fields."""
        assert sign(TOKEN, url, fields.items()) == RequestValidator("12345").compute_signature(
            url, fields
        )

    @given(st.sampled_from(URLS), st.dictionaries(st.sampled_from("abc"), st.text("xyz")))
    def test_accepts_ours(self, url, fields):
        """Twilio's class accepts what we sign."""
        signature = sign(TOKEN, url, fields.items())

        assert RequestValidator("12345").validate(url, fields, signature)

    @given(
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y z", "é"]))),
    )
    def test_repeated_names(self, pairs):
        """A name that comes twice counts with each of its distinct values."""

        class Form(dict):
            def getall(self, name):
                return [value for each, value in pairs if each == name]

        form = Form(pairs)

        assert sign(TOKEN, URLS[0], pairs) == RequestValidator("12345").compute_signature(
            URLS[0], form
        )

    @pytest.mark.parametrize("signed", URLS[1:3])
    @pytest.mark.parametrize("with_port", [True, False])
    def test_port(self, signed, with_port):
        """The address may have been signed with its port or without."""
        bare = signed.replace(":443", "").replace(":8443", "")
        signature = sign(TOKEN, signed if with_port else bare, [("a", "b")])

        check(a_request(signed, signature, b"a=b"), [TOKEN])
        assert RequestValidator("12345").validate(signed, {"a": "b"}, signature)

    def test_port_added(self):
        """An address without a port may have been signed with the default one."""
        signature = sign(TOKEN, "https://hooks.example:443/a")

        check(a_request("https://hooks.example/a", signature), [TOKEN])
        with pytest.raises(WebhookRejected):
            check(a_request("http://hooks.example/a", signature), [TOKEN])


class TestRejected:
    GOOD = sign(TOKEN, URLS[0], [("a", "b")])

    @pytest.mark.parametrize("signature", [None, "", "x", "é", GOOD[:-1], GOOD.lower()])
    def test_signature(self, signature):
        """Missing, wrong, cut short: none passes."""
        with pytest.raises(WebhookRejected, match="X-Twilio-Signature"):
            check(a_request(URLS[0], signature, b"a=b"), [TOKEN])

    @pytest.mark.parametrize("body", [b"", b"a=c", b"a=b&c=", b"b=a", b'{"a": "b"}'])
    def test_body(self, body):
        """The signature of one form doesn't pass another, whatever it calls itself."""
        with pytest.raises(WebhookRejected):
            check(a_request(URLS[0], self.GOOD, body), [TOKEN])

    def test_body_that_is_no_text(self):
        """What can't be read can't have been signed."""
        with pytest.raises(WebhookRejected, match="bodySHA256"):
            check(a_request(URLS[0], self.GOOD, b"a=\xff"), [TOKEN])

    def test_body_of_another_hash(self):
        """A signed address passes only the body whose hash it has."""
        url = f"{URLS[0]}?bodySHA256={hashlib.sha256(b'one').hexdigest()}"

        check(a_request(url, sign(TOKEN, url), b"one"), [TOKEN])
        with pytest.raises(WebhookRejected, match="hash"):
            check(a_request(url, sign(TOKEN, url), b"two"), [TOKEN])

    def test_url(self):
        """Nor does it pass at another address."""
        with pytest.raises(WebhookRejected):
            check(a_request(URLS[0] + "?text=T2", self.GOOD, b"a=b"), [TOKEN])


class TestPlugin:
    async def test_second_token(self, make, webhook, call):
        """While tokens are rotated, both are good."""
        request = webhook("voice", call(), token="next")

        await make(auth_token_secondary=Secret("next")).read_webhook(request)
        with pytest.raises(WebhookRejected):
            await make().read_webhook(request)

    async def test_get(self, make, webhook, call):
        """With GET all is in the address, and all of it is signed."""
        plugin = make()

        told = await plugin.read_webhook(webhook("voice", call(), method="GET"))

        assert told == await plugin.read_webhook(webhook("voice", call()))
        assert told.events[0].caller == "+13035550123"

    async def test_another_account(self, make, webhook, call):
        """What another account signed with a shared token is not this client's."""
        with pytest.raises(WebhookRejected, match="AccountSid"):
            await make().read_webhook(webhook("voice", call(), account="AC1"))

    async def test_no_account(self, make, webhook, call):
        """A signed request without an account isn't in Twilio's format."""
        with pytest.raises(UnreadableWebhook, match="AccountSid"):
            await make().read_webhook(webhook("voice", call(), account=""))

    async def test_unknown_topic(self, make, webhook, call):
        """The message lists the topics that there are."""
        with pytest.raises(UnreadableWebhook, match="sms-status"):
            await make().read_webhook(webhook("dail", call()))
