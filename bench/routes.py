"""What matching a request against a route map costs: microseconds per match, and milliseconds to compile the map.

    .venv/bin/python -m bench.routes

No database, no server. Exit code 1: a match takes longer than ten microseconds, or 10,000 routes longer than 300 ms.
"""

import sys
import time

MAX_MICROSECONDS, MAX_COMPILE_MS = 10.0, 300.0
SIZES = (10, 1_000, 10_000)
MATCHES = 20_000


def main() -> int:
    """Measure, print, and say whether it is little enough."""
    print("routes   compile ms   match µs")
    slowest, longest = 0.0, 0.0
    for size in SIZES:
        compile_ms, microseconds = measure(size)
        print(f"{size:6,}   {compile_ms:10.1f}   {microseconds:8.2f}")
        slowest, longest = max(slowest, microseconds), max(longest, compile_ms)
    return int(slowest > MAX_MICROSECONDS or longest > MAX_COMPILE_MS)


def measure(size: int) -> tuple[float, float]:
    """CPU milliseconds to compile `size` routes, and CPU microseconds per match of four segments."""
    from keys.routes.matcher import compile_routes
    from keys.routes.patterns import Route

    routes = [Route(f"/v1/things{number}/{{id}}/items", ("GET",)) for number in range(size)]
    started = time.process_time()
    matcher = compile_routes(routes)
    compiled = time.process_time()
    paths = [f"/v1/things{number % size}/48213/items?page=2" for number in range(MATCHES)]
    begun = time.process_time()
    for path in paths:
        matcher.match("GET", path)
    return (compiled - started) * 1e3, (time.process_time() - begun) / MATCHES * 1e6


if __name__ == "__main__":
    sys.exit(main())
