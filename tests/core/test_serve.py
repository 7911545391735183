"""The product by its own door: `serve` as a process, signed webhooks, a provider on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import deployment as d
from support import twilio_api

pytestmark = pytest.mark.slow

CALLER = "+13035550123"


class Team:
    """The business's own webhook: what the team was told."""

    def __init__(self) -> None:
        self.notices: list[dict[str, Any]] = []

    async def start(self) -> str:
        """Listen; the address."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        self._server = server
        return f"http://{host}:{port}/notices"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        self.notices.append(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    def stop(self) -> None:
        """Stop listening."""
        self._server.close()


@pytest.fixture
async def team() -> AsyncIterator[Team]:
    """The team's end of the notifier."""
    found = Team()
    yield found
    found.stop()


@pytest.fixture
async def config(tmp_path: Path, provider: twilio_api.TwilioApi, team: Team) -> Path:
    """A client on twilio, contacts and webhook."""
    notices = await team.start()
    notifier = (
        f'[plugins.webhook]\nurl = "{notices}"\nsecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\n'
    )
    return d.write(tmp_path, await provider.start(), more=notifier)


def rows(config: Path, query: str) -> list[tuple[Any, ...]]:
    """Look into the store's file."""
    with closing(sqlite3.connect(config.parent / "textback.db")) as connection:
        return connection.execute(query).fetchall()


async def quiet(config: Path) -> bool:
    """Nothing is due that isn't for later."""
    found = await d.cases(config)
    return bool(found) and all(
        step["state"] != "running" and (step["state"] != "waiting" or step["name"] in LATER)
        for case in found
        for step in case["steps"]
    )


LATER = ("follow_up/1", "idle")


async def test_a_missed_call_becomes_a_text_a_lead_and_a_notice_once(
    serving: d.Serving,
    provider: twilio_api.TwilioApi,
    team: Team,
    http: httpx.AsyncClient,
    config: Path,
) -> None:
    """The webhook comes ten times; everything happens once."""
    for _ in range(10):
        response = await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
        assert response.status_code == 200

    await d.until(lambda: bool(provider.taken and team.notices))
    await d.until(lambda: quiet(config))
    (text,) = provider.taken
    assert provider.requests.count(f"POST /2010-04-01/Accounts/{d.ACCOUNT}/Messages.json") == 1
    assert (text.to, text.sender) == (CALLER, d.LINE)
    assert "Bright Smile Dental" in text.body
    assert text.body.endswith("Reply STOP to opt out")
    assert text.status_url.startswith(f"{d.PUBLIC}/hooks/bright/twilio/sms-status?text=")
    (case,) = await d.cases(config)
    assert (case["outcome"], case["end"], case["state"]) == ("no_answer", "sent", "open")
    assert [each["state"] for each in case["texts"]] == ["sent"]
    (contact,) = rows(config, "SELECT tags, stage, fields FROM contacts WHERE created_at > 0")
    assert contact == ('["missed-call"]', "new-lead", '{"lead_source": "Missed call"}')
    (entry,) = rows(config, "SELECT entry FROM contact_log WHERE key LIKE '%call/1'")
    assert json.loads(entry[0])["outcome"] == "no_answer"
    (notice,) = team.notices
    assert text.body in " ".join(notice["data"]["lines"])
    assert notice["data"]["number"] == CALLER


async def test_answered_outgoing_and_forged_calls_cause_nothing(
    serving: d.Serving, provider: twilio_api.TwilioApi, http: httpx.AsyncClient, config: Path
) -> None:
    """No text, no case; and of a forged webhook not a trace."""
    answered = d.call("CA1", CALLER, DialCallStatus="completed", DialCallDuration="37")
    assert (await d.post(http, serving.address, "dial", answered)).status_code == 200
    outgoing = d.call("CA2", d.LINE, To=CALLER, Direction="outbound-api", CallStatus="no-answer")
    assert (await d.post(http, serving.address, "status", outgoing)).is_success
    path = "/hooks/bright/twilio/dial"
    forged = await http.post(
        f"{serving.address}{path}",
        data=d.missed("CA3", CALLER),
        headers=d.signed(path, d.missed("CA4", CALLER)),
    )
    unsigned = await http.post(f"{serving.address}{path}", data=d.missed("CA3", CALLER))
    await d.post(http, serving.address, "dial", d.missed("CA9", "+13035550199"))  # comes after

    await d.until(lambda: bool(provider.taken))
    assert (forged.status_code, unsigned.status_code) == (401, 401)
    assert [text.to for text in provider.taken] == ["+13035550199"]
    assert rows(config, "SELECT count(*) FROM inbox WHERE body LIKE '%CA3%'") == [(0,)]
    assert len(await d.cases(config)) == 1


async def test_a_call_to_a_number_of_others_is_left_alone_and_shown(
    serving: d.Serving,
    provider: twilio_api.TwilioApi,
    team: Team,
    http: httpx.AsyncClient,
    config: Path,
) -> None:
    """One account may have the numbers of several businesses: nobody answers for another."""
    others = "+13035550177"
    missed = d.missed("CA1", CALLER) | {"To": others, "Called": others}
    assert (await d.post(http, serving.address, "dial", missed)).status_code == 200
    await d.post(http, serving.address, "dial", d.missed("CA2", "+13035550199"))  # comes after

    await d.until(lambda: bool(provider.taken and team.notices))
    await d.until(lambda: quiet(config))
    assert [text.to for text in provider.taken] == ["+13035550199"]
    assert [notice["data"]["number"] for notice in team.notices] == ["+13035550199"]
    assert len(await d.cases(config)) == 1
    leads = rows(config, "SELECT number FROM contacts WHERE created_at > 0")
    assert leads == [("+13035550199",)]
    counted = (await http.get(f"{serving.address}/metrics")).text
    assert 'textback_calls_elsewhere_total{plugin="twilio"} 1.0' in counted
    assert "a call to none of the lines" in serving.log.read_text()
    _, said, _ = await d.command(config, "check")
    assert f"bright: twilio: warning: 1 missed call to {others} in 7 days, not texted" in said


async def test_stop_suppresses_and_the_next_call_is_told_but_not_texted(
    serving: d.Serving,
    provider: twilio_api.TwilioApi,
    team: Team,
    http: httpx.AsyncClient,
    config: Path,
) -> None:
    """Follow-ups end with STOP; `why` says why the next call got no text."""
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await d.until(lambda: bool(provider.taken))
    await d.until(lambda: quiet(config))

    stop = d.text("SM1", CALLER, "STOP", OptOutType="STOP")
    assert (await d.post(http, serving.address, "sms", stop)).is_success
    (case,) = await d.cases(config)
    states = {step["name"]: step["state"] for step in case["steps"]}
    assert states["follow_up/1"] == "cancelled"
    assert case["state"] == "closed"

    await d.post(http, serving.address, "dial", d.missed("CA2", CALLER))
    await d.until(lambda: len(team.notices) == 3)  # missed call, opted out, missed call
    first, second = await d.cases(config)
    assert (first["end"], second["end"]) == ("sent", "suppressed")
    assert len(provider.taken) == 1
    code, told, _ = await d.command(config, "why", second["case"])
    assert code == 0
    assert "opted out" in told
    assert "The ledger holds" in told


async def test_the_provider_says_what_became_of_the_text(
    serving: d.Serving, provider: twilio_api.TwilioApi, http: httpx.AsyncClient, config: Path
) -> None:
    """A status callback finds its text by our own id."""
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await d.until(lambda: bool(provider.taken))
    (text,) = provider.taken
    path = text.status_url.removeprefix(d.PUBLIC)
    form = {"AccountSid": d.ACCOUNT, "MessageSid": text.sid, "MessageStatus": "delivered",
            "From": d.LINE, "To": CALLER}  # fmt: skip
    response = await http.post(f"{serving.address}{path}", data=form, headers=d.signed(path, form))

    assert response.is_success
    (case,) = await d.cases(config)
    assert [each["state"] for each in case["texts"]] == ["delivered"]


async def test_a_broken_connection_is_unknown_and_then_settled(
    serving: d.Serving, provider: twilio_api.TwilioApi, http: httpx.AsyncClient, config: Path
) -> None:
    """The provider took it and broke off: nobody is texted twice, the status settles it."""
    provider.behave = lambda form: twilio_api.BREAK_AFTER

    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await d.until(lambda: bool(provider.taken))

    async def end() -> str:
        (case,) = await d.cases(config)
        return str(case["end"])

    async def known() -> bool:
        return await end() in ("unknown", "sent")

    await d.until(known)
    (text,) = provider.taken
    path = text.status_url.removeprefix(d.PUBLIC)
    form = {"AccountSid": d.ACCOUNT, "MessageSid": text.sid, "MessageStatus": "sent",
            "From": d.LINE, "To": CALLER}  # fmt: skip
    await http.post(f"{serving.address}{path}", data=form, headers=d.signed(path, form))
    assert await end() == "sent"
    assert len(provider.taken) == 1


async def test_the_team_answers_from_the_command_line(
    serving: d.Serving, provider: twilio_api.TwilioApi, http: httpx.AsyncClient, config: Path
) -> None:
    """`reply` reaches the caller through the running engine; `close` ends the case."""
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await d.until(lambda: bool(provider.taken))
    (case,) = await d.cases(config)

    code, _, words = await d.command(config, "reply", case["case"], "We call you at five.")
    assert code == 0, words
    await d.until(lambda: len(provider.taken) == 2)
    assert provider.taken[1].body == "We call you at five."

    code, _, _ = await d.command(config, "close", case["case"])
    assert code == 0
    (case,) = await d.cases(config)
    assert case["state"] == "closed"


async def test_paused_texts_wait_until_resumed(
    serving: d.Serving, provider: twilio_api.TwilioApi, http: httpx.AsyncClient, config: Path
) -> None:
    """`pause` holds, `resume` decides anew."""
    assert (await d.command(config, "pause", "--because", "a storm"))[0] == 0
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))

    async def held() -> bool:
        found = await d.cases(config)
        return bool(found) and found[0]["state"] == "held"

    await d.until(held)
    assert not provider.taken
    assert (await d.command(config, "resume"))[0] == 0
    await d.until(lambda: bool(provider.taken))


async def test_a_broken_client_is_left_out_loudly(
    tmp_path: Path, provider: twilio_api.TwilioApi, http: httpx.AsyncClient
) -> None:
    """`check` prints all its problems; `serve` serves the others and answers its webhooks 503."""
    config = d.write(tmp_path, await provider.start())
    broken = (tmp_path / "clients" / "bright.toml").read_text()
    broken = broken.replace(d.LINE, "+13035550101").replace('mode = "live"', 'mod = "live"')
    broken = broken.replace("[[follow_up]]", "[[folow_up]]").replace(d.ACCOUNT, "")
    (tmp_path / "clients" / "acme.toml").write_text(broken.replace("America/Denver", "Denver"))

    code, told, _ = await d.command(config, "check")
    assert code == 1
    for words in ("clients/acme.toml", 'did you mean "follow_up"', 'did you mean "mode"', "Denver"):
        assert words in told

    serving = await d.Serving.start(config)
    assert "acme" in serving.log.read_text()
    form = d.missed("CA1", CALLER)
    assert (await d.post(http, serving.address, "dial", form, client="acme")).status_code == 503
    assert (await d.post(http, serving.address, "dial", form)).status_code == 200
    await d.until(lambda: bool(provider.taken))
    assert await serving.stop() == 0


async def test_the_edges_of_the_address(serving: d.Serving, http: httpx.AsyncClient) -> None:
    """Unknown names, too large bodies, health and metrics."""
    address = serving.address
    assert (await http.get(f"{address}/healthz")).status_code == 200
    assert (await http.get(f"{address}/readyz")).status_code == 200
    assert "textback_steps" in (await http.get(f"{address}/metrics")).text
    assert (await http.post(f"{address}/hooks/nobody/twilio/dial")).status_code == 404
    assert (await http.post(f"{address}/hooks/bright/nothing/dial")).status_code == 404
    large = await http.post(f"{address}/hooks/bright/twilio/dial", content=b"x" * 1_100_000)
    assert large.status_code == 413
    junk = d.signed("/hooks/bright/twilio/dial", {})
    answer = await http.post(f"{address}/hooks/bright/twilio/dial", headers=junk)
    assert 400 <= answer.status_code < 500


async def test_an_address_that_is_taken_is_told_once(config: Path) -> None:
    """In our words, and not in the web server's beside them."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        code, _, words = await d.command(config, "serve", "--listen", taken)

    assert code == 1
    assert words.strip().endswith(f"can't listen on {taken}: it is in use")
    assert "Errno" not in words


async def test_logs_hold_no_number_body_or_secret(
    serving: d.Serving, provider: twilio_api.TwilioApi, http: httpx.AsyncClient, config: Path
) -> None:
    """Whatever goes wrong, too."""
    provider.behave = lambda form: twilio_api.BREAK_AFTER
    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    await d.post(http, serving.address, "sms", d.text("SM1", CALLER, "my secret words"))
    await http.post(f"{serving.address}/hooks/bright/twilio/dial", data=d.missed("CA2", CALLER))
    await d.until(lambda: bool(provider.taken))
    await serving.stop()

    log = serving.log.read_text()
    assert log  # the rejected webhook at least
    for hidden in (CALLER, CALLER[2:], "my secret words", d.TOKEN, "Sorry we missed"):
        assert hidden not in log
