"""What reading and sealing the record costs at ten thousand, a million and ten million calls.

    make bench-audit                              everything; some ten minutes and 12 GB in the temporary folder
    make bench-audit ARGS="--sizes 10k,1M"        less of it
    make bench-audit ARGS="--json figures.json"   the same figures for a program

It starts a PostgreSQL of its own, makes the record up in it, measures, and removes it. docs/performance.md says what
the figures mean.
"""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta

from bench.record.databases import EMPTY, Databases

SIZES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000, "10M": 10_000_000}
BEGAN = time.monotonic()


def say(words: str) -> None:
    """Tell what is going on, with the seconds since the start."""
    print(f"[{time.monotonic() - BEGAN:6.1f}s] {words}", file=sys.stderr, flush=True)


def parse(words: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="make bench-audit")
    parser.add_argument("--sizes", default="10k,1M,10M", help="of " + ", ".join(SIZES))
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args(words)
    asked.sizes = asked.sizes.split(",")
    return asked


def prepare(databases: Databases, end: datetime) -> None:
    """Migrate, as if half a year ago, so that there is a partition for each month; and bring the cast in."""
    from django.core.management import call_command

    from audit import partitions
    from audit.clock import at
    from bench.record.cast import DAYS, make_cast

    databases.use(EMPTY)
    for ago in range(DAYS + 20, -1, -20):
        with at(end - timedelta(days=ago)):
            if ago == DAYS + 20:
                call_command("migrate", verbosity=0)
            partitions.make_ahead()
    make_cast(end)


def main(words: list[str]) -> None:
    """Prepare, fill, measure, print."""
    asked, end = parse(words), datetime.now(UTC)
    with Databases() as databases:
        say("migrating")
        prepare(databases, end)
        from bench.record import history, reads, rounds

        names = [f"calls_{size.lower()}" for size in asked.sizes]
        for size, name in zip(asked.sizes, names, strict=True):
            say(f"making {size} calls")
            databases.copy(name)
            history.fill(databases, name, SIZES[size], end)
        say(f"{databases.megabytes():,} MB in the databases; reading")
        found = rounds.measure(databases, names, reads.readings(end), end, asked.rounds)
        for name, took in found.items():
            print(f"{name:40}", "".join(f"{ms:10.2f}" for ms in took), f"{took[-1] / took[0]:8.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
