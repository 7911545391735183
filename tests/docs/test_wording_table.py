"""The page on wording shows what its example really sends; if it doesn't, it is rewritten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count, product
from pathlib import Path

import pytest

from textback import plugins
from textback.config import Config, load
from textback.engine.starting.check import advice, complete
from textback.flow.segments import segments
from textback.model import Caller, Outcome, PhoneNumber
from textback.testing.plays import PLAYED_FOR
from textback.testing.simulation import Simulation, simulation

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "wording.md"
CLIENT = "bright-smile"
HOURS = {
    "open": datetime(2026, 3, 2, 9, 0),  # noqa: DTZ001 (by the client's clock)
    "closed": datetime(2026, 3, 2, 20, 0),  # noqa: DTZ001
    "holiday": datetime(2026, 12, 25, 10, 0),  # noqa: DTZ001
}
LANGUAGES = {"en": "Callers whose language isn't known", "es": "Callers who speak Spanish"}
MISSED = [outcome for outcome in Outcome if outcome.missed]
Key = tuple[str, Outcome, str, bool]  # language, outcome, hours, known


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The page's example as a client's file."""
    (tmp_path / "clients").mkdir()
    (tmp_path / "textback.toml").write_text(
        '[server]\npublic_url = "https://hooks.agency.example"\n'
        '[store]\nkey = "a key of this test"\n'
    )
    example = re.findall(r"```toml\n(name = .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "clients" / f"{CLIENT}.toml").write_text(example[0], encoding="utf-8")
    config = complete(load(tmp_path / "textback.toml", environ={}), plugins.find(None))
    assert not config.problems
    return config


async def played(config: Config, hours: str) -> dict[Key, str]:
    """Play a call for each outcome, language and caller; the text that each got."""
    start = HOURS[hours].replace(tzinfo=config.clients[CLIENT].time_zone)
    numbers = count(110)
    async with simulation(config, CLIENT, start, plugins.find(None)) as simulated:
        return {
            (language, outcome, hours, known): await text_of(
                simulated, outcome, caller(next(numbers), language, known=known)
            )
            for language, outcome, known in product(LANGUAGES, MISSED, (True, False))
        }


def caller(number: int, language: str, *, known: bool) -> Caller:
    """Ana, whom the CRM knows; or someone of whom nothing is known but perhaps the language."""
    return Caller(
        number=PhoneNumber(f"+13035550{number}"),
        name="Ana Ejemplo" if known else None,
        first_name="Ana" if known else None,
        known=known or None,
        language=None if language == "en" else language,
    )


async def text_of(simulated: Simulation, outcome: Outcome, caller: Caller) -> str:
    """The one text that a caller gets at once."""
    assert caller.number is not None
    simulated.world.callers[caller.number] = caller
    await simulated.call(PLAYED_FOR[outcome], caller.number)
    await simulated.advance_to(simulated.clock.now() + timedelta(seconds=5))
    (text,) = [each for each in simulated.world.texts if each.to == caller.number]
    return text.body


def written(texts: dict[Key, str]) -> Iterator[str]:
    """The tables, and the texts that their cells refer to, as Markdown."""
    numbers = {body: number for number, body in enumerate(dict.fromkeys(texts.values()), 1)}
    cases = list(product(HOURS, (True, False)))
    for language, title in LANGUAGES.items():
        heads = [f"{hours}, {'known' if known else 'unknown'}" for hours, known in cases]
        yield f"| {title} | {' | '.join(heads)} |"
        yield "| --- |" + " --- |" * len(heads)
        for outcome in MISSED:
            cells = [str(numbers[texts[language, outcome, *case]]) for case in cases]
            yield f"| `{outcome}` | {' | '.join(cells)} |"
        yield ""
    for body, number in numbers.items():
        parts = segments(body)
        yield f"{number}. {body} *({parts} part{'s' if parts > 1 else ''})*"


async def test_the_table_is_what_simulated_callers_get(config: Config) -> None:
    """Every outcome, known and unknown, in and out of hours, in both languages."""
    texts: dict[Key, str] = {}
    for hours in HOURS:
        texts |= await played(config, hours)
    assert len(texts) == len(LANGUAGES) * len(MISSED) * len(HOURS) * 2
    page = PAGE.read_text(encoding="utf-8")

    table = "\n".join(written(dict(sorted(texts.items(), key=lambda each: in_order(each[0])))))
    now = re.sub(
        r"(?<=<!-- table -->\n).*?(?=<!-- /table -->)",
        lambda _: f"\n{table}\n\n",
        page,
        flags=re.DOTALL,
    )

    if now != page:
        PAGE.write_text(now, encoding="utf-8")
    assert now == page, f"{PAGE.name} was out of date and has been rewritten; look at it"


def in_order(key: Key) -> tuple[int, ...]:
    """The order of the tables' cells."""
    language, outcome, hours, known = key
    return (
        list(LANGUAGES).index(language),
        MISSED.index(outcome),
        list(HOURS).index(hours),
        not known,
    )


def test_the_example_leaves_no_caller_out(config: Config) -> None:
    """Each of its texts is for some call, and each is billed as one."""
    told = [finding.message for _, _, finding in advice(config, plugins.find(None))]

    assert not [words for words in told if "text" in words], told
