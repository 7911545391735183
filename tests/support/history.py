"""A long past of one client, written into a store as the engine would have left it.

    python -m support.history FOLDER CALLS      # in tests/

Rows are written in bulk, with what `what-if` reads of them: playing a hundred thousand calls
through the engine takes longer than anybody waits.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from textback.clock import micros
from textback.config import load
from textback.config.settings import Client
from textback.engine.context import keyed_hash
from textback.engine.names import case_id
from textback.flow import deliver
from textback.flow.choice import first_text
from textback.model import Caller, Case, Kind, Outcome, PhoneNumber
from textback.store.migrate import migrate

KEY = "a key of this test, long enough for anyone"
LINE = "+13035550100"
SECOND = 1_000_000
DAY = 86_400 * SECOND

TEXTBACK = f"""
[server]
public_url = "https://hooks.agency.example"
[store]
key = "{KEY}"
"""
CLIENT = f"""
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["{LINE}"]
mode = "live"
registration.id = "CMP1234"

[plugins.twilio]
account_sid = "AC00000000000000000000000000000001"
auth_token = "0123456789abcdef0123456789abcdef"
ring = ["+13035550111"]

[hours]
mon = "08:00-17:00"
tue = "08:00-17:00"
wed = "08:00-17:00"
thu = "08:00-17:00"
fri = "08:00-17:00"

[[text]]
when = {{ hours = "closed" }}
body = "{{{{ business }}}} is closed and missed your call. Reply STOP to opt out"

[[text]]
body = "Hi {{{{ first_name }}}}, {{{{ business }}}} missed your call. Reply STOP to opt out"

[[follow_up]]
after = "2h"
body = "Still need us? {{{{ business }}}}. Reply STOP to opt out"

[[follow_up]]
after = "1d"
body = "Last try from {{{{ business }}}}. Reply STOP to opt out"
"""
OUTCOMES = ("no_answer", "busy", "voicemail", "abandoned")


def write(folder: Path, calls: int, *, until: datetime, days: int = 30, seed: int = 1) -> Path:
    """Write files and a store with so many missed calls; the path of textback.toml.

    Each caller calls once to three times, some write back, opt out or get through.
    """
    (folder / "clients").mkdir(parents=True, exist_ok=True)
    config = folder / "textback.toml"
    config.write_text(TEXTBACK)
    (folder / "clients" / "bright.toml").write_text(CLIENT)
    store = folder / "textback.db"
    migrate(f"sqlite:///{store}")
    client = load(config, environ={}).clients["bright"]
    connection = sqlite3.connect(store)
    with connection:
        _Writer(connection, client, random.Random(seed)).fill(
            calls, micros(until) - days * DAY, days * DAY
        )
    connection.close()
    return config


class _Writer:
    def __init__(
        self, connection: sqlite3.Connection, client: Client, chance: random.Random
    ) -> None:
        self.connection = connection
        self.client = client
        self.chance = chance
        self.hash_of = keyed_hash(KEY.encode())
        self.made = 0

    def fill(self, calls: int, start: int, length: int) -> None:
        """Write callers until there are enough calls."""
        caller = 0
        while self.made < calls:
            caller += 1
            number = f"+1{303 + caller // 10_000_000}{2_000_000 + caller % 7_000_000:07d}"
            at = start + int(self.chance.random() * length * 0.98) + caller % 977
            self._caller(number, at, min(self.chance.choice((1, 1, 2, 3)), calls - self.made))

    def _caller(self, number: str, at: int, times: int) -> None:
        """One caller: the first call is texted, calls soon after it join."""
        first = self._call(number, at)
        case = case_id(self.client.id, first)
        self._case(case, number, at, times)
        self._end(first, case, "sent", "")
        self._text(
            f"{case}-text-1-1",
            case,
            "text/1",
            "first",
            "out",
            number,
            at + 2,
            self._words(case, number, at),
        )
        for _ in range(times - 1):
            at += 60 * SECOND * self.chance.randint(2, 90)
            again = self._call(number, at)
            self._end(again, case, "joined", "the caller already had an open conversation")
        what = self.chance.random()
        if what < 0.15:
            self._text(
                f"{case}-reply-1",
                case,
                "reply/1",
                "received",
                "in",
                number,
                at + 600 * SECOND,
                "Hello",
            )
        elif what < 0.18:
            self._opt_out(number, case, at + 600 * SECOND)
        elif what < 0.25:
            spoke = self._call(number, at + 1800 * SECOND, outcome="answered")
            self.connection.execute(
                "UPDATE cases SET closed_at = ?, closed_because = ? WHERE case_id = ?",
                (at + 1800 * SECOND, "the caller got through", case),
            )
            assert spoke

    def _words(self, case: str, number: str, at: int) -> str:
        told = Case(
            id=case,
            client=self.client.id,
            number=PhoneNumber(number),
            line=PhoneNumber(LINE),
            opened_at=datetime.fromtimestamp(at / SECOND, UTC),
            caller=Caller(number=PhoneNumber(number)),
            outcome=Outcome.NO_ANSWER,
        )
        return deliver.write(self.client, told, Kind.FIRST, first_text(self.client, told))

    def _call(self, number: str, at: int, outcome: str = "") -> str:
        self.made += not outcome
        name = f"twilio/CA{self.chance.getrandbits(64):016x}"
        self.connection.execute(
            "INSERT INTO calls (client, call_id, caller, caller_raw, line, started_at, ended_at,"
            " outcome, evidence, because) VALUES ('bright', ?, ?, ?, ?, ?, ?, ?, 'told', '')",
            (
                name,
                number,
                number,
                LINE,
                at - 20 * SECOND,
                at,
                outcome or self.chance.choice(OUTCOMES),
            ),
        )
        self.connection.execute(
            "INSERT INTO steps (client, subject, name, state, detail, updated_at)"
            " VALUES ('bright', ?, 'conclude', 'done', '{}', ?)",
            (f"call/{name}", at + 1),
        )
        return name

    def _case(self, case: str, number: str, at: int, calls: int) -> None:
        self.connection.execute(
            "INSERT INTO cases (client, case_id, number, line, opened_at, last_at, caller,"
            " end_state, because, calls) VALUES ('bright', ?, ?, ?, ?, ?, ?, 'sent', '', ?)",
            (case, number, LINE, at, at, json.dumps({"number": number}), calls),
        )

    def _end(self, call: str, case: str, end: str, because: str) -> None:
        self.connection.execute(
            "UPDATE calls SET case_id = ?, end_state = ?, because = ?"
            " WHERE client = 'bright' AND call_id = ?",
            (case, end, because, call),
        )

    def _text(
        self, name: str, case: str, step: str, kind: str, way: str, number: str, at: int, body: str
    ) -> None:
        state = "delivered" if way == "out" else "received"
        self.connection.execute(
            "INSERT INTO texts (client, text_id, case_id, step, kind, direction, channel, number,"
            " line, body, state, rank, at, state_at, segments, media)"
            " VALUES ('bright', ?, ?, ?, ?, ?, 'sms', ?, ?, ?, ?, 4, ?, ?, 1, '[]')",
            (name, case, step, kind, way, number, LINE, body, state, at, at),
        )

    def _opt_out(self, number: str, case: str, at: int) -> None:
        hashed = self.hash_of(number)
        self.connection.execute(
            "INSERT INTO suppressions (client, number_hash, reason, number, since, evidence)"
            " VALUES ('bright', ?, 'opt_out', ?, ?, 'wrote STOP')",
            (hashed, number, at),
        )
        content = json.dumps({"reason": "opt_out", "evidence": "wrote STOP"})
        self.connection.execute(
            "INSERT INTO ledger (client, entry, at, kind, subject, number_hash, content, digest)"
            " VALUES ('bright', ?, ?, 'suppressed', ?, ?, ?, '')",
            (hashed[:24], at, f"case/{case}", hashed, content),
        )
        self.connection.execute(
            "UPDATE cases SET closed_at = ?, closed_because = 'the caller opted out'"
            " WHERE case_id = ?",
            (at, case),
        )


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), until=datetime.now(UTC) - timedelta(minutes=1))
