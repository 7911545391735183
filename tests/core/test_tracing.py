"""``--trace`` shows every call of a hook, and nothing that nobody should read."""

import asyncio
import json

import httpx
import pytest
from typer.testing import CliRunner

from support import deployment as d
from support.twilio_api import TwilioApi
from textback.cli import app, tracing
from textback.config.settings import LogSettings
from textback.dispatch import Called
from textback.errors import DeliveryError
from textback.events import CallEvent, Happened, Reading, TextStatus
from textback.model import (
    Absent,
    Caller,
    CrmRef,
    Finding,
    Outcome,
    Receipt,
    Severity,
    TextState,
)
from textback.picture import Action, Verdict
from textback.testing.builders import (
    CALLER,
    NOW,
    a_call,
    a_case,
    a_lead,
    a_notice,
    a_request,
    a_text,
    an_activity,
    an_email,
)

CLIENT = """
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["+13035550100"]
mode = "live"

[plugins.simulator]

[[text]]
body = "Words that only the caller reads. Reply STOP to opt out"
"""


RANG_OUT = CallEvent(
    key="1",
    call="c1",
    happened=Happened.LEG_ENDED,
    at=NOW,
    caller=CALLER,
    outcome=Outcome.NO_ANSWER,
)
DELIVERED = TextStatus(key="2", at=NOW, state=TextState.DELIVERED, number=CALLER)


def told(hook, answer, result="ok", **given):
    return tracing.told(Called("bright", "one", hook, result, 0.0123, given, answer))


@pytest.mark.parametrize(
    ("hook", "given", "about"),
    [
        ("read_webhook", {"request": a_request(topic="dial")}, "POST dial"),
        ("identify_caller", {"call": a_call()}, "simulator/CALL1 from +1303•••0123"),
        ("identify_caller", {"call": a_call(caller=None)}, "simulator/CALL1 from nobody"),
        ("send_text", {"text": a_text()}, "text/1 to +1303•••0123"),
        (
            "save_contact",
            {"lead": a_lead(), "key": f"lead/{CALLER}"},
            "lead of +1303•••0123, lead/+1303•••0123",
        ),
        (
            "log_activity",
            {"ref": CrmRef("c1"), "activity": an_activity(), "key": "k"},
            "call of +1303•••0123, k",
        ),
        ("notify_team", {"notice": a_notice(name="Anna Example")}, "missed_call of case1"),
        ("send_email", {"email": an_email()}, "an e-mail of case1"),
        ("booking_link", {"case": a_case()}, "case1"),
        ("list_calls", {"since": NOW}, "since 2026-03-02T17:30:00Z"),
        ("erase", {"number": CALLER}, "+1303•••0123"),
        ("maintain", {}, ""),
    ],
)
def test_what_it_was_about(hook, given, about):
    """Enough to find it again, with numbers masked."""
    assert told(hook, None, **given)["about"] == about


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (None, "nothing"),
        (Receipt("SM1"), "sent as SM1"),
        (CrmRef(CALLER), "+1303•••0123"),
        (Reading(), "no events"),
        (Reading((RANG_OUT, DELIVERED)), "CallEvent leg_ended no_answer, TextStatus delivered"),
        (Absent(), "Absent"),
        (Caller(name="Anna Example", known=True), "knows name, known"),
        ("Hi Anna Example", "15 characters"),
        ([Finding(Severity.OK, "fine")], "1 of Finding"),
        ([], "none"),
        (Verdict(rule="r", action=Action.HOLD, because="x"), "hold"),
        (DeliveryError(f"no to {CALLER}", permanent=True), "DeliveryError: no to +1303•••0123"),
        (ValueError("Hi Anna Example"), "ValueError"),
    ],
)
def test_what_came_of_it(answer, shown):
    """Nobody's name and no text."""
    assert told("send_text", answer)["answer"] == shown


def test_simulate_shows_each_hook(tmp_path):
    """In the order of the calls, beside the story; the story is as it was."""
    (tmp_path / "clients").mkdir()
    (tmp_path / "textback.toml").write_text(
        '[server]\npublic_url = "https://hooks.agency.example"\n'
        '[store]\nkey = "a key of this test, long enough"\n'
    )
    (tmp_path / "clients" / "bright.toml").write_text(CLIENT)
    words = ["simulate", "bright", "--config", str(tmp_path / "textback.toml"), "--from"]
    run = CliRunner(env={"NO_COLOR": "1", "COLUMNS": "200"}).invoke

    plain = run(app, [*words, CALLER])
    traced = run(app, [*words, CALLER, "--trace"])

    hooks = [line.split()[1].rstrip(":") for line in traced.stderr.splitlines() if " ms, " in line]
    assert hooks.index("simulator.identify_caller") < hooks.index("simulator.send_text")
    assert {"simulator.save_contact", "simulator.notify_team"} <= {*hooks}
    assert "text/1 to +1303•••0123: ok in " in traced.stderr
    assert CALLER not in traced.stderr
    assert "Words that only" not in traced.stderr
    assert " ms, " not in plain.stderr
    assert traced.stdout.count("\n") == plain.stdout.count("\n")


def test_is_written_whatever_the_level_is():
    """Who asks for a trace wants to see it."""
    assert tracing.visible(LogSettings(level="error")).level == "info"
    assert tracing.visible(LogSettings(level="debug")).level == "debug"


@pytest.mark.slow
async def test_serve_logs_each_hook(tmp_path):
    """As lines of its log, with what varies in fields of their own."""
    provider = TwilioApi()
    config = d.write(tmp_path, await provider.start())
    serving = await d.Serving.spawn(config, "--trace")
    try:
        await serving.ready()
        async with httpx.AsyncClient(timeout=20) as http:
            answer = await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
            assert answer.status_code == 200
        async with asyncio.timeout(20):
            while not any(each["hook"] == "send_text" for each in traced(serving)):
                await asyncio.sleep(0.05)
    finally:
        await serving.stop()
        await provider.stop()

    (sent,) = [each for each in traced(serving) if each["hook"] == "send_text"]
    assert (sent["client"], sent["plugin"], sent["result"]) == ("bright", "twilio", "ok")
    assert sent["about"] == "text/1 to +1303•••0123"
    assert sent["ms"] > 0
    assert CALLER not in serving.log.read_text("utf-8")


def traced(serving):
    lines = serving.log.read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return [each for each in told if each["event"] == "hook"]
