"""What carriers are told of a client, and whether its file still says the same."""

import tomllib

import attrs
import pytest

from support.house import FOLLOW_UPS, HEAD
from textback.config import load
from textback.flow.registration import describe, drift, sheet, shortcomings, us_lines


@pytest.fixture
def client_of(tmp_path):
    """A client whose file says this beside its name and line."""

    def make(more=""):
        (tmp_path / "clients").mkdir(exist_ok=True)
        (tmp_path / "textback.toml").write_text('[server]\npublic_url = "https://a.example"')
        (tmp_path / "clients" / "bright.toml").write_text(f"{HEAD}\n{more}", encoding="utf-8")
        config = load(tmp_path / "textback.toml", environ={})
        assert not config.problems, config.problems
        return config.clients["bright"]

    return make


def test_samples_are_the_texts_that_go(client_of):
    """First and later texts with usual names, the answers to STOP and HELP, once each."""
    campaign = describe(client_of(FOLLOW_UPS))
    assert campaign.brand == "Bright Smile Dental"
    assert campaign.samples[0].startswith("Hi Anna, ")
    assert campaign.samples[1:] == (
        "One: still need us?",
        "Two: still need us?",
        "Three: still need us?",
    )
    assert "Bright Smile Dental" in campaign.help_message
    assert "(303) 555-0100" in campaign.message_flow
    assert "at most 3 more texts" in campaign.description
    assert not campaign.embedded_links


def test_all_lines_and_a_place_are_in_it(client_of):
    """The numbers that people call, and samples as callers of one of the places get them."""
    campaign = describe(
        client_of(
            'location = [{ lines = ["+13035550100"], name = "Airport" }]\n'
            '[[text]]\nbody = "{{ business }} {{ location }} here. Reply STOP to opt out"\n'
            '[[follow_up]]\nafter = "2h"\nbody = "Still need us?"'
        )
    )
    assert campaign.samples[0].startswith("Bright Smile Dental Airport here")
    assert "1 more text about the same call follows," in campaign.description
    assert "at (303) 555-0100, a number published by the business" in campaign.message_flow


def test_links_and_numbers_in_texts_are_told(client_of):
    """A reviewer compares these two answers with the samples."""
    body = "{{ business }}: book at {{ booking_link }} or call {{ line }}. Reply STOP to opt out"
    campaign = describe(client_of(f'[[text]]\nbody = "{body}"'))
    assert (campaign.embedded_links, campaign.embedded_phone_numbers) == (True, True)


def test_the_sheet_can_be_read_again(client_of):
    """What was handed in has no drift from the file that it was made from."""
    body = '{{ business }} \\"A & B\\": déjà vu 🦷? Reply STOP to opt out'
    campaign = describe(client_of(f'[[text]]\nbody = "{body}"'))
    registered = tomllib.loads(sheet(campaign))
    assert registered.keys() == attrs.fields_dict(type(campaign)).keys()
    assert list(drift(registered, campaign)) == []


def test_drift_names_what_is_new(client_of):
    """A text that was not registered, and an answer that was another."""
    registered = tomllib.loads(sheet(describe(client_of(FOLLOW_UPS))))
    changed = FOLLOW_UPS.replace("Two: still", "Sale! Still")
    answer = '[[answer]]\nto = "help"\nbody = "Call us"\n'
    found = list(drift({**registered, "colour": "red"}, describe(client_of(answer + changed))))
    assert found == [
        "samples: 'Sale! Still need us?' is not registered",
        f"help_message: registered as {registered['help_message']!r}, the file says 'Call us'",
        "colour: is no field of a registration",
    ]


def test_what_a_reviewer_would_send_back(client_of):
    """Too few samples, too short ones, none that names the business."""
    found = list(shortcomings(describe(client_of('[[text]]\nbody = "Hi!"'))))
    assert [each.partition(":")[0] for each in found] == ["samples"] * 3
    assert list(shortcomings(describe(client_of(FOLLOW_UPS)))) == [
        "samples: 'One: still need us?' must have 20 to 1024 characters",
        "samples: 'Two: still need us?' must have 20 to 1024 characters",
    ]


def test_only_us_lines_are_asked_for(client_of):
    """A Canadian number has the same country code and other carriers' rules."""
    client = client_of()
    assert us_lines(client) == client.lines
    assert us_lines(attrs.evolve(client, lines=("+14165550100", "+442079460000"))) == ()
