"""Evidence on a number: complete, and nothing of it can be changed unseen."""

from __future__ import annotations

import json

import pytest
from jinja2 import UndefinedError

from support.house import CALLER, CLIENT
from textback.engine.ledger import proof
from textback.engine.ledger.evidence import gather
from textback.model import PhoneNumber
from textback.store import ledger

OTHER = "+13035550124"
WORDS = "my crown fell out & </script> <b>hurts</b>"


@pytest.fixture
async def page(house):
    """The evidence on a caller who was texted, wrote, and opted out; another called meanwhile."""
    await house.missed()
    await house.missed(caller=OTHER)
    await house.write_in(WORDS)
    await house.write_in("STOP")
    await house.runtime.store.write(ledger.seal)
    ctx = house.runtime.ctx
    document = await house.runtime.store.read(
        lambda: gather(ctx.clients, [CLIENT], PhoneNumber(CALLER), ctx.hash_of(CALLER), ctx.now())
    )
    return proof.render(document)


def test_holds_all_and_nobody_elses(page, house):
    """Call, texts word for word, rules, opt-out, provider's ids; nothing of the other caller."""
    document = proof.read(page)

    (part,) = document["clients"]
    (case,) = part["cases"]
    assert (case["calls"][0]["outcome"], case["end"]) == ("no_answer", "sent")
    assert {WORDS, "STOP", house.outside.taken[0][1].body} <= {
        text["body"] for text in case["texts"]
    }
    assert f"SM-{house.outside.taken[0][1].id}" in {text["provider_id"] for text in case["texts"]}
    assert [each["reason"] for each in part["suppressions"]] == ["opt_out"]
    decided = next(row for row in part["ledger"]["rows"] if row["kind"] == "decided")
    assert {"cool_down", "suppressed"} <= {each["rule"] for each in decided["content"]["verdicts"]}
    assert OTHER not in page
    assert "hurts" in page
    assert "<b>hurts" not in page
    assert list(proof.faults(page)) == []


def change_body(document):
    texts = document["clients"][0]["cases"][0]["texts"]
    next(text for text in texts if text["direction"] == "out")["body"] = "Nothing of the kind"


def change_decision(document):
    row = next(row for row in document["clients"][0]["ledger"]["rows"] if row["content"])
    row["content"]["because"] = "they asked for it"
    row["text"] = json.dumps(row["content"], ensure_ascii=False, sort_keys=True)


def change_time(document):
    document["clients"][0]["ledger"]["rows"][0]["at"] += 1


def leave_a_row_out(document):
    ledger = document["clients"][0]["ledger"]
    ledger["prints"].pop(1)


def cut_the_end_off(document):
    document["clients"][0]["ledger"]["prints"].pop()


def leave_the_rows_out(document):
    document["clients"][0]["ledger"]["rows"] = []


def forget_a_field(document):
    del document["clients"][0]["ledger"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_body, "says something else than its decision"),
        (change_decision, "its content was changed"),
        (change_time, "was changed"),
        (leave_a_row_out, "the chain doesn't lead to its head"),
        (cut_the_end_off, "the chain doesn't lead to its head"),
        (leave_the_rows_out, "has no row in the ledger"),
        (forget_a_field, "something is missing in its data"),
    ],
)
def test_a_change_is_seen(page, change, words):
    """Whoever changes the data and makes the page anew from it is found out by the chain."""
    document = proof.read(page)
    change(document)
    try:
        changed = proof.render(document)
    except UndefinedError:  # no page can be made of it: its data alone is changed
        changed = f'<script type="application/json">\n{json.dumps(document)}\n</script>'
    assert words in "; ".join(proof.faults(changed))


def test_a_page_that_shows_something_else(page):
    """The readable part is checked, too."""
    changed = page.replace("</h1>", " (copy)</h1>", 1)
    assert list(proof.faults(changed)) == ["the page doesn't show what its data says"]
