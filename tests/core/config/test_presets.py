"""What a client's file stands on: [defaults], presets, and presets of presets."""

from datetime import timedelta

import pytest


def test_tables_merge_arrays_replace_and_the_client_comes_first(files):
    """Order of plugins is preference, so the client's own are asked first."""
    files.write(
        "presets/dental.toml",
        """
        contact = "the front desk"
        [plugins.hubspot]
        access_token = "${HUBSPOT}"
        [plugins.twilio]
        ring_s = 20
        ring = ["+13035550180", "+13035550181"]
        [[lead]]
        tag = "dental"
        [[follow_up]]
        after = "2h"
        body = "Still there?"
        """,
    )
    files.client(
        """
        extends = "dental"
        [plugins.slack]
        [plugins.twilio]
        account_sid = "AC1"
        ring = ["+13035550150"]
        [[lead]]
        tag = "bright"
        """
    )

    client = files.load_one()

    assert list(client.plugins) == ["slack", "twilio", "hubspot"]
    assert client.plugins["twilio"].settings == {
        "ring_s": 20,
        "ring": ["+13035550150"],
        "account_sid": "AC1",
    }
    assert [rule.tag for rule in client.lead] == ["bright"]
    assert [step.after for step in client.follow_up] == [timedelta(hours=2)]
    assert client.contact == "the front desk"


def test_later_presets_win_over_earlier_ones_and_over_defaults(files):
    """From below: [defaults], what a preset extends, the presets in order, the client."""
    files.write(
        "textback.toml",
        """
        [server]
        public_url = "https://hooks.agency.example"
        [defaults]
        contact = "defaults"
        max_age = "1m"
        cool_down = "1m"
        idle_after = "1m"
        identify_within_s = 1
        """,
    )
    files.write("presets/base.toml", 'max_age = "2m"\ncool_down = "2m"\nidle_after = "2m"\n')
    files.write("presets/one.toml", 'extends = "base"\ncool_down = "3m"\nidle_after = "3m"\n')
    files.write("presets/two.toml", 'extends = ["base"]\nidle_after = "4m"\n')
    files.client('extends = ["one", "two"]\nidentify_within_s = 2')

    client = files.load_one()

    assert client.contact == "defaults"
    assert client.max_age == timedelta(minutes=2)
    assert client.cool_down == timedelta(minutes=3)  # base, named twice, doesn't come back
    assert client.idle_after == timedelta(minutes=4)
    assert client.identify_within_s == 2


def test_defaults_may_name_the_preset_of_those_who_name_none(files):
    """As with any default, a client's own `extends` replaces it."""
    files.write(
        "textback.toml",
        '[server]\npublic_url = "https://hooks.agency.example"\n[defaults]\nextends = "usual"',
    )
    files.write("presets/usual.toml", 'contact = "usual"')
    files.client()
    assert files.load_one().contact == "usual"

    files.client("extends = []")

    assert files.load_one().contact == ""


def test_false_removes_a_plugin(files):
    """And a name that removes nothing is most likely misspelt."""
    files.write("presets/dental.toml", "[plugins.hubspot]\n[plugins.contacts]")
    files.client('extends = "dental"\n[plugins]\nhubspot = false')
    assert list(files.load_one().plugins) == ["contacts"]

    files.client('extends = "dental"\n[plugins]\nhubspt = false')

    assert files.problems() == [
        "clients/bright-smile.toml: plugins.hubspt: there is no such plugin beneath to leave out;"
        ' did you mean "hubspot"?'
    ]


def test_another_plugin_under_the_same_name_inherits_nothing(files):
    """Twilio's settings make no sense to Vonage."""
    files.write("presets/base.toml", '[plugins.sms]\nuse = "twilio"\naccount_sid = "AC1"')
    files.client('extends = "base"\n[plugins.sms]\nuse = "vonage"\napi_key = "k"')

    table = files.load_one().plugins["sms"]

    assert (table.use, table.settings) == ("vonage", {"api_key": "k"})


def test_a_problem_names_the_file_that_it_stands_in(files):
    """Once, however many clients extend the preset; what is missing is the client's."""
    files.write("presets/dental.toml", 'max_age = 5\n[[follow_up]]\nafter = "soon"\nbody = "b"')
    files.client('extends = "dental"', name="a")
    files.write("clients/b.toml", 'extends = "dental"\ntime_zone = "America/Denver"')

    config = files.load()

    assert {(problem.file, problem.path) for problem in config.problems} == {
        ("presets/dental.toml", "max_age"),
        ("presets/dental.toml", "follow_up[1].after"),
        ("clients/b.toml", "name"),
        ("clients/b.toml", "lines"),
    }
    assert len(config.broken["a"]) == 2


def test_a_problem_in_defaults_is_told_with_its_place(files):
    """The path is the one in textback.toml."""
    files.write(
        "textback.toml",
        '[server]\npublic_url = "https://hooks.agency.example"\n[defaults]\nmaxage = "1h"',
    )
    files.client()

    assert files.problems() == [
        'textback.toml: defaults.maxage: unknown setting; did you mean "max_age"?'
    ]


@pytest.mark.parametrize(
    ("extends", "problem"),
    [
        (
            '"dentl"',
            'clients/bright-smile.toml: extends: there is no preset "dentl"'
            ' (presets/dentl.toml); did you mean "dental"?',
        ),
        (
            '"../secret"',
            'clients/bright-smile.toml: extends: there is no preset "../secret"'
            " (presets/../secret.toml)",
        ),
        (
            "5",
            "clients/bright-smile.toml: extends: must be the name of a preset or a list of"
            ' names, e.g. "dental"',
        ),
        ('["dental", "a"]', "presets/b.toml: extends: a preset extends itself: a → b → a"),
        ('"torn"', "presets/torn.toml: is not TOML: "),
        (
            '"orphan"',
            'presets/orphan.toml: extends: there is no preset "none" (presets/none.toml)',
        ),
    ],
)
def test_presets_that_can_not_be_used(files, extends, problem):
    """Missing, looping, torn; told at the file that asks for it."""
    files.write("presets/dental.toml", 'contact = "the front desk"')
    files.write("presets/a.toml", 'extends = "b"')
    files.write("presets/b.toml", 'extends = "a"')
    files.write("presets/torn.toml", "x = ")
    files.write("presets/orphan.toml", 'extends = "none"')
    files.write("secret.toml", "")
    files.client(f"extends = {extends}")

    (said,) = files.problems()

    assert said.startswith(problem)
