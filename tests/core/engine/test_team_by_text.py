"""The team by SMS: notices to staff phones, and answers that reach the right caller or nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.house import CALLER, HEAD, LINE, TEXTBACK
from textback import plugins
from textback.config import load
from textback.engine.starting.check import advice
from textback.errors import DeliveryError, MaybeSent
from textback.events import Happened
from textback.flow.segments import segments
from textback.model import Media, TextState

STAFF, COLLEAGUE = "+13035550181", "+13035550182"
OTHER = "+13035550124"
SETTINGS = f'mode = "live"\nstaff_phones = ["{STAFF}"]'
STACK = """
[plugins.phones]
[plugins.carrier]
roles = ["sender", "notifier"]
"""
LATER = timedelta(minutes=40)
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
async def house(closed):
    """A client whose only notifier is the sender."""
    closed.write(settings=SETTINGS, stack=STACK, more="")
    await closed.open()
    return closed


def notices(house, phone=STAFF):
    return house.outside.bodies(phone)


def ref(house, caller):
    ((case,),) = [
        tuple(row.values())
        for row in house.rows("SELECT case_id FROM cases WHERE number = ?", caller)
    ]
    return case[:6]


async def two_cases(house):
    """Two callers; the notice about the second came last."""
    await house.missed(caller=CALLER)
    await house.let_pass(A_MINUTE)
    await house.missed(caller=OTHER)
    await house.let_pass(A_MINUTE)
    assert len(notices(house)) == 2


async def test_a_missed_call_is_told_by_text(house):
    """Short, with the case in it, from the line that was called; once for each staff phone."""
    await house.missed()

    (body,) = notices(house)
    assert "(303) 555-0123 called (303) 555-0100" in body
    assert f"begin with {house.case()['case_id'][:6]}:" in body
    assert segments(body) <= 2
    texts = [text for _, text in house.sent if text.to == STAFF]
    assert [text.line for text in texts] == [LINE]
    assert house.states("notify/%") == {"notify/carrier/call/1": "done"}
    assert house.rows("SELECT number FROM texts WHERE number = ?", STAFF) == []


async def test_an_answer_from_a_staff_phone_reaches_the_caller(house):
    """The caller's words go to the team, the team's answer to the caller."""
    await house.missed()
    await house.write_in("Can you come today?")

    await house.write_in("Yes, at five", number=STAFF)

    assert "wrote: Can you come today?" in notices(house)[-1]
    assert house.outside.bodies(CALLER)[-1] == "Yes, at five"
    assert house.texts("text/2")[0]["kind"] == "reply"
    assert house.case()["replies"] == 1
    assert await house.ledger_fault() is None


async def test_with_two_cases_open_the_last_notice_is_meant(house):
    """If it is fresh; the other caller hears nothing."""
    await two_cases(house)

    await house.write_in("We are on our way", number=STAFF)

    assert house.outside.bodies(OTHER)[-1] == "We are on our way"
    assert len(house.outside.bodies(CALLER)) == 1


async def test_a_case_can_be_named(house):
    """In capitals, too; its name is not sent."""
    await two_cases(house)

    await house.write_in(f" {ref(house, CALLER).upper()}: We open at eight: come in", number=STAFF)

    assert house.outside.bodies(CALLER)[-1] == "We open at eight: come in"
    assert len(house.outside.bodies(OTHER)) == 1


@pytest.mark.parametrize("body", ["Yes, at five", "abcdef: yes", "tomorrow: yes", "a2: b"])
async def test_where_the_caller_is_not_clear_nobody_is_texted(house, body):
    """Two cases and no fresh notice, or a name that is none: the team is asked back."""
    await two_cases(house)
    await house.let_pass(LATER)
    told = len(notices(house))

    await house.write_in(body, number=STAFF)

    assert len(house.outside.bodies(CALLER)) == len(house.outside.bodies(OTHER)) == 1
    (question,) = notices(house)[told:]
    assert "Nothing was sent" in question
    assert ref(house, CALLER) in question
    assert ref(house, OTHER) in question
    assert segments(question) <= 2

    await house.write_in(f"{ref(house, CALLER)}: Yes, at five", number=STAFF)
    assert house.outside.bodies(CALLER)[-1] == "Yes, at five"
    assert len(house.outside.bodies(OTHER)) == 1


async def test_a_notice_that_crosses_an_answer_misleads_nobody(house):
    """Whoever was typing when it came hasn't seen it."""
    await house.missed(caller=CALLER)
    await house.let_pass(A_MINUTE)
    await house.missed(caller=OTHER)
    await house.let_pass(timedelta(seconds=5))

    await house.write_in("Dr. Lee will call you", number=STAFF)

    assert len(house.outside.bodies(CALLER)) == len(house.outside.bodies(OTHER)) == 1
    assert "Which caller is that for?" in notices(house)[-1]


async def test_an_old_notice_is_enough_if_only_one_case_is_open(house):
    """And not if that case is closed: then it may be about anything."""
    await house.missed()
    await house.let_pass(LATER)
    await house.write_in("Sorry, only now", number=STAFF)
    assert house.outside.bodies(CALLER)[-1] == "Sorry, only now"

    await house.tell(house.booked())
    await house.run()
    await house.let_pass(LATER)
    await house.write_in("lunch?", number=STAFF)

    assert house.outside.bodies(CALLER)[-1] == "Sorry, only now"
    assert "There is no open conversation" in notices(house)[-1]


async def test_staff_words_are_never_a_callers(house):
    """They open no case, count as no reply and lift or make no caller's opt-out."""
    await house.write_in("hello?", number=STAFF)

    assert house.rows("SELECT 1 FROM cases") == []
    assert "There is no open conversation" in notices(house)[-1]


async def test_the_rules_hold_for_what_the_team_writes(house):
    """A caller who opted out gets nothing, and the team hears why."""
    await house.missed()
    await house.write_in("STOP")
    sent = len(house.outside.bodies(CALLER))

    await house.write_in("But we have an offer", number=STAFF)

    assert len(house.outside.bodies(CALLER)) == sent
    assert "failed" in notices(house)[-1]
    assert "opted out" in notices(house)[-1]


async def test_a_staff_phone_that_writes_stop_is_left_alone(house):
    """Until it writes START."""
    await house.write_in("Stop", number=STAFF)
    await house.missed()
    assert notices(house) == []

    await house.write_in("START", number=STAFF)
    await house.missed(caller=OTHER)
    assert len(notices(house)) == 1


async def test_a_phone_that_answers_by_itself_is_not_asked_for_ever(house):
    """An automatic answer to our question would otherwise go on all night."""
    for _ in range(20):
        await house.write_in("I'm driving, back soon", number=STAFF)

    assert len(notices(house)) == 5


async def test_a_picture_alone_is_not_passed_on_in_silence(house):
    """The member of the team is told."""
    await house.missed()

    picture = Media("https://media.example/1.jpg", "image/jpeg")
    await house.write_in("", number=STAFF, media=(picture,))

    assert "Pictures can't be passed on" in notices(house)[-1]
    assert len(house.outside.bodies(CALLER)) == 1


async def test_pictures_of_a_caller_are_kept_and_linked(house):
    """With long words, the link is whole and the words are cut."""
    await house.missed()
    picture = Media("https://media.example/a-long-address/of-a-picture.jpg", "image/jpeg")

    await house.write_in("It drips \N{DROPLET} " * 40, media=(picture,))

    assert picture.url in notices(house)[-1]
    assert segments(notices(house)[-1]) <= 2
    ((media,),) = [
        tuple(row.values()) for row in house.rows("SELECT media FROM texts WHERE direction = 'in'")
    ]
    assert picture.url in media


async def test_a_voicemail_that_comes_after_the_notice_is_told_once(house):
    """Its own notice, with the link; one that was told with the call is not told again."""
    url = "https://api.example/recordings/RE1"
    await house.missed(call="CA1")
    voicemail = house.event("CA1", Happened.VOICEMAIL, recording_url=url)

    for event in (voicemail, house.event("CA1", Happened.VOICEMAIL, recording_url=url)):
        await house.tell(event)
        await house.run()

    assert house.states("notify/%/voicemail/%") == {"notify/carrier/voicemail/1": "done"}
    assert "left a voicemail" in notices(house)[-1]
    assert f"Recording: {url}" in notices(house)[-1]
    assert len(notices(house)) == 2


async def test_a_phone_whose_text_failed_is_tried_again_and_no_other(house):
    """Each phone gets a notice once."""
    refusing = {STAFF: 2}

    async def send(text):
        if refusing.get(text.to, 0):
            refusing[text.to] -= 1
            raise DeliveryError("busy", permanent=False)
        return house.outside.take("carrier", text)

    house.outside.sending["carrier"] = send
    colleague = SETTINGS.replace(f'"{STAFF}"', f'"{STAFF}", "{COLLEAGUE}"')
    await house.close()
    house.write(settings=colleague, stack=STACK, more="")
    await house.open()

    await house.missed()
    await house.let_pass(timedelta(minutes=5))

    assert len(notices(house, STAFF)) == len(notices(house, COLLEAGUE)) == 1
    assert len([text for _, text in house.outside.asked if text.to == COLLEAGUE]) == 1


async def test_a_notice_that_may_have_left_is_not_repeated(house):
    """A time-out at the provider: most of these have left."""

    async def send(text):
        if text.to == STAFF:
            raise MaybeSent("no answer in time")
        return house.outside.take("carrier", text)

    house.outside.sending["carrier"] = send

    await house.missed()
    await house.let_pass(timedelta(minutes=5))

    assert len([text for _, text in house.outside.asked if text.to == STAFF]) == 1
    assert house.rows("SELECT state FROM team_texts") == [{"state": TextState.UNKNOWN.value}]


async def test_a_notifier_alone_texts_no_caller_and_hears_none(closed):
    """Another number for the team: callers who write there are not in a conversation."""
    house = closed
    stack = (
        STACK.replace('"sender", ', "") + '\n[plugins.other]\nuse = "carrier"\nroles = ["sender"]'
    )
    house.write(settings=SETTINGS, stack=stack, more="")
    await house.open()

    await house.missed()
    await house.tell(house.text_from("hi", number=OTHER), plugin="carrier")
    await house.tell(house.text_from("Coming", number=STAFF), plugin="carrier")
    await house.run()

    assert [plugin for plugin, text in house.sent if text.to == CALLER] == ["other", "other"]
    assert [plugin for plugin, text in house.sent if text.to == STAFF] == ["carrier"]
    assert house.outside.bodies(CALLER)[-1] == "Coming"
    assert house.outside.bodies(OTHER) == []


async def test_in_test_mode_a_staff_phone_plays_the_caller(closed):
    """Its answer to its own text is a caller's; nobody is told by SMS of a call of one's own."""
    house = closed
    settings = f'mode = "test"\nstaff_phones = ["{STAFF}"]\ntest_phones = ["{STAFF}"]'
    house.write(settings=settings, stack=STACK, more="")
    await house.open()

    await house.missed(caller=STAFF)
    await house.write_in("just trying", number=STAFF)

    assert len(notices(house)) == 1
    assert house.case()["replies"] == 1


def test_check_says_that_nobody_would_be_told(tmp_path):
    """The role without phones tells no one."""
    stack = (
        '[plugins.twilio]\naccount_sid = "AC1"\nauth_token = "t"\nroles = ["sender", "notifier"]'
    )
    (tmp_path / "clients").mkdir()
    (tmp_path / "textback.toml").write_text(TEXTBACK)
    (tmp_path / "clients" / "bright.toml").write_text(f"{HEAD}\n{stack}")

    config = load(tmp_path / "textback.toml")
    found = [finding.message for _, _, finding in advice(config, plugins.find(None))]

    assert "the team is told by text, but staff_phones is empty" in found
