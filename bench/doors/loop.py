"""What the driver can do without HTTP: threads with a connection each, one SELECT and one durable INSERT in a loop.

python -m bench.doors.loop SOCKET DATABASE DIGEST THREADS SECONDS
"""

import json
import statistics
import sys
import threading
import time
import uuid

import psycopg

SELECT = "SELECT id, name FROM peers_key WHERE digest = %s"
INSERT = (
    "INSERT INTO peers_call (key_id, at, method, path, ip, request_id, allowed) "
    "VALUES (%s, now(), 'GET', '/loop', '127.0.0.1', %s, true)"
)


def call_for(socket: str, database: str, digest: str, until: list[float], took: list[float]) -> None:
    """One caller."""
    with psycopg.connect(host=socket, user="portal", dbname=database, autocommit=True) as connection:
        connection.prepare_threshold = 0
        while time.monotonic() < until[0]:
            began = time.perf_counter()
            row = connection.execute(SELECT, [digest]).fetchone()
            connection.execute(INSERT, [row[0], uuid.uuid4().hex])
            took.append(time.perf_counter() - began)


def main(socket: str, database: str, digest: str, callers: str, seconds: str) -> None:
    """Print what came of it, as load.lua does."""
    took: list[float] = []
    until = [time.monotonic() + float(seconds)]
    began = time.monotonic()
    words = (socket, database, digest, until, took)
    threads = [threading.Thread(target=call_for, args=words) for _ in range(int(callers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted = time.monotonic() - began
    parts = statistics.quantiles(took, n=100)
    cpu = time.process_time()
    print(
        json.dumps(
            {
                "calls": len(took),
                "seconds": lasted,
                "p50": parts[49] * 1000,
                "p99": parts[98] * 1000,
                "cpu": cpu,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
