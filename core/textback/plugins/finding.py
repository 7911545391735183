"""Which plugins there are, and how to import one; nothing is imported before it is asked for."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs

from textback.errors import ConfigError
from textback.plugins.anatomy import has_hooks

GROUP: Final = "textback"
FOLDER: Final = "plugins"  # beside textback.toml


@attrs.define(kw_only=True, eq=False)
class Found:
    """A plugin by its name; its class is imported by `load`.

    Attributes:
        origin: The distribution that it comes from, or its file.
        version: Of the distribution; None for a file.
        loaded: The class, once it was imported.
        importer: Imports it.
        remedy: What to run if this package is missing.
    """

    name: str
    origin: str
    version: str | None = None
    loaded: type | None = None
    importer: Callable[[], Any] = attrs.field(repr=False)
    remedy: Callable[[str], str] = attrs.field(repr=False, default="pip install {}".format)

    @classmethod
    def of(cls, name: str, kind: type) -> Found:
        """A plugin that is at hand: a fake in a test, a stand-in in a simulation."""
        return cls(name=name, origin=kind.__module__, loaded=kind, importer=lambda: kind)


def find(directory: Path | None = None) -> dict[str, Found]:
    """All plugins by name: of installed packages, and the files ``plugins/*.py``.

    A name that is offered twice is told when it is used, so that it stops nobody else.

    Args:
        directory: Where ``textback.toml`` is.
    """
    found: dict[str, Found] = {}
    offers = [_of_package(point) for point in entry_points(group=GROUP)]
    if directory is not None:
        files = sorted((directory / FOLDER).glob("[!_]*.py"))
        offers += [_of_file(file) for file in files]
    for offer in offers:
        other = found.get(offer.name)
        found[offer.name] = offer if other is None else _either(other, offer)
    return found


def load(found: Found) -> type:
    """Import a plugin's class.

    Raises:
        ConfigError: It can't be imported; says why and what to do.
    """
    if found.loaded is None:
        try:
            kind = found.importer()
        except ConfigError:
            raise
        except ModuleNotFoundError as error:
            raise ConfigError(_missing(found, error)) from error
        except (Exception, SystemExit) as error:
            raise ConfigError(f"importing it failed: {_in_short(error)}") from error
        if not isinstance(kind, type):
            raise ConfigError(f"{found.origin} gives a {type(kind).__name__}, not a class")
        found.loaded = kind
    return found.loaded


def _of_package(point: EntryPoint) -> Found:
    package = point.dist
    name = package.name if package else point.module

    def remedy(module: str) -> str:
        has_extra = package and point.name in package.metadata.get_all("Provides-Extra", [])
        return f'pip install "{name}[{point.name}]"' if has_extra else f"pip install {module}"

    return Found(
        name=point.name,
        origin=name,
        version=package.version if package else None,
        importer=point.load,
        remedy=remedy,
    )


def _of_file(file: Path) -> Found:
    return Found(name=file.stem, origin=str(file), importer=lambda: _read_file(file))


def _either(one: Found, other: Found) -> Found:
    """Two offers of one name; fine if it is one and the same, seen twice on the path."""
    if (one.origin, one.version) == (other.origin, other.version):
        return one
    advice = "rename the file" if other.version is None else "uninstall one"

    def refuse() -> Any:
        both = f"{one.origin} and {other.origin}"
        raise ConfigError(f'{both} both offer a plugin named "{one.name}"; {advice}')

    return Found(name=one.name, origin=f"{one.origin}, {other.origin}", importer=refuse)


def _read_file(file: Path) -> type:
    """Import a one-file plugin: its ``plugin``, or its only class with hooks."""
    # The name is the file's own, since two deployments in one process may have equal stems.
    digest = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]
    name = f"textback_file_{digest}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # attrs looks itself up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return _class_in(module, file)


def _class_in(module: ModuleType, file: Path) -> type:
    if "plugin" in vars(module):
        return vars(module)["plugin"]  # type: ignore[no-any-return]  # load looks whether it is
    kinds = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and has_hooks(value)
    ]
    if len(kinds) == 1:
        return kinds[0]
    if not kinds:
        raise ConfigError(f"{file} has no class with a method that is marked @hookimpl")
    raise ConfigError(
        f"{file} has several classes with hooks, {_listed(kinds)}; say which: "
        f"plugin = {kinds[0].__name__}"
    )


def _listed(kinds: Iterable[type]) -> str:
    return ", ".join(kind.__name__ for kind in kinds)


def _missing(found: Found, error: ModuleNotFoundError) -> str:
    module = (error.name or "").partition(".")[0]
    return f"needs the package {module}; run: {found.remedy(module)}"


def _in_short(error: BaseException) -> str:
    """An error with the place that it came from, in one line."""
    words = f"{type(error).__name__}: {str(error).splitlines()[0]}" if str(error) else repr(error)
    if isinstance(error, SyntaxError):
        return words  # its message names file and line
    frames = traceback.extract_tb(error.__traceback__)
    return f"{words} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else words
