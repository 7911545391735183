"""The parameter ``sig`` of the SMS API, with Vonage's SDK as a second opinion."""

import attrs
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from vonage_http_client.auth import Auth

from support.vonage_side import API_KEY, SIGNATURE_SECRET, by_sms_api, posted, sms_parameters
from textback.errors import WebhookRejected
from textback.testing.builders import NOW, a_request
from textback_vonage import signature

INBOUND = {
    "msisdn": "13035550123",
    "to": "13035550100",
    "messageId": "0A1",
    "text": "1 & 1 = 2, grüße ✓",
    "type": "text",
    "keyword": "1",
    "api-key": API_KEY,
    "message-timestamp": "2026-03-02 17:30:00",
}
METHODS = ("md5hash", "md5", "sha1", "sha256", "sha512")
BY_SDK = METHODS[1:]  # it has dropped the first, which is Vonage's default


@pytest.mark.parametrize("form", ["json", "form", "get"])
@pytest.mark.parametrize("method", METHODS)
async def test_every_way_to_sign_and_to_send(make, method, form):
    """As the account has it: five methods, three encodings."""
    plugin = make(api="sms", sms_signature=method)

    (event,) = (
        await plugin.read_webhook(by_sms_api("sms", INBOUND, method=method, form=form))
    ).events

    assert event.body == INBOUND["text"]
    assert (event.number, event.line) == ("+13035550123", "+13035550100")


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.text(st.characters(exclude_categories=["Cs"])),
    ),
    st.sampled_from(BY_SDK),
)
@hypothesis_settings(max_examples=100, deadline=None)
def test_agrees_with_the_sdk(parameters, method):
    """Whatever the parameters are, both make the same signature, and take each other's."""
    told = {**parameters, "timestamp": "1772472600"}
    told.pop("sig", None)
    sdk = Auth(api_key=API_KEY, signature_secret=SIGNATURE_SECRET, signature_method=method)
    ours = signature.sign(told, SIGNATURE_SECRET, method)

    assert ours == sdk.sign_params(dict(told))
    assert sdk.check_signature({**told, "sig": ours.upper()})


def test_the_default_of_vonage():
    """MD5 of the parameters and then the secret, as its documentation writes it."""
    # echo -n '&akey=value&bkey=valueyour_signature_secret' | md5sum
    made = signature.sign({"bkey": "value", "akey": "value"}, "your_signature_secret", "md5hash")

    assert made == "53cb274b0de591c04f5da8037434a3a8"


@pytest.mark.parametrize("method", METHODS)
async def test_another_method_is_no_proof(make, method):
    """A signature counts as what the settings say alone."""
    other = METHODS[METHODS.index(method) - 1]
    plugin = make(api="sms", sms_signature=method)

    with pytest.raises(WebhookRejected, match="sms_signature"):
        await plugin.read_webhook(by_sms_api("sms", INBOUND, method=other))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"api-key": "zzzz9999"}, "api-key"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"timestamp": ""}, "timestamp"),
        ({"timestamp": "9" * 40}, "timestamp"),
    ],
)
async def test_signed_and_not_for_us(make, wrong, words):
    """Whoever knows the secret must still mean this account, and now."""
    fields = {**sms_parameters(INBOUND), **wrong}
    fields.pop("sig")
    fields["sig"] = signature.sign(fields, SIGNATURE_SECRET, "md5hash")

    with pytest.raises(WebhookRejected, match=words):
        await make(api="sms").read_webhook(posted("sms", fields))


async def test_without_the_account_in_it(make):
    """Receipts don't always name the account; the secret is the account's anyway."""
    fields = {name: value for name, value in INBOUND.items() if name != "api-key"}

    assert (await make(api="sms").read_webhook(by_sms_api("sms", fields))).events


async def test_the_mark_is_the_nonce(make):
    """Else the signature itself, which is another one each second."""
    plugin = make(api="sms")

    marked = await plugin.read_webhook(by_sms_api("sms", INBOUND, nonce="n7"))
    plain = await plugin.read_webhook(by_sms_api("sms", INBOUND, nonce=""))

    assert marked.once.mark == "n7"
    assert len(plain.once.mark) == 32


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b"3", b"[]", b""])
async def test_what_has_no_parameters(make, body):
    """Neither JSON nor a form: nothing was proved, so nothing is said about it."""
    request = a_request(body, topic="sms")

    with pytest.raises(WebhookRejected):
        await make(api="sms").read_webhook(request)


class TestProbe:
    """Vonage asks an address whether it is there, before it takes it for inbound SMS."""

    async def test_bare(self, make):
        """An empty request tells nothing, and is told nothing."""
        reading = await make(api="sms").read_webhook(a_request(method="GET", topic="sms"))

        assert reading.events == ()
        assert (reading.response.status, reading.response.body) == (200, "")

    @pytest.mark.parametrize(
        "more",
        [
            {"body": b"x"},
            {"method": "POST"},
            {"topic": "event"},
            {"topic": "sms-status"},
            {"url": "https://hooks.agency.example/hooks/c/vonage/sms?msisdn=13035550123"},
            {"headers": {"authorization": "Bearer x"}},
        ],
    )
    async def test_anything_in_it(self, make, more):
        """It must be signed then."""
        request = attrs.evolve(a_request(method="GET", topic="sms", received_at=NOW), **more)

        with pytest.raises(WebhookRejected):
            await make(api="sms").read_webhook(request)
