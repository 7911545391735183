"""Pages made from the program.

``{hooks}``, ``{settings}``, ``{commands}``, ``{forwarding}``; for those who write plugins
``{fields}``, ``{functions}``, ``{docstring}`` and ``{rules}``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
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
_ATTRIBUTE = re.compile(r"^(?P<name>\w+): (?P<words>.+)$")
_VALUE = re.compile(r"^    (?P<name>[A-Z_]+) = .+?(?:  # (?P<words>.+))?$")
_RAISED = re.compile(r"^(?P<errors>[A-Z]\w+(?:, [A-Z]\w+)*): ")
_PART = re.compile(r"\n(Args|Returns|Raises):\n")
_TITLES = {"Args": "Takes", "Returns": "Gives", "Raises": "Raises"}


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
    """A Google-style docstring as Markdown: what it takes, gives and raises become lists."""
    text, *parts = _PART.split(doc)
    for title, inside in zip(parts[::2], parts[1::2], strict=True):
        items = []
        for line in inspect.cleandoc(inside).splitlines():
            named = _RAISED.match(line) if title == "Raises" else _ATTRIBUTE.match(line)
            if title == "Returns":
                items.append(f"  {line.strip()}" if items else f"- {line.strip()}")
            elif named:
                names = ", ".join(f"`{name}`" for name in named[1].split(", "))
                items.append(f"- {names}: {line[named.end(1) + 2 :]}")
            else:
                items.append(f"  {line.strip()}")
        text += f"\n\n{_TITLES[title]}:\n\n" + "\n".join(items)
    return text


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


def attributes_of(doc: str) -> dict[str, str]:
    """What a docstring says below ``Attributes:``, by name."""
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(doc.partition("Attributes:\n")[2]).splitlines():
        if match := _ATTRIBUTE.match(line):
            name = match["name"]
            found[name] = match["words"]
        elif line.startswith(" ") and name:
            found[name] += f" {line.strip()}"
        elif line.strip():
            break  # another part of the docstring
    return found


class Fields(Reference):
    """``{fields} MODULE`` with a name a line: a section for each class, with its fields.

    What a field means stands below ``Attributes:`` of the class, or if several have it, of the
    module.  An enumeration's values mean what is said in the comments behind them.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The sections, in the order of the names."""
        module = importlib.import_module(self.arguments[0])
        self.env.note_dependency(str(module.__file__))
        shared = attributes_of(module.__doc__ or "")
        return [
            self.section(name, [*self.where(module.__name__, name), *words], code=True)
            for name in map(str.strip, self.content)
            if name
            for words in [self.describe(getattr(module, name), shared)]
        ]

    def where(self, module: str, name: str) -> list[nodes.Node]:
        """How it is imported."""
        return self.markdown(f"`from {module} import {name}`")

    def describe(self, cls: Any, shared: Mapping[str, str]) -> list[nodes.Node]:
        """What a class is for, and a table."""
        doc = inspect.cleandoc(cls.__doc__ or "")
        words = self.markdown(doc.partition("Attributes:\n")[0])
        if issubclass(cls, Enum):
            rows = [(f"`{each}`", said) for each, said in values_of(cls)]
            return [*words, *self.table(("name", "what it says"), rows)]
        said, spelled = dict(shared), {}
        for each in reversed(cls.__mro__):  # fields may be those of another class, and more
            said |= attributes_of(inspect.cleandoc(each.__doc__ or ""))
            spelled |= inspect.get_annotations(each)  # a type may have been resolved meanwhile
        rows = [
            (f"`{each.name}`", f"`{spelled[each.name]}`", _default(each), said.get(each.name, ""))
            for each in attrs.fields(cls)
        ]
        return [*words, *self.table(("field", "type", "default", "what it says"), rows)]


def values_of(cls: type[Enum]) -> Iterator[tuple[str, str]]:
    """The values of an enumeration, each with the comment behind it."""
    for line in inspect.getsource(cls).splitlines():
        if match := _VALUE.match(line):
            yield match["name"], match["words"] or ""


def _default(field: Any) -> str:
    if field.default is attrs.NOTHING:
        return "*required*"
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # it is a class
        return f"`{field.default.factory()!r}`"
    value = field.default
    return f"`{value.value if isinstance(value, Enum) else repr(value)}`"


class Functions(Reference):
    """``{functions} MODULE`` with a name a line: a section for each function or method."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The sections, in the order of the names."""
        module = importlib.import_module(self.arguments[0])
        self.env.note_dependency(str(module.__file__))
        return [self.describe(module, name.strip()) for name in self.content if name.strip()]

    def describe(self, module: Any, name: str) -> nodes.section:
        """How it is called, and what it does."""
        function = resolve_name(f"{module.__name__}:{name}")
        word = "async def" if inspect.iscoroutinefunction(function) else "def"
        spelled = f"{word} {name.rpartition('.')[2]}{inspect.signature(function)}"
        doc = _markdown(inspect.getdoc(function) or "")
        words = self.markdown(f"```python\n{spelled}\n```\n\n{doc}")
        return self.section(name, words, code=True)


class Docstring(Reference):
    """``{docstring} MODULE``: what a module says of itself, as it stands there."""

    def run(self) -> list[nodes.Node]:
        """The words, as preformatted text."""
        module = importlib.import_module(self.arguments[0])
        self.env.note_dependency(str(module.__file__))
        return self.markdown(f"```text\n{inspect.cleandoc(module.__doc__ or '')}\n```")


class Rules(Reference):
    """``{rules} MODULE:RULES``: the rules by which a plugin is certified."""

    def run(self) -> list[nodes.Node]:
        """The table, in the order of the levels."""
        rules = resolve_name(self.arguments[0])
        rows = [(rule.level.name.lower(), f"`{rule.name}`", rule.says) for rule in rules]
        return self.table(("level", "rule", "what it asks for"), rows)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    app.add_directive("hooks", Hooks)
    app.add_directive("settings", Settings)
    app.add_directive("commands", Commands)
    app.add_directive("forwarding", Forwarding)
    app.add_directive("fields", Fields)
    app.add_directive("functions", Functions)
    app.add_directive("docstring", Docstring)
    app.add_directive("rules", Rules)
    return {"parallel_read_safe": True}
