"""A client's stack: in the file's order, as far as the roles go, or every reason why not."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import attrs
import pytest

from textback import dispatch
from textback.config.secrets import Secret
from textback.config.settings import Client, Deployment, PluginTable, Server
from textback.errors import AssemblyError, ConfigError
from textback.events import (
    Booked,
    BookingCancelled,
    CallEvent,
    Consented,
    EmailReceived,
    Happened,
    KeyPressed,
    OptIn,
    OptOut,
    TeamReply,
    TextReceived,
    TextStatus,
)
from textback.hookspecs import hookimpl
from textback.model import TextState
from textback.plugins import Found, assemble, assemble_deployment, problems_of
from textback.services import Services

NOW = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Settings:
    token: Secret = attrs.field(factory=lambda: Secret("none"))
    timeout_s: float = 10.0
    settle_s: float = 0.0


@attrs.frozen(eq=False)
class Carrier:
    """Source and sender."""

    settings: Settings
    services: Services

    @hookimpl
    async def read_webhook(self, request):
        return "reading", request

    @hookimpl
    async def send_text(self, text):
        return self.services.plugin, text

    @hookimpl
    async def connect(self, addresses, dry_run):
        return []

    @hookimpl
    async def listen(self, emit):
        await emit([])


@attrs.frozen
class Replies:
    opt_out_replies: Literal["provider", "textback"]


@attrs.frozen(eq=False)
class Texter:
    settings: Replies
    services: Services

    @hookimpl
    async def send_text(self, text):
        """Says who answers STOP."""


@attrs.frozen
class Nothing:
    """No settings."""


@attrs.frozen(eq=False)
class Crm:
    settings: Nothing
    services: Services

    @hookimpl
    async def identify_caller(self, call):
        return call

    @hookimpl
    async def save_contact(self, key, lead):
        return key, lead

    @hookimpl
    def judge(self, picture):
        return None


@attrs.frozen(eq=False)
class Vault:
    settings: Nothing
    services: Services

    @hookimpl
    async def resolve_secret(self, reference):
        return f"value of {reference}"

    @hookimpl
    async def maintain(self):
        """Not asked of the deployment's."""


@attrs.frozen(eq=False)
class Picky:
    settings: Nothing
    services: Services = attrs.field()

    @hookimpl
    async def notify_team(self, notice):
        """Never made."""

    def __attrs_post_init__(self):
        raise ConfigError("is not what was meant")


@attrs.frozen(eq=False)
class Buggy(Picky):
    def __attrs_post_init__(self):
        raise KeyError("hidden")


@attrs.frozen(eq=False)
class Wrong:
    settings: Nothing
    services: Services

    @hookimpl
    def send_text(self, text):
        """Not async."""

    @hookimpl(tryfirst=True)
    async def notify_team(self, notice):
        """In nobody's order."""


@attrs.frozen
class Either:
    url: str | None = None

    def check_roles(self, roles):
        if "notifier" in roles and self.url is None:
            raise ConfigError("needs url, to tell the team")


@attrs.frozen(eq=False)
class Both:
    settings: Either
    services: Services

    @hookimpl
    async def read_webhook(self, request):
        """A source that needs no address to post to."""

    @hookimpl
    async def notify_team(self, notice):
        """A notifier that does."""


KINDS = (Carrier, Texter, Crm, Vault, Picky, Buggy, Wrong, Both)
FOUND = {kind.__name__.lower(): Found.of(kind.__name__.lower(), kind) for kind in KINDS}


def a_table(name, *, use=None, roles=None, was=(), file="clients/bakery.toml", **settings):
    return PluginTable(
        name=name, use=use or name, roles=roles, was=was, settings=settings, file=file
    )


def a_client(*tables):
    return Client(
        id="bakery",
        file="clients/bakery.toml",
        name="Bakery",
        time_zone=ZoneInfo("America/Denver"),
        lines=("+13035550100",),
        plugins={table.name: table for table in tables},
    )


def services(client, table, settings):
    return Services(
        client=client.id,
        plugin=table.name,
        address="",
        http=None,
        clock=None,
        log=None,
        state=None,
        contacts=None,
        in_thread=None,
    )


def a_stack(*tables, **kwargs):
    return assemble(a_client(*tables), FOUND, services, **kwargs)


def problems(*tables):
    with pytest.raises(AssemblyError) as caught:
        a_stack(*tables)
    return [str(problem) for problem in caught.value.problems]


class TestStack:
    def test_order_is_that_of_the_file(self):
        """Whatever the names are; every hook has it."""
        tables = [a_table(name, use="carrier") for name in ("one", "three", "two")]
        for order in (tables, tables[::-1]):
            stack = a_stack(*order)
            names = [table.name for table in order]
            assert [impl.plugin for impl in stack.impls("send_text")] == names
            assert [impl.plugin for impl in stack.impls("read_webhook")] == names
            assert list(stack.plugins) == names

    async def test_hooks_can_be_called(self):
        """With the arguments that each plugin takes, on its own instance."""
        told = []
        stack = a_stack(
            a_table("one", use="carrier"),
            a_table("two", use="carrier"),
            a_table("crm"),
            on_call=lambda called: told.append(called[1:4]),
        )
        texts = [await dispatch.call(impl, text=1) for impl in stack.impls("send_text")]
        assert texts == [("one", 1), ("two", 1)]
        (crm,) = stack.impls("save_contact")
        assert await dispatch.call(crm, lead="lead", key="key") == ("key", "lead")
        assert told == [
            ("one", "send_text", "ok"),
            ("two", "send_text", "ok"),
            ("crm", "save_contact", "ok"),
        ]

    def test_hook_that_nobody_has(self):
        """Nobody is asked."""
        assert a_stack(a_table("crm")).impls("send_text") == ()

    def test_secrets_are_resolved_for_the_deployment_only(self):
        """A client's plugin is not asked for them."""
        assert a_stack(a_table("vault")).impls("resolve_secret") == ()

    def test_settings_are_the_plugins_own(self):
        """Structured from the table, and seen by the engine by name."""
        stack = a_stack(a_table("carrier", settle_s=8.0), a_table("crm"))
        assert stack.settings_of("carrier") == Settings(settle_s=8.0, token=Secret("none"))
        assert (stack.settle_s("carrier"), stack.settle_s("crm")) == (8.0, 0.0)
        assert stack.setting("crm", "poll_every_s") is None
        assert stack.setting("crm", "poll_every_s", 60.0) == 60.0
        with pytest.raises(KeyError):
            stack.settings_of("other")

    @pytest.mark.parametrize(("answers", "ours"), [("provider", False), ("textback", True)])
    def test_who_answers_stop(self, answers, ours):
        """The sender's setting says so; without one nobody else does."""
        stack = a_stack(a_table("texter", opt_out_replies=answers), a_table("crm"))
        assert stack.answers_keywords("texter") is ours
        assert stack.answers_keywords("crm") is True

    def test_earlier_names_still_work(self):
        """Of webhook addresses and of steps that wait."""
        stack = a_stack(a_table("carrier", was=("old", "older")), a_table("crm"))
        assert stack.renamed == {"old": "carrier", "older": "carrier"}
        assert stack.impl("send_text", "older") is stack.impl("send_text", "carrier")
        assert stack.plugin("old") is stack.plugin("carrier")
        assert stack.impl("send_text", "crm") is None
        assert stack.impl("send_text", "gone") is None

    def test_each_hook_has_its_time(self):
        """The provider's time and the waits before; more for many requests; none to listen."""
        stack = a_stack(a_table("carrier", timeout_s=3.0), a_table("crm"))
        times = {
            hook: stack.impls(hook)[0].timeout_s
            for hook in ("send_text", "save_contact", "connect", "listen")
        }
        assert times == {"send_text": 15, "save_contact": 52, "connect": 120, "listen": None}


EVENTS = [
    (CallEvent(key="k", call="c", happened=Happened.STARTED, at=NOW), "source"),
    (KeyPressed(key="k", at=NOW, call="c", digits="1"), "source"),
    (Consented(key="k", at=NOW, number="n", evidence="e"), "source"),
    (TextReceived(key="k", at=NOW, number="n", line="l", body="b"), "sender"),
    (TextStatus(key="k", at=NOW, state=TextState.SENT), "sender"),
    (OptOut(key="k", at=NOW, number="n", evidence="e"), "sender"),
    (OptIn(key="k", at=NOW, number="n", evidence="e"), "sender"),
    (TeamReply(key="k", at=NOW, body="b", by="Ann"), "sender"),
    (EmailReceived(key="k", at=NOW, sender="s", subject="s", body="b"), None),
    (Booked(key="k", at=NOW, booking="b", starts_at=NOW), None),
    (BookingCancelled(key="k", at=NOW, booking="b"), None),
]


class TestRoles:
    def test_limit_what_is_asked(self):
        """A second carrier that only sends, and a CRM that is only looked into."""
        stack = a_stack(
            a_table("carrier", roles=("sender",)), a_table("crm", roles=("lookup",), use="crm")
        )
        asked = {
            hook: [impl.plugin for impl in stack.impls(hook)]
            for hook in ("send_text", "read_webhook", "listen", "identify_caller", "save_contact")
        }
        assert asked == {
            "send_text": ["carrier"],
            "read_webhook": ["carrier"],
            "listen": [],
            "identify_caller": ["crm"],
            "save_contact": [],
        }

    def test_some_hooks_ignore_them(self):
        """What is about the plugin itself; and who judges is not silenced by another role."""
        stack = a_stack(a_table("carrier", roles=("source",)), a_table("crm", roles=("lookup",)))
        assert [impl.plugin for impl in stack.impls("connect")] == ["carrier"]
        assert [impl.plugin for impl in stack.impls("judge")] == ["crm"]

    def test_are_told(self):
        """Those of the table, else all that it can play."""
        stack = a_stack(a_table("carrier", was=("old",)), a_table("crm", roles=("lookup",)))
        assert stack.roles_of("old") == ("source", "sender")
        assert stack.roles_of("crm") == ("lookup",)

    @pytest.mark.parametrize(("event", "role"), EVENTS)
    def test_limit_which_events_count(self, event, role):
        """An event goes with a role; without roles in the table all count."""
        stack = a_stack(
            a_table("any", use="carrier"),
            a_table("source", use="carrier", roles=("source",)),
            a_table("sender", use="carrier", roles=("sender",), was=("old",)),
        )
        allowed = {name for name in ("source", "sender") if stack.events_allowed(name, event)}
        assert allowed == ({role} if role else set())
        assert stack.events_allowed("any", event)
        assert stack.events_allowed("old", event) is (role == "sender")


class TestProblems:
    @pytest.mark.parametrize(
        ("table", "problem"),
        [
            (
                a_table("carier"),
                'plugins.carier: there is no plugin named "carier"; did you mean "carrier"?',
            ),
            (
                a_table("x", use="hubspot"),
                'plugins.x: there is no plugin named "hubspot"; '
                "textback plugins list shows those that are installed",
            ),
            (
                a_table("carrier", tokn="x"),
                'plugins.carrier.tokn: unknown setting; did you mean "token"?',
            ),
            (
                a_table("carrier", settle_s="8"),
                "plugins.carrier.settle_s: must be a number, not a text",
            ),
            (
                a_table("carrier", roles=("sendr",)),
                'plugins.carrier.roles: "sendr" is no role; did you mean "sender"?; '
                "it can play: source, sender, notifier",
            ),
            (
                a_table("main", use="carrier", roles=("sender", "crm")),
                'plugins.main.roles: carrier can\'t play the role "crm"; '
                "it can play: source, sender, notifier",
            ),
            (
                a_table("carrier", roles=()),
                "plugins.carrier.roles: is empty, so that nothing would be asked; "
                "it can play: source, sender, notifier",
            ),
            (a_table("picky"), "plugins.picky: is not what was meant"),
        ],
    )
    def test_each_says_where_and_what_to_do(self, table, problem):
        """In the words of the file."""
        assert problems(a_table("crm"), table) == [f"clients/bakery.toml: {problem}"]

    def test_plugin_that_fails_to_be_made_quotes_nothing(self):
        """Its message may have a secret in it; its place is told."""
        (problem,) = problems(a_table("buggy"))
        assert "plugins.buggy: Buggy can't be made: KeyError at " in problem
        assert "hidden" not in problem

    def test_all_come_at_once(self):
        """Of every table, and all of one."""
        tables = [a_table("carrier", tokn="x", roles=("crm",)), a_table("wrong"), a_table("gone")]
        found = problems(*tables)
        assert [problem.split(": ")[1] for problem in found] == [
            "plugins.carrier.roles",
            "plugins.carrier.tokn",
            "plugins.wrong",
            "plugins.wrong",
            "plugins.gone",
        ]
        assert any("Wrong.send_text must be async def" in problem for problem in found)
        assert any("Wrong.notify_team is marked tryfirst" in problem for problem in found)
        assert [str(problem) for problem in problems_of(a_client(*tables), FOUND)] == found

    def test_nothing_is_made_if_anything_is_wrong(self):
        """Services are made for a stack that can be built, and not before."""
        made = []
        with pytest.raises(AssemblyError):
            assemble(
                a_client(a_table("crm"), a_table("gone")), FOUND, lambda *what: made.append(what)
            )
        assert made == []

    def test_client_without_plugins(self):
        """It could do nothing."""
        expected = "clients/bakery.toml: plugins: names no plugin; add a table, e.g. "
        (problem,) = problems()
        assert problem.startswith(expected)
        assert [str(each) for each in problems_of(a_client(), FOUND)] == [problem]


class TestDeployment:
    def assemble(self, *tables):
        deployment = Deployment(
            directory=Path(),
            server=Server(public_url="https://hooks.example"),
            plugins={table.name: table for table in tables},
        )
        return assemble_deployment(deployment, FOUND, lambda *part: services(a_client(), *part))

    async def test_resolves_secrets_and_is_asked_nothing_else(self):
        """Its other hooks belong to clients."""
        stack = self.assemble(a_table("vault"))
        assert stack.client == "*"
        assert await dispatch.first(stack.impls("resolve_secret"), reference="A") == "value of A"
        assert stack.impls("maintain") == ()

    def test_refuses_a_plugin_that_would_be_idle(self):
        """It was meant for a client's file."""
        with pytest.raises(AssemblyError) as caught:
            self.assemble(a_table("crm", file="textback.toml"))
        assert str(caught.value) == (
            "textback.toml: plugins.crm: has neither resolve_secret nor observe; "
            "put it into the file of a client"
        )

    def test_may_be_empty(self):
        """Most deployments have none."""
        assert self.assemble().impls("observe") == ()
