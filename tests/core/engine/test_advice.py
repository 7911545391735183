"""What `check` says of texts and leads that are allowed, but probably not meant."""

import pytest

from support.house import FOLLOW_UPS, STACK
from textback import plugins
from textback.config import load
from textback.engine.starting.check import advice, complete


def told(house, more):
    """The advice on a client with hours whose file says this, too."""
    hours = '[hours]\nmon = "08:00-17:00"\nholidays = "US"\n'
    house.write(more=hours + more)
    config = load(house.folder / "textback.toml", environ={})
    assert config.problems == ()
    return [
        finding.message
        for _, _, finding in advice(config, house.outside.plugins())
        if "[" in finding.message
    ]


WORDS = "{{ business }} is sorry to have missed your call. Reply STOP to opt out"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (FOLLOW_UPS, []),
        (f'[[text]]\nbody = "{WORDS}"', []),
        (
            f'[[text]]\nbody = "{WORDS}"\nwhen = {{ hours = "open" }}',
            ['no [[text]] is for calls with hours = "closed"; they get the built-in text'],
        ),
        (
            f'[[text]]\nbody = "{WORDS}"\n'
            f'[[text]]\nbody = "{WORDS}"\nwhen = {{ hours = "holiday" }}',
            ["text[2] is never used: an earlier one fits whenever it does"],
        ),
        (
            "[[lead]]\nwhen = { vip = true }",
            ["no [[lead]] is for calls with vip = false; the CRM is told neither tag nor stage"],
        ),
        (
            "[[lead]]\n[[lead]]\nwhen = { outcome = 'busy' }",
            ["lead[2] is never used: an earlier one fits whenever it does"],
        ),
    ],
)
def test_what_no_call_gets_and_calls_that_get_nothing(closed, more, words):
    """In the words of the file, with what happens instead."""
    assert told(closed, more) == words


def test_what_still_says_what_an_example_said(closed):
    """A placeholder is no account; by which plugin and setting."""
    sid = f"AC{'X' * 32}"
    closed.write(stack=f'[plugins.twilio]\naccount_sid = "{sid}"\nauth_token = "t"')
    config = load(closed.folder / "textback.toml", environ={})
    found = [(each, finding.message) for _, each, finding in advice(config, plugins.find(None))]
    assert ("twilio", f'account_sid still says "{sid}"; put in your own') in found


def test_mail_to_callers_without_a_postal_address(closed):
    """A plugin's settings say what they lack beside the client's other settings."""
    pytest.importorskip("aiosmtplib", reason="the extra email is not installed")
    mail = '[plugins.email]\nhost = "mail.example"\nsender = "desk@bright.example"'
    follow_up = '[[follow_up]]\nafter = "1d"\nchannel = "email"\nbody = "Still here"'
    closed.write(stack=mail, more=follow_up)
    config = load(closed.folder / "textback.toml", environ={})
    found = [finding.message for _, each, finding in advice(config, plugins.find(None)) if each]
    assert found == [
        "postal_address is not set: follow-ups by e-mail don't go, the law asks for it"
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[[text]]\nbody = "Sorry we missed your call"', ["name the business", "opt out"]),
        (f'[[text]]\nbody = "{WORDS}. Save $20, see bit.ly/x"', ["which sells", "bit.ly"]),
    ],
)
def test_words_that_are_amiss_in_a_first_text(closed, more, words):
    """Each is said, with the text that it is about."""
    said = told(closed, more)

    assert len(said) == len(words)
    for each, word in zip(said, words, strict=True):
        assert each.startswith("text[1]")
        assert word in each


def severities(house, more, line=None, settings=""):
    """What is said of the words in a client's file, with how bad it is."""
    files = {"line": line} if line is not None else {}
    house.write(more=more, settings=settings, **files)
    config = load(house.folder / "textback.toml", environ={})
    assert config.problems == ()
    return [
        (finding.severity.value, finding.message)
        for _, _, finding in advice(config, house.outside.plugins())
        if finding.message.startswith(("text[", "follow_up[", "answer["))
    ]


OFFER = '[[follow_up]]\nafter = "1d"\nbody = "Still need us? Get 20% off"\n'
SHORT = '[[follow_up]]\nafter = "1d"\nbody = "Still need us? See bit.ly/x"\n'


@pytest.mark.parametrize(
    ("line", "settings", "more", "told"),
    [
        (
            "+13035550100",
            "",
            OFFER,
            [
                (
                    "error",
                    'follow_up[1] says "20% off", which sells; us-federal/follow-up asks for no '
                    "marketing words",
                )
            ],
        ),
        ("+61291234567", "", OFFER, []),
        (
            "+61291234567",
            'regions = ["AU", "GB"]',
            OFFER,
            [
                (
                    "error",
                    'follow_up[1] says "20% off", which sells; uk/first-text asks for no '
                    "marketing words",
                ),
                (
                    "error",
                    "follow_up[1] doesn't name the business; uk/first-text asks for the name of "
                    "the business",
                ),
            ],
        ),
        (
            "+13035550100",
            "",
            SHORT,
            [("warning", "follow_up[1] has a link of bit.ly, which carriers filter")],
        ),
        (
            "+61291234567",
            "",
            '[[text]]\nbody = "We missed your call. {{ business }}"\n',
            [("warning", "text[1] doesn't say how to opt out")],
        ),
        (
            "+13035550100",
            "",
            '[[text]]\nbody = "We missed your call. {{ business }}"\n',
            [
                (
                    "error",
                    "text[1] doesn't say how to opt out; us-federal/first-text asks for how to "
                    "opt out",
                )
            ],
        ),
        (
            "+13035550100",
            "",
            '[[answer]]\nto = "stop"\nbody = "Stopped. Buy now!"\n'
            '[[answer]]\nto = "help"\nbody = "We help. Call {{ contact }}"\n',
            [
                (
                    "error",
                    'answer[1] says "Buy now", which sells; us-federal/confirmation asks for no '
                    "marketing words",
                ),
                ("warning", "answer[2] doesn't name the business"),
            ],
        ),
        (
            "+13035550100",
            "",
            '[[text]]\nbody = "We missed your call. {{ business }}, '
            'at {{ location }}. Reply STOP to opt out"\n',
            [
                (
                    "warning",
                    "text[1] uses location, which is always empty: the client has no [[location]]",
                )
            ],
        ),
        (
            "+13035550100",
            "",
            '[[text]]\nbody = "We missed your call. {{ business }}. '
            'Book or reply STOP: {{ booking_link }}"\n',
            [
                (
                    "error",
                    "text[1] doesn't say how to opt out when nothing is known of the caller; "
                    "us-federal/first-text asks for how to opt out",
                )
            ],
        ),
    ],
)
def test_what_a_pack_of_the_lines_asks_for_is_an_error(closed, line, settings, more, told):
    """Or of the regions that the file names; else it is a warning, if it is anything."""
    assert severities(closed, more, line, settings) == told


def test_a_link_that_no_plugin_gives(closed):
    """The sentence would never be there."""
    plugins_without = "[plugins.phones]\n[plugins.carrier]\n[plugins.team]\n"
    closed.write(
        stack=plugins_without,
        more='[[text]]\nbody = "{{ business }} missed your call. Reply STOP to opt out. '
        'Book: {{ booking_link }}"\n',
    )
    config = load(closed.folder / "textback.toml", environ={})
    found = [each.message for _, _, each in advice(config, closed.outside.plugins())]

    assert any("uses booking_link, which is always empty" in each for each in found)


def test_a_pack_that_does_not_exist_is_a_problem(closed):
    """The client is left out, and the packs that there are are named."""
    closed.write(more='[rules]\npacks = ["us-xx"]')
    config = load(closed.folder / "textback.toml", environ={})

    problems = complete(config, closed.outside.plugins()).problems

    (problem,) = [each for each in problems if each.path == "rules.packs"]
    assert 'no pack "us-xx"' in problem.message
    assert "us-federal" in problem.message


def test_a_plugin_that_is_not_there_is_one_problem(closed):
    """Whether it could tell the team, or text, can't be known then, and isn't asked."""
    pager = '[plugins.pager]\nuse = "pagr"\n'
    closed.write(stack=pager + STACK, more='[[notify]]\nto = ["pager"]\n')
    config = load(closed.folder / "textback.toml", environ={})
    problems = complete(config, closed.outside.plugins()).problems
    assert "pager" in {each.path.rpartition(".")[2] for each in problems}
    assert not [each for each in problems if each.path.startswith("notify")]


BAD_WORDS = '[[text]]\nbody = "Hi {{ nickname }}"\n'


def test_plugins_and_templates_are_looked_at_beside_wrong_types(closed):
    """All at once: nobody wants to mend a file only to be told of the next thing in it."""
    closed.write(
        settings='mode = "lively"\ncool_down = 7\nfolow_up = []',
        stack='[plugins.carier]\nurl = "https://carrier.example"',
        more=f"{BAD_WORDS}[[lead]]\ntag = 3\n",
    )

    files = complete(load(closed.folder / "textback.toml", environ={}), closed.outside.plugins())

    (told,) = files.broken.values()
    assert sorted(each.path for each in told) == [
        *("cool_down", "folow_up", "lead[1].tag", "mode"),
        *("plugins.carier", "text[1].body"),
    ]
    assert set(files.problems) == set(told)
    assert files.clients == {}


def test_clients_that_are_left_out_for_a_line_are_looked_at(closed):
    """Also those of which every setting can be read."""
    closed.write(more=BAD_WORDS)
    closed.write(more=BAD_WORDS, client="twin")

    files = complete(load(closed.folder / "textback.toml", environ={}), closed.outside.plugins())

    for problems in files.broken.values():
        assert [each.path for each in problems] == ["lines", "text[1].body"]
