"""``demo`` and ``simulate`` as people and programs run them: processes of their own."""

import asyncio
import json
import sys

import pytest

from support.deployment import command, environment

pytestmark = pytest.mark.slow

FOLLOW_UPS = """
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["+13035550100"]
mode = "live"
registration.id = "CMP1234"

[plugins.twilio]
account_sid = "AC00000000000000000000000000000001"
auth_token = "0123456789abcdef0123456789abcdef"
base_url = "http://127.0.0.1:9"  # nobody is there: whoever asks fails

[plugins.contacts]

[[text]]
body = "{{ business }} 🦷: sorry we missed you. Reply STOP to opt out"

[[lead]]
tag = "missed-call"

[[follow_up]]
after = "2h"
body = "one"
[[follow_up]]
after = "1d"
body = "two"
[[follow_up]]
after = "3d"
body = "three"
"""


POST = """
import attrs

from textback.hookspecs import hookimpl


@attrs.frozen
class Settings:
    pass


@attrs.frozen(eq=False)
class Post:
    settings: Settings
    services: object

    @hookimpl
    async def send_email(self, email):
        raise NotImplementedError
"""


@pytest.fixture
def deployment(tmp_path):
    """The files of a client on a real provider; the path of textback.toml."""
    config = tmp_path / "textback.toml"
    config.write_text(
        '[server]\npublic_url = "https://hooks.agency.example"\n'
        '[store]\nkey = "a key of this test"\n'
    )
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "bright.toml").write_text(FOLLOW_UPS)
    return config


async def simulate(config, *words):
    """The lines of ``simulate --json``."""
    code, out, err = await command(config, "simulate", "bright", "--json", *words)
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def delivered(lines):
    """What reached the phone: seconds since the call, step, body."""
    return [(line["t"], line["name"], line["body"]) for line in lines if line["step"] == "deliver"]


class TestSimulate:
    async def test_virtual_week(self, deployment):
        """Three follow-ups at their times after the first text, then the case is closed."""
        lines = await simulate(deployment, "--at", "2026-03-02T10:00")

        first, *later = delivered(lines)
        assert first[1:] == (
            "text/1",
            "Bright Smile Dental 🦷: sorry we missed you. Reply STOP to opt out",
        )
        hours = [(round((t - first[0]) / 3600, 3), name, body) for t, name, body in later]
        assert hours == [
            (2, "follow_up/1", "one"),
            (24, "follow_up/2", "two"),
            (72, "follow_up/3", "three"),
        ]
        assert lines[-1]["step"] == "close"
        assert lines[-1]["t"] - first[0] >= 7 * 86400
        assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)

    async def test_none_after_a_reply(self, deployment):
        """A reply after a day and an hour: two follow-ups have gone, the third never does."""
        words = ("--at", "2026-03-02T10:30", "--reply", "Yes, please", "--reply-after", "25h")
        lines = await simulate(deployment, *words)  # by day, since at night follow-ups wait

        assert [name for _, name, _ in delivered(lines)] == ["text/1", "follow_up/1", "follow_up/2"]
        (cancelled,) = [line for line in lines if line["step"] == "cancel"]
        assert cancelled["name"] == "follow_up/3"

    async def test_who_calls_which_line(self, deployment):
        """What the CRM knows of the caller, and the line called, choose the text."""
        path = deployment.parent / "clients" / "bright.toml"
        told = path.read_text().replace('0100"]', '0100", "+13035550101"]')
        words = """[[text]]
            when = { line = "+13035550101", known = true, vip = true }
            language = "es"
            body = "Hola {{ first_name }}"
            [[text]]"""
        path.write_text(told.replace("[[text]]", words, 1))
        who = ("--name", "Ana Ejemplo", "--language", "es-MX", "--vip")

        there = await simulate(deployment, *who, "--line", "+1 303 555 0101", "--days", "1")
        here = await simulate(deployment, *who, "--days", "1")

        assert delivered(there)[0][2] == "Hola Ana"
        assert delivered(here)[0][2].startswith("Bright Smile Dental")

    async def test_exact_text_rules_and_segments(self, deployment):
        """One emoji makes it UCS-2: 65 characters in one part; every rule's answer is there."""
        lines = await simulate(deployment)

        text = next(line for line in lines if line["step"] == "deliver")
        assert (text["segments"], text["encoding"]) == (1, "UCS-2")
        decision = next(line for line in lines if line["step"] == "decide")
        assert decision["action"] == "send"
        assert {"suppressed", "cool_down", "mode"} <= {each["rule"] for each in decision["rules"]}
        assert next(line for line in lines if line["step"] == "record")["tags"] == ["missed-call"]

    async def test_a_follow_up_by_e_mail(self, deployment):
        """With its subject and words and no segments; without an address it is told, too."""
        path = deployment.parent / "clients" / "bright.toml"
        by_mail = 'channel = "email"\nsubject = "Your call"\nbody = "two"'
        told = path.read_text().replace('body = "two"', by_mail)
        path.write_text(
            told.replace("[plugins.contacts]\n", "[plugins.contacts]\n[plugins.post]\n")
        )
        (deployment.parent / "plugins").mkdir()
        (deployment.parent / "plugins" / "post.py").write_text(POST)

        known = await simulate(deployment, "--email", "anna@home.example")
        unknown = await simulate(deployment)

        (mail,) = [line for line in known if line.get("to") == "anna@home.example"]
        assert (mail["subject"], mail["body"].splitlines()[0]) == ("Your call", "two")
        assert "segments" not in mail
        (dropped,) = [line for line in unknown if line["step"] == "cancel"]
        assert dropped["name"] == "follow_up/2"
        assert dropped["because"] == "no e-mail address is known"

    async def test_answered_call(self, deployment):
        """Nothing but the verdict."""
        lines = await simulate(deployment, "--outcome", "answered")
        assert {line["step"] for line in lines} == {"detect"}
        assert lines[-1]["outcome"] == "answered"

    async def test_touches_nothing(self, deployment):
        """No store, no file: the folder is as it was."""
        before = sorted(deployment.parent.rglob("*"))
        await simulate(deployment)
        assert sorted(deployment.parent.rglob("*")) == before

    async def test_settings_are_checked(self, deployment):
        """The plugin is a fake, its settings are not."""
        file = deployment.parent / "clients" / "bright.toml"
        file.write_text(FOLLOW_UPS.replace("auth_token", "auth_tokn"))

        code, out, err = await command(deployment, "simulate", "bright")

        assert code == 1
        assert out == ""
        assert "auth_token: required setting missing" in err

    @pytest.mark.parametrize(
        "words",
        [
            ("--at", "soon"),
            ("--from", "Anna"),
            ("--reply-after", "later"),
            ("--line", "+13035550109"),
        ],
    )
    async def test_wrong_use(self, deployment, words):
        """2, with the word that is wrong."""
        code, _, err = await command(deployment, "simulate", "bright", *words)
        assert code == 2
        assert words[1] in err


class TestDemo:
    async def test_from_missed_call_to_appointment(self, tmp_path):
        """Every step is told, in order; it ends by itself, and nothing is left behind."""
        code, out, err = await run_demo(tmp_path, "--headless", "--json")
        assert code == 0, err
        assert list(tmp_path.iterdir()) == []

        lines = [json.loads(line) for line in out.splitlines()]
        steps = [line["step"] for line in lines]
        in_turn = ["detect", "identify", "decide", "deliver", "notify", "reply", "booking"]
        assert sorted(in_turn, key=steps.index) == in_turn
        assert steps.index("decide") < steps.index("record") < steps.index("booking")
        assert all({"t", "step", "what"} <= line.keys() for line in lines)
        texts = [line["body"] for line in lines if line["step"] == "deliver"]
        assert texts[0].endswith("Reply STOP to opt out")
        assert len(texts) == 2
        assert "closed: the caller booked" in [line["what"] for line in lines]

    async def test_for_people(self, tmp_path):
        """Words on standard output, without a JSON brace."""
        code, out, _ = await run_demo(tmp_path, "--headless")
        assert code == 0
        assert "nobody answers" in out
        assert "booked a check-up" in out
        assert "{" not in out


async def run_demo(folder, *words):
    """Run the demo with *folder* as the place for temporary files."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "textback.cli",
        "demo",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment(), "TMPDIR": str(folder)},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()
