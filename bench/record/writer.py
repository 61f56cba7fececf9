"""Writes calls at a steady pace from a process of its own: `-m bench.record.writer NAME HOST RATE SECONDS`.

It prints a JSON list: for each statement the moment it was due, in seconds of the clock, and the seconds until its
commit returned. A statement that is late because the one before it was slow counts its waiting too.
"""

import json
import sys
import time

import psycopg

A_STATEMENT = 50
"""Calls in one insert. The door gathers what arrives while a commit is under way; this is many callers' worth."""


def statement() -> str:
    """The calls of the made-up record, at the present moment."""
    from audit.models import Call
    from bench.record.cast import insert_statement
    from bench.record.history import CALL, drawn

    many = f"generate_series(1, {A_STATEMENT})"
    source = drawn(at="clock_timestamp()", salt="gen_random_uuid()::text", series=many)
    return insert_statement(Call, CALL, source)


def write(host: str, name: str, rate: int, seconds: float) -> list[tuple[float, float]]:
    """Insert `rate` calls a second for so long."""
    said, took = statement(), []
    with psycopg.connect(host=host, user="portal", dbname=name, autocommit=True) as connection:
        begun, due = time.time(), 0.0
        while due < seconds:
            time.sleep(max(0.0, begun + due - time.time()))
            connection.execute(said)
            took.append((begun + due, time.time() - begun - due))
            due += A_STATEMENT / rate
    return took


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(write(sys.argv[2], sys.argv[1], int(sys.argv[3]), float(sys.argv[4]))))
