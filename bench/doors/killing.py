"""Calls without end while the server and the database are killed; then each answer is looked for in the record."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.doors.caller import Broken, Caller
from bench.doors.postgres import Server
from bench.doors.servers import Portal

VERDICTS = (200, 401, 403, 429)
"""Answers that the door only gives once the call is on record. A 503 says that it is not known to be."""
PAUSES = (4.0, 12.0)
"""Seconds between two kills."""


@dataclass
class Memory:
    """What one caller remembers: of each of its calls, whether it had a verdict."""

    number: int
    had_verdict: bytearray = field(default_factory=bytearray)
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0


def call(memory: Memory, port: int, keys: Sequence[str], until: threading.Event) -> None:
    """Make calls until it is time to stop. One whose connection breaks is not made again."""
    caller = Caller(port)
    while not until.is_set():
        place = len(memory.had_verdict)
        memory.had_verdict.append(0)
        try:
            status = caller.ask(keys[(memory.number + place * 61) % len(keys)], f"{memory.number}-{place}")
        except Broken:
            memory.broken += 1
            time.sleep(0.1)
            continue
        memory.statuses[status] += 1
        memory.had_verdict[place] = status in VERDICTS
    caller.close()


def kill(postgres: Server, portal: Portal, until: threading.Event) -> Counter[str]:
    """End the server or the database at random moments, and start it again each time."""
    killed: Counter[str] = Counter()
    while not until.wait(random.uniform(*PAUSES)):
        if random.random() < 0.5:
            portal.kill()
            portal.start()
            killed["server"] += 1
        else:
            postgres.kill()
            postgres.start_again()
            killed["database"] += 1
    return killed


def run(
    postgres: Server, portal: Portal, keys: Sequence[str], calls: int, callers: int
) -> tuple[list[Memory], Counter[str]]:
    """Make that many calls under fire. Returns what was told, and what was killed how often."""
    until, memories = threading.Event(), [Memory(number) for number in range(callers)]
    words = [(memory, portal.port, keys, until) for memory in memories]
    threads = [threading.Thread(target=call, args=each) for each in words]
    threads.append(threading.Thread(target=_stop_at, args=(calls, memories, until)))
    for thread in threads:
        thread.start()
    killed = kill(postgres, portal, until)
    for thread in threads:
        thread.join()
    return memories, killed


def _stop_at(calls: int, memories: Sequence[Memory], until: threading.Event) -> None:
    while sum(sum(memory.statuses.values()) for memory in memories) < calls:
        time.sleep(0.2)
    until.set()


def check(postgres: Server, memories: Sequence[Memory]) -> dict[str, int]:
    """How many verdicts are not on record, and how many calls are there twice."""
    seen = [bytearray(len(memory.had_verdict)) for memory in memories]
    rows = twice = 0
    with (
        postgres.connect("portal") as connection,
        connection.transaction(),
        connection.cursor("rows") as cursor,
    ):
        cursor.itersize = 20_000
        for (request_id,) in cursor.execute("SELECT request_id FROM audit_call WHERE request_id LIKE '%-%'"):
            number, place = map(int, request_id.split("-"))
            rows += 1
            twice += seen[number][place]
            seen[number][place] = 1
    told = [
        pair
        for memory, those in zip(memories, seen, strict=True)
        for pair in zip(memory.had_verdict, those, strict=True)
    ]
    return {
        "calls": len(told),
        "verdicts": sum(had for had, _ in told),
        "rows": rows,
        "verdicts without a row": sum(had and not there for had, there in told),
        "calls with two rows": twice,
        "rows without a verdict": sum(there and not had for had, there in told),
    }
