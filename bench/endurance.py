"""Whether the door keeps its word under fire: kill -9 of the server and of the database, and revoking in full flight.

    make endurance                                 a million calls; ten minutes
    make endurance ARGS="--calls 100000"           fewer

It starts a PostgreSQL of its own whose commits are on disk. It fails if an answered call is not on record exactly once,
or if a call passes that begins after its key was revoked.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from bench.doors import killing, report, revoking
from bench.doors.contenders import prepared
from bench.doors.postgres import Server
from bench.doors.servers import Portal

BEGAN = time.monotonic()


def say(words: str) -> None:
    """Tell what is going on, with the seconds since the start."""
    print(f"[{time.monotonic() - BEGAN:6.1f}s] {words}", file=sys.stderr, flush=True)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="make endurance")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--revoked", type=int, default=20, help="keys revoked in full flight")
    parser.add_argument("--json", default="", metavar="FILE")
    return parser.parse_args(words)


def killed(
    postgres: Server, ours: dict[str, str], keys: Sequence[str], args: argparse.Namespace
) -> dict[str, Any]:
    """Calls under kill -9."""
    say(f"{args.calls:,} calls while the server and the database are killed")
    with Portal(ours) as portal:
        memories, what = killing.run(postgres, portal, keys, args.calls, args.callers)
    statuses: dict[str, int] = {}
    for memory in memories:
        for status, times in memory.statuses.items():
            statuses[f"answers {status}"] = statuses.get(f"answers {status}", 0) + times
    broken = sum(memory.broken for memory in memories)
    kills = {f"kills of the {name}": times for name, times in what.items()}
    return {**kills, **killing.check(postgres, memories), **statuses, "broken connections": broken}


def revoked(ours: dict[str, str], args: argparse.Namespace) -> dict[str, Any]:
    """Keys revoked in full flight, over two servers."""
    say(f"{args.revoked} keys revoked while {args.callers} callers use them, over two servers")
    os.environ |= {**ours, "DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_TICK": "apart"}
    import django

    django.setup()
    with ExitStack() as stack:
        two = [stack.enter_context(Portal(ours)) for _ in range(2)]
        return revoking.run(two, args.callers, args.revoked)


def show(title: str, told: dict[str, Any]) -> None:
    """A list of figures under their names."""
    print(f"\n{title}")
    for name, figure in told.items():
        print(f"{name:28}{figure:>12,}")


def main(words: Sequence[str]) -> int:
    """Both; 1 if the door did not keep its word."""
    asked = parse(words)
    with Server() as postgres, tempfile.TemporaryDirectory(prefix="portal-bench-") as data:
        ours = {"DATABASE_URL": postgres.make("portal"), "PORTAL_DATA": data}
        keys = json.loads(prepared("bench.doors.ours", 1000, **ours))
        under_fire = killed(postgres, ours, keys, asked)
        show("kill -9", under_fire)
        in_flight = revoked(ours, asked)
        show("revoked in full flight", in_flight)
    if asked.json:
        report.write(asked.json, {"killed": under_fire, "revoked": in_flight})
    wrong = ("verdicts without a row", "calls with two rows")
    return int(any(under_fire[name] for name in wrong) or in_flight["passed after"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
