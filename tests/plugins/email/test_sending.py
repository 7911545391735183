"""Sending: over which connections, and what each way of failing means."""

import attrs
import pytest

from textback.config.secrets import Secret
from textback.errors import DeliveryError, MaybeSent, NotSent
from textback.model import Email
from textback.testing.builders import a_notice

EMAIL = Email(
    id="case1-follow_up-1-1",
    client="bright-smile",
    case="case1",
    to="Caller@Example.com",
    subject="About your call",
    body="Hi Anna,\nstill need us?",
    client_name="Bright Smile Dental",
    unsubscribe_url="https://hooks.agency.example/u/T0KEN",
)


async def test_a_mail_to_a_caller_has_all_that_it_must_have(mail, post):
    """Both unsubscribe headers of RFC 8058, the postal address, and nobody's absence answers."""
    receipt = await mail.send_email(EMAIL)

    (sent,) = post.mails
    assert [each.lower() for each in post.envelopes[0].rcpt_tos] == ["caller@example.com"]
    assert str(sent["from"]) == "Bright Smile Dental <desk@bright.example>"
    assert sent["subject"] == "About your call"
    assert sent["list-unsubscribe"] == "<https://hooks.agency.example/u/T0KEN>"
    assert sent["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert sent["auto-submitted"] == "auto-generated"
    assert str(sent["date"]) == "Mon, 02 Mar 2026 17:30:00 +0000"
    body = sent.get_content().replace("\r\n", "\n")
    assert body.startswith("Hi Anna,\nstill need us?\n")
    assert "1 Main St, Denver CO 80202" in body
    assert "https://hooks.agency.example/u/T0KEN" in body
    assert receipt.provider_id == sent["message-id"]


async def test_each_try_of_one_intent_has_the_same_message_id(mail, post):
    """A mail program shows one mail where a mail came twice."""
    await mail.send_email(EMAIL)
    await mail.send_email(EMAIL)

    first, second = (each["message-id"] for each in post.mails)
    assert first == second


async def test_a_domain_in_other_letters_is_written_in_ascii(mail, post):
    """Every server takes the name under which it is registered."""
    await mail.send_email(attrs.evolve(EMAIL, to="anna@bücher.example"))

    assert post.envelopes[0].rcpt_tos == ["anna@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "to", ["", "anna", "änna@example.com", "a@b.example\r\nBcc: eve@example.com", "a@b, c@d"]
)
async def test_an_address_that_cannot_be_written_to_is_refused_for_good(mail, post, to):
    """And nothing leaves."""
    with pytest.raises(DeliveryError) as caught:
        await mail.send_email(attrs.evolve(EMAIL, to=to))

    assert caught.value.permanent
    assert post.envelopes == []


async def test_without_a_postal_address_no_caller_is_mailed(build, smtp_server, post):
    """The law wants one; the message names the setting."""
    with pytest.raises(DeliveryError, match="set postal_address"):
        await build(port=await smtp_server(), postal_address=" ").send_email(EMAIL)

    assert post.envelopes == []


async def test_starttls_logs_in_once_encrypted(
    build, smtp_server, post, server_tls, authenticator, password
):
    """A server that takes a password only over TLS gets it."""
    port = await smtp_server(
        tls_context=server_tls, authenticator=authenticator, auth_required=True
    )

    await build(
        port=port, security="starttls", username="desk", password=Secret(password)
    ).send_email(EMAIL)

    assert len(post.mails) == 1


async def test_tls_from_the_start(build, smtp_server, post, server_tls):
    """As on port 465."""
    port = await smtp_server(ssl=server_tls)

    await build(port=port, security="tls").send_email(EMAIL)

    assert len(post.mails) == 1


async def test_a_certificate_that_nobody_vouches_for_stops_everything(
    build, smtp_server, post, server_tls
):
    """In words that say what to do; nothing was handed over."""
    port = await smtp_server(tls_context=server_tls)

    with pytest.raises(NotSent, match=r"certificate of 127.0.0.1 .*set ca_file"):
        await build(port=port, security="starttls", ca_file=None).send_email(EMAIL)

    assert post.envelopes == []


async def test_an_encryption_that_is_not_offered_is_not_done_without(build, smtp_server, post):
    """Somebody who takes the offer out of the greeting gets neither mail nor password."""
    with pytest.raises(NotSent, match="STARTTLS"):
        await build(port=await smtp_server(), security="starttls").send_email(EMAIL)

    assert post.envelopes == []


async def test_nobody_listens(build, unused_tcp_port):
    """Surely not sent."""
    said = r"(refused the connection|can't be reached).*; see host and port"
    with pytest.raises(NotSent, match=said):
        await build(port=unused_tcp_port).send_email(EMAIL)


@pytest.mark.parametrize("when", ["CONNECT", "EHLO", "MAIL", "RCPT"])
@pytest.mark.parametrize("how", ["close", "silence"])
async def test_gone_before_the_mail_was_handed_over_is_not_sent(build, script, when, how):
    """Another server may try."""
    script.answers = {when: how, "HELO": how}
    with pytest.raises(NotSent):
        await build(port=script.port, timeout_s=0.3).send_email(EMAIL)


@pytest.mark.parametrize("how", ["close", "silence"])
async def test_gone_after_the_mail_was_handed_over_may_be_sent(build, script, how):
    """Nobody else may try: it may be on its way."""
    script.answers = {".": how}
    with pytest.raises(MaybeSent, match="no whole answer"):
        await build(port=script.port, timeout_s=0.3).send_email(EMAIL)


@pytest.mark.parametrize("when", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(("code", "permanent"), [(451, False), (554, True)])
async def test_a_no_is_for_now_or_for_good(build, script, when, code, permanent):
    """4xx may be tried again, 5xx not; it did not leave in either case."""
    script.answers = {when: f"{code} not today"}

    with pytest.raises(DeliveryError, match=f"answered {code}: not today") as caught:
        await build(port=script.port).send_email(EMAIL)

    assert caught.value.permanent is permanent
    assert caught.value.code == str(code)


async def test_hanging_up_after_the_yes_changes_nothing(build, script):
    """It was taken: the rest is manners."""
    script.answers = {"QUIT": "close"}

    assert (await build(port=script.port).send_email(EMAIL)).provider_id


async def test_a_wrong_password_is_said_and_never_shown(
    build, smtp_server, server_tls, authenticator
):
    """Not even if the server repeats it."""
    port = await smtp_server(
        tls_context=server_tls, authenticator=authenticator, auth_required=True
    )
    plugin = build(
        port=port, security="starttls", username="desk", password=Secret("wrong-one-of-this-test")
    )

    with pytest.raises(DeliveryError, match="see username and password") as caught:
        await plugin.send_email(EMAIL)

    assert caught.value.permanent
    assert "wrong-one" not in f"{caught.value!r} {plugin!r}"


async def test_the_servers_words_are_shown_without_our_secret(build, script):
    """It may say anything."""
    script.answers = {"MAIL": "550 a-secret-word is wrong"}

    with pytest.raises(DeliveryError, match=r"\*\*\* is wrong"):
        await build(port=script.port, inbound_secret=Secret("a-secret-word")).send_email(EMAIL)


async def test_one_refused_colleague_keeps_no_notice_from_the_others(mail, post, log):
    """It is logged; who is there is told."""
    post.refusing = {"ben@bright.example": "550 has left"}

    await mail.notify_team(a_notice())

    assert post.envelopes[0].rcpt_tos == ["anna@bright.example"]
    assert ("addresses of the team were refused", {"addresses": 1}) in log.lines


async def test_all_refused_is_a_no_and_one_who_may_change_their_mind_counts(mail, post):
    """A full mailbox may be emptied: it is tried again."""
    post.refusing = {"anna@bright.example": "452 full", "ben@bright.example": "550 has left"}

    with pytest.raises(DeliveryError, match="452") as caught:
        await mail.notify_team(a_notice())

    assert not caught.value.permanent
