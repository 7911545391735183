"""Press 1 for texts: what the caller is asked, and what their key says."""

import json
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing

import httpx
import pytest

from support import deployment as d
from support import twilio_api
from textback.errors import ConfigError
from textback.events import KeyPressed
from textback_twilio import fallback_twiml

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/twilio"
CALL = "CA00000000000000000000000000000001"
CALLER = "+13035550123"
PROMPT = "Press 1 & we answer by text."


def verbs(reading):
    return list(ET.fromstring(reading.response.body))


class TestQuestion:
    @pytest.mark.parametrize(
        ("topic", "more", "detect"),
        [
            ("voice", {}, "forwarded"),
            ("dial", {"DialCallStatus": "no-answer", "DialCallSid": "CA2"}, "dial"),
        ],
    )
    async def test_follows_the_greeting(self, make, webhook, call, topic, more, detect):
        """The verdict is told before; who presses nothing hears the rest all the same."""
        plugin = make(detect=detect, consent_prompt=PROMPT, record=True, language="es-US")

        told = await plugin.read_webhook(webhook(topic, call(**more)))

        say, gather, record, hang_up = verbs(told)
        assert [each.tag for each in (say, gather, record, hang_up)] == [
            "Say",
            "Gather",
            "Record",
            "Hangup",
        ]
        assert (gather.get("numDigits"), gather.get("actionOnEmptyResult")) == ("1", None)
        assert gather.get("action").partition("#")[0] == f"{ADDRESS}/consent"
        assert (gather[0].text, gather[0].get("language")) == (PROMPT, "es-US")
        assert told.events[-1].outcome.missed

    async def test_nobody_is_asked_who_was_answered(self, make, webhook, call):
        """Nor if nothing is set."""
        answered = call(DialCallStatus="completed", DialCallSid="CA2", DialBridged="true")
        told = await make(consent_prompt=PROMPT).read_webhook(webhook("dial", answered))
        assert [each.tag for each in verbs(told)] == ["Hangup"]

        told = await make(detect="forwarded").read_webhook(webhook("voice", call()))
        assert [each.tag for each in verbs(told)] == ["Say", "Hangup"]

    def test_not_where_nobody_speaks(self, make):
        """With detect = "status" the caller hears nothing of ours."""
        with pytest.raises(ConfigError, match="consent_prompt needs detect"):
            make(detect="status", consent_prompt=PROMPT)

    def test_the_fallback_rings_all_the_same(self, make):
        """While textback is down nobody could take the key."""
        document = ET.fromstring(fallback_twiml(make(consent_prompt=PROMPT).settings))
        assert [each.tag for each in document] == ["Dial", "Say"]


class TestKey:
    @pytest.mark.parametrize("digits", ["1", "7"])
    async def test_is_told_with_the_words(self, make, webhook, call, digits):
        """Which key, in which call, by whom and to which words; the call goes on as it would."""
        plugin = make(consent_prompt=PROMPT, record=True)

        told = await plugin.read_webhook(webhook("consent", call(Digits=digits)))

        (event,) = told.events
        assert isinstance(event, KeyPressed)
        assert (event.call, event.digits, event.prompt) == (CALL, digits, PROMPT)
        assert event.number == CALLER
        assert [each.tag for each in verbs(told)] == ["Record", "Hangup"]
        assert told.live


@pytest.mark.slow
@pytest.mark.parametrize("detect", ["dial", "forwarded"])
async def test_served(tmp_path, detect):
    """A missed call, the text, a key: signed webhooks to `serve`, the evidence in its store."""
    api = twilio_api.TwilioApi()
    settings = f'detect = "{detect}"\nconsent_prompt = "{PROMPT}"'
    config = d.write(tmp_path, await api.start(), settings=settings)
    serving = await d.Serving.start(config)
    try:
        async with httpx.AsyncClient(timeout=20) as http:
            topic, form = ("voice", d.call("CA1", CALLER))
            if detect == "dial":
                topic, form = "dial", d.missed("CA1", CALLER)
            asked = await d.post(http, serving.address, topic, form)
            key = d.call("CA1", CALLER, Digits="1")
            path = "/hooks/bright/twilio/consent"
            forged = await http.post(f"{serving.address}{path}", data=key)
            ended = await d.post(http, serving.address, "consent", key)
            again = await d.post(http, serving.address, "consent", key)
            await d.until(lambda: api.taken)
    finally:
        await serving.stop()
        await api.stop()

    assert "<Gather" in asked.text
    assert [each.status_code for each in (forged, ended, again)] == [401, 200, 200]
    assert "<Hangup/>" in ended.text
    (case,) = await d.cases(config)
    with closing(sqlite3.connect(config.parent / "textback.db")) as store:
        rows = store.execute("SELECT content FROM ledger WHERE kind = 'consented'").fetchall()
    (content,) = [json.loads(each) for (each,) in rows]
    assert content["evidence"] == f"pressed 1 in call twilio/CA1, asked: “{PROMPT}”"
    code, out, _ = await d.command(config, "why", case["case"])
    assert code == 0
    assert f"consented: {content['evidence']}" in out
