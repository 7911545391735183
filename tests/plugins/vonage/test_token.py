"""The token in ``Authorization``: whom to believe, and Vonage's own package as a second opinion."""

import base64
import hashlib
import json
import warnings
from datetime import timedelta
from urllib.parse import urlencode

import attrs
import jwt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from vonage_jwt import VonageVerifyJwtError, verify_signature

from support.vonage_side import (
    API_KEY,
    APPLICATION,
    CALL,
    OTHER_SECRET,
    SIGNATURE_SECRET,
    answer,
    claims,
    completed,
    posted,
    rung,
    settings,
    sms_parameters,
    with_token,
)
from textback.config.secrets import Secret
from textback.errors import UnreadableWebhook, WebhookRejected
from textback.testing.builders import NOW, a_request
from textback_vonage import token

EVENT = posted("event", completed())


def asked_for(topic, parameters, *, query=""):
    """A request by GET, whose token is about the parameters that Vonage adds itself."""
    request = a_request(b"", topic=topic, method="GET")
    url = f"{request.url}?{query}{urlencode(parameters)}"
    hashed = hashlib.sha256(json.dumps(parameters, separators=(",", ":")).encode()).hexdigest()
    return with_token(attrs.evolve(request, url=url), payload_hash=hashed)


class TestSecondOpinion:
    """What the signature alone says, by `vonage_jwt`, and what we say."""

    def test_believes_whom_vonage_believes(self):
        """A token that its package takes is taken."""
        request = with_token(EVENT)

        assert verify_signature(request.headers["authorization"][7:], SIGNATURE_SECRET)
        assert token.check(request, settings()).mark

    def test_believes_nobody_else(self):
        """One that its package doesn't take isn't."""
        request = with_token(EVENT, secret=OTHER_SECRET)

        assert not verify_signature(request.headers["authorization"][7:], SIGNATURE_SECRET)
        with pytest.raises(WebhookRejected, match="signature_secret"):
            token.check(request, settings())

    @given(st.data())
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_any_changed_character(self, data):
        """Both say the same of a token in which one character is another."""
        whole = with_token(EVENT, jti="j").headers["authorization"][7:]
        place = data.draw(st.integers(0, len(whole) - 1))
        other = data.draw(st.sampled_from("AZaz09-_.="))
        changed = whole[:place] + other + whole[place + 1 :]
        try:
            theirs = verify_signature(changed, SIGNATURE_SECRET)
        except VonageVerifyJwtError:
            theirs = False
        try:
            headers = {"authorization": f"Bearer {changed}"}
            ours = bool(token.check(attrs.evolve(EVENT, headers=headers), settings()))
        except WebhookRejected:
            ours = False

        assert ours == theirs

    def test_a_token_of_another_kind(self):
        """Unsigned, or signed by another algorithm: neither takes it."""
        said = claims(EVENT)
        for algorithm in ("none", "HS512"):
            key = None if algorithm == "none" else SIGNATURE_SECRET
            made = jwt.encode(said, key, algorithm=algorithm)
            with pytest.raises(VonageVerifyJwtError):
                verify_signature(made, SIGNATURE_SECRET)
            headers = {"authorization": f"Bearer {made}"}
            with pytest.raises(WebhookRejected):
                token.check(attrs.evolve(EVENT, headers=headers), settings())


class TestWhatItMustSay:
    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"payload_hash": hashlib.sha256(b"{}").hexdigest()}, "payload_hash"),
            ({"payload_hash": None}, "payload_hash"),
            ({"payload_hash": "\u00fc"}, "payload_hash"),
            ({"api_key": "zzzz9999"}, "api_key"),
            ({"api_key": None}, "api_key"),
            ({"api_key": ["abcd1234"]}, "api_key"),
            ({"application_id": "another"}, "application_id"),
            ({"iat": None}, "iat"),
            ({"iat": "soon"}, "iat"),
            ({"iat": True}, "iat"),
            ({"jti": None}, "jti"),
            ({"jti": ""}, "jti"),
        ],
    )
    def test_each_claim_counts(self, wrong, words):
        """The signature is right, and what it says is not about this request."""
        with pytest.raises(WebhookRejected, match=words):
            token.check(with_token(EVENT, **wrong), settings())

    def test_without_an_application(self):
        """The claim is left out where there is none; what we have none of can't be compared."""
        alone = settings(application_id=None, private_key=None)

        assert token.check(with_token(EVENT), alone)
        assert token.check(with_token(EVENT, application_id=None), settings())

    @pytest.mark.parametrize(("old_s", "believed"), [(299, True), (301, False), (-59, True)])
    def test_age(self, old_s, believed):
        """Five minutes, unless set otherwise, and a little for clocks that differ."""
        made = int(NOW.timestamp()) - old_s
        request = with_token(EVENT, iat=made)

        if believed:
            assert token.check(request, settings())
        else:
            with pytest.raises(WebhookRejected, match="old"):
                token.check(request, settings())
        assert token.check(request, settings(webhook_age_s=3600))

    def test_the_future(self):
        """A clock that is an hour ahead proves nothing of now."""
        with pytest.raises(WebhookRejected, match="clock"):
            token.check(with_token(EVENT, iat=int(NOW.timestamp()) + 61), settings())

    def test_its_own_time_is_not_the_machines(self):
        """Vonage's claims of validity are about its clock; the age by ours is what counts."""
        passed = int((NOW - timedelta(days=1)).timestamp())

        assert token.check(with_token(EVENT, exp=passed, nbf=passed), settings())

    def test_the_mark_is_the_tokens_id(self):
        """It is kept as long as the token could be shown again."""
        once = token.check(with_token(EVENT, jti="j1"), settings())

        assert once.mark == "j1"
        assert once.for_s >= settings().webhook_age_s

    def test_while_the_secret_is_changed(self):
        """The other one counts, too, and no third."""
        both = settings(signature_secret_secondary=Secret(OTHER_SECRET))

        assert token.check(with_token(EVENT, secret=OTHER_SECRET), both)
        with pytest.raises(WebhookRejected):
            token.check(with_token(EVENT, secret=OTHER_SECRET[::-1]), both)

    @pytest.mark.parametrize("secret", ["short", "x" * 32, "x" * 64, "x" * 100])
    def test_any_length_of_secret(self, secret):
        """As long as Vonage made it, and without a complaint about it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            request = with_token(EVENT, secret=secret)
        known = settings(signature_secret=Secret(secret))

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert token.check(request, known)

    @pytest.mark.parametrize("given", ["", "Basic abc", "Bearer", "Bearer ", "token abc"])
    def test_no_token(self, given):
        """Anything else in the header is none."""
        with pytest.raises(WebhookRejected, match="Bearer"):
            token.check(attrs.evolve(EVENT, headers={"authorization": given}), settings())

    def test_of_the_head_nothing_is_believed(self):
        """The header that names a key or an algorithm of its own changes nothing."""
        whole = with_token(EVENT).headers["authorization"][7:]
        _, payload, signature = whole.split(".")
        head = json.dumps({"alg": "none", "kid": "x"}).encode()
        forged = base64.urlsafe_b64encode(head).rstrip(b"=").decode()
        headers = {"authorization": f"Bearer {forged}.{payload}.{signature}"}

        with pytest.raises(WebhookRejected):
            token.check(attrs.evolve(EVENT, headers=headers), settings())


class TestByGet:
    async def test_the_parameters_are_what_is_hashed(self, make):
        """As JSON, in their order: Vonage's default for the answer."""
        told = await make().read_webhook(asked_for("answer", answer()))

        assert told.events[0].caller == "+13035550123"

    async def test_with_parameters_of_ours(self, make):
        """Whether Vonage hashes those that stand in our address is not said: both are taken."""
        whisper = make(whisper=True)
        theirs = {"from": "13035550123", "to": "13035550110", "uuid": "L2"}
        ours = {"call": CALL, "ring": "0"}
        without = asked_for("whisper", theirs, query=rung(0)[1:] + "&")
        hashed = json.dumps({**ours, **theirs}, separators=(",", ":")).encode()
        with_them = with_token(without, payload_hash=hashlib.sha256(hashed).hexdigest())

        for request in (without, with_them):
            assert (await whisper.read_webhook(request)).response.status == 200

    async def test_changed_parameters(self, make):
        """Another caller than the one that was signed."""
        request = asked_for("answer", answer())
        forged = attrs.evolve(request, url=request.url.replace("0123", "0199"))

        with pytest.raises(WebhookRejected, match="payload_hash"):
            await make().read_webhook(forged)


class TestWhoMayTellWhat:
    @pytest.mark.parametrize("topic", ["answer", "event", "recording", "whisper-digits", "next"])
    async def test_calls_are_told_by_token_alone(self, make, topic):
        """The signature of the SMS API is for texts."""
        request = posted(topic, sms_parameters(completed()), query=rung(0))

        with pytest.raises(WebhookRejected, match="Bearer"):
            await make().read_webhook(request)

    async def test_unknown_topic(self, make, tell):
        """Signed, and at no address of ours."""
        with pytest.raises(UnreadableWebhook, match="answer, event"):
            await tell(make(), "voice", completed())

    async def test_each_reading_is_marked(self, make, tell):
        """But for what somebody on the phone waits for: that is answered whenever it is asked."""
        plugin = make()

        assert (await tell(plugin, "event", completed(), jti="j1")).once.mark == "j1"
        assert (await tell(plugin, "answer", answer())).once is None

    async def test_the_account_is_the_settings(self, make):
        """The limits of the account are shared by all who have its key."""
        assert make().settings.account == API_KEY
        assert make().settings.application_id == APPLICATION
