"""Tables as CSV files: what people keep in spreadsheets, read with care and written safely."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import attrs

from textback.errors import ConfigError

T = TypeVar("T")

_DELIMITERS = ",;\t"
_SHOWN = 20  # bad rows that are told one by one

# What a spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


@attrs.frozen
class Sheet:
    """A table that was read: the names of its columns, and its rows with their lines."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]


@attrs.frozen
class Sorted(Generic[T]):
    """The rows that can be used, and what is wrong with the others, as ``line N: ...``."""

    good: tuple[T, ...]
    bad: tuple[str, ...]

    def complaint(self) -> str:
        """The bad rows for people, one a line."""
        more = len(self.bad) - _SHOWN
        shown = [*self.bad[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        return "\n".join(f"  {each}" for each in shown)


def read(path: Path, columns: Sequence[str], *, header: bool) -> Sheet:
    """Read a CSV file in UTF-8, with commas, semicolons or tabs.

    Args:
        path: Of the file.
        columns: The order of the columns in a file without a header; the first is required.
        header: Whether the file must have one.  A file's first row is a header if it names the
            first of *columns*, in capitals or not.

    Raises:
        ConfigError: The file isn't there, isn't text in UTF-8, is empty, or lacks its header.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f'{path}: is not text in UTF-8; save it as "CSV UTF-8"') from None
    first = text.lstrip().partition("\n")[0].strip()
    if not first:
        raise ConfigError(f"{path}: is empty")
    delimiter = max(_DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for row in lines:
            if any(cell.strip() for cell in row):
                rows.append((before + 1, row))
            before = lines.line_num
    except csv.Error as error:
        raise ConfigError(f"{path}: line {before + 1}: {error}") from None
    names = [cell.strip() for cell in rows[0][1]]
    if columns[0] in [name.lower() for name in names]:
        names = [name.lower() if name.lower() in columns else freed(name) for name in names]
        rows = rows[1:]
    elif header:
        wanted = ", ".join(columns)
        raise ConfigError(f"{path}: line 1 must name the columns, of which there are: {wanted}")
    elif not any(character.isdigit() for cell in names for character in cell):
        wanted = ", ".join(columns)
        raise ConfigError(
            f'{path}: line 1 names no column "{columns[0]}"; the columns are: {wanted}, '
            "and all but the first may be left out"
        )
    else:
        names = list(columns)
    return Sheet(
        tuple(names),
        tuple((line, dict(zip(names, map(freed, row), strict=False))) for line, row in rows),
    )


def sort(sheet: Sheet, understand: Callable[[Mapping[str, str]], T]) -> Sorted[T]:
    """Understand every row; one that raises `ValueError` is bad, for that reason."""
    good: list[T] = []
    bad: list[str] = []
    for line, row in sheet.rows:
        try:
            good.append(understand(row))
        except ValueError as error:
            bad.append(f"line {line}: {error}")
    return Sorted(tuple(good), tuple(bad))


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write a CSV file that only its owner can read; how many rows it has.

    The cells are written as they are: see `guarded`.

    Raises:
        ConfigError: The file is there already, or can't be written.
    """
    count = 0
    with private(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def private(path: Path) -> io.BufferedWriter:
    """A new file for personal data, which only its owner can read.

    Raises:
        ConfigError: It is there already, or can't be made.
    """
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path}: is there already; choose another name") from None
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror}") from None
    return os.fdopen(number, "wb")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that begins like one gets a ``'``."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def freed(cell: str) -> str:
    """The reverse of `guarded`."""
    cell = cell.strip(" ")
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
