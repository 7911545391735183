"""The files that ``init`` and ``clients add`` write: commented, and right at once."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from phonenumbers import parse
from phonenumbers import timezone as zones

from textback.config.presets import NAME, read_toml, rename
from textback.errors import ConfigError
from textback.phones import normalise

IGNORED = ("textback.key", "*.db", "*.db-wal", "*.db-shm", "*.db.lock")

_FICTION = " This one exists in films only: put the real ones here."
_FICTION_ZONE = "America/Denver"


def init(directory: Path) -> list[Path]:
    """Make a deployment with one example client that loads, and runs with the simulator.

    The key is written to a file that only its owner can read; ``.gitignore`` keeps it and the
    database out of version control, and is extended if there is one.

    Returns:
        What was written.

    Raises:
        ConfigError: A file is there already; nothing was written.
    """
    settings, key = directory / "textback.toml", directory / "textback.key"
    for path in (settings, key, directory / "clients" / "example.toml"):
        if path.exists():
            raise ConfigError(f"{path}: is there already; nothing was written")
    _write(settings, _template("textback.toml"))
    _write(key, secrets.token_urlsafe(32) + "\n", mode=0o600)
    written = [settings, key]
    if _ignore(directory / ".gitignore"):
        written.append(directory / ".gitignore")
    return [*written, add_client(directory, "example", name="Example Dental")]


def add_client(
    directory: Path,
    client: str,
    *,
    name: str | None = None,
    line: str | None = None,
    time_zone: str | None = None,
) -> Path:
    """Write the commented file of one more client, in test mode, with the simulator.

    Args:
        directory: Where ``textback.toml`` is.
        client: Its file is ``clients/{client}.toml``.
        name: The business's name, as callers know it; made from *client* if not given.
        line: The number that callers dial; a fictional one that is free if not given.
        time_zone: Where the business is; found by its number if not given.

    Raises:
        ConfigError: The file is there already, or a value can't be used.
    """
    if not NAME.fullmatch(client):
        raise ConfigError(f'"{client}": {rename(client)}')
    path = directory / "clients" / f"{client}.toml"
    if path.exists():
        raise ConfigError(f"{path}: is there already; nothing was written")
    taken = dict(_lines(directory))
    if line is None:
        number, time_zone = _fictional(taken), time_zone or _FICTION_ZONE
    else:
        number = _real(line, taken)
    values = {
        "@NAME@": _quoted(name or client.replace("-", " ").title()),
        "@TIME_ZONE@": _quoted(_known(time_zone) if time_zone else _zone_of(number)),
        "@LINE@": _quoted(number),
        "@FICTION@": _FICTION if line is None else "",
        "@VARIABLE@": client.replace("-", "_").upper(),
    }
    text = _template("client.toml")
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    _write(path, text)
    return path


def _lines(directory: Path) -> Iterator[tuple[str, str]]:
    """Each line that a client's file names, with that file; files that can't be read have none."""
    for path in sorted(directory.glob("clients/[!.]*.toml")):
        try:
            lines = read_toml(path).get("lines")
        except ConfigError:
            continue
        for line in lines if isinstance(lines, list) else ():
            if isinstance(line, str) and (number := normalise(line, None)) is not None:
                yield number, f"clients/{path.name}"


def _fictional(taken: dict[str, str]) -> str:
    """A number that no client has; 555-0100 to 555-0199 are kept for fiction in North America."""
    for last in range(100, 140):  # the template has people with higher ones
        if (number := f"+13035550{last}") not in taken:
            return number
    raise ConfigError("all fictional numbers are taken; say which line the client has")


def _real(line: str, taken: dict[str, str]) -> str:
    number = normalise(line, None)
    if number is None:
        raise ConfigError(
            f'"{line}" is no phone number; write it with its country code, e.g. "+13035550100"'
        )
    if number in taken:
        raise ConfigError(f"{number} is also in {taken[number]}; a line belongs to one client")
    return number


def _known(time_zone: str) -> str:
    try:
        return ZoneInfo(time_zone).key
    except (KeyError, ValueError, OSError):
        raise ConfigError(f'"{time_zone}" is no time zone; write e.g. "America/Denver"') from None


def _zone_of(number: str) -> str:
    """The one time zone where a number can be."""
    found = zones.time_zones_for_number(parse(number, None))
    if len(found) != 1 or found[0] == zones.UNKNOWN_TIMEZONE:
        raise ConfigError(
            f"the time zone of {number} can't be known by the number; say which it is"
        )
    return str(found[0])


def _template(name: str) -> str:
    return files("textback.config").joinpath("templates", name).read_text(encoding="utf-8")


def _quoted(text: str) -> str:
    """A TOML string: its escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write a new file; *mode* holds from its first byte on."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror}") from None
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _ignore(path: Path) -> bool:
    """Add to a ``.gitignore`` what isn't in it; whether anything was missing."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [line for line in IGNORED if line not in text.splitlines()]
    if missing:
        gap = "" if text.endswith("\n") or not text else "\n"
        path.write_text(text + gap + "\n".join(missing) + "\n", encoding="utf-8")
    return bool(missing)
