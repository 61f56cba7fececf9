"""Load: so many callers for so many seconds, over connections that stay open, with wrk."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")
NO_WRK = "wrk makes the load, and it is not here. On Debian or Ubuntu: apt-get install wrk"


@dataclass(frozen=True, slots=True)
class Came:
    """What came of it. Times in milliseconds."""

    calls: int
    seconds: float
    p50: float
    p99: float
    refused: int = 0
    """Answers that were no 2xx."""
    broken: int = 0
    """Calls without an answer."""

    @property
    def each_second(self) -> float:
        """Calls in a second."""
        return self.calls / self.seconds


def is_there() -> bool:
    """Whether load can be made."""
    return shutil.which("wrk") is not None


def run(address: str, heads: Path, callers: int, seconds: float) -> Came:
    """Call `address` with the heads of a file in turn."""
    words = ["wrk", "-t1", f"-c{callers}", f"-d{seconds:.0f}s", "--timeout", "30s", "-s", str(SCRIPT)]
    done = subprocess.run([*words, address, "--", str(heads)], capture_output=True, text=True, check=True)
    document = json.loads(done.stdout.splitlines()[-1])
    ms = {name: document[name] / 1000 for name in ("p50", "p99")}
    return Came(
        document["calls"], document["us"] / 1e6, **ms, refused=document["refused"], broken=document["broken"]
    )
