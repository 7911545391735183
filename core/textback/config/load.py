"""The files of a deployment into frozen settings: all of them, with all problems at once.

``textback.toml`` must be right, or there is nothing to run.  A client whose file is broken is left
out, and the others are not.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

from textback.config.messages import Problem, Wrong, nearest, report
from textback.config.plugin_tables import check_names, plugin_tables
from textback.config.presets import NAME, Layer, Presets, read_toml, rename
from textback.config.references import References
from textback.config.settings import Client, Deployment
from textback.config.situations import check_situations
from textback.config.structure import structure
from textback.errors import ConfigError
from textback.model import PhoneNumber
from textback.phones import calling_region, normalise


@attrs.frozen
class Config:
    """All that the files of a deployment say.

    Attributes:
        clients: By name, in the order of their names.
        broken: The clients that are left out, each with everything that is wrong with it.
        problems: Those of all files, each once.
        partly: Clients that are left out, as far as their files can be read: there may be more to
            say of them.
    """

    deployment: Deployment
    clients: Mapping[str, Client]
    broken: Mapping[str, tuple[Problem, ...]]
    problems: tuple[Problem, ...]
    partly: Mapping[str, Client] = attrs.field(factory=dict)


def load(
    path: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    clients: Collection[str] | None = None,
    resolve: Callable[[str], str | None] | None = None,
) -> Config:
    """Read ``textback.toml``, and the clients and presets beside it.

    Secrets of plugins are looked up later, when a client's stack is built.

    Args:
        path: Of ``textback.toml``.
        environ: Where ``${NAME}`` and ``NAME_FILE`` are looked up.
        clients: Read only these; what concerns several clients is checked among them.
        resolve: Asked for the values that the environment doesn't have.

    Raises:
        ConfigError: ``textback.toml`` is missing or wrong; one message with all its problems.
    """
    references = References(environ=environ, directory=path.parent, resolve=resolve)
    deployment = _read_deployment(path, references)
    files = {file.stem: file for file in sorted(path.parent.glob("clients/[!.]*.toml"))}
    wanted = list(files) if clients is None else [name for name in files if name in clients]

    presets = Presets(path.parent, Layer(path.name, dict(deployment.defaults), ("defaults",)))
    made: dict[str, Client] = {}
    partly: dict[str, Client] = {}
    problems: dict[str, list[Problem]] = {}
    lines: dict[str, Iterable[str]] = {}
    for name in wanted:
        client, problems[name], lines[name] = _read_client(files[name], presets, references)
        if isinstance(client, _Partly):
            partly[name] = client.client
        elif client is not None:
            made[name] = client
            if client.mode == "live" and deployment.store.key is None:
                problems[name].append(Problem(client.file, "mode", NO_KEY))
    for name in set(clients or ()) - files.keys():
        hint = nearest(name, files)
        problems[name] = [Problem(f"clients/{name}.toml", "", f"there is no such file{hint}")]

    for name, problem in (*_shared_lines(lines), *_claimed_names(made, files)):
        problems[name].append(problem)
    broken = {name: tuple(found) for name, found in problems.items() if found}
    return Config(
        deployment,
        {name: client for name, client in made.items() if name not in broken},
        broken,
        tuple(sorted({problem for found in broken.values() for problem in found})),
        partly | {name: client for name, client in made.items() if name in broken},
    )


@attrs.frozen
class _Partly:
    """A client without the settings that can't be used."""

    client: Client


STAND_INS: Final = {"name": "-", "time_zone": "UTC", "lines": ["+13035550100"]}
"""What every client has, for one of which the rest is looked at."""

NO_KEY = (
    'a live client needs store.key in textback.toml; "textback init" makes one,'
    ' or set it to a long random text, e.g. key = "${TEXTBACK_KEY}"'
)


def _read_deployment(path: Path, references: References) -> Deployment:
    if not path.is_file():
        raise ConfigError(f'{path}: there is no such file; "textback init DIR" makes one')
    try:
        table = read_toml(path)
    except ConfigError as error:
        raise ConfigError(f"{path} {error}") from None
    plugins, wrong = plugin_tables(table.pop("plugins", {}), path.name, references, None)
    table.setdefault("server", {})
    made = structure(
        Deployment,
        table,
        references=references,
        given={"directory": path.parent, "plugins": plugins},
    )
    if isinstance(made, list):
        wrong += made
    if wrong or isinstance(made, list):
        raise ConfigError(report(Problem(str(path), w.where, w.message) for w in wrong))
    return made


def _read_client(
    path: Path, presets: Presets, references: References
) -> tuple[Client | _Partly | None, list[Problem], Iterable[str]]:
    """Read one client's file: the client if it can be made, all problems, and its lines."""
    name, file = path.stem, f"clients/{path.name}"
    problems = []
    if not NAME.fullmatch(name):
        problems.append(Problem(file, "", rename(name)))
    try:
        top = Layer(file, read_toml(path))
    except ConfigError as error:
        return None, [*problems, Problem(file, "", str(error))], ()
    layers = presets.beneath(top).under(top)
    problems += layers.problems

    table = dict(layers.merged)
    region = _region(table.get("lines"), references)
    plugins, wrong = plugin_tables(table.pop("plugins", {}), file, references, region)
    make = partial(
        structure,
        Client,
        references=references,
        region=region,
        given={"id": name, "file": file, "plugins": plugins},
    )
    client = make(table)
    if isinstance(client, list):
        problems += [layers.problem(entry) for entry in (*wrong, *client)]
        faulty = {entry.path[0] for entry in client if entry.path}
        rest = make(STAND_INS | {key: each for key, each in table.items() if key not in faulty})
        partly = None if isinstance(rest, list) else _Partly(rest)
        return partly, problems, _readable(table.get("lines"), references, region)
    wrong += check_names(client.was, ("was",))
    wrong += check_situations(client)
    wrong += [
        Wrong(("lines", at), f"{line} is listed twice")
        for at, line in enumerate(client.lines)
        if line in client.lines[:at]
    ]
    return client, problems + [layers.problem(entry) for entry in wrong], client.lines


def _region(lines: Any, references: References) -> str | None:
    """The country of a client's first line, which is to be written with its country code."""
    first = lines[0] if isinstance(lines, list) and lines else None
    number = next(iter(_readable([first], references, None)), None)
    return calling_region(number) if number else None


def _readable(lines: Any, references: References, region: str | None) -> list[PhoneNumber]:
    """Those of a list of lines that can be read; complaining about the others isn't done here."""
    found = []
    for line in lines if isinstance(lines, list) else ():
        try:
            number = normalise(references.expand(line), region) if isinstance(line, str) else None
        except ConfigError:
            continue
        if number is not None:
            found.append(number)
    return found


def _shared_lines(lines: Mapping[str, Iterable[str]]) -> Iterable[tuple[str, Problem]]:
    """Lines of several clients: an error of each of them, even of one that is broken anyway."""
    owners: dict[str, list[str]] = defaultdict(list)
    for name, numbers in lines.items():
        for number in dict.fromkeys(numbers):
            owners[number].append(name)
    for number, names in owners.items():
        if len(names) > 1:
            for name in names:
                others = ", ".join(f"clients/{other}.toml" for other in names if other != name)
                message = f"{number} is also in {others}; a line belongs to one client"
                yield name, Problem(f"clients/{name}.toml", "lines", message)


def _claimed_names(
    clients: Mapping[str, Client], files: Collection[str]
) -> Iterable[tuple[str, Problem]]:
    """Earlier names that are in use, or that several clients claim."""
    claims: dict[str, list[str]] = defaultdict(list)
    for name, client in clients.items():
        for was in dict.fromkeys(client.was):
            claims[was].append(name)
            if was in files:
                message = f'"{was}" is a client now, clients/{was}.toml; leave it out'
                yield name, Problem(client.file, "was", message)
    for was, names in claims.items():
        for name in names if len(names) > 1 else ():
            others = ", ".join(clients[other].file for other in names if other != name)
            message = f'"{was}" is claimed by {others} too; only one can take over its cases'
            yield name, Problem(clients[name].file, "was", message)
