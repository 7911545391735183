"""The files of a deployment: what they come to, and what is said of broken ones."""

import time
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from textback.config import load
from textback.errors import ConfigError


def test_a_client_file_becomes_settings(files):
    """Every kind of setting, with defaults for what isn't set."""
    files.client(
        """
        mode = "live"
        staff_phones = ["(303) 555-0180"]
        cool_down = "12h"
        [plugins.twilio]
        account_sid = "AC1"
        auth_token = "${TOKEN}"
        [plugins.backup]
        use = "vonage"
        roles = ["sender"]
        [[text]]
        body = "Hi {{ first_name }}, sorry we missed you"
        [[lead]]
        tag = "missed-call"
        fields = { lead_source = "Missed call" }
        [[follow_up]]
        after = "2h"
        body = "Still there?"
        """
    )

    client = files.load_one()

    assert (client.id, client.file) == ("bright-smile", "clients/bright-smile.toml")
    assert client.time_zone == ZoneInfo("America/Denver")
    assert client.lines == ("+13035550100",)
    assert client.staff_phones == ("+13035550180",)  # national, as the first line is
    assert (client.cool_down, client.max_age) == (timedelta(hours=12), timedelta(minutes=15))
    assert client.lead[0].fields == {"lead_source": "Missed call"}
    assert client.follow_up[0].after == timedelta(hours=2)
    assert list(client.plugins) == ["twilio", "backup"]
    assert client.plugins["backup"].use == "vonage"
    assert client.plugins["backup"].roles == ("sender",)
    assert client.plugins["twilio"].roles is None
    assert client.plugins["twilio"].settings == {"account_sid": "AC1", "auth_token": "${TOKEN}"}


def test_all_problems_of_all_files_come_at_once(files):
    """Each with its file, its path and what to do; the client that is whole is loaded."""
    files.client(name="whole")
    files.write(
        "clients/broken.toml",
        """
        name = 5
        time_zone = "America/Denvr"
        lines = "+13035550111"
        staff_phones = ["12"]
        mode = "lively"
        identify_within_s = 60
        folow_up = []
        id = "other"
        [plugins.twilio]
        roles = "sender"
        [plugins.hubspot]
        was = ["Old Name"]
        [[follow_up]]
        after = "2h"
        body = "a"
        [[follow_up]]
        after = "soon"
        text = "b"
        """,
    )
    files.write("clients/torn.toml", 'name = "Torn\n')

    config = files.load()

    assert list(config.clients) == ["whole"]
    assert list(config.broken) == ["broken", "torn"]
    said = {problem.path: problem.message for problem in config.broken["broken"]}
    assert said == {
        "name": "must be a text in quotes, not a whole number",
        "time_zone": '"America/Denvr" is no time zone; did you mean "America/Denver"?',
        "lines": "must be a list in [brackets], not a text",
        "staff_phones[1]": '"12" is no phone number; write it with its country code,'
        ' e.g. "+13035550100"',
        "mode": '"lively" is not one of "test", "shadow", "live"; did you mean "live"?',
        "identify_within_s": "must be <= 10: 60.0",
        "folow_up": 'unknown setting; did you mean "follow_up"?',
        "id": "unknown setting",
        "plugins.twilio.roles": "must be a list in [brackets], not a text",
        "plugins.hubspot.was[1]": '"Old Name" is no name that it can have had',
        "follow_up[2].after": '"soon" is no duration; write e.g. "90s", "15m", "2h" or "1d"',
        "follow_up[2].body": "required setting missing",
        "follow_up[2].text": "unknown setting",
    }
    (torn,) = config.broken["torn"]
    assert torn.file == "clients/torn.toml"
    assert torn.message.startswith("is not TOML: ")
    assert "line 1" in torn.message
    assert set(config.problems) == {*config.broken["broken"], torn}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (None, "there is no such file"),
        ("[server", "is not TOML"),
        ("", "server.public_url: required setting missing"),
        ('[server]\npublic_url = "hooks.example"', "server.public_url: must be a web address"),
        (
            '[server]\npublic_url = "https://a.example"\nlisten = "8000"',
            "server.listen: must be HOST:PORT",
        ),
        (
            '[server]\npublic_url = "https://a.example"\n[default]\nmode = "test"',
            'default: unknown setting; did you mean "defaults"?',
        ),
        ('defaults = 1\n[server]\npublic_url = "https://a.example"', "defaults: must be a table"),
        ('plugins = 1\n[server]\npublic_url = "https://a.example"', "plugins: must be tables"),
        (
            '[server]\npublic_url = "https://a.example"\n[store]\nkey = "${NO_SUCH}"',
            "store.key: ${NO_SUCH} is not set; set the environment variable NO_SUCH",
        ),
    ],
)
def test_nothing_runs_without_a_right_textback_toml(tmp_path, written, message):
    """It is the one file whose problems are an exception."""
    path = tmp_path / "textback.toml"
    if written is not None:
        path.write_text(written)

    with pytest.raises(ConfigError) as caught:
        load(path, environ={})

    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_line_belongs_to_one_client(files):
    """Both are left out, each told of the other, even if one is broken anyway."""
    files.client(name="a")
    files.client("mode = 1", name="b")
    files.write(
        "clients/c.toml",
        'name = "C"\ntime_zone = "America/Denver"\nlines = ["+13035550101", "+13035550101"]',
    )

    config = files.load()

    assert not config.clients
    assert [str(problem) for problem in config.broken["a"]] == [
        "clients/a.toml: lines: +13035550100 is also in clients/b.toml; "
        "a line belongs to one client"
    ]
    assert any("also in clients/a.toml" in problem.message for problem in config.broken["b"])
    assert [problem.path for problem in config.broken["c"]] == ["lines[2]"]


def test_a_live_client_needs_the_key(files):
    """Without it numbers can't be hashed; a client in test mode can do without."""
    files.write("textback.toml", '[server]\npublic_url = "https://hooks.agency.example"')
    files.client()
    assert not files.problems()

    files.client('mode = "live"')

    (problem,) = files.load().broken["bright-smile"]
    assert problem.path == "mode"
    assert "store.key" in problem.message


def test_an_earlier_name_has_one_heir(files):
    """Nobody takes over the cases of a client that is there, and no two those of one."""
    files.client('was = ["gone", "b"]', name="a")
    files.write(
        "clients/b.toml",
        'name = "B"\ntime_zone = "America/Denver"\nlines = ["+13035550101"]\nwas = ["gone"]',
    )

    assert files.problems() == [
        'clients/a.toml: was: "b" is a client now, clients/b.toml; leave it out',
        'clients/a.toml: was: "gone" is claimed by clients/b.toml too;'
        " only one can take over its cases",
        'clients/b.toml: was: "gone" is claimed by clients/a.toml too;'
        " only one can take over its cases",
    ]


def test_an_earlier_name_of_a_plugin_has_one_heir(files):
    """As of a client."""
    files.client(
        """
        [plugins.a]
        was = ["b", "old"]
        [plugins.b]
        was = ["old"]
        """
    )

    assert files.problems() == [
        'clients/bright-smile.toml: plugins.a.was[1]: "b" is a plugin now; leave it out',
        'clients/bright-smile.toml: plugins.b.was[1]: "old" is claimed by plugins.a too',
    ]


def test_a_file_name_is_a_client_name(files):
    """It stands in addresses; the message says how to rename it."""
    files.client(name="Bright Smile_2")

    (problem,) = files.problems()

    assert problem.startswith("clients/Bright Smile_2.toml: a client's file is named with")
    assert problem.endswith('rename it to "bright-smile-2.toml"')


def test_a_file_name_with_accents_keeps_its_letters(files):
    """What is left without them is nearer than what is left of them."""
    files.client(name="Ünïted Café")

    (problem,) = files.problems()

    assert problem.endswith('rename it to "united-cafe.toml"')


def test_what_editors_leave_behind_is_no_client(files):
    """A hidden file takes no line from the client that has it; a byte order mark is no letter."""
    path = files.client()
    files.client(name=".bright-smile")
    (path.parent / ".#bright-smile.toml").symlink_to("somebody@somewhere.1234")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert files.load_one().lines == ("+13035550100",)


def test_only_the_wanted_clients_are_read(files):
    """A name that has no file is told with the nearest that has one."""
    files.client()
    files.client("junk", name="other")

    config = files.load(clients=["bright-smile", "brite-smile"])

    assert list(config.clients) == ["bright-smile"]
    assert [str(problem) for problem in config.problems] == [
        'clients/brite-smile.toml: there is no such file; did you mean "bright-smile"?'
    ]


def test_files_may_be_none(files):
    """A deployment without clients is whole; whether it is of use isn't for the reader to say."""
    config = files.load()

    assert (config.clients, config.problems) == ({}, ())
    assert config.deployment.directory == files.directory
    assert config.deployment.store.url == "sqlite:///textback.db"


def test_many_clients_load_quickly(files):
    """A thousand clients of one preset in less than 2 s of CPU: no preset is read twice."""
    files.write(
        "presets/dental.toml",
        '[plugins.contacts]\n[[follow_up]]\nafter = "2h"\nbody = "Still there?"',
    )
    for number in range(1000):
        files.write(
            f"clients/c{number}.toml",
            f'extends = "dental"\nname = "C{number}"\ntime_zone = "America/Denver"\n'
            f'lines = ["+1{300 + number // 100}55501{number % 100:02}"]\n'
            f'[plugins.twilio]\naccount_sid = "AC{number}"',
        )

    started = time.process_time()
    config = files.load()
    spent = time.process_time() - started

    assert len(config.clients) == 1000
    assert spent < 2
