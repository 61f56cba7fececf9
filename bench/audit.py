"""What reading, exporting and sealing the record costs at ten thousand, a million and ten million calls.

    make bench-audit                              everything; half an hour and 17 GB in the temporary folder
    make bench-audit ARGS="--sizes 10k,1M"        less of it
    make bench-audit ARGS="--json figures.json"   the same figures for a program

It starts a PostgreSQL of its own, makes the record up in it, measures, and removes it. docs/performance.md says what
the figures mean.
"""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.record.databases import EMPTY, Databases

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000, "1M": 1_000_000, "10M": 10_000_000}
PARTS = ("reads", "export", "sealing")
BEGAN = time.monotonic()


def say(words: str) -> None:
    """Tell what is going on, with the seconds since the start."""
    print(f"[{time.monotonic() - BEGAN:6.1f}s] {words}", file=sys.stderr, flush=True)


def parse(words: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="make bench-audit")
    parser.add_argument("--sizes", default="10k,1M,10M", help="of " + ", ".join(SIZES))
    parser.add_argument("--only", default=",".join(PARTS), help="of " + ", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=15, help="of reading; each reads three times")
    parser.add_argument(
        "--seconds", type=float, default=15, help="that a writer writes, four times; 0: not at all"
    )
    parser.add_argument("--backlog", type=int, default=100_000, help="calls that wait to be sealed")
    parser.add_argument("--shapes", default="jsonl,csv,ocsf,selection", help="of exports")
    parser.add_argument("--explain", default="", help="show the plans of readings with this in their name")
    parser.add_argument("--json", default="", metavar="FILE")
    args = parser.parse_args(words)
    args.only = args.only.split(",")
    args.sizes = [size for size in SIZES if size in args.sizes.split(",")]
    return args


def prepare(databases: Databases, end: datetime) -> Any:
    """Migrate, as if half a year ago, so that there is a partition for each month; bring the cast in, and an admin.

    Returns a browser that the admin is signed in with. All databases are copies of this one.
    """
    from django.core.management import call_command

    from audit.integrity import partitions
    from bench.record.cast import DAYS, make_cast, signed_in
    from core.clock import at

    databases.use(EMPTY)
    for ago in range(DAYS + 20, -1, -20):
        with at(end - timedelta(days=ago)):
            if ago == DAYS + 20:
                call_command("migrate", verbosity=0)
            partitions.make_ahead()
    make_cast(end)
    return signed_in()


def fill(databases: Databases, args: argparse.Namespace, end: datetime) -> list[str]:
    """Make the sizes, a database each; return what they are called."""
    from bench.record import history

    names = [f"calls_{size.lower()}" for size in args.sizes]
    for size, name in zip(args.sizes, names, strict=True):
        say(f"making {size} calls")
        databases.copy(name)
        history.fill(databases, name, SIZES[size], end)
    say(f"the databases take {databases.megabytes():,} MB")
    return names


def read(
    databases: Databases, names: list[str], args: argparse.Namespace, end: datetime, client: Any
) -> dict[str, Any]:
    """Read each size."""
    from bench.record import plans, reads, report, rounds

    say("reading")
    readings = reads.readings(end, client)
    costs = rounds.measure(databases, names, readings, end, args.rounds)
    windows = rounds.windows(databases, names, readings)
    told = report.of_reads(readings, args.sizes, costs, windows)
    report.show_reads(args.sizes, told)
    if args.explain:
        plans.show([reading for reading in readings if args.explain in reading.name], end)
    return told


def export(databases: Databases, args: argparse.Namespace, name: str) -> dict[str, Any]:
    """Take an app's record out of the largest."""
    from bench.record import exporting, report

    say("exporting")
    told = exporting.measure(databases, name, args.shapes.split(","))
    report.show("export of one app", told)
    return told


def seal(databases: Databases, args: argparse.Namespace) -> dict[str, Any]:
    """Seal beside a writer."""
    from bench.record import report, sealing

    say("sealing")
    databases.copy("sealing")
    told = sealing.measure(databases, "sealing", backlog=args.backlog, seconds=args.seconds)
    databases.drop("sealing")
    report.show("sealing", told)
    return told


def main(words: list[str]) -> None:
    """Prepare, measure what is asked for, tell."""
    asked, end, told = parse(words), datetime.now(UTC), dict[str, Any]()
    with Databases() as databases:
        say("migrating")
        client = prepare(databases, end)
        from bench.record import report

        told["machine"] = report.machine(databases.server.version)
        if "sealing" in asked.only:
            told["sealing"] = seal(databases, asked)
        names = fill(databases, asked, end) if {"reads", "export"} & {*asked.only} else []
        if "reads" in asked.only:
            told["reads"] = read(databases, names, asked, end, client)
        if "export" in asked.only:
            told["export"] = export(databases, asked, names[-1])
    if asked.json:
        report.write(asked.json, told)


if __name__ == "__main__":
    main(sys.argv[1:])
