"""Calls told by webhook: who may tell them, what they say, and what can't be read."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from textback.config.secrets import Secret
from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import Confidence, Happened, WebhookRequest
from textback.model import Outcome, Severity

TOKEN = "a token of this test, long enough"
ADDRESS = "https://hooks.agency.example/hooks/bright-smile/webhook/calls"
CALL = {
    "id": "c-1842",
    "occurred_at": "2026-03-02T10:29:40-07:00",
    "direction": "inbound",
    "from": "303 555 0123",
    "to": "+13035550100",
    "status": "missed",
}


def request_of(call, headers, *, topic="calls", at=None):
    """The request as the engine hands it over."""
    body = call if isinstance(call, bytes) else json.dumps(call).encode()
    return WebhookRequest(
        method="POST",
        url=ADDRESS,
        topic=topic,
        headers=headers,
        body=body,
        received_at=at or datetime.now(UTC),
    )


@pytest.fixture
def signed(secret):
    """Makes a request that is signed by the specification's own library."""

    def make(call=CALL, *, message_id="msg_1", at=None, late=timedelta(0), key=secret, **more):
        at = at or datetime.now(UTC)
        body = call if isinstance(call, bytes) else json.dumps(call).encode()
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Oracle(key).sign(message_id, at, body.decode()),
        }
        return request_of(body, headers, at=at + late, **more)

    return make


class TestWhoMayTell:
    async def test_signed_by_the_official_library(self, webhook, signed):
        """Standard Webhooks, as any library of it signs."""
        (event,) = (await webhook.read_webhook(signed())).events

        assert (event.call, event.outcome) == ("c-1842", Outcome.NO_ANSWER)

    async def test_one_of_several_signatures(self, webhook, signed):
        """Who changes secrets signs with both for a while."""
        request = signed()
        other = Oracle("whsec_" + "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI=").sign(
            "msg_1", datetime.now(UTC), "{}"
        )
        request.headers["webhook-signature"] = f"{other} {request.headers['webhook-signature']}"

        assert (await webhook.read_webhook(request)).events

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    async def test_needs_each_header(self, webhook, signed, name):
        """Without one of the three nothing is proved."""
        request = signed()
        del request.headers[name]

        with pytest.raises(WebhookRejected, match="is missing"):
            await webhook.read_webhook(request)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("webhook-id", "msg_2"),
            ("webhook-signature", "v1,AAAA"),
            ("webhook-signature", "v1,\u00fc"),
            ("webhook-timestamp", "soon"),
            ("webhook-timestamp", "\u00b2"),
        ],
    )
    async def test_what_is_signed_cannot_be_changed(self, webhook, signed, name, value):
        """The id and the time are signed with the body."""
        request = signed()
        request.headers[name] = value

        with pytest.raises(WebhookRejected):
            await webhook.read_webhook(request)

    async def test_another_body(self, webhook, signed):
        """A signature is for its own body alone."""
        request = request_of({**CALL, "from": "+13035550199"}, signed().headers)

        with pytest.raises(WebhookRejected, match="one secret"):
            await webhook.read_webhook(request)

    @pytest.mark.parametrize("late_s", [-301, 301])
    async def test_old_or_early(self, webhook, signed, late_s):
        """Five minutes each way, as in the specification's libraries."""
        fresh = signed(late=timedelta(seconds=late_s * 0.99))
        assert (await webhook.read_webhook(fresh)).events

        with pytest.raises(WebhookRejected, match="five minutes"):
            await webhook.read_webhook(signed(late=timedelta(seconds=late_s * 1.01)))

    async def test_a_notice_of_ours_is_no_call(self, webhook, signed):
        """The same secret signs both: a notice that is sent back is not taken for a call."""
        notice = {"type": "notice.missed_call", "version": 1, "data": {"number": "+13035550123"}}

        with pytest.raises(UnreadableWebhook):
            await webhook.read_webhook(signed(notice))

    async def test_token(self, build):
        """A phone system that can't sign shows a token, where the settings allow it."""
        plugin = build(None, secret=None, weak_token=Secret(TOKEN))

        reading = await plugin.read_webhook(request_of(CALL, {"x-textback-token": TOKEN}))

        assert len(reading.events) == 1
        for headers in ({}, {"x-textback-token": TOKEN + "x"}, {"x-textback-token": ""}):
            with pytest.raises(WebhookRejected, match="x-textback-token"):
                await plugin.read_webhook(request_of(CALL, headers))

    async def test_token_only_by_setting(self, webhook):
        """Without the setting a token proves nothing."""
        with pytest.raises(WebhookRejected):
            await webhook.read_webhook(request_of(CALL, {"x-textback-token": TOKEN}))

    async def test_signature_beside_a_token(self, build, signed):
        """With both set, one or the other will do; a wrong one never."""
        plugin = build(weak_token=Secret(TOKEN))

        assert (await plugin.read_webhook(signed())).events
        with pytest.raises(WebhookRejected):
            await plugin.read_webhook(request_of(CALL, {}))

    async def test_weak_is_said(self, build):
        """`check --live` calls it weaker."""
        plugin = build(None, roles=("source",), secret=None, weak_token=Secret(TOKEN))

        weak, fine = await plugin.check()

        assert (weak.severity, fine.severity) == (Severity.WARNING, Severity.OK)
        assert "weaker than a signature" in weak.message
        assert fine.message.endswith("/hooks/bright-smile/webhook/calls")


class TestWhatIsTold:
    async def read(self, webhook, signed, **more):
        (event,) = (await webhook.read_webhook(signed({**CALL, **more}))).events
        return event

    async def test_whole(self, webhook, signed):
        """Each field where it belongs; the verdict is final."""
        event = await self.read(
            webhook,
            signed,
            duration=21.5,
            caller_name="Anna Example",
            recording_url="https://pbx.example/r/1",
        )

        assert event.happened is Happened.CONCLUDED
        assert event.confidence is Confidence.CERTAIN
        assert event.at == datetime(2026, 3, 2, 17, 29, 40, tzinfo=UTC)
        assert (event.caller, event.line) == ("303 555 0123", "+13035550100")
        assert event.duration_ms == 21_500
        assert event.caller_name == "Anna Example"
        assert event.recording_url == "https://pbx.example/r/1"
        assert event.evidence == "status=missed"

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            ("answered", Outcome.ANSWERED),
            ("missed", Outcome.NO_ANSWER),
            ("no_answer", Outcome.NO_ANSWER),
            ("busy", Outcome.BUSY),
            ("declined", Outcome.DECLINED),
            ("abandoned", Outcome.ABANDONED),
            ("voicemail", Outcome.VOICEMAIL),
            ("failed", Outcome.FAILED),
            ("out_of_hours", Outcome.OUT_OF_HOURS),
        ],
    )
    async def test_status(self, webhook, signed, status, outcome):
        """Every word that the page lists."""
        assert (await self.read(webhook, signed, status=status)).outcome is outcome

    async def test_outgoing(self, webhook, signed):
        """The business called: its own number is the one that the call is from."""
        more = {"direction": "outbound", "from": "+13035550100", "to": "+13035550123"}

        event = await self.read(webhook, signed, **more)

        assert event.outgoing
        assert (event.caller, event.line) == ("+13035550123", "+13035550100")

    @pytest.mark.parametrize("number", [None, "", "anonymous", "Restricted"])
    async def test_withheld(self, webhook, signed, number):
        """A caller who shows no number is no error."""
        assert (await self.read(webhook, signed, **{"from": number})).caller is None

    async def test_not_final(self, webhook, signed):
        """What may still change waits for `settle_s`, and has a key of its own."""
        early = await self.read(webhook, signed, final=False)
        final = await self.read(webhook, signed)

        assert early.confidence is Confidence.LIKELY
        assert early.key != final.key
        assert webhook.settings.settle_s > 0

    async def test_repeats_have_one_key(self, webhook, signed):
        """However often it is posted, under whichever id."""
        keys = set()
        for message_id in ("msg_1", "msg_1", "msg_2"):
            (event,) = (await webhook.read_webhook(signed(message_id=message_id))).events
            keys.add(event.key)

        assert len(keys) == 1


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"id": None}, "id is missing"),
            ({"id": " "}, "id is missing"),
            ({"id": "x" * 201}, "longer than 200"),
            ({"status": "rang"}, "status is none of answered, missed"),
            ({"status": ["missed"]}, "status is none of"),
            ({"direction": None}, "direction is none of inbound, outbound"),
            ({"to": None}, "to is missing"),
            ({"to": 13035550100}, "put quotes around"),
            ({"direction": "outbound", "from": ""}, "from is missing"),
            ({"occurred_at": "yesterday"}, "no moment"),
            ({"occurred_at": "2026-03-02T17:29:40"}, "no time zone"),
            ({"occurred_at": 1772472580}, "occurred_at is missing, or not a string"),
            ({"duration": "20"}, "not a number of seconds"),
            ({"duration": True}, "not a number of seconds"),
            ({"duration": -1}, "between 0 and"),
            ({"final": "yes"}, "neither true nor false"),
            ({"caller_name": 7}, "caller_name is not a string"),
            ({"recording_url": "javascript:alert(1)"}, "not a web address"),
        ],
    )
    async def test_field(self, webhook, signed, more, words):
        """The message names the field, for the one who builds the request."""
        with pytest.raises(UnreadableWebhook, match=words):
            await webhook.read_webhook(signed({**CALL, **more}))

    @pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"missed"'])
    async def test_body(self, webhook, signed, body):
        """Only an object of JSON is one."""
        with pytest.raises(UnreadableWebhook):
            await webhook.read_webhook(signed(body))

    async def test_topic(self, webhook, signed):
        """The address says what is told."""
        with pytest.raises(UnreadableWebhook, match="/calls"):
            await webhook.read_webhook(signed(topic="texts"))
