"""What a client's file stands on: ``[defaults]`` of textback.toml, and presets, layer on layer.

Tables are merged key by key, anything else replaces what is beneath.  In ``plugins`` the upper
layer's come first, since order is preference, and ``hubspot = false`` takes one away.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any
from unicodedata import combining, normalize

import attrs

from textback.config.messages import Place, Problem, Wrong, nearest, spell
from textback.errors import ConfigError

Table = dict[str, Any]

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
"""The names that clients and presets may have: they stand in addresses and keys."""


@attrs.frozen
class Layer:
    """One file's part of a client's settings; *inside* is the table where the part stands."""

    file: str
    table: Table
    inside: Place = ()

    def has(self, path: Place) -> bool:
        """Whether this layer has anything at *path*, followed as far as tables go."""
        here: Any = self.table
        for part in path:
            if not isinstance(here, dict):
                return True
            if part not in here:
                return False
            here = here[part]
        return True


@attrs.frozen
class Layers:
    """Layers from the lowest to the highest, what they come to, and what is wrong with them."""

    layers: tuple[Layer, ...]
    merged: Table
    problems: tuple[Problem, ...] = ()

    def under(self, top: Layer) -> Layers:
        """The same with one more layer, above all others."""
        wrong: list[Wrong] = []
        merged = merge(self.merged, top.table, wrong)
        return Layers(
            (*self.layers, top),
            merged,
            self.problems
            + tuple(Problem(top.file, spell((*top.inside, *w.path)), w.message) for w in wrong),
        )

    def problem(self, wrong: Wrong) -> Problem:
        """Name the file that a wrong value stands in: the highest layer that has it."""
        for layer in reversed(self.layers):
            if not wrong.missing and layer.has(wrong.path):
                return Problem(layer.file, spell((*layer.inside, *wrong.path)), wrong.message)
        return Problem(self.layers[-1].file, wrong.where, wrong.message)


class Presets:
    """The presets of a deployment; each file is read once, each combination merged once."""

    def __init__(self, directory: Path, defaults: Layer) -> None:
        self._directory = directory
        self._defaults = defaults
        self._read: dict[str, Layer | Problem] = {}
        self._bases: dict[tuple[str, ...], Layers] = {}

    def beneath(self, top: Layer) -> Layers:
        """What *top*'s ``extends`` puts under it; *top* itself is not in it."""
        names = extended(top.table if "extends" in top.table else self._defaults.table)
        if names is None:
            wrong = 'must be the name of a preset or a list of names, e.g. "dental"'
            return attrs.evolve(
                self._base(()),
                problems=(Problem(top.file, spell((*top.inside, "extends")), wrong),),
            )
        base = self._base(names)
        # Which preset is missing is said in each file that asks for it.
        return attrs.evolve(
            base, problems=tuple(attrs.evolve(p, file=p.file or top.file) for p in base.problems)
        )

    def _base(self, names: tuple[str, ...]) -> Layers:
        if names not in self._bases:
            problems: list[Problem] = []
            found: dict[str, Layer] = {}
            self._collect(names, (), found, problems)
            empty = Layers((), {}, tuple(problems))
            self._bases[names] = reduce(Layers.under, [self._defaults, *found.values()], empty)
        return self._bases[names]

    def _collect(
        self,
        names: Sequence[str],
        chain: tuple[str, ...],
        found: dict[str, Layer],
        problems: list[Problem],
    ) -> None:
        """Add presets and what they extend, lowest first; one named twice stays at its lowest."""
        file = f"presets/{chain[-1]}.toml" if chain else ""
        for name in names:
            if name in chain:
                loop = " → ".join((*chain[chain.index(name) :], name))
                problems.append(Problem(file, "extends", f"a preset extends itself: {loop}"))
                continue
            if name in found:
                continue
            layer = self._preset(name)
            if isinstance(layer, Problem):
                problems.append(attrs.evolve(layer, file=layer.file or file))
                continue
            above = extended(layer.table)
            if above is None:
                problems.append(Problem(layer.file, "extends", "must be a name or a list of names"))
            self._collect(above or (), (*chain, name), found, problems)
            found[name] = layer

    def _preset(self, name: str) -> Layer | Problem:
        if name not in self._read:
            self._read[name] = self._read_preset(name)
        return self._read[name]

    def _read_preset(self, name: str) -> Layer | Problem:
        file = f"presets/{name}.toml"
        if not NAME.fullmatch(name) or not (self._directory / file).is_file():
            hint = nearest(name, (path.stem for path in self._directory.glob("presets/*.toml")))
            return Problem("", "extends", f'there is no preset "{name}" ({file}){hint}')
        try:
            return Layer(file, read_toml(self._directory / file))
        except ConfigError as error:
            return Problem(file, "", str(error))


def extended(table: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The presets that a file names; None if ``extends`` is neither a name nor a list of them."""
    names = table.get("extends", ())
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names)


def merge(under: Table, over: Table, wrong: list[Wrong]) -> Table:
    """One layer put on another; neither is changed, and unchanged parts are shared."""
    merged = _merged(under, {key: value for key, value in over.items() if key != "plugins"})
    merged.pop("extends", None)
    if isinstance(plugins := over.get("plugins"), dict):
        beneath = under.get("plugins")
        merged["plugins"] = _plugins(beneath if isinstance(beneath, dict) else {}, plugins, wrong)
    elif plugins is not None:
        merged["plugins"] = plugins  # no table: the reader of it complains
    return merged


def _plugins(under: Table, over: Table, wrong: list[Wrong]) -> Table:
    merged = {}
    for name, table in over.items():
        beneath = under.get(name)
        if table is not False:
            merged[name] = table
            if isinstance(table, dict) and isinstance(beneath, dict):
                # Another plugin's settings would make no sense for the one that replaces it.
                same = "use" not in table or table["use"] == beneath.get("use", name)
                merged[name] = _merged(beneath, table) if same else table
        elif name not in under:
            wrong.append(
                Wrong(
                    ("plugins", name),
                    f"there is no such plugin beneath to leave out{nearest(name, under)}",
                )
            )
    return merged | {name: table for name, table in under.items() if name not in over}


def _merged(under: Table, over: Table) -> Table:
    merged = under | over
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(beneath := under.get(key), dict):
            merged[key] = _merged(beneath, value)
    return merged


def read_toml(path: Path) -> Table:
    """The content of a TOML file.

    Raises:
        ConfigError: It can't be read; the message has the parser's words, with line and column.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not text in UTF-8 (byte {error.start + 1})") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not TOML: {error}") from None


def rename(name: str) -> str:
    """Say what a file with a wrong name might be called."""
    plain = "".join(c for c in normalize("NFKD", name.lower()) if not combining(c))
    wanted = "".join(c if c.isascii() and c.isalnum() else "-" for c in plain)
    wanted = "-".join(part for part in wanted.split("-") if part)[:63]
    example = f'; rename it to "{wanted}.toml"' if wanted else ""
    return (
        f"a client's file is named with lower-case letters, digits and hyphens, at most 63{example}"
    )
