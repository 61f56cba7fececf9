"""Revokes a key while many callers use it: no call that begins after the verb has returned may pass."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.doors.caller import Caller
from bench.doors.servers import Portal

WARM = (0.5, 2.0)
"""Seconds that the key is used before it is revoked."""
AFTER = 0.7
"""Seconds that callers go on."""


@dataclass
class Seen:
    """When each call began, and how it was answered, of one caller."""

    begun: list[float] = field(default_factory=list)
    passed: list[bool] = field(default_factory=list)


def call(seen: Seen, port: int, key: str, until: threading.Event) -> None:
    """Use the key until it is time to stop."""
    caller = Caller(port)
    while not until.is_set():
        seen.begun.append(time.monotonic())
        seen.passed.append(caller.ask(key, "revoking") == 200)
    caller.close()


def run(servers: Sequence[Portal], callers: int, trials: int) -> dict[str, int]:
    """Revoke that many keys, each under the calls of `callers` over all servers. Django is set up for this database."""
    told = {"keys": 0, "passed before": 0, "refused after": 0, "passed after": 0}
    for trial in range(trials):
        secret, revoke = _key(trial)
        until, each = threading.Event(), [Seen() for _ in range(callers)]
        words = [(seen, servers[n % len(servers)].port, secret, until) for n, seen in enumerate(each)]
        threads = [threading.Thread(target=call, args=word) for word in words]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(*WARM))
        revoke()
        revoked = time.monotonic()
        time.sleep(AFTER)
        until.set()
        for thread in threads:
            thread.join()
        _count(told, each, revoked)
    return told


def _count(told: dict[str, int], each: Sequence[Seen], revoked: float) -> None:
    calls = [pair for seen in each for pair in zip(seen.begun, seen.passed, strict=True)]
    told["keys"] += 1
    told["passed before"] += sum(passed for begun, passed in calls if begun <= revoked)
    told["refused after"] += sum(not passed for begun, passed in calls if begun > revoked)
    told["passed after"] += sum(passed for begun, passed in calls if begun > revoked)


def _key(trial: int) -> tuple[str, Callable[[], object]]:
    from agents import lifecycle as on_agents
    from audit.actors import shell
    from keys import lifecycle
    from keys.catalogue.builtin import DEFAULT

    app = on_agents.create_app(shell(), name=f"revoked-{trial}")
    made = lifecycle.mint(
        shell(), app, name="hot", scopes=DEFAULT.parse(["agents:read"]), rate_limit_rpm=100_000
    )
    return made.plaintext.take(), lambda: lifecycle.revoke(shell(), made.key)
