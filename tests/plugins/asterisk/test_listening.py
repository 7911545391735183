"""The connection: how it begins, what was missed without it, and how its end is noticed."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from support.pbx import CALLER, LINE, SECRET, USER, Call
from textback.config.secrets import Secret
from textback.errors import NotSent, Refused, StoreBusy
from textback.events import Happened
from textback.flow.detect import conclude
from textback.model import Outcome


async def nothing(events):
    """Takes whatever it is told."""


def actions(pbx):
    return [each["Action"] for each in pbx.actions]


class TestLoggingIn:
    async def test_the_secret_stays_here(self, pbx, make):
        """What is sent is an answer to the PBX's challenge."""
        with pytest.raises(NotSent):
            await make().listen(nothing)
        assert actions(pbx) == ["Challenge", "Login", "CoreShowChannels"]
        login = pbx.actions[1]
        assert (login["Username"], login["AuthType"], login["Events"]) == (
            USER,
            "MD5",
            "call,agent",
        )
        assert SECRET not in str(pbx.actions)

    @pytest.mark.parametrize(
        "wrong", [{"secret": Secret("another")}, {"username": "somebody"}], ids=["secret", "name"]
    )
    async def test_wrong(self, make, wrong):
        """It says that, and shows nothing."""
        with pytest.raises(Refused, match="Authentication failed") as caught:
            await make(**wrong).listen(nothing)
        assert caught.value.permanent
        assert "another" not in f"{caught.value}"

    async def test_may_not_list_channels(self, pbx, make):
        """Without it nothing could be caught up."""
        pbx.refuses = ("CoreShowChannels",)
        with pytest.raises(Refused, match="Permission denied"):
            await make().listen(nothing)

    async def test_nobody_there(self, pbx, make):
        """The PBX is off."""
        plugin = make()
        await pbx.stop()
        with pytest.raises(NotSent, match="refused the connection"):
            await plugin.listen(nothing)

    async def test_something_else_there(self, pbx, make):
        """A mail server, say."""
        pbx.banner = "220 mail.example ESMTP"
        with pytest.raises(Refused, match="no manager interface"):
            await make().listen(nothing)

    @pytest.mark.parametrize("mute", ["Challenge", "Login", "CoreShowChannels"])
    async def test_no_answer(self, pbx, make, mute):
        """It isn't waited for without end."""
        pbx.mute = (mute,)
        with pytest.raises(NotSent, match="no answer in time"):
            await make(timeout_s=0.05).listen(nothing)

    async def test_endless_message(self, pbx, make):
        """What never ends isn't kept."""
        pbx.says = "X: " + "x" * 600_000
        with pytest.raises(Refused, match="more than"):
            await make().listen(nothing)

    async def test_lines_that_say_nothing(self, pbx, heard):
        """Output of commands, broken characters and empty messages are passed over."""
        pbx.early = "\r\n\r\nno colon\r\n: \r\nEvent: \udcff\r\n\r\n".encode(
            "utf-8", "surrogateescape"
        ).decode("utf-8", "replace")
        assert len(await heard(Call())) == 2

    async def test_cancelled(self, pbx, make):
        """The connection ends with the task."""
        pbx.stays, pbx.says = True, str(Call())
        heard = asyncio.Event()

        async def emit(events):
            heard.set()

        task = asyncio.ensure_future(make().listen(emit))
        await asyncio.wait_for(heard.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            while not pbx.closed:
                await asyncio.sleep(0)


class TestTls:
    async def test_speaks_tls(self, pbx, make, server_tls, ca_file):
        """With a certificate of a CA that is named."""
        await pbx.stop()
        await pbx.start(server_tls)
        pbx.says = str(Call())
        told = []

        async def emit(events):
            told.extend(events)

        with pytest.raises(NotSent, match="is gone"):
            await make(tls=True, ca_file=ca_file).listen(emit)
        assert told

    async def test_a_certificate_of_somebody_else(self, pbx, make, server_tls):
        """Nothing is said to a PBX that can't be trusted."""
        await pbx.stop()
        await pbx.start(server_tls)
        with pytest.raises(NotSent, match="can't be trusted"):
            await make(tls=True).listen(nothing)
        assert pbx.actions == []

    async def test_ca_file_that_is_none(self, make, tmp_path):
        """It says which setting is wrong."""
        (tmp_path / "ca.pem").write_text("nothing")
        with pytest.raises(Refused, match="ca_file"):
            await make(tls=True, ca_file=tmp_path / "ca.pem").listen(nothing)

    def test_ports(self, make):
        """Each has its own, unless one is set."""
        assert make(port=None).settings.place == ("127.0.0.1", 5038)
        assert make(port=None, tls=True).settings.place == ("127.0.0.1", 5039)


class TestSignsOfLife:
    async def test_silence_is_asked_about(self, pbx, make):
        """As long as pings are answered, the connection holds."""
        pbx.stays, pbx.bye_after = True, 3
        with pytest.raises(NotSent, match="is gone"):
            await make(ping_s=0.01).listen(nothing)
        assert pbx.pings == 3

    async def test_no_answer(self, pbx, make):
        """A PBX that lost its power closes nothing; it is noticed all the same."""
        pbx.stays, pbx.mute = True, ("Ping",)
        with pytest.raises(NotSent, match="no sign of life"):
            await make(ping_s=0.01, timeout_s=1.0).listen(nothing)


class TestStore:
    async def test_busy(self, pbx, make):
        """Asterisk tells nothing twice, so what isn't committed is told with the next."""
        call = Call().rings("101")
        pbx.says = str(call)
        taken, asked = [], []

        async def emit(events):
            asked.append(len(events))
            if len(asked) == 1:
                raise StoreBusy("the disk is slow")
            taken.extend(events)

        with pytest.raises(NotSent):
            await make().listen(emit)
        assert [event.happened for event in taken] == [
            Happened.STARTED,
            Happened.RINGING,
            Happened.RINGING,
        ]

    async def test_busy_until_the_connection_is_gone(self, pbx, make):
        """It is told with the next connection then."""
        plugin, taken = make(), []

        async def busy(events):
            raise StoreBusy("the disk is slow")

        async def emit(events):
            taken.extend(events)

        pbx.says = str(Call())
        with pytest.raises(NotSent):
            await plugin.listen(busy)
        pbx.says = ""
        with pytest.raises(NotSent):
            await plugin.listen(emit)
        assert Happened.STARTED in {event.happened for event in taken}

    async def test_busy_in_a_silence(self, pbx, make):
        """Without anything more to tell, it is tried again after a while."""
        pbx.says, pbx.stays, pbx.bye_after = str(Call()), True, 2
        tries = []

        async def emit(events):
            tries.append(events)
            if len(tries) < 2:
                raise StoreBusy("the disk is slow")

        with pytest.raises(NotSent):
            await make(ping_s=0.01).listen(emit)
        assert len(tries) == 2


def shown(channel, **more):
    """A channel as CoreShowChannels lists it."""
    return {**channel, "Duration": "00:00:12", "BridgeId": "", **more}


class TestCatchingUp:
    """Asterisk repeats nothing; what it shows is which channels are there."""

    async def test_a_call_that_began_without_us(self, pbx, heard):
        """Its beginning is as long ago as its channel is old."""
        call = Call().rings("101")
        phone = shown(call.phones["101"], ChannelStateDesc="Ringing")
        pbx.channels = [shown(call.mine), phone]
        started, held, rings = await heard()
        assert (started.caller, started.line) == (CALLER, LINE)
        assert started.at.isoformat() == "2026-03-02T17:29:48+00:00"
        assert (held.happened, rings.happened) == (Happened.RINGING, Happened.RINGING)

    async def test_and_ended_with_us(self, pbx, fold):
        """What is told of its phones later fits what was seen."""
        call = Call().rings("101")
        pbx.channels = [shown(call.mine), shown(call.phones["101"], ChannelStateDesc="Ringing")]
        call.told.clear()
        found = await fold(call.ends("101", "NOANSWER").over())
        assert found.outcome is Outcome.NO_ANSWER

    async def test_two_who_were_connected(self, pbx, fold):
        """They share a bridge: somebody had taken the call."""
        call = Call().rings("101")
        pbx.channels = [
            shown(call.mine, BridgeId="b-1"),
            shown(call.phones["101"], BridgeId="b-1", ChannelStateDesc="Up"),
        ]
        call.told.clear()
        assert (await fold(call.over())).outcome is Outcome.ANSWERED

    async def test_what_came_before_the_list(self, pbx, heard):
        """It isn't lost, and what was both told and listed counts once."""
        call = Call()
        pbx.early, pbx.channels = str(call), [shown(call.mine)]
        call.told.clear()
        events = await heard(call.rings("101"))
        assert [e.happened for e in events].count(Happened.STARTED) == 1
        assert len(events) == 3

    async def test_calls_that_go_out(self, pbx, heard):
        """Those of the business, and those to other lines, are passed over."""
        out = Call(context="from-internal", channel="PJSIP/101-1")
        other = Call(1795425903, exten="3035550188")
        pbx.channels = [shown(out.mine), shown(other.mine), {"Channel": "odd"}]
        assert await heard() == []

    async def test_gone_after_a_short_gap(self, pbx, heard, make):
        """Nobody is served in seconds: the caller gave up."""
        plugin = make()
        first = await heard(Call().rings("101"), plugin=plugin)
        second = await heard(plugin=plugin)
        assert conclude([*first, *second]).outcome is Outcome.ABANDONED

    async def test_gone_after_a_long_gap(self, pbx, heard, make, clock):
        """Somebody may have served the caller meanwhile: nothing is said but in the log."""
        plugin = make()
        await heard(Call().rings("101"), plugin=plugin)
        clock.advance(timedelta(seconds=16))
        with capture_logs() as logs:
            assert await heard(plugin=plugin) == []
        (line,) = [each for each in logs if each["event"] == "asterisk_calls_may_be_lost"]
        assert (line["calls"], line["gap_s"]) == (1, 16)

    async def test_still_there(self, pbx, heard, make, clock):
        """It goes on as if nothing had been."""
        plugin, call = make(), Call().rings("101")
        first = await heard(call, plugin=plugin)
        clock.advance(timedelta(seconds=60))
        pbx.channels = [shown(call.mine), shown(call.phones["101"], ChannelStateDesc="Ringing")]
        call.told.clear()
        second = await heard(call.ends("101", "BUSY").over(), plugin=plugin)
        assert conclude([*first, *second]).outcome is Outcome.BUSY
