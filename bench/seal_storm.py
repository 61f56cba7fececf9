"""Sixteen writers for a minute, while the sealers are killed with kill -9 and started again: does the record hold?

    .venv/bin/python bench/seal_storm.py [--seconds 60] [--json FILE]

Real processes on a throw-away PostgreSQL. Four processes of four writers each write calls and acts of three apps and of
none, some in transactions that commit late. Two processes tick as `manage.py tick --forever` does, and every few
seconds one of them is killed and another takes its place. Meanwhile the whole record is checked again and again, and
every finding is a false alarm. At the end it is checked once more, and its numbers are looked at for gaps and forks.
Exit code 1: something did not hold.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PROCESSES, THREADS = 4, 4
AFTERWARDS = 20
"""Seconds for which sealers go on after the writers are done."""
KILLS = (2, 4)
"""Seconds between two kills, from and to."""
PAUSE = 0.1
"""Seconds that a writer rests between two transactions."""


def main() -> int:
    """Run the storm, or the part of it that the environment names."""
    parser = argparse.ArgumentParser(
        description="Kill sealers beside writers and see whether the record holds."
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        _set_up()
        print("ready", flush=True)
        PARTS[args.part](args.seconds)
        return 0
    told = storm(args.seconds)
    print("\n".join(f"{name:<32} {value}" for name, value in told.items()))
    if args.json:
        args.json.write_text(json.dumps(told, indent=2) + "\n")
    wrong = ("gaps", "forks", "rows never sealed", "false alarms", "findings at the end")
    return int(any(told[name] for name in wrong))


def storm(seconds: float) -> dict[str, Any]:
    """Everything, and what came of it."""
    from tests import pgtemp

    with tempfile.TemporaryDirectory(prefix="portal-storm-") as folder:
        programs = pgtemp.find_programs()
        if programs is None:
            raise SystemExit("no PostgreSQL found: set PORTAL_TEST_PG_BIN")
        server = pgtemp.Server(programs)
        try:
            os.environ.update(PORTAL_DATA=folder, PORTAL_TEST="1", DATABASE_URL=server.start())
            _set_up()
            _migrate()
            return _storm(seconds)
        finally:
            from django.db import connections

            connections.close_all()
            server.stop()


def _storm(seconds: float) -> dict[str, Any]:
    parts = [_start(part, seconds) for part in ("seal", "check", *["write"] * PROCESSES)]
    for part in parts:
        _await(part)
    sealers, checker, *writers = parts
    lags, ends = list[float](), time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(0.1)
        lags.append(_lag())
    written = sum(int(_said(writer)) for writer in writers)
    checks, alarms = map(int, _said(checker).split())
    quiet = _settle()
    return _figures(seconds, written, int(_said(sealers)), lags, checks, alarms, quiet)


def _figures(
    seconds: float, written: int, kills: int, lags: list[float], checks: int, alarms: int, quiet: float
) -> dict[str, Any]:
    from audit.integrity.checking.check import CheckRange, check
    from audit.integrity.sealing import checkpoints
    from audit.models import Checkpoint, Pending, Seal

    found = [finding for step in check(CheckRange()) for finding in step.findings if not finding.is_note]
    kept = [line["number"] for line in checkpoints.read_stored()]
    lags.sort()
    return {
        "seconds": seconds,
        "rows written": written,
        "rows a second": round(written / seconds),
        "sealers killed": kills,
        "rows sealed": Seal.objects.count(),
        "rows never sealed": Pending.objects.count() + written - Seal.objects.count(),
        "checkpoints": Checkpoint.objects.count(),
        "checkpoints kept in files": len(kept),
        "kept twice or out of order": sum(a >= b for a, b in zip(kept, kept[1:], strict=False)),
        "gaps": _gaps(),
        "forks": _forks(),
        "whole checks meanwhile": checks,
        "false alarms": alarms,
        "findings at the end": len(found),
        "oldest waiting row, median s": round(lags[len(lags) // 2], 2),
        "oldest waiting row, 99 % s": round(lags[int(len(lags) * 0.99)], 2),
        "oldest waiting row, most s": round(lags[-1], 2),
        "all sealed after the end, s": round(quiet, 2),
    }


def _gaps() -> int:
    """Places that no row has, in any stream; numbers that no checkpoint has."""
    from django.db.models import Count, Max

    from audit.models import Checkpoint, Seal

    streams = Seal.objects.values("stream", "kind").annotate(last=Max("seq"), rows=Count("seq"))
    last = Checkpoint.objects.aggregate(last=Max("number"))["last"] or 0
    return sum(stream["last"] - stream["rows"] for stream in streams) + last - Checkpoint.objects.count()


def _forks() -> int:
    from django.db.models import Count

    from audit.models import Checkpoint

    return (
        Checkpoint.objects.values("stream", "kind", "previous")
        .annotate(n=Count("number"))
        .filter(n__gt=1)
        .count()
    )


def _lag() -> float:
    """The age in seconds of the oldest row that waits."""
    from audit.models import Pending
    from core.clock import now

    oldest = Pending.objects.order_by("row_id").values_list("at", flat=True).first()
    return (now() - oldest).total_seconds() if oldest else 0.0


def _settle() -> float:
    """Wait until nothing waits; return how long that took."""
    from audit.models import Pending

    begun = time.monotonic()
    while Pending.objects.exists() and time.monotonic() - begun < 60:
        time.sleep(0.05)
    return time.monotonic() - begun


def _start(part: str, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, "--part", part, "--seconds", str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def _await(process: "subprocess.Popen[str]") -> None:
    """Wait until a part has started. On a busy machine that takes a while."""
    if process.stdout is None or process.stdout.readline() != "ready\n":
        raise SystemExit("a part did not start")


def _said(process: "subprocess.Popen[str]") -> str:
    out, _ = process.communicate(timeout=120)
    if process.returncode:
        raise SystemExit(f"a part ended with {process.returncode}")
    return out


def _write_all(seconds: float) -> None:
    """Four writers in this process. Prints how many rows they wrote."""
    counts = [0] * THREADS
    ends = time.monotonic() + seconds

    def write(n: int) -> None:
        from django.db import connection

        while time.monotonic() < ends:
            counts[n] += _transaction()
            time.sleep(PAUSE)
        connection.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts))


def _transaction() -> int:
    """Some calls and now and then an act, of one app; one in twenty commits late."""
    from uuid import UUID

    from django.db import transaction

    from audit.models import Call, Event

    app = random.choice([None, *(UUID(int=n) for n in (1, 2, 3))])
    many = random.randint(1, 8)
    common = {"app_id": app, "via": "door", "ip": "203.0.113.7"}
    with transaction.atomic():
        Call.objects.bulk_create(
            Call(**common, method="GET", path=f"/grants/{n}", status=200, allowed=True) for n in range(many)
        )
        if acts := random.random() < 0.3:
            Event.objects.create(
                **common, action="key.rename", actor_kind="person", facts={"n": many, "x": 1.5}
            )
        if random.random() < 0.05:
            time.sleep(random.uniform(0.1, 1.5))
    return many + acts


def _seal_and_kill(seconds: float) -> None:
    """Two sealers, forked so that they start at once, of which one is killed again and again. Prints how often."""
    sealers, kills = [_sealer(), _sealer()], 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(random.uniform(*KILLS))
        victim = random.randrange(2)
        os.kill(sealers[victim], signal.SIGKILL)
        os.waitpid(sealers[victim], 0)
        sealers[victim], kills = _sealer(), kills + 1
    print(kills, flush=True)
    time.sleep(AFTERWARDS)
    for sealer in sealers:
        os.kill(sealer, signal.SIGKILL)
        os.waitpid(sealer, 0)


def _sealer() -> int:
    """A process that does what `manage.py tick --forever` does."""
    from django.db import close_old_connections

    from portal import scheduler

    if pid := os.fork():
        return pid
    while True:
        close_old_connections()
        scheduler.run_due_jobs()
        time.sleep(scheduler.PAUSE)


def _check_all(seconds: float) -> None:
    """Checks the whole record again and again. Prints how often, and how much was found."""
    from audit.integrity.checking.check import CheckRange, check

    ends, checks, alarms = time.monotonic() + seconds, 0, 0
    while time.monotonic() < ends:
        for step in check(CheckRange()):
            wrong = [found for found in step.findings if not found.is_note]
            alarms += len(wrong)
            for finding in wrong[:3]:
                sys.stderr.write(f"{finding}\n")
            if time.monotonic() > ends + 10:
                break
        checks += 1
        time.sleep(1)
    print(checks, alarms)


def _set_up() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django

    django.setup()


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


PARTS = {"write": _write_all, "seal": _seal_and_kill, "check": _check_all}

if __name__ == "__main__":
    sys.exit(main())
