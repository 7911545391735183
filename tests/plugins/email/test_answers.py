"""Reading answers: what was written, by whom, and what nobody should act on."""

from email.message import EmailMessage

import attrs
import pytest

from textback.events import EmailReceived, TeamReply
from textback.testing.builders import NOW, a_notice
from textback_email import Settings
from textback_email.answers import LONGEST_TEXT, NoAnswer, read, written
from textback_email.messages import MARKER, notice
from textback_email.tags import About, Tag, find, write

KEY = b"the key of these tests"
SETTINGS = Settings(
    host="localhost",
    sender="desk@bright.example",
    to=("anna@bright.example", "ben@bright.example"),
    inbound_secret=None,
)
CALLERS = write(KEY, Tag(About.CALLER, "abcdefghij23"))
TEAMS = write(KEY, Tag(About.TEAM, "abcdefghij23"))


def a_mail(body="Yes please", *, sender="Caller <caller@example.com>", html=None, **headers):
    made = EmailMessage()
    made["From"] = sender
    made["To"] = "desk@bright.example"
    made["Subject"] = "Re: About your call"
    made["Message-ID"] = "<m1@example.com>"
    if html is None:
        made.set_content(body)
    else:
        made.set_content(html, subtype="html")
    for name, value in headers.items():
        del made[name.replace("_", "-")]
        made[name.replace("_", "-")] = value
    return made.as_bytes()


def answer(raw, settings=SETTINGS):
    return read(raw, settings, KEY, NOW)


def test_a_callers_answer_knows_its_case():
    """By the Message-ID that it answers."""
    event = answer(a_mail(In_Reply_To=f"<{CALLERS}.case1-follow-up-1-1@bright.example>"))

    assert event == EmailReceived(
        key="mail:<m1@example.com>",
        at=NOW,
        sender="caller@example.com",
        subject="Re: About your call",
        body="Yes please",
        case="abcdefghij23",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"References": f"<other@example.com> <{CALLERS}.x@bright.example>"},
        {"To": f"Desk <desk+{CALLERS}@bright.example>"},
        {"Cc": f"desk+{CALLERS.upper()}@BRIGHT.example"},
        {"Delivered_To": f"desk+{CALLERS}@bright.example"},
    ],
)
def test_the_tag_may_be_where_mail_services_leave_it(headers):
    """Some replace the Message-ID, some change the case of addresses."""
    assert answer(a_mail(**headers)).case == "abcdefghij23"


def test_without_a_tag_the_sender_is_all_there_is():
    """The engine looks for a caller with that address."""
    event = answer(a_mail(sender="Caller@Example.com"))

    assert (event.sender, event.case) == ("caller@example.com", None)


@pytest.mark.parametrize(
    "forged",
    [
        CALLERS[:-1] + ("a" if CALLERS[-1] != "a" else "b"),
        CALLERS.replace("tb-c-", "tb-n-"),
        CALLERS.replace("abcdefghij23", "abcdefghij24"),
        write(b"another key", Tag(About.CALLER, "abcdefghij23")),
    ],
)
def test_a_forged_tag_leads_nowhere(forged):
    """It is as if there were none."""
    assert find(KEY, [forged]) is None
    assert answer(a_mail(In_Reply_To=f"<{forged}.x@bright.example>")).case is None


def test_a_colleagues_answer_to_a_notice_is_for_the_caller():
    """By an address of the team, under a tag of a notice."""
    event = answer(
        a_mail("Come at five!", sender="Anna@Bright.example", In_Reply_To=f"<{TEAMS}.call-1@x>")
    )

    assert event == TeamReply(
        key="mail:<m1@example.com>",
        at=NOW,
        body="Come at five!",
        by="anna@bright.example",
        case="abcdefghij23",
    )


@pytest.mark.parametrize(
    ("raw", "because"),
    [
        (a_mail(sender="eve@example.com", In_Reply_To=f"<{TEAMS}.x@y>"), "none of the addresses"),
        (a_mail(sender="anna@bright.example"), "not as the answer to a notice"),
        (
            a_mail("> quoted", sender="anna@bright.example", In_Reply_To=f"<{TEAMS}.x@y>"),
            "no words",
        ),
        (
            a_mail(
                "x" * (LONGEST_TEXT + 1), sender="anna@bright.example", In_Reply_To=f"<{TEAMS}.x@y>"
            ),
            "too many for a text",
        ),
        (a_mail(sender="desk@bright.example"), "the team wrote it"),
        (a_mail(Auto_Submitted="auto-replied"), "a machine wrote it"),
        (a_mail(Precedence="bulk"), "a machine wrote it"),
        (a_mail(X_Autoreply="yes"), "a machine wrote it"),
        (a_mail(List_Id="<news.example.com>"), "a machine wrote it"),
        (a_mail(Return_Path="<>"), "a machine wrote it"),
        (a_mail(Content_Type="multipart/report; boundary=x"), "a machine wrote it"),
        (a_mail(sender="nobody"), "no sender"),
        (a_mail(sender="a@example.com, b@example.com"), "no sender"),
        (b"", "no sender"),
        (b"\xff\x00" * 100, "no sender"),
    ],
)
def test_what_nobody_should_act_on(raw, because):
    """Each with the reason, for the log."""
    with pytest.raises(NoAnswer, match=because):
        answer(raw)


BELOW = f"> {MARKER}\n>\n> (303) 555-0123 called: nobody answered."

QUOTED = [
    f"Come at five!\n\nOn Mon, 2 Mar 2026 at 10:30, Desk <desk@bright.example> wrote:\n{BELOW}",
    f"Come at five!\n\nAm 2. März 2026 um 10:30 schrieb Desk\n<desk@bright.example>:\n\n{BELOW}",
    f"Come at five!\n\n-----Original Message-----\nFrom: Desk\n\n{MARKER}\nnobody answered.",
    f"Come at five!\n\n________________________________\nFrom: Desk\n{MARKER}\nnobody answered.",
    f"Come at five!\n\nFrom: Desk <desk@bright.example>\nSent: Monday\n{MARKER}\nnobody answered.",
    f"Come at five!\r\n\r\n{MARKER}\r\n\r\nnobody answered.",
    f"{BELOW}\n\nCome at five!\n",
    f"Come at five!\n-- \nAnna, Bright Smile\n{BELOW}",
]


@pytest.mark.parametrize("text", QUOTED)
def test_what_is_quoted_never_reaches_a_caller(text):
    """Whichever mail program wrote it, in whichever language."""
    assert written(text) == "Come at five!"


def test_words_that_only_look_like_a_quotation_stay():
    """A colon at the end of a line is no attribution where nothing is quoted."""
    text = "Please bring:\nyour card\n\nWe open at 8:00:\nsee you"

    assert written(text) == text


def test_html_alone_is_read_as_words():
    """Without its style, its quotation, and its white space."""
    html = (
        "<html><head><style>p { color: red }</style></head><body><p>Yes &amp;\n please</p>"
        "<div>at five<br>or six</div><blockquote>No more e-mail from us</blockquote></body></html>"
    )

    assert written(answer(a_mail(html=html)).body) == "Yes & please\nat five\nor six"


def test_a_charset_that_nobody_knows_is_read_as_far_as_it_goes():
    """The letters that all have are right."""
    raw = a_mail("Yes please").replace(b'charset="utf-8"', b'charset="x-unheard-of"')
    assert b"unheard" in raw

    assert answer(raw).body == "Yes please"


def test_the_answer_to_a_real_notice_is_read():
    """Round: our notice, a mail program's answer to it, and back to its case."""
    settings = attrs.evolve(SETTINGS, tag_replies=True)
    ours = notice(settings, a_notice(case="abcdefghij23"), TEAMS, NOW)
    text = ours.get_content().replace("\r\n", "\n")
    quoted = "\n".join(f"> {line}" for line in text.splitlines())

    for headers in ({"In_Reply_To": ours["message-id"]}, {"To": str(ours["reply-to"])}):
        event = answer(
            a_mail(
                f"Come at five!\n\nDesk <desk@bright.example> wrote:\n{quoted}\n",
                sender="ben@bright.example",
                **headers,
            ),
            settings,
        )
        assert (event.case, event.body) == ("abcdefghij23", "Come at five!")
