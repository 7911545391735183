"""Pages made from the program: ``{hooks}``, ``{settings}``, ``{commands}``, ``{forwarding}``."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, ClassVar
from urllib.parse import urlsplit

import attrs
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from typer.main import get_command

from textback import forwarding
from textback.config.schema import describe
from textback.model import PhoneNumber

_STEP = re.compile(r"^# ── (?P<name>.+?) ─+$")
_RAISED = re.compile(r"^(?P<errors>[A-Z]\w+(?:, [A-Z]\w+)*): ")


@attrs.frozen
class Hook:
    """One hook as its module spells it; *step* is the heading above it."""

    name: str
    step: str
    signature: str
    doc: str


def hooks_of(source: str) -> Iterator[Hook]:
    """Every function with the decorator ``hookspec``, in order."""
    steps = {
        number: match["name"]
        for number, line in enumerate(source.splitlines(), 1)
        if (match := _STEP.match(line))
    }
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            isinstance(each, ast.Name) and each.id == "hookspec" for each in node.decorator_list
        ):
            word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
            answer = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            yield Hook(
                name=node.name,
                step=steps[max(line for line in steps if line < node.lineno)],
                signature=f"{word} {node.name}({ast.unparse(node.args)}){answer}",
                doc=_markdown(ast.get_docstring(node) or ""),
            )


def _markdown(doc: str) -> str:
    """A Google-style docstring as Markdown: what it raises becomes a list."""
    text, _, raises = doc.partition("\nRaises:\n")
    items = []
    for line in inspect.cleandoc(raises).splitlines():
        named = _RAISED.match(line)
        if named:
            errors = ", ".join(f"`{error}`" for error in named["errors"].split(", "))
            items.append(f"- {errors}: {line[named.end() :]}")
        else:
            items.append(f"  {line.strip()}")
    return text + "\n\nRaises:\n\n" + "\n".join(items) if items else text


class Reference(SphinxDirective):
    """Builds sections and tables whose words are Markdown."""

    required_arguments = 1

    def markdown(self, text: str) -> list[nodes.Node]:
        """What *text* says, as nodes."""
        holder = nodes.Element()
        source, _ = self.get_source_info()
        self.state.nested_parse(StringList(text.splitlines(), source), 0, holder)
        return holder.children

    def section(self, title: str, content: Iterable[nodes.Node], *, code: bool) -> nodes.section:
        """A section whose address is its title."""
        name = nodes.literal(title, title) if code else nodes.Text(title)
        section = nodes.section("", nodes.title("", "", name), *content, names=[title.lower()])
        self.state.document.note_implicit_target(section, section)
        return section

    def table(self, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[nodes.Node]:
        """A table; a cell is Markdown on one line."""
        lines = [header, ("---",) * len(header), *rows]
        return self.markdown(
            "\n".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in r)} |" for r in lines)
        )


class Hooks(Reference):
    """``{hooks} MODULE``: a section a step, in it a section a hook."""

    def run(self) -> list[nodes.Node]:
        """The sections, in the order of the module."""
        module = importlib.import_module(self.arguments[0])
        self.env.note_dependency(str(module.__file__))
        steps: dict[str, list[nodes.section]] = {}
        for hook in hooks_of(inspect.getsource(module)):
            words = self.markdown(f"```python\n{hook.signature}\n```\n\n{hook.doc}")
            steps.setdefault(hook.step, []).append(self.section(hook.name, words, code=True))
        return [self.section(step.capitalize(), hooks, code=False) for step, hooks in steps.items()]


class Settings(Reference):
    """``{settings} MODULE.CLASS``: a table of the settings that a class declares."""

    def run(self) -> list[nodes.Node]:
        """The table; a setting without a default is required."""
        module, _, name = self.arguments[0].rpartition(".")
        cls = resolve_name(f"{module}:{name}")
        self.env.note_dependency(str(inspect.getfile(cls)))
        rows = [
            (f"`{each.name}`", each.type, f"`{each.default}`" if each.default else "", each.help)
            for each in describe(cls)
            if each.help
        ]
        return self.table(("setting", "type", "default", "what it says"), rows)


class Forwarding(Reference):
    """``{forwarding} NUMBER``: what to dial so that unanswered calls are forwarded there."""

    def run(self) -> list[nodes.Node]:
        """The table, a row a code, with its source."""
        data = Path(str(forwarding.__file__)).parent / "data" / "forwarding.toml"
        self.env.note_dependency(str(data))
        number = PhoneNumber(self.arguments[0])
        rows = [
            (
                f"{code.carrier}, {code.country}",
                code.calls,
                f"`{code.to(number)}`",
                f"`{code.off}`",
                f"{'' if code.verified else '*unverified*: '}{_linked(code.source)}",
                code.note,
            )
            for code in forwarding.codes()
        ]
        header = ("phone company", "which calls", "dial", "to undo", "source", "")
        return self.table(header, rows)


def _linked(source: str) -> str:
    return f"[{urlsplit(source).hostname}]({source})" if "://" in source else source


class Commands(Reference):
    """``{commands} MODULE:APP``: a section for each command of a typer application."""

    hidden: ClassVar = {"help", "install_completion", "show_completion"}

    def run(self) -> list[nodes.Node]:
        """The sections, by the commands' names as they are typed."""
        group = get_command(resolve_name(self.arguments[0]))
        return [
            self.section(f"textback {path}", self.describe(path, command), code=True)
            for path, command in sorted(_walk(group, ()))
        ]

    def describe(self, path: str, command: Any) -> list[nodes.Node]:
        """How a command is typed, what it does, its options."""
        parameters = [each for each in command.params if each.name not in self.hidden]
        arguments = [each for each in parameters if each.param_type_name == "argument"]
        options = [each for each in parameters if each.param_type_name == "option"]
        typed = " ".join(
            ["textback", path, *map(_argument, arguments), *(["[OPTIONS]"] if options else [])]
        )
        rows = [(f"`{_argument(each)}`", each.help or "") for each in arguments]
        rows += [
            (", ".join(f"`{name}`" for name in [*each.opts, *each.secondary_opts]), each.help or "")
            for each in options
        ]
        words = self.markdown(f"```console\n{typed}\n```\n\n{inspect.cleandoc(command.help or '')}")
        return [*words, *self.table(("", "what it says"), rows)] if rows else words


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def _walk(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _walk(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    app.add_directive("hooks", Hooks)
    app.add_directive("settings", Settings)
    app.add_directive("commands", Commands)
    app.add_directive("forwarding", Forwarding)
    return {"parallel_read_safe": True}
