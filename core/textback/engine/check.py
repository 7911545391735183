"""What can be found out before anything is sent: in the files, in the store, at the providers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import attrs

from textback import dispatch, plugins
from textback.config import Config, Problem
from textback.config.settings import Client, PluginTable
from textback.engine.retry import describe as in_words
from textback.engine.runtime import Runtime, open_runtime
from textback.errors import StoreError
from textback.flow.bills import bills
from textback.flow.reach import reach
from textback.flow.wording import check_template
from textback.model import Finding, Severity
from textback.store import clients, refuse_network, sqlite_path, steps, version_of
from textback.words import counted

SHORTEST_KEY = 16  # characters


def complete(config: Config, found: Mapping[str, plugins.Found]) -> Config:
    """The files again, with the clients left out whose plugins or templates can't be used."""
    broken = dict(config.broken)
    for client in config.clients.values():
        problems = tuple(_problems(client, found))
        if problems:
            broken[client.id] = problems
    usable = {name: each for name, each in config.clients.items() if name not in broken}
    new = [problem for name in config.clients if name in broken for problem in broken[name]]
    return attrs.evolve(config, clients=usable, broken=broken, problems=(*config.problems, *new))


def _problems(client: Client, found: Mapping[str, plugins.Found]) -> Iterator[Problem]:
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


def store_problem(config: Config) -> str | None:
    """Why the store can't be used, if so; nothing is made or changed."""
    settings = config.deployment.store
    try:
        path = sqlite_path(settings.url, config.deployment.directory)
        refuse_network(path)
        version_of(path)
    except StoreError as error:
        return str(error)
    if settings.key is not None and len(settings.key.value) < SHORTEST_KEY:
        return f"store.key is shorter than {SHORTEST_KEY} characters: hashes could be guessed"
    return None


def advice(config: Config) -> Iterator[tuple[str, Finding]]:
    """What is allowed but probably not meant, by client."""
    for client in config.clients.values():
        offered = {role for table in client.plugins.values() for role in _roles(client, table.name)}
        if "sender" not in offered:
            yield client.id, _warning("no plugin can send texts; callers get none")
        if "source" not in offered:
            yield client.id, _warning("no plugin tells of calls; none will be noticed")
        if "notifier" not in offered:
            yield client.id, _warning("no plugin tells the team; replies are seen in `cases` only")
        if not client.staff_phones and any(_texts_team(table) for table in client.plugins.values()):
            yield client.id, _warning("the team is told by text, but staff_phones is empty")
        by_email = any(each.channel == "email" for each in client.follow_up)
        if by_email and "email" not in offered:
            yield client.id, _warning("no plugin can send e-mail; follow-ups by e-mail don't go")
        if client.mode == "test" and not client.test_phones:
            yield client.id, _warning("test mode without test_phones: nobody is texted")
        for words in _reach(client):
            yield client.id, _warning(words)
        for words in bills(client):
            yield client.id, _warning(words)


def _texts_team(table: PluginTable) -> bool:
    found = plugins.find(None).get(table.use)
    return found is not None and plugins.texts_team(plugins.load(found), table.roles)


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


def _roles(client: Client, plugin: str) -> tuple[str, ...]:
    table = client.plugins[plugin]
    if table.roles is not None:
        return table.roles
    found = plugins.find(None).get(table.use)
    return plugins.roles_of(plugins.load(found)) if found is not None else ()


def _warning(message: str) -> Finding:
    return Finding(Severity.WARNING, message)


async def findings(config: Config) -> AsyncIterator[tuple[str, str, Finding]]:
    """What plugins find at their providers, and what the store knows: client, plugin, finding."""
    async with open_runtime(config, alone=False) as runtime:
        async for found in _stored(runtime):
            yield found
        for client in config.clients:
            stack = await runtime.ctx.stack(client)
            for answer in await dispatch.everyone(stack.impls("check")):
                if answer.error is not None:
                    words = f"the check failed: {in_words(answer.error)}"
                    yield client, answer.plugin, Finding(Severity.ERROR, words)
                for finding in answer.value or ():
                    yield client, answer.plugin, finding


async def _stored(runtime: Runtime) -> AsyncIterator[tuple[str, str, Finding]]:
    known = {*runtime.config.clients, *runtime.config.broken}
    for client in await runtime.store.read(clients.known):
        if client not in known:
            words = "is stored but has no file; bring the file back, or name it in another's `was`"
            yield client, "store", Finding(Severity.ERROR, words)
    for client in await runtime.store.read(clients.retired):
        if client in known:
            words = "is retired: remove its file, or: textback clients retire --undo"
            yield client, "store", Finding(Severity.WARNING, words)
    for (client, plugin), (count, error) in (await runtime.store.read(steps.failing)).items():
        words = f"{counted(count, 'step')} failed and will be tried again; the last error: {error}"
        yield client, plugin, Finding(Severity.WARNING, words)
    for client, count in (await runtime.store.read(steps.parked)).items():
        words = f"{counted(count, 'step')} parked; see `cases --json`, then: textback retry"
        yield client, "store", Finding(Severity.WARNING, words)
