"""Mail out and in through the real engine: a follow-up, an answer, a notice answered."""

import asyncio
from datetime import timedelta

import pytest

from support.house import CALLER, LINE, STACK, House
from support.mail import an_answer
from support.outside import Outside
from textback.engine.crew.sources import supervise
from textback.model import Caller
from textback.plugins import Found
from textback.store.migrate import migrate
from textback_email import Mail

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNA = "anna@example.com"
COLLEAGUE = "ben@bright.example"

SEQUENCE = """
[[follow_up]]
after = "2h"
channel = "email"
body = "Hi {{ first_name }}, still need us?"
[[follow_up]]
after = "1d"
body = "Two: still need us?"
"""


class WithMail(Outside):
    """Everything outside but the mail, which is real."""

    def plugins(self):
        return {**super().plugins(), "email": Found.of("email", Mail)}


@pytest.fixture
async def house(tmp_path, smtp_server, folder, ca_file, password):
    """A client whose team and callers get mail, and whose mailbox is read."""
    empty = tmp_path / "empty.db"
    migrate(f"sqlite:///{empty}")
    place = tmp_path / "house"
    place.mkdir()
    made = House(place, empty)
    made.outside = WithMail()
    made.outside.known = Caller(first_name="Anna", email=ANNA, known=True)
    made.write(
        more=SEQUENCE,
        stack=f"""{STACK}
[plugins.email]
host = "127.0.0.1"
port = {await smtp_server()}
security = "none"
sender = "desk@bright.example"
to = ["{COLLEAGUE}"]
postal_address = "1 Main St, Denver CO 80202"
ca_file = "{ca_file}"
[plugins.email.imap]
host = "127.0.0.1"
port = {folder.port}
username = "desk"
password = "{password}"
poll_s = 0.05
""",
    )
    await made.open()
    supervise(made.runtime.ctx, made.runtime.engine, made.runtime.engine.background)
    async with asyncio.timeout(5):
        while not any(command.startswith("UID SEARCH") for command in folder.commands):
            await asyncio.sleep(0.01)
    yield made
    await made.close()


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_callers_answer_stops_the_sequence_and_reaches_the_team(house, post, folder):
    """The mail goes out when it is due; its answer comes in by IMAP and cancels what waits."""
    await house.missed()
    await house.let_pass(3 * HOUR)
    followed = next(mail for mail in post.mails if ANNA in str(mail["to"]))
    assert "Hi Anna, still need us?" in followed.get_content()

    folder.put(an_answer(followed, f"Anna <{ANNA}>", "Yes, please call me."))
    await until(lambda: house.case()["replies"] == 1)
    await house.let_pass(2 * DAY)

    assert [text.step for _, text in house.sent] == ["text/1"]
    told = [mail for mail in post.mails if "wrote by e-mail" in mail["subject"]]
    assert len(told) == 1
    assert "Yes, please call me." in told[0].get_content()


async def test_a_colleague_answers_a_notice_and_the_caller_gets_a_text(house, post, folder):
    """Above the quotation, once, in the team's words; the sequence ends with it."""
    await house.missed()
    await house.let_pass(timedelta(seconds=10))
    notice = next(mail for mail in post.mails if COLLEAGUE in str(mail["to"]))

    folder.put(an_answer(notice, COLLEAGUE, "Come at five!"))
    await until(lambda: house.rows("SELECT * FROM inbox WHERE kind = 'TeamReply'"))
    await house.let_pass(2 * DAY)

    assert [(text.to, text.line, text.body) for _, text in house.sent[1:]] == [
        (CALLER, LINE, "Come at five!")
    ]


async def test_somebody_elses_answer_to_a_notice_reaches_no_caller(house, post, folder):
    """A forwarded notice gives nobody the team's voice."""
    await house.missed()
    await house.let_pass(timedelta(seconds=10))
    notice = next(mail for mail in post.mails if COLLEAGUE in str(mail["to"]))

    folder.put(an_answer(notice, "eve@example.com", "Come at five!"))
    folder.put(an_answer(notice, COLLEAGUE, ""))
    fetches = len(folder.commands)
    await until(lambda: sum("SEARCH" in each for each in folder.commands[fetches:]) >= 2)
    await house.run()

    assert len(house.sent) == 1
    assert house.rows("SELECT * FROM inbox WHERE plugin = 'email'") == []
