"""``contacts``: the embedded CRM of a client as a CSV file, in and out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from textback.agreed import agreed
from textback.cli import sheets
from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    Remembered,
    client_of,
    fail,
    now,
    run,
    say,
)
from textback.cli.suppress import SkipBadOption
from textback.model import Basis, PhoneNumber
from textback.phones import normalise, region_of
from textback.store import Work, contacts
from textback.words import counted

COLUMNS = ("number", "name", "email", "stage", "tags")
FIELD = "fields."  # before the name of a custom field
AT_A_TIME = 500
_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")

WhoseOption = Annotated[str, typer.Option("--client", help="Whose contacts.")]

group = typer.Typer(help="The contacts of the embedded CRM.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="contacts")


@group.callback()
def _contacts(
    context: typer.Context,
    client: WhoseOption,
) -> None:
    """The contacts of the embedded CRM, as CSV files."""
    context.obj = client


@attrs.frozen
class Entry:
    """One row: a number and what is said of it."""

    number: PhoneNumber
    values: Mapping[str, Any]


@group.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The CSV file to write; it must not be there.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write all contacts: number, name, email, stage, tags, and a column for each custom field."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            client = client_of(remembered.config, context.obj)
            rows = await remembered.read(partial(contacts.everyone, client.id))
            people = [contacts.as_dict(row) for row in rows]
            fields = sorted({name for each in people for name in each["fields"]})
            columns = [*COLUMNS, *(sheets.guarded(FIELD + name) for name in fields)]
            count = sheets.write(file, columns, (_row(each, fields) for each in people))
            say(f"{counted(count, 'contact')} of {client.id} in {file}")

    run(work())


@group.command("import")
def bring_in(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The CSV file; its first line names the columns.")],
    skip_bad: SkipBadOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Add contacts, or what is new of them: tags are added, other cells that aren't empty replace.

    Columns: number, name, email, stage, tags, and fields.NAME for each custom field.
    """

    async def work() -> None:
        async with Remembered(config) as remembered:
            client = client_of(remembered.config, context.obj)
            sheet = sheets.read(file, COLUMNS, header=True)
            known = [name for name in sheet.columns if name in COLUMNS or name.startswith(FIELD)]
            if others := [name for name in sheet.columns if name not in known]:
                say(f"{file}: these columns are not imported: {', '.join(others)}")
            rows = sheets.sort(sheet, partial(_understand, region_of(client.lines[0])))
            if rows.bad:
                say(f"{file}: {counted(len(rows.bad), 'row')} can't be used:\n{rows.complaint()}")
                if not skip_bad:
                    fail("nothing was imported; correct the file, or use --skip-bad")
            for start in range(0, len(rows.good), AT_A_TIME):
                part = rows.good[start : start + AT_A_TIME]
                await remembered.write(partial(_save, client.id, part))
            done, left = counted(len(rows.good), "contact"), counted(len(rows.bad), "row")
            say(f"{done} imported, {left} left out")

    run(work())


def _save(client: str, entries: Iterable[Entry]) -> Work[None]:
    for entry in entries:
        yield from contacts.save(client, entry.number, entry.values, now())


def _row(contact: Mapping[str, Any], fields: Sequence[str]) -> list[str]:
    """A contact as cells; its number is digits after a plus and needs no guard."""
    cells = [contact["name"], contact["email"], contact["stage"], _join(contact["tags"])]
    cells += [contact["fields"].get(name) for name in fields]
    return [contact["number"], *(sheets.guarded(str(cell or "")) for cell in cells)]


def _understand(region: str | None, row: Mapping[str, str]) -> Entry:
    """One row.

    Raises:
        ValueError: It can't be used; in words.
    """
    written = row.get("number", "").strip()
    number = normalise(written, region)
    if number is None:
        raise ValueError(f'"{written}" is not a phone number')
    email = row.get("email", "").strip()
    if email and not _EMAIL.fullmatch(email):
        raise ValueError(f'"{email}" is not an e-mail address')
    values: dict[str, Any] = {
        "name": row.get("name", "").strip(),
        "email": email,
        "stage": row.get("stage", "").strip(),
        "tags": _split(row.get("tags", "")),
        "fields": {
            name.removeprefix(FIELD): cell
            for name, cell in row.items()
            if name.startswith(FIELD) and cell
        },
    }
    _check_consent(values["fields"])
    return Entry(number, values)


def _check_consent(fields: Mapping[str, str]) -> None:
    """The fields by which the plugin `contacts` knows a consent; what is no date would be none."""
    basis, at = fields.get("consent_basis"), fields.get("consent_at")
    if at is not None and agreed(at, "") is None:
        raise ValueError(f'fields.consent_at: "{at}" is no date, e.g. 2026-03-02')
    if basis is not None and basis not in (Basis.FORM, Basis.CRM):
        raise ValueError(f'fields.consent_basis: "{basis}" is neither form nor crm')
    if at is None and (basis is not None or "consent_evidence" in fields):
        raise ValueError("fields.consent_at is missing: when the consent was given")


def _join(tags: Sequence[str]) -> str:
    """Tags in one cell, with semicolons; quoted as in a CSV file where they hold some."""
    cell = io.StringIO()
    csv.writer(cell, delimiter=";", lineterminator="").writerow(tags)
    return cell.getvalue()


def _split(cell: str) -> list[str]:
    tags = next(csv.reader([cell], delimiter=";"), [])
    return [tag.strip() for tag in tags if tag.strip()]
