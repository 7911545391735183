"""The built documentation has what the program has, and nothing else."""

import html
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import attrs
import pytest
from typer.testing import CliRunner

from textback import events, hookspecs
from textback.cli import app
from textback.config import settings

pytest.importorskip("sphinx", reason="the documentation is built in the environment `docs`")

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Reads a page of the documentation, built with warnings as errors."""
    pages = tmp_path_factory.mktemp("html")
    build = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", DOCS, pages],
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    return lambda page: (pages / f"{page}.html").read_text(encoding="utf-8")


def headings(page, level):
    """The texts of the headings that are code."""
    return re.findall(rf'<h{level}><code class="[^"]*"><span class="pre">(.*?)</code>', page)


def plain(heading):
    return re.sub(r"<.*?>", "", heading)


def test_each_hook_has_a_section_and_nothing_else_has(built):
    """In the order of the flow, which is the module's."""
    hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "textback_spec")]

    assert hooks
    assert [plain(each) for each in headings(built("reference/hooks"), 3)] == hooks


def test_each_hook_says_what_its_docstring_says(built):
    """The page is made from the docstrings: each one's first sentence is there."""
    words = html.unescape(plain(built("reference/hooks")))

    for name, value in vars(hookspecs).items():
        if hasattr(value, "textback_spec"):
            first = re.split(r"  |\n", value.__doc__)[0].rstrip(".")
            assert first.replace("`", "") in words, name


def test_each_type_says_where_it_is_imported_from(built):
    """As an author types it; the import works."""
    words = html.unescape(plain(built("reference/types")))

    said = re.findall(r"from (textback\.\w+) import (\w+)", words)

    assert {"CallEvent", "Outcome", "Picture"} <= {name for _, name in said}
    for module, name in said:
        assert hasattr(importlib.import_module(module), name), name


@pytest.mark.parametrize("name", ["Client", "Server", "StoreSettings", "LogSettings", "FollowUp"])
def test_each_setting_is_in_the_reference(built, name):
    """With its sentence."""
    page = built("reference/settings")

    for field in attrs.fields(getattr(settings, name)):
        if "help" in field.metadata:
            assert f'<span class="pre">{field.name}</span>' in page, field.name


def test_each_command_has_a_section(built):
    """The program's own help names no command that the page leaves out."""
    sections = [plain(each) for each in headings(built("reference/commands"), 2)]

    told = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["--help"]).stdout
    commands = re.findall(r"^[│ ]+([a-z][a-z-]+)  ", told, re.MULTILINE)
    assert len(commands) > 10
    missing = [name for name in commands if not any(s.split()[1:2] == [name] for s in sections)]
    assert missing == []


def tables(page):
    """The cells of each table in a section, by the section's heading, which is code."""
    found = {}
    for section in re.split(r'(?=<section id=")', page):
        heading = re.search(r'<h\d><code class="[^"]*"><span class="pre">(.*?)</code>', section)
        if heading:
            rows = re.findall(r'<tr class="row-[^"]*">\s*<td>(.*?)</tr>', section, re.DOTALL)
            cells = [[plain(each).strip() for each in re.split(r"</td>", row)] for row in rows]
            found[plain(heading[1])] = [row[:-1] for row in cells]
    return found


@pytest.mark.parametrize("kind", get_args(events.Event))
def test_each_field_of_an_event_says_what_it_is(built, kind):
    """A row a field, in the order of the class, with its type, its default and its meaning."""
    rows = tables(built("reference/types"))[kind.__name__]

    assert [row[0] for row in rows] == [field.name for field in attrs.fields(kind)]
    assert [row[1] for row in rows] == list(inspect.get_annotations(kind).values())
    assert [row[0] for row in rows if not row[3]] == []


def test_everything_that_hooks_speak_of_is_there(built):
    """The classes of all arguments and answers, and the enumerations in their fields."""
    found = tables(built("reference/types")) | tables(built("reference/services"))

    spoken_of = set()
    for name, value in vars(hookspecs).items():
        if hasattr(value, "textback_spec"):
            spelled = str(inspect.signature(getattr(hookspecs, name)))
            spoken_of |= set(re.findall(r"\b[A-Z]\w+", spelled))
    ours = {name for name in spoken_of if name in vars(hookspecs) and name not in NOT_TABLES}
    assert len(ours) > 15
    assert ours - found.keys() == set()
    silent = {kind: [row[0] for row in rows if not row[-1]] for kind, rows in found.items()}
    assert {kind: names for kind, names in silent.items() if names and kind not in PLAIN} == {}


NOT_TABLES = {
    *("AsyncIterator", "Awaitable", "Callable", "Sequence", "PhoneNumber"),
    *("Event", "Absent", "CannotTell"),  # one of those above; nothing but what their names say
}
PLAIN = {
    "Outcome",
    "Kind",
    "FailureReason",
    "Keyword",
    "NoticeKind",
    "ActivityKind",
    "Severity",
    "TextState",
    "AnsweredBy",
}
"""Enumerations some of whose values say enough by themselves."""
