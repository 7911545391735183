"""What can be found out before anything is sent: in the files, in the store, at the providers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from datetime import timedelta
from functools import partial

import attrs

from textback import dispatch, plugins
from textback.clock import SystemClock, micros
from textback.config import Config, Problem
from textback.config.presets import read_toml
from textback.config.settings import Client, PluginTable
from textback.engine.retry import describe as in_words
from textback.engine.starting.check_words import findings_in
from textback.engine.starting.keys import refuse_another
from textback.engine.starting.runtime import open_runtime
from textback.errors import ConfigError, StoreError
from textback.flow.bills import bills
from textback.flow.reach import reach
from textback.flow.registration import describe, drift, us_lines
from textback.flow.wording import check_template
from textback.model import Finding, Severity
from textback.rules import packs
from textback.store import (
    HEAD,
    Work,
    calls,
    clients,
    open_store,
    place_of,
    processes,
    schema_of,
    steps,
)
from textback.words import counted

SHORTEST_KEY = 16  # characters
ELSEWHERE_SINCE = timedelta(days=7)

_PLACEHOLDER = re.compile(r"X{6}|x{8}|^(change|replace)[-_ ]?me\b|^your[-_ ]|^<.*>$", re.ASCII)


@attrs.frozen(kw_only=True)
class Stored:
    """What the store knows beside the files: client, plugin, finding; and who is retired."""

    findings: tuple[tuple[str, str, Finding], ...] = ()
    retired: frozenset[str] = frozenset()


def complete(config: Config, found: Mapping[str, plugins.Found]) -> Config:
    """The files again, with the clients left out whose plugins or templates can't be used."""
    broken = dict(config.broken)
    new: list[Problem] = []
    for client in config.clients.values():
        if problems := tuple(_problems(client, found)):
            broken[client.id] = problems
            new += problems
    for name, client in config.partly.items():
        more = [each for each in _written(client, found) if each not in broken[name]]
        broken[name] += tuple(more)
        new += more
    usable = {name: each for name, each in config.clients.items() if name not in broken}
    return attrs.evolve(config, clients=usable, broken=broken, problems=(*config.problems, *new))


def _problems(client: Client, found: Mapping[str, plugins.Found]) -> Iterator[Problem]:
    if not client.plugins:
        yield from plugins.problems_of(client, found)
    yield from _written(client, found)
    if client.mode == "live" and not client.unregistered and _unregistered(client, found):
        words = (
            "a client with US lines can't be live without its id: carriers block the texts of "
            "senders that they don't know. See: textback registration; or say unregistered = true"
        )
        yield Problem(client.file, "registration", words)
    for name in client.rules.packs:
        if name != packs.RECIPIENT and name not in packs.everything():
            known = ", ".join((packs.RECIPIENT, *packs.everything()))
            yield Problem(
                client.file, "rules.packs", f'there is no pack "{name}"; known are {known}'
            )
    for n, rule in enumerate(client.notify, 1):
        for name in rule.to:
            table = client.plugins[name]
            if _kind(table, found) is not None and "notifier" not in _roles(table, found):
                yield Problem(client.file, f"notify[{n}].to", f"{name} can't tell the team")


def _written(client: Client, found: Mapping[str, plugins.Found]) -> Iterator[Problem]:
    """What is wrong with plugin tables and templates, whatever else the file says."""
    if client.plugins:
        yield from plugins.problems_of(client, found)
    bodies = [(f"text[{n}].body", each.body) for n, each in enumerate(client.text, 1)]
    bodies += [(f"answer[{n}].body", each.body) for n, each in enumerate(client.answer, 1)]
    for n, each in enumerate(client.follow_up, 1):
        bodies.append((f"follow_up[{n}].body", each.body))
        bodies.append((f"follow_up[{n}].subject", each.subject))
        bodies += [
            (f"follow_up[{n}].translations.{language}", body)
            for language, body in each.translations.items()
        ]
    for path, body in bodies:
        for message in check_template(body):
            yield Problem(client.file, path, message)


def _unregistered(client: Client, found: Mapping[str, plugins.Found]) -> tuple[str, ...]:
    """The US lines of a client that texts by a real sender and names no registration."""
    tables = client.plugins.values()
    texts = any(table.use != "simulator" and "sender" in _roles(table, found) for table in tables)
    return us_lines(client) if texts and client.registration is None else ()


async def store_problem(config: Config) -> str | None:
    """Why the store can't be used, if so; nothing is made or changed."""
    settings = config.deployment.store
    try:
        await schema_of(place_of(settings.url, config.deployment.directory))
    except StoreError as error:
        return str(error)
    if settings.key is not None and len(settings.key.value) < SHORTEST_KEY:
        return f"store.key is shorter than {SHORTEST_KEY} characters: hashes could be guessed"
    return None


def advice(
    config: Config, found: Mapping[str, plugins.Found]
) -> Iterator[tuple[str, str, Finding]]:
    """What is allowed but probably not meant: client, plugin if it is one's, finding."""
    for client in config.clients.values():
        for name, settings in plugins.settings_in(client, found).items():
            warn = getattr(settings, "warnings", None)
            for words in [*_placeholders(client.plugins[name]), *(warn(client) if warn else ())]:
                yield client.id, name, _warning(words)
        for words in _of_client(client, found):
            yield client.id, "", _warning(words)
        for finding in findings_in(client, _books(client, found)):
            yield client.id, "", finding
        for words in _drift(config, client):
            yield client.id, "", _warning(words)


def _books(client: Client, found: Mapping[str, plugins.Found]) -> bool:
    return any("booking" in _roles(table, found) for table in client.plugins.values())


def _placeholders(table: PluginTable) -> Iterator[str]:
    """Settings that still say what an example said."""
    for key, value in table.settings.items():
        if isinstance(value, str) and _PLACEHOLDER.search(value):
            yield f'{key} still says "{value}"; put in your own'


def _of_client(client: Client, found: Mapping[str, plugins.Found]) -> Iterator[str]:
    """What is missing in a stack, or said in vain."""
    tables = client.plugins.values()
    offered = {role for table in tables for role in _roles(table, found)}
    if "sender" not in offered:
        yield "no plugin can send texts; callers get none"
    if "source" not in offered:
        yield "no plugin tells of calls; none will be noticed"
    if "notifier" not in offered:
        yield "no plugin tells the team; replies are seen in `cases` only"
    if not client.staff_phones and any(_texts_team(table, found) for table in tables):
        yield "the team is told by text, but staff_phones is empty"
    by_email = any(each.channel == "email" for each in client.follow_up)
    if by_email and "email" not in offered:
        yield "no plugin can send e-mail; follow-ups by e-mail don't go"
    if lines := _unregistered(client, found):
        yield (
            f"{', '.join(lines)}: US carriers block texts of senders that aren't registered, "
            "and it takes days; see: textback registration"
        )
    if client.mode == "test" and not client.test_phones:
        yield "test mode without test_phones: nobody is texted"
    yield from _reach(client)
    yield from bills(client)


def _drift(config: Config, client: Client) -> Iterator[str]:
    """Where a client's texts have moved away from what was registered."""
    if client.registration is None or client.registration.sheet is None:
        return
    try:
        registered = read_toml(config.deployment.directory / client.registration.sheet)
    except ConfigError as error:
        yield f"registration.sheet {error}"
        return
    for words in drift(registered, describe(client)):
        yield f"not as registered: {words}"


def _texts_team(table: PluginTable, found: Mapping[str, plugins.Found]) -> bool:
    return plugins.texts_team(plugins.load(found[table.use]), table.roles)


def _reach(client: Client) -> Iterator[str]:
    """Texts and leads that no call gets, and calls that get none of them."""
    for name, found, instead in (
        ("text", reach(client, client.text), "they get the built-in text"),
        ("lead", reach(client, client.lead), "the CRM is told neither tag nor stage"),
    ):
        for number in found.unused:
            yield f"{name}[{number}] is never used: an earlier one fits whenever it does"
        if found.gap:
            yield f"no [[{name}]] is for calls with {found.gap}; {instead}"


def _roles(table: PluginTable, found: Mapping[str, plugins.Found]) -> tuple[str, ...]:
    """What a plugin plays; nothing if there is no such plugin."""
    if table.roles is not None:
        return table.roles
    kind = _kind(table, found)
    return () if kind is None else plugins.roles_of(kind)


def _kind(table: PluginTable, found: Mapping[str, plugins.Found]) -> type | None:
    """A plugin's class; None if it isn't there or can't be imported, which is told elsewhere."""
    if table.use not in found:
        return None
    try:
        return plugins.load(found[table.use])
    except ConfigError:
        return None


def _warning(message: str) -> Finding:
    return Finding(Severity.WARNING, message)


async def findings(config: Config) -> AsyncIterator[tuple[str, str, Finding]]:
    """What plugins find at their providers: client, plugin, finding."""
    async with open_runtime(config, alone=False) as runtime:
        for client in config.clients:
            stack = await runtime.ctx.stack(client)
            for answer in await dispatch.everyone(stack.impls("check")):
                if answer.error is not None:
                    words = f"the check failed: {in_words(answer.error)}"
                    yield client, answer.plugin, Finding(Severity.ERROR, words)
                for finding in answer.value or ():
                    yield client, answer.plugin, finding


async def stored(config: Config) -> Stored:
    """What the store knows that the files don't say; nothing of one that has yet to be made.

    Raises:
        StoreError: It can't be read, or was made with another key.
    """
    deployment = config.deployment
    if await schema_of(place_of(deployment.store.url, deployment.directory)) != HEAD:
        return Stored()
    store = await open_store(deployment.store.url, deployment.directory)
    try:
        await store.read(partial(refuse_another, deployment.store))
        return await store.read(partial(_stored, config, micros(SystemClock().now())))
    finally:
        await store.close()


def _stored(config: Config, now: int) -> Work[Stored]:
    files = {*config.clients, *config.broken}
    found = []
    crew = yield from processes.alive(now)
    if crew and not any(each.works for each in crew):
        words = "webhooks are taken, and nobody works on them; start: textback worker"
        found.append(("*", "store", Finding(Severity.ERROR, words)))
    for client in (yield from clients.known()):
        if client not in files:
            words = "is stored but has no file; bring the file back, or name it in another's `was`"
            found.append((client, "store", Finding(Severity.ERROR, words)))
    retired = frozenset((yield from clients.retired())) & frozenset(files)
    for client in sorted(retired):
        words = "is retired: remove its file, or: textback clients retire --undo"
        found.append((client, "store", _warning(words)))
    for (client, plugin), (count, error) in (yield from steps.failing()).items():
        words = f"{counted(count, 'step')} failed and will be tried again; the last error: {error}"
        found.append((client, plugin, _warning(words)))
    for client, count in (yield from steps.parked()).items():
        words = f"{counted(count, 'step')} parked; see `cases --json`, then: textback retry"
        found.append((client, "store", _warning(words)))
    found += yield from _elsewhere(config, retired, now)
    return Stored(findings=tuple(found), retired=retired)


def _elsewhere(
    config: Config, retired: Collection[str], now: int
) -> Work[list[tuple[str, str, Finding]]]:
    """Missed calls that a source told of and that were made to nobody's line.

    Those to a line of another client are that one's: a provider's account may be several clients'.
    """
    since = now - ELSEWHERE_SINCE // timedelta(microseconds=1)
    lines = {line for client in config.clients.values() for line in client.lines}
    found = []
    for client in config.clients.keys() - retired:
        for row in (yield from calls.elsewhere(client, lines, since)):
            words = (
                f"{counted(row['count'], 'missed call')} to {row['line']} in "
                f"{ELSEWHERE_SINCE.days} days, not texted, since it is none of the client's lines; "
                "if it is one, add it to lines"
            )
            found.append((client, row["call_id"].partition("/")[0], _warning(words)))
    return sorted(found, key=lambda each: each[:2])
