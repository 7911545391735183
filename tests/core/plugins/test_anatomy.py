"""What is refused about a plugin's class, with the hook named."""

from types import FunctionType

import attrs
import pytest

from textback import hookspecs
from textback.hookspecs import hookimpl
from textback.plugins import anatomy_of, hooks_of, roles_of
from textback.plugins.anatomy import SPECS, Form


@attrs.frozen
class Settings:
    url: str = ""


@attrs.frozen(eq=False)
class Good:
    settings: Settings
    services: object
    seen: list = attrs.field(factory=list)

    @hookimpl
    async def read_webhook(self, request):
        """A source, or what goes with another role."""

    @hookimpl
    async def save_contact(self, key, lead):
        """Takes its arguments in an order of its own."""

    @hookimpl
    async def list_calls(self, since):
        yield since

    @hookimpl
    def judge(self, picture):
        """Plain, as it must be."""

    @hookimpl
    async def maintain(self):
        """Takes nothing."""

    def help(self):
        """No hook, and its name is none's."""

    @property
    def secret(self):
        raise AssertionError("nobody asked for this property")


def test_specs_are_those_of_the_contract():
    """Each function that is marked in hookspecs, with its arguments and its form."""
    marked = {
        name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "textback_spec")
    }
    assert SPECS.keys() == marked
    assert len(marked) > 20
    assert SPECS["save_deal"].argnames == ("ref", "lead", "key")
    forms = {name: spec.form for name, spec in SPECS.items() if spec.form is not Form.ASYNC}
    assert forms == {
        "judge": Form.SYNC,
        "list_calls": Form.GENERATOR,
        "list_texts": Form.GENERATOR,
    }


def test_good_class():
    """Its hooks with what each takes, its settings' class, its roles."""
    anatomy = anatomy_of(Good)
    assert anatomy.problems == ()
    assert anatomy.settings is Settings
    assert anatomy.hooks == {
        "read_webhook": ("request",),
        "save_contact": ("key", "lead"),
        "list_calls": ("since",),
        "judge": ("picture",),
        "maintain": (),
    }
    assert roles_of(Good) == ("source", "crm")


def test_inherited_hooks_count():
    """A plugin may refine another class."""

    @attrs.frozen(eq=False)
    class Child(Good):
        @hookimpl
        async def notify_team(self, notice):
            """One more."""

    assert hooks_of(Child) == hooks_of(Good) | {"notify_team"}
    assert anatomy_of(Child).problems == ()


def a_class(**methods):
    """A plugin's class called Acme with some hooks."""
    return attrs.frozen(eq=False)(
        type("Acme", (), {"__annotations__": {"settings": Settings, "services": object}, **methods})
    )


async def send_text(self, text):
    """As it should be."""


def sync(self, text):
    """No coroutine."""


async def generator(self, text):
    yield text


async def typo(self, txet):
    """Not what the hook has."""


async def default(self, text=None):
    """pluggy would never hand it over."""


async def keyword(self, *, text):
    """pluggy would not see it."""


async def variadic(self, *things):
    """Takes anything."""


async def asynchronous(self, picture):
    """No plain function."""


def hook(function, **options):
    """A copy of a function, marked: the mark stands on the function itself."""
    copy = FunctionType(function.__code__, globals(), function.__name__, function.__defaults__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return hookimpl(**options)(copy)


@pytest.mark.parametrize(
    ("methods", "problem"),
    [
        ({"send_text": hook(send_text, tryfirst=True)}, "Acme.send_text is marked tryfirst;"),
        ({"send_text": hook(send_text, trylast=True)}, "Acme.send_text is marked trylast;"),
        ({"send_text": hook(generator, wrapper=True)}, "Acme.send_text is a wrapper;"),
        ({"send_text": hook(generator, hookwrapper=True)}, "Acme.send_text is a wrapper;"),
        ({"send_text": hook(sync)}, "Acme.send_text must be async def"),
        ({"send_text": hook(generator)}, "Acme.send_text must be async def"),
        ({"judge": hook(asynchronous)}, "Acme.judge must be a plain def, without async"),
        ({"list_calls": hook(send_text)}, "Acme.list_calls must be an async generator"),
        ({"send_text": send_text}, "Acme.send_text is named as a hook; mark it with @hookimpl"),
        ({"send_txt": hook(send_text)}, 'no such hook; did you mean "send_text"?'),
        ({"send_txt": hook(send_text, optionalhook=True)}, "Acme.send_txt is marked with"),
        ({"sms": hook(send_text, specname="send_text")}, "name the method send_text itself"),
        ({"send_text": hook(typo)}, '(text); did you mean "text"?'),
        ({"send_text": hook(default)}, 'Acme.send_text gives "text" a default'),
        ({"send_text": hook(keyword)}, "Acme.send_text takes text; a hook names its"),
        ({"send_text": hook(variadic)}, "Acme.send_text takes *things; a hook names its"),
        ({"send_text": staticmethod(hook(send_text))}, "Acme.send_text is a staticmethod;"),
        ({"send_text": classmethod(hook(send_text))}, "Acme.send_text is a classmethod;"),
        ({}, "Acme implements no hook; mark its methods with @hookimpl"),
    ],
)
def test_hook_that_is_refused(methods, problem):
    """One problem, which names plugin and hook, and the hook doesn't count."""
    found = anatomy_of(a_class(**methods))
    assert [words for words in found.problems if problem in words], found.problems
    assert not found.hooks


@pytest.mark.parametrize(
    ("api", "problem"),
    [
        (hookspecs.API, None),
        (hookspecs.API + 1, "version 2 of the hooks, and this textback has 1; run: pip install -U"),
        (hookspecs.OLDEST_API - 1, "version 0 of the hooks, and this textback goes back to 1;"),
        ("1", "Acme.api is no version of the hooks; write: api = 1"),
        (True, "Acme.api is no version of the hooks"),
    ],
)
def test_version_that_a_plugin_is_written_for(api, problem):
    """One that we don't have is refused with what to do, before a hook of it is asked."""
    found = anatomy_of(a_class(send_text=hook(send_text), api=api))

    if problem is None:
        assert (found.api, found.problems) == (api, ())
    else:
        assert found.api is None
        assert len(found.problems) == 1
        assert problem in found.problems[0]


def test_plugin_that_names_no_version_is_taken_for_the_oldest():
    """It was written when there was one only; certifying asks for it."""
    found = anatomy_of(a_class(send_text=hook(send_text)))

    assert (found.api, found.problems) == (None, ())


def test_every_problem_at_once():
    """The author needs one look."""

    @attrs.define
    class Acme:
        settings: dict
        token: str

        @hookimpl
        def notify_team(self, note):
            """Neither form nor argument is right."""

    problems = "\n".join(anatomy_of(Acme).problems)
    assert problems.splitlines() == [
        "Acme compares by value, and two of it may be equal; give attrs eq=False",
        "Acme has no field services; a plugin is made as Acme(settings, services)",
        "Acme needs token, which nobody hands it; give it a default or init=False",
        "Acme.settings must be annotated with a frozen attrs class",
        "Acme.notify_team must be async def",
        'Acme.notify_team takes "note", which is none of its arguments (notice); '
        'did you mean "notice"?',
    ]


def test_class_that_is_not_of_attrs():
    """The first thing to know; its hooks are looked at all the same."""

    class Acme:
        @hookimpl
        async def notify_team(self, notice):
            """Fine in itself."""

    assert anatomy_of(Acme).problems == (
        "Acme is not an attrs class; decorate it with @attrs.frozen(eq=False)",
    )


@attrs.define
class Mutable:
    """With slots."""


@attrs.define(slots=False)
class MutableWithoutSlots:
    """With a dict."""


@attrs.frozen(slots=False)
class FrozenWithoutSlots:
    """Frozen all the same."""


@pytest.mark.parametrize(
    ("annotation", "problem"),
    [
        (Settings, None),
        ("Settings", None),
        (FrozenWithoutSlots, None),
        ("Elsewhere", "annotation Elsewhere can't be resolved; import the class outside of"),
        (Mutable, "Acme.settings must be annotated with a frozen attrs class"),
        (MutableWithoutSlots, "Acme.settings must be annotated with a frozen attrs class"),
        (str, "Acme.settings must be annotated with a frozen attrs class"),
    ],
)
def test_settings_are_a_frozen_class(annotation, problem):
    """The table is structured into it, so it must be known and must not change."""

    class Acme:
        @hookimpl
        async def notify_team(self, notice):
            """Fine."""

    Acme.__annotations__ = {"settings": annotation, "services": object}
    problems = anatomy_of(attrs.frozen(eq=False)(Acme)).problems
    if problem is None:
        assert problems == ()
    else:
        assert len(problems) == 1
        assert problem in problems[0]
