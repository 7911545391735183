"""From one machine to many clients: ``python tests/benchmarks/model.py --clients 1000000``.

A small simulation.  It plays one weekday second by second and prints what it assumes before what
follows from that: the load by hour, how many cores that is, how long a text waits when a process
or the database dies at the busiest second, and what a year takes on disk.  The costs of a call are
options: put in what `python tests/benchmarks` printed on your machine.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence

import attrs
from rich.console import Console
from rich.table import Table

# Shares of a business' calls by its own hour: offices, with lunch and the evening after them.
BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 10, 30, 48, 52, 52, 46, 44, 50, 50, 46, 38, 26, 16, 10, 6, 3, 2)
# Where the clients are: hours behind UTC in winter, and their share.
ZONES = {5: 0.47, 6: 0.29, 7: 0.07, 8: 0.17}
DAY_S = 86_400


@attrs.frozen(kw_only=True)
class Assumed:
    """What the result stands on.

    Attributes:
        calls: Missed calls of one client a weekday, on average.
        burst: The busiest second over its hour's average, beside chance: storms, campaigns.
        serve_us: CPU of one call in the process that takes webhooks.
        worker_us: In the process that works.
        server_us: In the database server.
        later: What comes after a call (follow-ups, replies, statuses), in calls' worth.
        busy: The share of a core that is used at the most, so that nothing queues.
        row_bytes: What a call leaves in the database, indexes included.
        kept_days: How long that is kept.
        in_flight_s: How long a call is held by a worker.
        lease_s: After its last heartbeat a worker counts as dead.
        heartbeat_s: Between two heartbeats.
        poll_s: Between two looks for what is due.
        restart_s: The database on its standby.
    """

    clients: int
    calls: float
    burst: float
    serve_us: float
    worker_us: float
    server_us: float
    later: float
    busy: float
    row_bytes: int
    kept_days: int
    in_flight_s: float
    lease_s: float = 8.0
    heartbeat_s: float = 1.0
    poll_s: float = 0.2
    restart_s: float


def by_second(assumed: Assumed, seed: int) -> list[int]:
    """How many calls come in each second of a weekday, in UTC."""
    chance = random.Random(seed)
    total = sum(BY_HOUR)
    rates = [
        assumed.clients * assumed.calls / 3600
        * sum(share * BY_HOUR[(hour - behind) % 24] / total for behind, share in ZONES.items())
        for hour in range(24)
    ]  # fmt: skip
    return [_poisson(rates[second // 3600], chance) for second in range(DAY_S)]


def _poisson(mean: float, chance: random.Random) -> int:
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, number, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        number += 1
        product *= chance.random()
    return number


def cores(rate: float, cost_us: float, assumed: Assumed) -> float:
    """How many are busy to their limit."""
    return rate * (1 + assumed.later) * cost_us / 1e6 / assumed.busy


def waits_after_a_death(assumed: Assumed, rate: float, workers: int, seed: int) -> list[float]:
    """How long those calls wait that a dead worker held: seconds, in order."""
    chance = random.Random(seed)
    held = max(1, round(rate * assumed.in_flight_s / workers))
    since_heartbeat = chance.uniform(0, assumed.heartbeat_s)
    free_after = assumed.lease_s - since_heartbeat + chance.uniform(0, assumed.poll_s)
    # They are taken up by the others, which have their own load to carry beside.
    spare = (workers - 1) * (1 - assumed.busy) / (assumed.worker_us / 1e6)
    return [free_after + number / max(spare, 1.0) for number in range(held)]


def after_the_database(assumed: Assumed, rate: float, workers: int) -> tuple[int, float]:
    """How many webhooks are refused while it is away, and how long until the backlog is worked off.

    Providers come again by their own schedule; here they all come as soon as it is back.
    """
    refused = round(rate * assumed.restart_s)
    spare = workers * (1 - assumed.busy) / (assumed.worker_us / 1e6)
    return refused, assumed.lease_s + refused / max(spare, 1.0)


def main() -> None:
    """Print what is assumed, and what follows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--calls", type=float, default=6, help="missed a client and weekday")
    parser.add_argument("--burst", type=float, default=2)
    parser.add_argument("--serve-us", type=float, default=750)
    parser.add_argument("--worker-us", type=float, default=6_000)
    parser.add_argument("--server-us", type=float, default=7_400)
    parser.add_argument("--later", type=float, default=1)
    parser.add_argument("--busy", type=float, default=0.5)
    parser.add_argument("--row-bytes", type=int, default=8_000)
    parser.add_argument("--kept-days", type=int, default=365)
    parser.add_argument("--in-flight-s", type=float, default=2)
    parser.add_argument("--restart-s", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = vars(parser.parse_args())
    seed = given.pop("seed")
    assumed = Assumed(**given)
    console = Console(width=110)
    console.print(_assumptions(assumed))
    seconds = by_second(assumed, seed)
    console.print(_load(assumed, seconds))
    peak = max(seconds) * assumed.burst
    workers = max(2, math.ceil(cores(peak, assumed.worker_us, assumed)))
    waits = waits_after_a_death(assumed, peak, workers, seed)
    refused, until = after_the_database(assumed, peak, workers)
    console.print(
        f"A worker dies in the busiest second ({peak:.0f} calls/s, {workers} workers): it held "
        f"{len(waits)}, which go on after {waits[0]:.1f} to {waits[-1]:.1f} s.\n"
        f"The database is away for {assumed.restart_s:g} s then: {refused:,} webhooks are answered "
        f"503 and come again; after it is back all is worked off in {until:.0f} s.\n"
        f"Disk: {sum(seconds) * assumed.row_bytes / 1e9:,.0f} GB a weekday, "
        f"{_kept(assumed, seconds) / 1e12:,.1f} TB in {assumed.kept_days} days."
    )


def _kept(assumed: Assumed, seconds: Sequence[int]) -> float:
    return sum(seconds) * assumed.row_bytes * assumed.kept_days * 5.5 / 7  # half a Saturday


def _assumptions(assumed: Assumed) -> Table:
    made = Table(title="assumed")
    made.add_column("what")
    made.add_column("", justify="right")
    for name, value in attrs.asdict(assumed).items():
        made.add_row(name.replace("_", " "), f"{value:,}")
    made.add_row("where (hours behind UTC: share)", str(ZONES))
    return made


def _load(assumed: Assumed, seconds: Sequence[int]) -> Table:
    made = Table(title=f"{assumed.clients:,} clients, a weekday of {sum(seconds):,} missed calls")
    for column in ("hour, UTC", "calls/s", "busiest second", "serve cores", "worker cores",
                   "database cores"):  # fmt: skip
        made.add_column(column, justify="right")
    for hour in range(24):
        of_hour = seconds[hour * 3600 : (hour + 1) * 3600]
        busiest = max(of_hour) * assumed.burst
        need = (cores(busiest, each, assumed)
                for each in (assumed.serve_us, assumed.worker_us, assumed.server_us))  # fmt: skip
        made.add_row(f"{hour:02}", f"{sum(of_hour) / 3600:.0f}", f"{busiest:.0f}",
                     *(f"{each:.1f}" for each in need))  # fmt: skip
    return made


if __name__ == "__main__":
    main()
