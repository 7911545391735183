"""Texts: what callers write, in one piece or in parts, and what became of ours."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from support.vonage_side import by_sms_api, posted, with_token
from textback.errors import UnreadableWebhook
from textback.events import OptOut, TextReceived, TextStatus
from textback.model import FailureReason, Media, TextState
from textback.testing.builders import NOW
from textback.words import storable

REFERENCES = itertools.count(1000)
UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
MESSAGE = {
    "message_uuid": UUID,
    "from": "13035550123",
    "to": "13035550100",
    "timestamp": "2026-03-02T17:29:00.000Z",
    "channel": "sms",
    "message_type": "text",
    "text": "Please call me back",
    "sms": {"num_messages": "2", "keyword": "PLEASE"},
}
STATUS = {
    "message_uuid": UUID,
    "from": "13035550100",
    "to": "13035550123",
    "timestamp": "2026-03-02T17:29:00.000Z",
    "channel": "sms",
    "client_ref": "case1-text-1-1",
}
RECEIPT = {
    "msisdn": "13035550123",
    "to": "13035550100",
    "messageId": "0A2",
    "network-code": "310260",
    "price": "0.00700000",
    "scts": "2603021729",
    "client-ref": "case1-text-1-1",
    "api-key": "abcd1234",
    "message-timestamp": "2026-03-02 17:29:00",
}


class TestMessages:
    async def test_received(self, make, tell):
        """As it was written; Vonage has joined its parts."""
        (text,) = (await tell(make(), "sms", MESSAGE)).events

        assert (text.number, text.line) == ("+13035550123", "+13035550100")
        assert (text.body, text.at) == ("Please call me back", NOW - timedelta(minutes=1))
        assert text.keyword is None  # a first word is no order

    async def test_picture(self, make, tell):
        """With or without words."""
        picture = {**MESSAGE, "channel": "mms", "message_type": "image", "text": None}
        picture["image"] = {"url": "https://api-us.nexmo.com/v3/media/M1", "name": "tooth.jpg"}

        (text,) = (await tell(make(), "sms", picture)).events

        assert text.media == (Media(url="https://api-us.nexmo.com/v3/media/M1"),)
        assert text.body == ""

    async def test_the_first_version_of_the_api(self, make, tell):
        """Objects for numbers, and the words further in."""
        old = {
            "message_uuid": UUID,
            "from": {"type": "sms", "number": "13035550123"},
            "to": {"type": "sms", "number": "13035550100"},
            "timestamp": "2026-03-02T17:29:00.000Z",
            "message": {"content": {"type": "text", "text": "Hello"}},
        }

        (text,) = (await tell(make(), "sms", old)).events

        assert (text.number, text.line, text.body) == ("+13035550123", "+13035550100", "Hello")

    @pytest.mark.parametrize("topic", ["sms", "sms-status"])
    async def test_another_channel(self, make, tell, topic):
        """What comes over WhatsApp is not answered by SMS."""
        fields = {**MESSAGE, "channel": "whatsapp", "status": "delivered"}

        assert (await tell(make(), topic, fields)).events == ()

    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("submitted", TextState.SENT),
            ("delivered", TextState.DELIVERED),
            ("read", TextState.DELIVERED),
            ("rejected", TextState.FAILED),
            ("undeliverable", TextState.FAILED),
        ],
    )
    async def test_status(self, make, tell, word, state):
        """Our id comes back with each of them, so that an unsure text is settled."""
        (status,) = (await tell(make(), "sms-status", {**STATUS, "status": word})).events

        assert (status.state, status.text) == (state, "case1-text-1-1")
        assert (status.provider_id, status.number) == (UUID, "+13035550123")
        assert status.key == f"{UUID}/{word}"

    @pytest.mark.parametrize(
        "error",
        [
            {"type": "https://developer.vonage.com/api-errors/messages#1210", "title": 1210},
            {"type": "https://developer.nexmo.com/api-errors/messages-olympus#1210"},
            {"title": "1210", "detail": "Anti-Spam Rejection"},
            {"code": 1210, "reason": "Anti-Spam Rejection"},
        ],
    )
    async def test_why_it_failed(self, make, tell, error):
        """The code, in each form that the API has had."""
        fields = {**STATUS, "status": "rejected", "error": error}

        (status,) = (await tell(make(), "sms-status", fields)).events

        assert (status.reason, status.code) == (FailureReason.FILTERED, "1210")

    @pytest.mark.parametrize("error", [None, {}, {"title": "Throttled"}, "1210", {"code": True}])
    async def test_it_does_not_say_why(self, make, tell, error):
        """Then nobody knows."""
        fields = {**STATUS, "status": "rejected", "error": error}

        (status,) = (await tell(make(), "sms-status", fields)).events

        assert (status.reason, status.code) == (FailureReason.UNKNOWN, None)

    async def test_opt_out(self, make, tell):
        """It counts also for a number that no text of this store went to."""
        fields = {**STATUS, "status": "rejected", "error": {"title": 1240}, "client_ref": None}

        status, stop = (await tell(make(), "sms-status", fields)).events

        assert isinstance(stop, OptOut)
        assert stop.number == "+13035550123"
        assert (status.reason, status.text) == (FailureReason.OPTED_OUT, None)

    async def test_unknown_word(self, make, tell):
        """A status that Vonage doesn't document is refused."""
        with pytest.raises(UnreadableWebhook, match="submitted, delivered"):
            await tell(make(), "sms-status", {**STATUS, "status": "vanished"})


class TestReceipts:
    """What became of a text that went through the SMS API."""

    @pytest.mark.parametrize(
        ("word", "code", "state", "reason"),
        [
            ("accepted", "0", TextState.SENT, None),
            ("buffered", "0", TextState.SENT, None),
            ("unknown", "1", TextState.SENT, None),  # Vonage has it: an unsure one is settled
            ("delivered", "0", TextState.DELIVERED, None),
            ("expired", "1", TextState.FAILED, FailureReason.UNKNOWN),
            ("failed", "2", TextState.FAILED, FailureReason.TEMPORARY),
            ("failed", "3", TextState.FAILED, FailureReason.INVALID_NUMBER),
            ("failed", "4", TextState.FAILED, FailureReason.UNREACHABLE),
            ("rejected", "6", TextState.FAILED, FailureReason.FILTERED),
            ("undelivered", "14", TextState.FAILED, FailureReason.UNREACHABLE),
            ("rejected", "50", TextState.FAILED, FailureReason.UNREGISTERED),
            ("failed", "4711", TextState.FAILED, FailureReason.UNKNOWN),
        ],
    )
    async def test_status(self, make, word, code, state, reason):
        """By its word; why it failed, by its code."""
        fields = {**RECEIPT, "status": word, "err-code": code}

        (status,) = (await make(api="sms").read_webhook(by_sms_api("sms-status", fields))).events

        assert isinstance(status, TextStatus)
        assert (status.state, status.reason, status.text) == (state, reason, "case1-text-1-1")
        assert status.at == NOW - timedelta(minutes=1)

    @pytest.mark.parametrize("word", ["failed", "rejected"])
    async def test_opt_out(self, make, word):
        """Code 9: the sending was accepted, and the receipt tells that the number wants none."""
        fields = {**RECEIPT, "status": word, "err-code": "9"}

        status, stop = (await make(api="sms").read_webhook(by_sms_api("sms-status", fields))).events

        assert (stop.number, stop.key) == ("+13035550123", "0A2/opt-out")
        assert "opted out (9)" in stop.evidence
        assert (status.state, status.reason) == (TextState.FAILED, FailureReason.OPTED_OUT)


# ── parts ───────────────────────────────────────────────────────────────────────────────────────


def part(number, of, words, *, reference="7", sid=None, caller="13035550123", at=NOW):
    """One part of a long text."""
    fields = {
        "msisdn": caller,
        "to": "13035550100",
        "messageId": sid or f"0A{number}",
        "text": words,
        "type": "text",
        "keyword": "X",
        "api-key": "abcd1234",
        "message-timestamp": "2026-03-02 17:29:00",
        "concat": "true",
        "concat-ref": reference,
        "concat-total": str(of),
        "concat-part": str(number),
    }
    return by_sms_api("sms", fields, at=at, nonce=f"{reference}-{sid}-{number}")


async def bring(plugin, *requests):
    """What each of them is read to: the status of the answer, and the texts."""
    readings = [await plugin.read_webhook(request) for request in requests]
    return [(each.response.status, [text.body for text in each.events]) for each in readings]


class TestParts:
    async def test_joined_when_the_last_one_comes(self, make):
        """The others are to be brought again, and say the same then."""
        plugin = make(api="sms")
        first, second = part(1, 2, "My tooth "), part(2, 2, "hurts")

        assert await bring(plugin, second, first) == [(503, []), (204, ["My tooth hurts"])]
        assert await bring(plugin, second) == [(204, ["My tooth hurts"])]

    @given(
        words=st.lists(st.text(max_size=9), min_size=2, max_size=6),
        chance=st.randoms(use_true_random=False),
        repeats=st.integers(1, 3),
    )
    @hypothesis_settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    async def test_in_any_order_and_again(self, make, words, chance, repeats):
        """One text, with one key, however its parts come and however often."""
        plugin = make(api="sms")
        reference = str(next(REFERENCES))  # the state is the same in each example
        parts = [
            part(number, len(words), each, reference=reference, sid=f"{reference}-{number}")
            for number, each in enumerate(words, 1)
        ] * repeats
        chance.shuffle(parts)

        readings = [await plugin.read_webhook(each) for each in parts]
        again = [await plugin.read_webhook(each) for each in parts]

        told = [text for each in (*readings, *again) for text in each.events]
        assert {text.key for text in told} == {f"{reference}-1/received"}
        assert {text.body for text in told} == {storable("".join(words))}
        assert all(each.response.status == 204 for each in again)

    async def test_a_part_that_never_comes(self, make):
        """The others are told without it, when Vonage brings them again after two minutes."""
        plugin = make(api="sms")
        later = NOW + timedelta(minutes=2)
        await bring(plugin, part(1, 4, "one "), part(3, 4, "three "))

        told = await bring(plugin, part(3, 4, "three ", at=later))

        assert told == [(204, ["one  [...] three  [...]"])]

    async def test_and_then_comes_after_all(self, make):
        """The whole is told as another text, so that nothing of it is lost."""
        plugin = make(api="sms")
        later = NOW + timedelta(minutes=2)
        await plugin.read_webhook(part(1, 2, "one "))
        (less,) = (await plugin.read_webhook(part(1, 2, "one ", at=later))).events
        (whole,) = (await plugin.read_webhook(part(2, 2, "two", at=later))).events

        assert (less.body, whole.body) == ("one  [...]", "one two")
        assert less.key != whole.key

    async def test_a_reference_is_used_again(self, make):
        """A phone counts to 255: another text with it is another text."""
        plugin = make(api="sms")
        old = await bring(plugin, part(1, 2, "old ", sid="A1"), part(2, 2, "text", sid="A2"))
        new = await bring(plugin, part(2, 2, "text", sid="B2"), part(1, 2, "new ", sid="B1"))

        assert old[-1] == (204, ["old text"])
        assert new == [(503, []), (204, ["new text"])]

    async def test_whose_parts_they_are(self, make):
        """Those of two callers are never mixed, nor those of texts of another length."""
        plugin = make(api="sms")

        told = await bring(
            plugin,
            part(1, 2, "Anna ", sid="A1"),
            part(2, 2, "Ben", sid="B2", caller="13035550124"),
            part(2, 3, "three", sid="C2"),
        )

        assert told == [(503, [])] * 3

    async def test_half_an_emoji(self, make):
        """In the words, the reference or an id: U+FFFD is in its place, as no database takes it."""
        plugin = make(api="sms")

        told = await bring(
            plugin,
            part(1, 2, "one\ud83e", reference="\ud800", sid="A\udc00"),
            part(2, 2, "two\0", reference="\ud800"),
        )

        assert told == [(503, []), (204, ["one\ufffdtwo\ufffd"])]

    async def test_no_number_is_kept_in_the_open(self, make, services):
        """The keys of what is kept are hashes."""
        await make(api="sms").read_webhook(part(1, 2, "one"))

        assert services.state._values
        assert not [key for key in services.state._values if "3035550123" in key]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"concat-part": "0"},
            {"concat-part": "3"},
            {"concat-part": "x"},
            {"concat-part": "1.0"},
            {"concat-total": "256", "concat-part": "256"},
            {"concat-ref": ""},
        ],
    )
    async def test_unreadable(self, make, wrong):
        """A part must say which one it is."""
        whole = part(1, 2, "one").json
        fields = {
            name: value
            for name, value in {**whole, **wrong}.items()
            if name not in ("sig", "timestamp", "nonce")
        }

        with pytest.raises(UnreadableWebhook, match="concat"):
            await make(api="sms").read_webhook(by_sms_api("sms", fields))

    async def test_a_binary_one(self, make):
        """What is for a program on the phone is nothing that a caller wrote."""
        fields = {
            "msisdn": "13035550123",
            "to": "13035550100",
            "messageId": "0A1",
            "type": "binary",
            "data": "00ff",
            "udh": "0605",
        }

        assert await bring(make(api="sms"), by_sms_api("sms", fields)) == [(204, [])]

    async def test_by_messages_it_is_one_already(self, make):
        """Nothing is kept for what needs no joining."""
        plugin = make()
        (text,) = (await plugin.read_webhook(with_token(posted("sms", MESSAGE)))).events

        assert isinstance(text, TextReceived)
        assert plugin.services.state._values == {}
