"""Plugins' own settings: strict, in words, and never showing a secret."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import attrs
import pytest

from textback.config import structure_settings
from textback.config.references import References
from textback.config.secrets import Secret
from textback.config.settings import PluginTable
from textback.errors import AssemblyError
from textback.model import PhoneNumber

HIDDEN = "sk-live-0123456789"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Inner:
    size: int = 1


@attrs.frozen(kw_only=True)
class Settings:
    text: str = "a"
    whole: int = attrs.field(default=1, validator=attrs.validators.gt(0))
    number: float = 1.0
    truth: bool = False
    choice: Literal["a", "b", 3] = "a"
    colour: Colour = Colour.RED
    wait: timedelta = timedelta(hours=1)
    zone: ZoneInfo | None = None
    phone: PhoneNumber | None = None
    ring: tuple[PhoneNumber, ...] = attrs.field(default=(), validator=attrs.validators.max_len(2))
    token: Secret | None = None
    file: Path | None = None
    inner: Inner = Inner()
    inners: list[Inner] = attrs.field(factory=list)
    names: Mapping[str, str] = attrs.field(factory=dict)
    loose: dict[str, Any] = attrs.field(factory=dict)


def a_table(settings, **kwargs):
    """A client's table of the plugin "acme"."""
    kwargs.setdefault("references", References(environ={"TOKEN": HIDDEN}, directory=Path("/d")))
    return PluginTable(
        name="acme", use="acme", roles=None, was=(), settings=settings, file="f", **kwargs
    )


def problems(cls, settings, **kwargs):
    """Path and message of each problem."""
    with pytest.raises(AssemblyError) as caught:
        structure_settings(cls, a_table(settings, **kwargs))
    return {problem.path: problem.message for problem in caught.value.problems}


def test_every_type_that_a_setting_may_have():
    """From what TOML can say to what a plugin wants."""
    made = structure_settings(
        Settings,
        a_table(
            {
                "text": "costs $$5, ${TOKEN}",
                "whole": 2,
                "number": 3,
                "truth": True,
                "choice": 3,
                "colour": "blue",
                "wait": "1h30m",
                "zone": "America/Denver",
                "phone": "(303) 555-0100",
                "ring": ["+13035550101", "+447700900123"],
                "token": "${TOKEN}",
                "file": "logo.png",
                "inner": {"size": 2},
                "inners": [{"size": 3}, {}],
                "names": {"a": "${TOKEN}"},
                "loose": {"any": [1, "two"]},
            },
            region="US",
        ),
    )

    assert made == Settings(
        text=f"costs $5, {HIDDEN}",
        whole=2,
        number=3.0,
        truth=True,
        choice=3,
        colour=Colour.BLUE,
        wait=timedelta(minutes=90),
        zone=ZoneInfo("America/Denver"),
        phone=PhoneNumber("+13035550100"),
        ring=(PhoneNumber("+13035550101"), PhoneNumber("+447700900123")),
        token=Secret(HIDDEN),
        file=Path("/d/logo.png"),
        inner=Inner(2),
        inners=[Inner(3), Inner()],
        names={"a": HIDDEN},
        loose={"any": [1, "two"]},
    )
    assert type(made.number) is float
    assert type(made.colour) is Colour


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("text", 1, "must be a text in quotes, not a whole number"),
        ("text", ["a"], "must be a text in quotes, not a list"),
        ("whole", True, "must be a whole number, not true or false"),
        ("whole", 1.0, "must be a whole number, not a number with a decimal point"),
        ("whole", "1", "must be a whole number, not a text"),
        ("whole", 0, "must be > 0: 0"),
        ("number", True, "must be a number, not true or false"),
        ("number", "${TOKEN}", "must be a number, not a text"),
        ("number", float("nan"), "must be a finite number"),
        ("truth", 1, "must be true or false, not a whole number"),
        ("truth", "true", "must be true or false, not a text"),
        ("choice", "3", '"3" is not one of "a", "b", 3'),
        ("choice", True, 'true or false is not one of "a", "b", 3'),
        ("colour", "bleu", '"bleu" is not one of "red", "blue"; did you mean "blue"?'),
        ("wait", 90, 'must be a duration in quotes, e.g. "2h", not a whole number'),
        ("wait", "90", '"90" is no duration; write e.g. "90s", "15m", "2h" or "1d"'),
        ("zone", "../UTC", '"../UTC" is no time zone; write e.g. "America/Denver"'),
        ("ring", "+13035550100", "must be a list in [brackets], not a text"),
        ("ring", ["+13035550100"] * 3, "must have at most 2"),
        ("token", 12, 'must be a text in quotes or { file = "PATH" }, not a whole number'),
        ("token", "", "is empty"),
        ("token", {"file": "no"}, 'the file "no" can\'t be read: No such file or directory'),
        ("inner", [], "must be a table, not a list"),
        ("names", [], "must be a table, not a list"),
        ("nmaes", {}, 'unknown setting; did you mean "names"?'),
    ],
)
def test_reading_is_strict(key, value, message):
    """Nothing is taken for what it isn't, and the message says what it should be."""
    assert problems(Settings, {key: value}) == {f"plugins.acme.{key}": message}


def test_paths_lead_into_lists_and_tables():
    """Positions count from 1, as people do; keys that need quotes have them."""
    found = problems(
        Settings,
        {
            "inners": [{}, {"size": "2", "colour": 1}, 5],
            "names": {"lead source": 1},
            "ring": ["+13035550100", "555"],
        },
    )

    assert set(found) == {
        "plugins.acme.inners[2].size",
        "plugins.acme.inners[2].colour",
        "plugins.acme.inners[3]",
        'plugins.acme.names."lead source"',
        "plugins.acme.ring[2]",
    }


def test_what_concerns_several_settings_is_told_too():
    """An error of the class itself has the table's path."""

    @attrs.frozen
    class Either:
        one: str | None = None
        other: str | None = attrs.field(default=None)

        @other.validator
        def _only_one(self, _, value):
            if self.one and value:
                raise ValueError("set one or other, not both")

    assert structure_settings(Either, a_table({"one": "a"})) == Either("a")
    assert problems(Either, {"one": "a", "other": "b"}) == {
        "plugins.acme": "set one or other, not both"
    }


def test_a_setting_without_a_default_is_required():
    """It is missed together with everything else that is wrong."""

    @attrs.frozen
    class Account:
        sid: str
        token: Secret

    assert problems(Account, {"toke": "x"}) == {
        "plugins.acme.sid": "required setting missing",
        "plugins.acme.token": "required setting missing",
        "plugins.acme.toke": 'unknown setting; did you mean "token"?',
    }


def test_no_message_shows_what_was_looked_up():
    """Not even one that a plugin's validator made of the value."""

    def picky(_, __, value):
        raise ValueError(f"{value!r} won't do, nor will {getattr(value, 'value', '')}")

    @attrs.frozen
    class Account:
        sid: str = attrs.field(validator=picky)
        token: Secret = attrs.field(validator=picky)
        url: str = attrs.field(validator=attrs.validators.matches_re("https://.*"))

    table = a_table({"sid": "${TOKEN}", "token": "literal-secret", "url": "http://${TOKEN}"})

    with pytest.raises(AssemblyError) as caught:
        structure_settings(Account, table)

    assert caught.value.__context__ is None
    assert HIDDEN not in str(caught.value)
    assert "literal-secret" not in str(caught.value)
    assert "${TOKEN}" in str(caught.value)
    assert "literal-secret" not in repr(table)
    assert HIDDEN not in repr(table)
