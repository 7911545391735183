"""The rules, from bronze to gold; each has a name, a sentence, and says why it isn't met."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import attrs

from textback.config.secrets import Secret
from textback.config.structure import setting_names
from textback.plugins import Anatomy, Found, roles_of
from textback.testing import contracts


class Level(IntEnum):
    """How far a plugin can be trusted."""

    NONE = 0
    BRONZE = 1  # it is one, and one can read what it does
    SILVER = 2  # it does what every plugin of its roles does
    GOLD = 3  # it is good to run for others


@attrs.frozen(kw_only=True)
class Subject:
    """A plugin, and all that the rules look at.

    Attributes:
        root: The folder of its project, with README and docs.
        package: The folder of its package; None if it is one file.
        sources: What its code says.
        tests: A record for each of its tests, see `textback.testing.certifying.recorder`.
        typing: What mypy says of it, a line each; None if mypy isn't there.
    """

    name: str
    found: Found
    kind: type
    anatomy: Anatomy
    root: Path
    package: Path | None
    sources: Sequence[str]
    tests: Sequence[Mapping[str, Any]]
    typing: Sequence[str] | None

    @property
    def settings(self) -> list[str]:
        """The names of its settings."""
        return setting_names(self.anatomy.settings) if self.anatomy.settings else []

    @property
    def own_tests(self) -> list[Mapping[str, Any]]:
        """The tests of its contract classes."""
        about = f"{self.kind.__module__}:{self.kind.__qualname__}"
        classes = {each["class"] for each in self.tests if each["about"] == about}
        return [each for each in self.tests if each["class"] in classes]


@attrs.frozen
class Verdict:
    """Whether a rule is met; *why* says what is missing, or why it isn't about this plugin."""

    met: bool
    why: str = ""


MET: Final = Verdict(met=True)


@attrs.frozen(kw_only=True)
class Rule:
    """One thing that a level asks for.

    Attributes:
        says: A sentence for authors, in the documentation and beside the verdict.
    """

    name: str
    level: Level
    says: str
    look: Callable[[Subject], Verdict]


def _no(why: str) -> Verdict:
    return Verdict(met=False, why=why)


def _not_needed(why: str) -> Verdict:
    return Verdict(met=True, why=f"not needed: {why}")


# ── bronze ──────────────────────────────────────────────────────────────────────────────────────


def _assembles(subject: Subject) -> Verdict:
    return _no("; ".join(subject.anatomy.problems)) if subject.anatomy.problems else MET


def _api(subject: Subject) -> Verdict:
    return MET if subject.anatomy.api is not None else _no("write in its class: api = 1")


def _explained(subject: Subject) -> Verdict:
    cls = subject.anatomy.settings
    fields = attrs.fields(cls) if cls is not None else ()
    silent = [each.name for each in fields if "help" not in each.metadata]
    if not silent:
        return MET
    return _no(f"say what they are with setting(...): {', '.join(silent)}")


def _documented(subject: Subject) -> Verdict:
    pages = "\n".join(_pages(subject))
    if not pages:
        return _no(f"neither README.md nor docs in {subject.root} has [plugins.{subject.name}]")
    cls = subject.anatomy.settings
    if cls and f"{{settings}} {subject.kind.__module__.split('.')[0]}" in pages:
        return MET  # the table is made from the class
    missing = [name for name in subject.settings if not re.search(rf"\b{name}\b", pages)]
    return _no(f"the pages don't have: {', '.join(missing)}") if missing else MET


def _pages(subject: Subject) -> Iterator[str]:
    files = [*subject.root.glob("README*"), *subject.root.glob("docs/**/*.md")]
    pages = {file: file.read_text("utf-8", "replace") for file in files if file.is_file()}
    for file, page in pages.items():
        if file.stem == subject.name or f"[plugins.{subject.name}]" in page:
            yield page


def _typed(subject: Subject) -> Verdict:
    if subject.package is None:
        return _not_needed("it is one file")
    if (subject.package / "py.typed").exists():
        return MET
    return _no(f"put an empty file py.typed into {subject.package.name}")


# ── silver ──────────────────────────────────────────────────────────────────────────────────────

CONTRACTS: Final[Mapping[str, type]] = {
    "source": contracts.SourceContract,
    "sender": contracts.SenderContract,
    "crm": contracts.CrmContract,
    "notifier": contracts.NotifierContract,
    "booking": contracts.BookingContract,
    "lookup": contracts.LookupContract,
    "email": contracts.EmailContract,
}
"""The contract of each role."""


def _tests_pass(subject: Subject) -> Verdict:
    if not subject.tests:
        return _no("there are none")
    failed = [each["test"] for each in subject.tests if each["outcome"] == "failed"]
    return _no(f"{len(failed)} failed: {_some(failed)}") if failed else MET


def _contract(role: str) -> Callable[[Subject], Verdict]:
    def look(subject: Subject) -> Verdict:
        roles = roles_of(subject.kind)
        if role not in roles:
            return _not_needed(f"it plays no {role}")
        if role == "lookup" and "crm" in roles:
            return _not_needed("a CRM may show by it that it knows who calls")
        if role == "source" and not _tells_of_calls(subject):
            return _not_needed("it tells of no calls, or hears of them over a connection")
        return _passes(subject, CONTRACTS[role])

    return look


def _tells_of_calls(subject: Subject) -> bool:
    """A plugin that reads webhooks could be a source; most senders and notifiers aren't.

    What is heard over a connection is looked at by the contract for that.
    """
    if subject.anatomy.hooks.keys().isdisjoint(("read_webhook", "list_calls")):
        return False
    return any(re.search(r"\bCallEvent\b", each) for each in subject.sources)


def _listen(subject: Subject) -> Verdict:
    if "listen" not in subject.anatomy.hooks:
        return _not_needed("it holds no connection")
    return _passes(subject, contracts.ListenContract)


def _webhooks(subject: Subject) -> Verdict:
    if "read_webhook" not in subject.anatomy.hooks:
        return _not_needed("it reads none")
    return _passes(subject, contracts.WebhookContract, needed="test_tells_what_happened")


def _passes(subject: Subject, contract: type, *, needed: str | None = None) -> Verdict:
    """Whether the plugin's tests have a contract, whole, unchanged and passed."""
    mine = [each for each in subject.own_tests if contract.__name__ in each["contracts"]]
    if not mine:
        return _no(f"derive a class from {contract.__name__} in its tests")
    failed = [each["test"] for each in mine if each["outcome"] == "failed"]
    if failed:
        return _no(f"{len(failed)} failed: {_some(failed)}")
    names = {name for name in dir(contract) if name.startswith("test_")}
    changed = sorted({each["name"] for each in mine if each["own"] and each["name"] in names})
    if changed:
        return _no(f"overridden: {_some(changed)}")
    missing = sorted(names - {each["name"] for each in mine})
    if missing:
        return _no(f"left out: {_some(missing)}")
    asked = [each["because"] for each in mine if each["because"].startswith("give ")]
    if asked:
        return _no(_some(list(dict.fromkeys(asked))))
    if needed and not any(e["name"] == needed and e["outcome"] == "passed" for e in mine):
        return _no(f"{contract.__name__} has no examples")
    return MET


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


# ── gold ────────────────────────────────────────────────────────────────────────────────────────


def _check(subject: Subject) -> Verdict:
    if not subject.settings:
        return _not_needed("it has no settings that could be wrong")
    if "check" not in subject.anatomy.hooks:
        return _no("implement check: whether credentials, lines and addresses are right")
    return _passes(subject, contracts.CheckContract)


def _erase(subject: Subject) -> Verdict:
    roles, kept = roles_of(subject.kind), _kept(subject.sources)
    if not ("crm" in roles or "contacts" in kept or ("lookup" in roles and "state" in kept)):
        return _not_needed("it keeps nothing of callers")
    if "erase" not in subject.anatomy.hooks:
        return _no("implement erase: what it holds of a number goes, or it says where that is")
    return _passes(subject, contracts.EraseContract)


def _kept(sources: Iterable[str]) -> set[str]:
    """Where a plugin keeps things: ``state``, ``contacts`` of its services."""
    return {
        node.attr
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr in ("state", "contacts")
        and getattr(node.value, "attr", getattr(node.value, "id", "")).endswith("services")
    }


def _redaction(subject: Subject) -> Verdict:
    if not _has_secret(subject.anatomy.settings):
        return _not_needed("it has no secret")
    shown = ("test_shows_no_secret", "test_a_rejection_shows_no_secret")
    looked = {each["outcome"] for each in subject.own_tests if each["name"] in shown}
    if "failed" in looked:
        return _no("a secret shows")
    if "passed" in looked:
        return MET
    return _no("let its contract tests make it with a secret in its settings")


def _has_secret(cls: Any) -> bool:
    if cls is None:
        return False
    for hint in get_type_hints(cls).values():
        for each in (hint, *get_args(hint)):
            if each is Secret or (attrs.has(each) and each is not cls and _has_secret(each)):
                return True
    return False


def _addressable(subject: Subject) -> Verdict:
    if not _asks(subject):
        return _not_needed("it asks nobody over HTTP")
    # Where the user says anyway whom it asks: one address, or one for each who is told.
    own = {"url", "urls", "webhook_url"}.intersection(subject.settings)
    return _has(subject, *(() if own else ("base_url",)), "timeout_s")


def _limited(subject: Subject) -> Verdict:
    if not _asks(subject):
        return _not_needed("it asks nobody over HTTP")
    if not hasattr(subject.anatomy.settings, "account"):
        return _no("its settings have no property account: whose limits these are")
    return _has(subject, "max_at_once", "max_per_s")


def _asks(subject: Subject) -> bool:
    return any(re.search(r"services\.(http|gate)\b", each) for each in subject.sources)


def _has(subject: Subject, *names: str) -> Verdict:
    missing = [name for name in names if name not in subject.settings]
    return _no(f"its settings have no {', '.join(missing)}") if missing else MET


def _strict(subject: Subject) -> Verdict:
    if subject.typing is None:
        return _no("can't be looked at without mypy; run: pip install mypy")
    return _no(_some(list(subject.typing))) if subject.typing else MET


RULES: Final[Sequence[Rule]] = (
    Rule(
        name="assembles",
        level=Level.BRONZE,
        says="The class can be put into a client's stack: hooks, arguments and settings are right.",
        look=_assembles,
    ),
    Rule(
        name="api",
        level=Level.BRONZE,
        says="It says for which version of the hooks it is written.",
        look=_api,
    ),
    Rule(
        name="explained",
        level=Level.BRONZE,
        says="Every setting says what it is, in a sentence.",
        look=_explained,
    ),
    Rule(
        name="documented",
        level=Level.BRONZE,
        says="README or docs show its table in a client's file, and name every setting.",
        look=_documented,
    ),
    Rule(
        name="typed",
        level=Level.BRONZE,
        says="The package says that it is typed (py.typed).",
        look=_typed,
    ),
    Rule(
        name="tests",
        level=Level.SILVER,
        says="It has tests, and all of them pass.",
        look=_tests_pass,
    ),
    *(
        Rule(
            name=f"contract-{role}",
            level=Level.SILVER,
            says=f"As {role}, it passes {contract.__name__}, whole and unchanged.",
            look=_contract(role),
        )
        for role, contract in CONTRACTS.items()
    ),
    Rule(
        name="contract-webhooks",
        level=Level.SILVER,
        says="What it reads by webhook passes WebhookContract, with examples.",
        look=_webhooks,
    ),
    Rule(
        name="contract-listen",
        level=Level.SILVER,
        says="What it hears over a held connection passes ListenContract.",
        look=_listen,
    ),
    Rule(
        name="check",
        level=Level.GOLD,
        says="If it has settings, it has `check`, which passes CheckContract.",
        look=_check,
    ),
    Rule(
        name="erase",
        level=Level.GOLD,
        says="If it keeps anything of callers, it has `erase`, which passes EraseContract.",
        look=_erase,
    ),
    Rule(
        name="redaction",
        level=Level.GOLD,
        says="If its settings have a secret, the contracts have seen that it never shows.",
        look=_redaction,
    ),
    Rule(
        name="addressable",
        level=Level.GOLD,
        says="If it speaks HTTP, `base_url` (or `url`, `urls`) and `timeout_s` are settings.",
        look=_addressable,
    ),
    Rule(
        name="limited",
        level=Level.GOLD,
        says="If it speaks HTTP, its settings have `max_at_once`, `max_per_s` and `account`.",
        look=_limited,
    ),
    Rule(
        name="strict",
        level=Level.GOLD,
        says="`mypy --strict` finds nothing in it.",
        look=_strict,
    ),
)
