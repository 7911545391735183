"""A client's plugins, ready to be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import attrs
import pluggy

from textback.config.settings import PluginTable
from textback.dispatch import Impl, OnCall
from textback.events import Event
from textback.gate import WAIT_S
from textback.plugins.anatomy import SPECS, hooks_of
from textback.plugins.roles import TELLS, is_asked, roles_of, texts_team

TIMEOUT_S: Final = 10.0  # that a provider may take to answer, if the settings don't say

# A hook may outlast its request: by the waits for a place and for the connection, and its own work.
MARGIN_S: Final = 2 * WAIT_S + 2

# Requests that a hook makes one after the other, if it is more than one: find, make, link, tag.
REQUESTS: Final[Mapping[str, int]] = {
    "identify_caller": 2,
    "save_contact": 4,
    "save_deal": 4,
    "log_activity": 2,
}

# Hooks that go through many pages; nobody waits for them.
LONG_S: Final = 120.0
LONG: Final = frozenset({"connect", "maintain", "erase", "check", "list_calls", "list_texts"})


@attrs.frozen(kw_only=True, eq=False)
class Stack:
    """The plugins of one client, in the order of its file.

    Attributes:
        client: The client's id; ``*`` for the plugins of the deployment.
        plugins: The instances, by the name of their table.
        renamed: Earlier names of tables, and what they are called now.
        manager: Where they are registered, for those who know pluggy; nobody calls hooks by it,
            since it doesn't await.
    """

    client: str
    plugins: Mapping[str, Any]
    renamed: Mapping[str, str]
    manager: pluggy.PluginManager
    _roles: Mapping[str, tuple[str, ...] | None]
    _impls: Mapping[str, tuple[Impl, ...]]
    _to_team: Mapping[str, Impl]

    @property
    def notifiers(self) -> tuple[str, ...]:
        """Who tells the team, in order: by `notify_team`, or by text to its phones."""
        told = {*self._to_team, *(impl.plugin for impl in self.impls("notify_team"))}
        return tuple(name for name in self.plugins if name in told)

    def to_team(self, plugin: str) -> Impl | None:
        """``send_text`` of a sender that texts the team; None if this one doesn't."""
        return self._to_team.get(self.renamed.get(plugin, plugin))

    def impls(self, hook: str) -> tuple[Impl, ...]:
        """Who is asked a hook, in order; as far as the roles allow it."""
        return self._impls.get(hook, ())

    def impl(self, hook: str, plugin: str) -> Impl | None:
        """One plugin's hook, by its present or an earlier name; None if it isn't asked."""
        plugin = self.renamed.get(plugin, plugin)
        return next((impl for impl in self.impls(hook) if impl.plugin == plugin), None)

    def plugin(self, name: str) -> Any:
        """The instance, by its present or an earlier name.

        Raises:
            KeyError: There is none.
        """
        return self.plugins[self.renamed.get(name, name)]

    def settings_of(self, name: str) -> Any:
        """A plugin's own settings.

        Raises:
            KeyError: There is no such plugin.
        """
        return self.plugin(name).settings

    def setting(self, name: str, key: str, default: Any = None) -> Any:
        """One setting that the engine looks for in any plugin, if this one has it."""
        return getattr(self.settings_of(name), key, default)

    def settle_s(self, name: str) -> float:
        """Seconds that a source's events may still change what they say; 0 if they are final."""
        return float(self.setting(name, "settle_s", 0.0))

    def answers_keywords(self, name: str) -> bool:
        """Whether STOP and HELP to this sender are ours to answer.

        Its setting ``opt_out_replies`` says so; a sender without it has no answers of its own.
        """
        return bool(self.setting(name, "opt_out_replies", "textback") == "textback")

    def roles_of(self, name: str) -> tuple[str, ...]:
        """What a plugin plays: the roles in its table, else all that it can."""
        name = self.renamed.get(name, name)
        roles = self._roles[name]
        return roles_of(type(self.plugins[name])) if roles is None else roles

    def events_allowed(self, name: str, event: Event) -> bool:
        """Whether an event counts: one that a plugin tells outside of its roles doesn't."""
        roles = self._roles[self.renamed.get(name, name)]
        return roles is None or not TELLS[type(event)].isdisjoint(roles)


def timeout_of(hook: str, settings: object) -> float | None:
    """Seconds that one call of a hook may take; None for `listen`, which holds a connection."""
    if hook == "listen":
        return None
    if hook in LONG:
        return LONG_S
    timeout_s = getattr(settings, "timeout_s", TIMEOUT_S)
    return float(REQUESTS.get(hook, 1) * timeout_s + MARGIN_S)


class _Manager(pluggy.PluginManager):
    """Takes what is known of a class instead of looking at each of its instances."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        if name not in hooks_of(type(plugin)):
            return None
        return super().parse_hookimpl_opts(plugin, name)


@cache
def _specifications(hooks: frozenset[str]) -> type:
    """Only those hooks that somebody has: pluggy looks closely at each, for each client."""
    return type("Specifications", (), {hook: SPECS[hook].function for hook in hooks})


def stack_of(
    client: str,
    tables: Sequence[PluginTable],
    plugins: Mapping[str, Any],
    *,
    hooks: Iterable[str],
    on_call: OnCall | None,
) -> Stack:
    """Register plugins that have been checked, and note who is asked what.

    Args:
        client: The client's id.
        tables: In the order of the file.
        plugins: An instance for each table.
        hooks: Those that may be asked.
        on_call: Told of every call.
    """
    used = frozenset().union(*(hooks_of(type(plugin)) for plugin in plugins.values()))
    manager = _Manager("textback")
    if used:
        manager.add_hookspecs(_specifications(used))
    for table in tables:
        manager.register(plugins[table.name], table.name)
    manager.check_pending()
    roles = {table.name: table.roles for table in tables}
    every = {
        hook: tuple(
            Impl(
                client=client,
                plugin=found.plugin_name,
                hook=hook,
                function=found.function,
                argnames=tuple(found.argnames),
                timeout_s=timeout_of(hook, plugins[found.plugin_name].settings),
                on_call=on_call,
            )
            for found in getattr(manager.hook, hook).get_hookimpls()
        )
        for hook in used.intersection(hooks)
    }
    impls = {
        hook: tuple(impl for impl in found if is_asked(hook, roles[impl.plugin]))
        for hook, found in every.items()
    }
    to_team = {
        impl.plugin: impl
        for impl in every.get("send_text", ())
        if texts_team(type(plugins[impl.plugin]), roles[impl.plugin])
    }
    return Stack(
        client=client,
        plugins=plugins,
        renamed={was: table.name for table in tables for was in table.was},
        manager=manager,
        roles=roles,
        impls=impls,
        to_team=to_team,
    )
