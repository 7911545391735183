"""The lookup does what every lookup does, whichever provider it asks."""

import asyncio

import httpx
import pytest

from textback.model import Caller
from textback.testing.builders import CALLER, a_call
from textback.testing.contracts import CheckContract, EraseContract, LookupContract


def twilio(name="Anna Example", line="mobile"):
    return httpx.Response(
        200,
        json={
            "phone_number": CALLER,
            "valid": True,
            "caller_name": {"caller_name": name, "caller_type": "CONSUMER", "error_code": None},
            "line_type_intelligence": {"type": line, "error_code": None},
        },
    )


def telnyx(name="Anna Example", line="mobile"):
    return httpx.Response(
        200,
        json={
            "data": {
                "phone_number": CALLER,
                "valid_number": True,
                "caller_name": {"caller_name": name, "error_code": None},
                "carrier": {"type": line, "name": "T-Mobile"},
                "record_type": "number_lookup",
            }
        },
    )


class PaidLookup(LookupContract):
    caller = Caller(name="Anna Example", line_type="mobile")
    paid = True
    goes_on = True

    async def test_a_paid_question_goes_on(self, plugin, provider):
        """Here it does, on purpose: the question is paid for, and its answer is kept."""
        provider.hangs = True
        task = asyncio.ensure_future(self.ask(plugin))
        await asyncio.wait_for(provider.asked.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (asking,) = plugin._asking.values()
        assert not asking.done()
        asking.cancel()
        await asyncio.wait((asking,))
        assert provider.open == 0
        assert plugin._asking == {}


class TestTwilioLookup(PaidLookup):
    accepted = twilio()
    nobody = httpx.Response(200, json={"phone_number": CALLER, "valid": True, "caller_name": None})
    secret = "fedcba9876543210fedcba9876543210"

    @pytest.fixture
    def lookup(self, make):
        return make("twilio")

    def named(self, name):
        return twilio(name)


class TestTelnyxLookup(PaidLookup):
    accepted = telnyx()
    nobody = httpx.Response(
        200, json={"data": {"phone_number": CALLER, "valid_number": True, "caller_name": None}}
    )
    secret = "KEY0123456789ABCDEF_abcdef0123456789"

    @pytest.fixture
    def lookup(self, make):
        return make("telnyx")

    def named(self, name):
        return telnyx(name)


class TestTwilioCheck(CheckContract):
    all_is_well = twilio()
    secret = "fedcba9876543210fedcba9876543210"

    @pytest.fixture
    def plugin(self, make):
        return make("twilio")


class TestTelnyxCheck(CheckContract):
    all_is_well = httpx.Response(200, json={"data": {"record_type": "balance", "balance": "7.50"}})
    secret = "KEY0123456789ABCDEF_abcdef0123456789"

    @pytest.fixture
    def plugin(self, make):
        return make("telnyx")


class TestErase(EraseContract):
    @pytest.fixture
    def plugin(self, make, provider):
        provider.response = twilio()
        return make("twilio")

    async def hold(self, plugin, number):
        await plugin.identify_caller(a_call(caller=number))
