"""The door beside what people would put in its place: one run, one machine, in turn, and what came of it as ratios.

    make bench                                     everything but --full; a quarter of an hour
    make bench ARGS="--quick"                      a look, in a minute
    make bench ARGS="--json figures.json --full"   with 10 million calls stored, and memory over a million calls

It makes an environment in .cache, starts a PostgreSQL of its own whose commits are on disk, serves ours as it is run
and the peers with granian, calls all with wrk, and removes it all. docs/performance.md says what the figures mean.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.doors import full, load, report
from bench.doors.contenders import API_KEY, OURS, Contender, Sealer, SetUp, contenders, prepared
from bench.doors.postgres import Server
from bench.doors.servers import Granian, Portal

BEGAN = time.monotonic()
SLOWER_MS = 5
APART = {"PORTAL_TICK": "apart"}


def say(words: str) -> None:
    """Tell what is going on, with the seconds since the start."""
    print(f"[{time.monotonic() - BEGAN:6.1f}s] {words}", file=sys.stderr, flush=True)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each round")
    parser.add_argument("--callers", default="1,16,64")
    parser.add_argument("--only", default="", help="contenders, with commas between")
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2, help="of our server")
    parser.add_argument("--peer-workers", type=int, default=2)
    parser.add_argument("--peer-threads", type=int, default=4)
    parser.add_argument("--no-slow-disk", dest="slow_disk", action="store_false")
    parser.add_argument("--full", action="store_true", help="ten million calls stored, and a worker's memory")
    parser.add_argument("--calls", type=int, default=1_000_000, help="over which memory is watched")
    parser.add_argument("--quick", action="store_true", help="one round of a second, no slow disk")
    parser.add_argument("--json", default="", metavar="FILE")
    args = parser.parse_args(words)
    if args.quick:
        args.rounds, args.seconds, args.slow_disk = 1, 1, False
    args.callers = [int(number) for number in args.callers.split(",")]
    args.only = [name.strip() for name in args.only.split(",") if name.strip()]
    return args


@contextmanager
def everyone(asked: argparse.Namespace, slower_ms: float = 0) -> Iterator[tuple[SetUp, list[Contender]]]:
    """All contenders, ready to be called."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-bench-")))
        postgres = stack.enter_context(Server(slower_ms))
        ours = {"DATABASE_URL": postgres.make("portal"), "PORTAL_DATA": str(folder / "data")}
        postgres.make("peers")
        theirs = {"BENCH_SOCKET": str(postgres.root), "BENCH_DATABASE": "peers"}
        keys = json.loads(prepared("bench.doors.ours", asked.keys, **ours))
        sealing = ours | {
            "DATABASE_URL": postgres.make("sealing", "portal"),
            "PORTAL_CHECKPOINTS": str(folder / "checkpoints"),
        }
        heads = json.loads(prepared("bench.doors.peers.prepare", asked.keys, **theirs))
        peers = "bench.doors.peers.wsgi:application"
        at = SetUp(
            postgres,
            stack.enter_context(Portal(ours | APART, asked.workers)),
            stack.enter_context(Portal(sealing, asked.workers)),
            stack.enter_context(Granian(peers, theirs, asked.peer_workers, asked.peer_threads)),
            stack.enter_context(Sealer(postgres, "sealing", **ours)),
            keys,
            folder,
        )
        yield at, contenders(at, heads)


def measure(those: Sequence[Contender], args: argparse.Namespace, callers: Sequence[int]) -> report.Told:
    """Rounds in turn, so that a busy machine is busy for all alike; each round begins with another."""
    results: report.Told = {}
    for number in callers:
        samples: dict[str, list[Any]] = {one.name: [] for one in those}
        for one in those:
            one.measure(number, 1)
            one.afterwards()
        for turn in range(args.rounds):
            say(f"{number} callers, round {turn + 1} of {args.rounds}")
            start = turn % len(those)
            for one in [*those[start:], *those[:start]]:
                samples[one.name].append(one.measure(number, args.seconds))
                one.afterwards()
        results[number] = {name: report.medians(found) for name, found in samples.items()}
    return results


def chosen(those: Sequence[Contender], names: Sequence[str]) -> list[Contender]:
    """Those that are asked for."""
    return [one for one in those if not names or one.name in names]


def compare(args: argparse.Namespace, told: dict[str, Any]) -> None:
    """The table."""
    say("starting PostgreSQL and the servers")
    with everyone(args) as (at, those):
        told["machine"] = report.machine(at.postgres.version)
        figures = measure(chosen(those, args.only), args, args.callers)
        told["sealing"] = report.of_sealing(at.sealer)
    told["callers"], told["targets"] = figures, report.targets(figures)
    report.show(figures)
    report.show_sealing(told["sealing"])
    report.show_targets(told["targets"])


def compare_on_slow_disk(args: argparse.Namespace, told: dict[str, Any]) -> None:
    """The same at 64 callers, when each flush takes longer."""
    say(f"the same with {SLOWER_MS} ms more for each flush")
    with everyone(args, SLOWER_MS) as (_, those):
        figures = measure(chosen(those, [OURS, API_KEY]), args, [64])
    ratio = figures[64][OURS]["each_second"] / figures[64][API_KEY]["each_second"]
    line = report.bounded(f"calls a second at 64, {SLOWER_MS} ms slower: {OURS} / {API_KEY}", ratio, 2)
    told["slow_disk"], told["targets"] = figures, [*told["targets"], line]
    report.show(figures)
    report.show_targets([line])


def compare_full(args: argparse.Namespace, told: dict[str, Any]) -> None:
    """Ours beside itself with much stored."""
    say(f"{full.KEYS:,} keys")
    figures = full.compare(args.rounds, args.seconds, say)
    ratio = figures["full"]["each_second"] / figures["empty"]["each_second"]
    line = report.bounded(f"calls a second at {full.CALLERS}: full / empty", ratio, 0.9)
    told["full"], told["targets"] = figures, [*told["targets"], line]
    report.show({full.CALLERS: figures})
    report.show_targets([line])


def watch_memory(args: argparse.Namespace, told: dict[str, Any]) -> None:
    """Ours over many calls."""
    say(f"memory over {args.calls:,} calls")
    held = full.memory(args.calls)
    line = report.bounded("memory of a worker: end / start", held["end"] / held["start"], 1.05, most=True)
    told["memory"], told["targets"] = held, [*told["targets"], line]
    print("\nmegabytes of a worker", *(f"{name} {figure:,.0f}" for name, figure in held.items()), sep="   ")
    report.show_targets([line])


def main(words: Sequence[str]) -> None:
    """Measure what is asked for, and tell."""
    asked, told = parse(words), dict[str, Any]()
    if not load.is_there():
        raise SystemExit(load.NO_WRK)
    compare(asked, told)
    if asked.slow_disk:
        compare_on_slow_disk(asked, told)
    if asked.full:
        compare_full(asked, told)
        watch_memory(asked, told)
    if asked.json:
        report.write(asked.json, told)


if __name__ == "__main__":
    main(sys.argv[1:])
