"""What a plugin's class has, and what can't work about it; looked at once for each class."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cache
from types import SimpleNamespace
from typing import Any, Final, get_type_hints

import attrs

from textback import hookspecs
from textback.config.messages import nearest

_HANDED = ("settings", "services")


class Form(Enum):
    """How a hook is defined; the value completes "must be"."""

    ASYNC = "async def"
    GENERATOR = "an async generator: async def with yield"
    SYNC = "a plain def, without async"


@attrs.frozen
class Spec:
    """One hook of `textback.hookspecs`."""

    name: str
    argnames: tuple[str, ...]
    form: Form
    function: Callable[..., Any]


@attrs.frozen(eq=False)
class Anatomy:
    """A plugin's class, looked at.

    Attributes:
        api: The version of the hooks that it is written for, as it declares it; None if it doesn't.
        settings: The class that its table is structured into; None if there is a problem with it.
        hooks: Those that it implements, with the arguments that each takes.
        problems: Why it can't be a plugin, in sentences; empty if it can.
    """

    kind: type
    api: int | None
    settings: type | None
    hooks: Mapping[str, tuple[str, ...]]
    problems: tuple[str, ...]


def _specs() -> Iterator[Spec]:
    for name, function in vars(hookspecs).items():
        if not hasattr(function, "textback_spec"):
            continue
        signature = inspect.signature(function)
        if inspect.iscoroutinefunction(function):
            form = Form.ASYNC
        elif str(signature.return_annotation).startswith("AsyncIterator"):
            form = Form.GENERATOR
        else:
            form = Form.SYNC
        yield Spec(name, tuple(signature.parameters), form, function)


SPECS: Final[Mapping[str, Spec]] = {spec.name: spec for spec in _specs()}


@cache
def anatomy_of(kind: type) -> Anatomy:
    """Look at a class; it is not instantiated, and no property of it is read."""
    hooks: dict[str, tuple[str, ...]] = {}
    problems = list(_problems_of_class(kind))
    settings = None
    if attrs.has(kind):
        try:
            settings = _settings_of(kind)
        except ValueError as error:
            problems.append(str(error))
    for name, function, marks in _methods(kind):
        said = [f"{kind.__name__}.{name} {words}" for words in _problems_of(name, function, marks)]
        problems += said
        if marks is not None and not said:
            hooks[name] = tuple(inspect.signature(function).parameters)[1:]
    if not any(marks is not None for _, _, marks in _methods(kind)):
        problems.append(f"{kind.__name__} implements no hook; mark its methods with @hookimpl")
    try:
        api = _api_of(kind)
    except ValueError as error:
        api = None
        problems.append(str(error))
    return Anatomy(kind, api, settings, hooks, tuple(problems))


def hooks_of(kind: type) -> frozenset[str]:
    """The hooks that a plugin's class implements as it should."""
    return frozenset(anatomy_of(kind).hooks)


def has_hooks(kind: type) -> bool:
    """Whether a class has a method that is marked as a hook."""
    return any(marks is not None for _, _, marks in _methods(kind))


def _methods(kind: type) -> Iterator[tuple[str, Any, Mapping[str, Any] | None]]:
    """What is marked as a hook, or named as one: name, what stands in the class, its marks."""
    for name in dir(kind):
        found = inspect.getattr_static(kind, name)
        function = getattr(found, "__func__", found)  # of a staticmethod or classmethod
        marks = getattr(function, "textback_impl", None)
        if isinstance(marks, dict):
            yield name, found, marks
        elif name in SPECS and inspect.isfunction(function):
            yield name, found, None


def _problems_of_class(kind: type) -> Iterator[str]:
    name = kind.__name__
    if not attrs.has(kind):
        yield f"{name} is not an attrs class; decorate it with @attrs.frozen(eq=False)"
        return
    if kind.__eq__ is not object.__eq__ or kind.__hash__ is not object.__hash__:
        yield f"{name} compares by value, and two of it may be equal; give attrs eq=False"
    fields = {field.alias: field for field in attrs.fields(kind) if field.init}
    for handed in _HANDED:
        if handed not in fields:
            yield f"{name} has no field {handed}; a plugin is made as {name}(settings, services)"
    for alias, field in fields.items():
        if alias not in _HANDED and field.default is attrs.NOTHING:
            yield f"{name} needs {alias}, which nobody hands it; give it a default or init=False"


def _api_of(kind: type) -> int | None:
    """The version of the hooks that a class declares; None if it doesn't.

    Raises:
        ValueError: It is none that can be used; says why, and what to do.
    """
    name, api = kind.__name__, inspect.getattr_static(kind, "api", None)
    if api is None:
        return None
    if not isinstance(api, int) or isinstance(api, bool):
        raise ValueError(f"{name}.api is no version of the hooks; write: api = {hookspecs.API}")
    if api > hookspecs.API:
        raise ValueError(
            f"{name} is written for version {api} of the hooks, and this textback has "
            f"{hookspecs.API}; run: pip install -U textback"
        )
    if api < hookspecs.OLDEST_API:
        raise ValueError(
            f"{name} is written for version {api} of the hooks, and this textback goes back to "
            f"{hookspecs.OLDEST_API}; install a newer version of the plugin"
        )
    return api


def _settings_of(kind: type) -> type | None:
    """The class of the field *settings*.

    Raises:
        ValueError: It is none that a table can be structured into; says why.
    """
    field = attrs.fields_dict(kind).get("settings")
    if field is None:
        return None  # told already
    where = f"{kind.__name__}.settings"
    settings: Any = _resolved(kind, field.type)
    if settings is None:
        raise ValueError(
            f"{where}: its annotation {field.type} can't be resolved; "
            "import the class outside of TYPE_CHECKING"
        )
    if not isinstance(settings, type) or not attrs.has(settings) or not _is_frozen(settings):
        raise ValueError(f"{where} must be annotated with a frozen attrs class")
    return settings


def _resolved(kind: type, annotation: Any) -> Any:
    """An annotation, which may be a string, as seen from the module of the class or of a base."""
    for base in kind.__mro__:
        module = sys.modules.get(base.__module__)
        one = SimpleNamespace(__annotations__={"it": annotation})
        try:
            return get_type_hints(one, globalns=vars(module) if module else {})["it"]
        except (NameError, AttributeError, TypeError, SyntaxError):
            continue
    return None


def _is_frozen(cls: type) -> bool:
    try:
        setattr(object.__new__(cls), "anything", None)  # noqa: B010 (attrs has no public question)
    except AttributeError as error:  # of another kind if it is only that slots have no such name
        return isinstance(error, attrs.exceptions.FrozenError)
    return False


def _problems_of(name: str, found: Any, marks: Mapping[str, Any] | None) -> Iterator[str]:
    """What is wrong with one method; each completes "Class.method ..."."""
    spec = SPECS.get(name)
    if marks is None:
        yield "is named as a hook; mark it with @hookimpl, or name it otherwise"
        return
    if marks.get("specname"):
        yield f"is marked with specname; name the method {marks['specname']} itself"
        return
    if spec is None:
        yield f"is marked with @hookimpl, but there is no such hook{nearest(name, SPECS)}"
        return
    for mark in ("tryfirst", "trylast"):
        if marks.get(mark):
            yield f"is marked {mark}; the order is that of the client's file"
    if marks.get("wrapper") or marks.get("hookwrapper"):
        yield "is a wrapper; a plugin answers for itself alone"
    if not inspect.isfunction(found):
        yield f"is a {type(found).__name__}; make it a plain method"
        return
    if _form(found) is not spec.form:
        yield f"must be {spec.form.value}"
    yield from _problems_of_arguments(spec, found)


def _form(function: Callable[..., Any]) -> Form:
    if inspect.iscoroutinefunction(function):
        return Form.ASYNC
    return Form.GENERATOR if inspect.isasyncgenfunction(function) else Form.SYNC


def _problems_of_arguments(spec: Spec, function: Callable[..., Any]) -> Iterator[str]:
    takes = ", ".join(spec.argnames) or "nothing"
    for parameter in [*inspect.signature(function).parameters.values()][1:]:
        name = parameter.name
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            yield f"takes {parameter}; a hook names its arguments plainly, of: {takes}"
        elif name not in spec.argnames:
            hint = nearest(name, spec.argnames)
            yield f'takes "{name}", which is none of its arguments ({takes}){hint}'
        elif parameter.default is not parameter.empty:
            yield f'gives "{name}" a default, and would never be handed it'
