"""Write the beginnings of a plugin: a package whose tests pass, to be changed line by line."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jinja2

from textback.config.messages import nearest
from textback.errors import ConfigError
from textback.plugins.roles import ROLES

NAME: Final = r"[a-z][a-z0-9_]*"
LINE: Final = 100  # characters

WITH_WEBHOOKS: Final = ("source", "sender", "booking")

ALWAYS: Final = {
    "pyproject.toml": "pyproject.toml",
    "gitignore": ".gitignore",
    "README.md": "README.md",
    "docs/page.md": "docs/{name}.md",
    "workflows/tests.yml": ".github/workflows/tests.yml",
    "package/init.py": "textback_{name}/__init__.py",
    "package/plugin.py": "textback_{name}/plugin.py",
    "package/settings.py": "textback_{name}/settings.py",
    "package/api.py": "textback_{name}/api.py",
    "tests/conftest.py": "tests/conftest.py",
    "tests/test_plugin.py": "tests/test_plugin.py",
}
OF_WEBHOOKS: Final = {
    "package/signature.py": "textback_{name}/signature.py",
    "package/fields.py": "textback_{name}/fields.py",
    "tests/signed.py": "tests/signed.py",
}
OF_ROLES: Final = {
    "source": "package/calls.py",
    "sender": "package/texts.py",
    "crm": "package/records.py",
    "lookup": "package/lookup.py",
}


def write(name: str, roles: Sequence[str], folder: Path) -> Path:
    """Write a package of the name ``textback-NAME``.

    Args:
        name: As client files will name the plugin, e.g. ``acme``.
        roles: What it is to play.
        folder: Where the package's own folder is made.

    Returns:
        The package's folder.

    Raises:
        ConfigError: The name or the roles can't be used, or the folder is there already.
    """
    _check(name, roles)
    target = folder / distribution(name)
    if target.exists():
        raise ConfigError(f"{target} is there already; remove it, or choose another name")
    for path, content in _files(name, roles):
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return target


def distribution(name: str) -> str:
    """The name of a plugin's package, as it is installed."""
    return f"textback-{name.replace('_', '-')}"


def _check(name: str, roles: Sequence[str]) -> None:
    if keyword.iskeyword(name):
        raise ConfigError(f'"{name}" is a word of Python; choose another name')
    if not re.fullmatch(NAME, name):
        raise ConfigError(f"\"{name}\" can't be a plugin's name{_instead_of(name)}")
    if not roles:
        raise ConfigError(f"say what it plays, some of: {', '.join(ROLES)}")
    for role in roles:
        if role not in ROLES:
            hint = nearest(role, ROLES) or f"; there are: {', '.join(ROLES)}"
            raise ConfigError(f'"{role}" is no role{hint}')
    if {"crm", "lookup"} <= {*roles}:
        raise ConfigError("a crm is asked who calls already; make the lookup a plugin of its own")


def _instead_of(name: str) -> str:
    """What to take: nearly the same, if that can be one."""
    likely = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
    if name.isascii() and re.fullmatch(NAME, likely) and not keyword.iskeyword(likely):
        return f'; take "{likely}"'
    return "; take small letters, digits and _, a letter first"


def _files(name: str, roles: Sequence[str]) -> Iterator[tuple[str, str]]:
    webhooks = any(role in roles for role in WITH_WEBHOOKS)
    templates = {**ALWAYS, **(OF_WEBHOOKS if webhooks else {})}
    for role in roles:
        if role in OF_ROLES:
            templates[OF_ROLES[role]] = OF_ROLES[role].replace("package", "textback_{name}")
        templates[f"tests/test_{role}.py"] = f"tests/test_{role}.py"
    words = {
        "name": name,
        "title": "".join(part.capitalize() for part in name.split("_")),
        "dashed": name.replace("_", "-"),
        "version": version("textback"),
        "roles": [role for role in ROLES if role in roles],
        "webhooks": webhooks,
        "webhook_roles": [role for role in WITH_WEBHOOKS if role in roles],
        **{role: role in roles for role in ROLES},
    }
    environment = jinja2.Environment(
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (it is no HTML, and nobody else's words are in it)
    )
    environment.globals["using"] = _using
    environment.filters["in_order"] = _in_order
    home = files(__package__) / "scaffold"
    for template, path in templates.items():
        text = (home / f"{template}.tmpl").read_text(encoding="utf-8")
        yield path.format(name=name), _tidy(environment.from_string(text).render(words))
    for path in ("textback_{name}/py.typed", "tests/__init__.py"):
        yield path.format(name=name), ""


def _in_order(names: Sequence[str]) -> list[str]:
    """Names as a linter wants them in an import: constants, classes, others."""
    return sorted(names, key=lambda name: (len(name) == 1 or not name.isupper(), name))


def _using(module: str, **names: Any) -> str:
    """The import of those names that are wanted, as a formatter would write it."""
    wanted = [name for name, is_wanted in names.items() if is_wanted]
    if not wanted:
        return _NOTHING
    line = f"from {module} import {', '.join(wanted)}"
    if len(line) <= LINE:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in wanted) + ")"


_NOTHING: Final = "\0"  # on a line of its own, which goes


def _tidy(text: str) -> str:
    """Without the lines on which nothing is left, and the gaps that they leave."""
    return text.replace(f"{_NOTHING}\n", "").replace("\n\n\nimport", "\n\nimport")
