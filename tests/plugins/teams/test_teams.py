"""Notices as Adaptive Cards: what is posted, and what a workflow's answers mean."""

import json
import traceback

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.config.secrets import Secret
from textback.errors import ConfigError, MaybeSent, Refused
from textback.model import Media, Severity
from textback.testing.builders import a_notice
from textback_teams import Settings, card

MISSED = a_notice(
    title="Missed call from Anna Example (303) 555-0123",
    lines=(
        "Anna Example (303) 555-0123 called (303) 555-0100 at Mon 02 Mar 2026, 10:30 MST: "
        "nobody answered.",
        "They were texted: Hi Anna",
        "Somebody should look at this.",
    ),
    name="Anna Example",
    url="https://crm.example.com/contacts/7",
    text="Hi Anna",
    next="A follow-up is due Mon 02 Mar 2026, 12:30 MST.",
    media=(Media("https://example.com/a.jpg", "image/jpeg"),),
)


def words(value, **how):
    return {"type": "RichTextBlock", "inlines": value, **how}


def run(text, **how):
    return {"type": "TextRun", "text": text, **how}


def fact(label, value):
    return words([run(f"{label}: ", weight="Bolder"), run(value)], spacing="Small")


async def test_posts_a_card(teams, provider):
    """Caller, time, outcome, the text, what is next; the CRM and pictures as buttons."""
    provider.response = httpx.Response(202)
    await teams.notify_team(MISSED)

    (request,) = provider.requests
    assert request.url == teams.settings.url.value
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    posted = json.loads(request.content)
    (attachment,) = posted["attachments"]
    assert posted["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"] == {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            words([run(MISSED.title, size="Large", weight="Bolder")]),
            fact("Caller", "Anna Example"),
            fact("Number", "(303) 555-0123"),
            fact("When", "Mon 02 Mar 2026, 10:30 MST"),
            fact("Outcome", "nobody answered"),
            fact("Called", "(303) 555-0100"),
            words([run("Somebody should look at this.")]),
            words([run("They were texted:")]),
            {"type": "Container", "style": "emphasis", "items": [words([run("Hi Anna")])]},
            words([run("A follow-up is due Mon 02 Mar 2026, 12:30 MST.")]),
            words([run("Bright Smile Dental", isSubtle=True, size="Small")]),
        ],
        "actions": [
            {
                "type": "Action.OpenUrl",
                "title": "Open in the CRM",
                "url": "https://crm.example.com/contacts/7",
            },
            {"type": "Action.OpenUrl", "title": "Picture", "url": "https://example.com/a.jpg"},
        ],
    }


HOSTILE = (
    '"}]},{"type":"Action.OpenUrl","url":"https://evil.example"} [Bank](https://evil.example) '
    "**b** <at>everyone</at> {{DATE(2026-03-02T00:00:00Z)}} @{body()} ${name} \\ \n# h"
)


@pytest.mark.parametrize("field", ["title", "name", "text", "reason", "next", "local_time"])
def test_strangers_break_out_of_nothing(field):
    """Their words stand in text runs, which read no Markdown, and the card has its own form."""
    notice = attrs.evolve(MISSED, lines=(f"He said: {HOSTILE}",), **{field: HOSTILE})
    content = json.loads(card.message(notice))["attachments"][0]["content"]

    assert {each["url"] for each in content["actions"]} == {MISSED.url, MISSED.media[0].url}
    assert {"msteams", "body", "actions", "$schema", "type", "version"} == set(content)
    assert set(types(content["body"])) == {"RichTextBlock", "TextRun", "Container"}


def types(value):
    if isinstance(value, dict):
        yield value["type"]
        for each in value.values():
            yield from types(each)
    elif isinstance(value, list):
        for each in value:
            yield from types(each)


@given(
    title=st.text(max_size=50) | st.just("x" * 10_000),
    text=st.sampled_from(["", "Hi", "🦷" * 10_000, '"' * 30_000, "\n" * 30_000]),
    lines=st.lists(st.sampled_from(["a", "שלום" * 500, "b" * 10_000]), max_size=60),
    links=st.lists(st.sampled_from(["a", "b" * 9_000]), max_size=60),
)
def test_any_notice_is_small_enough(title, text, lines, links):
    """What a workflow can't take is shortened; what can stay, stays."""
    media = tuple(Media(f"https://example.com/{link}") for link in links)
    notice = attrs.evolve(
        MISSED, title=title, name=title, text=text, lines=tuple(lines), media=media
    )

    body = card.message(notice)

    assert len(body) <= card.LARGEST
    content = json.loads(body)["attachments"][0]["content"]
    assert len(content["actions"]) <= card.MOST_BUTTONS


def test_a_long_text_stays_as_long_as_can_be():
    """Shortened by halves, never more than it needs; links beyond the buttons are words."""
    media = tuple(Media(f"https://example.com/{n}") for n in range(8))
    told = card.message(attrs.evolve(MISSED, text="x" * 5_000, media=media)).decode()

    assert "x" * 5_000 in told
    assert '"text":"File: https://example.com/5"' in told


@pytest.mark.parametrize(
    ("status", "body"),
    [(202, ""), (200, ""), (200, "1"), (200, '{"ok":true}'), (201, "done"), (204, "")],
)
async def test_any_2xx_is_taken(teams, provider, status, body):
    """202 from a workflow; 200 from one that answers for itself."""
    provider.response = httpx.Response(status, text=body)

    await teams.notify_team(MISSED)

    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    ("status", "code", "permanent", "words"),
    [
        (400, "WorkflowTriggerIsNotEnabled", True, "switched off"),
        (400, "TriggerInputSchemaMismatch", True, "can't read the request"),
        (401, "DirectApiAuthorizationRequired", True, 'is "Anyone"'),
        (403, "", True, 'is "Anyone"'),
        (404, "WorkflowNotFound", True, "deleted"),
        (410, "", True, "deleted"),
        (413, "RequestEntityTooLarge", True, "too large"),
        (301, "", True, "the workflow answered 301"),
        (408, "", False, "the workflow answered 408"),
        (429, "WorkflowRunActionsThrottled", False, "WorkflowRunActionsThrottled"),
        (500, "", False, "the workflow answered 500"),
        (504, "GatewayTimeout", False, "GatewayTimeout"),
    ],
)
async def test_a_no_says_whether_it_is_for_good(teams, provider, status, code, permanent, words):
    """By status and Azure's code; its words, which repeat the workflow's id, are left out."""
    told = {"error": {"code": code, "message": "The workflow '0123456789abcdef' is not found."}}
    provider.response = httpx.Response(status, json=told if code else {})

    with pytest.raises(Refused, match=words) as caught:
        await teams.notify_team(MISSED)

    assert caught.value.permanent is permanent
    assert caught.value.code == (code or str(status))
    assert "0123456789abcdef" not in str(caught.value)


@pytest.mark.parametrize(("inner", "permanent"), [(429, False), (503, False), (413, True)])
async def test_an_error_in_a_200_is_an_error(teams, provider, inner, permanent):
    """As the older webhooks tell that Teams refused the message behind them."""
    provider.response = httpx.Response(
        200,
        text="Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP "
        f"error {inner} with ContextId tcid=1,server=DB3,cv=a/b.0..",
    )

    with pytest.raises(Refused) as caught:
        await teams.notify_team(MISSED)

    assert (caught.value.permanent, caught.value.code) == (permanent, str(inner))


async def test_a_web_page_is_no_workflow(teams, provider):
    """A proxy's login page, with status 200."""
    provider.response = httpx.Response(200, html="<p>Log in</p>")

    with pytest.raises(MaybeSent, match="web page"):
        await teams.notify_team(MISSED)


async def test_waits_as_long_as_it_is_asked_to(teams, provider):
    """Retry-After reaches the engine."""
    provider.response = httpx.Response(429, headers={"retry-after": "17"})

    with pytest.raises(Refused) as caught:
        await teams.notify_team(MISSED)

    assert caught.value.retry_after == 17


SIGNED = "/workflows/1/triggers/manual/paths/invoke?sig=x"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://acme.webhook.office.com/webhookb2/x/IncomingWebhook/y/z", "switched these off"),
        ("https://outlook.office.com/webhook/x", "switched these off"),
        ("https://outlook.office365.com/webhook/x", "switched these off"),
        ("https://prod-1.westus.logic.azure.com:443/workflows/1", 'no "sig="'),
        ("http://prod-1.westus.logic.azure.com" + SIGNED, "not an https address"),
        ("https://user:password@prod-1.logic.azure.com" + SIGNED, "not an https address"),
        ("prod-1.westus.logic.azure.com" + SIGNED, "not an https address"),
        ("https://prod-1.logic.azure.com:99999" + SIGNED, "not an https address"),
        ("", "not an https address"),
    ],
)
def test_refuses_other_addresses_without_showing_them(url, words):
    """Old connectors are told apart, since no notice ever arrives through one."""
    with pytest.raises(ConfigError, match=words) as caught:
        Settings(url=Secret(url))

    assert not url or url not in "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        "https://prod-1.westus.logic.azure.com:443" + SIGNED,
        "https://default0a.0b.environment.api.powerplatform.com:443/powerautomate" + SIGNED,
        "https://relay.example.com/teams",
        "http://127.0.0.1:8080/teams",
    ],
)
def test_takes_workflows_and_relays(url):
    """Limits belong to the workflow, whose address isn't in their name."""
    account = Settings(url=Secret(url)).account

    assert len(account) == 12
    assert account not in url


@pytest.mark.parametrize(
    ("url", "severity", "words"),
    [
        ("https://localhost/teams", Severity.WARNING, "is not where Microsoft has workflows"),
        ("https://workflow.invalid/teams", Severity.ERROR, "workflow.invalid can't be resolved"),
    ],
)
async def test_check_resolves_the_host_and_posts_nothing(build, provider, url, severity, words):
    """More can't be asked: whether it is switched on shows with the first notice."""
    (found,) = await build(url).check()

    assert (found.severity, words in found.message) == (severity, True)
    assert provider.requests == []


async def test_check_of_a_workflow(build, services, provider):
    """The host is known: notices go there."""

    async def resolved(*_):
        return []

    teams = build()
    (found,) = await attrs.evolve(
        teams, services=attrs.evolve(services, in_thread=resolved)
    ).check()

    assert found.severity is Severity.OK
    assert "prod-12.westus.logic.azure.com" in found.message
    assert "sig" not in found.message
