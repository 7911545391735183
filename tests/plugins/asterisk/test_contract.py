"""Asterisk does what everyone does that holds a connection, and that can be checked."""

import pytest

from support.pbx import CALLER, LINE, SECRET, Call
from textback.events import CallEvent, Happened
from textback.testing.builders import NOW
from textback.testing.contracts import CheckContract, ListenContract
from textback.testing.fixtures import provider

__all__ = ["provider"]


@pytest.fixture
def plugin(pbx, make):
    pbx.stays = True
    return make(ping_s=0.05)


class TestListening(ListenContract):
    told = (
        CallEvent(
            key=f"{Call().id}/started",
            call=Call().id,
            happened=Happened.STARTED,
            at=NOW,
            caller=CALLER,
            line=LINE,
            caller_name="Jane Doe",
            evidence="a call from outside",
        ),
        CallEvent(
            key=f"{Call().id}/held",
            call=Call().id,
            happened=Happened.RINGING,
            at=NOW,
            caller=CALLER,
            line=LINE,
            leg="the dialplan",
            evidence="a call from outside",
        ),
    )

    @pytest.fixture
    def plugin(self, plugin):
        return plugin

    @pytest.fixture
    def far_side(self, pbx):
        return pbx


class TestCheck(CheckContract):
    over_http = False
    secret = SECRET

    @pytest.fixture
    def plugin(self, plugin):
        return plugin
