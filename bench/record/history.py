"""Makes half a year of calls and acts, with their seals and tallies, in SQL: ten million in a few minutes.

Triggers are off meanwhile and indexes are made afterwards. Hashes and signatures are made up: pages and exports read
them, and nothing here verifies.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg

from audit.models import Call, Event
from bench.record.cast import DAYS, KEYS, QUIET_CALLS, insert_statement
from bench.record.databases import Databases

LOADERS = 2
SEPARATE = "SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '768MB'; "
UUID7 = """(lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
    || substr(md5(salt), 1, 3) || '8' || substr(md5(salt), 4, 15))::uuid"""

# Key k is drawn with odds 1/k.
DRAWN = """(
    SELECT *, {uuid} AS row_id FROM (
        SELECT n, {at} AS at, {salt} AS salt, {key} AS key_n, random() AS luck, floor(random() * 1e6)::int AS dice
        FROM {series} AS n OFFSET 0
    ) AS drawn JOIN (
        SELECT n AS key_n, id AS key_id, prefix, name, app_id, agent_id, agent_name FROM bench_key OFFSET 0
    ) AS who USING (key_n)
) AS one"""
A_KEY = f"floor(power({KEYS + 1}, random()))::int"
NO = "CASE WHEN luck >= 0.03 THEN {yes} ELSE (ARRAY[{words}])[1 + dice % 5] END"
WHO = {
    "id": "row_id",
    "at": "at",
    "app_id": "app_id",
    "key_id": "key_id",
    "key_prefix": "prefix",
    "key_name": "name",
} | {
    "agent_id": "agent_id",
    "agent_name": "agent_name",
    "ip": "'203.0.113.' || (key_n + dice % 7) % 250",
    "request_id": "'req_' || left(md5(salt || 'r'), 22)",
}
CALL = WHO | {
    "via": "CASE WHEN dice % 5 = 0 THEN 'sdk' ELSE 'door' END",
    "user_agent": "(ARRAY['alter-sdk-python/0.29.0', 'curl/8.9.1', 'python-httpx/0.28.1'])[1 + dice % 3]",
    "method": "CASE WHEN dice % 3 = 0 THEN 'POST' ELSE 'GET' END",
    "path": "'/grants/' || dice % 40",
    "status": NO.format(yes="200", words="403, 401, 429, 401, 403"),
    "allowed": "luck >= 0.03",
    "code": NO.format(
        yes="''",
        words="'insufficient_scope', 'key_revoked', 'rate_limit_exceeded', 'key_expired', 'ip_not_allowed'",
    ),
    "check_failed": NO.format(yes="''", words="'scope', 'not revoked', 'throttle', 'not expired', 'address'"),
    "scopes": "'grants:read'",
    "took_us": "300 + dice % 900",
    "trace_id": "CASE WHEN dice % 10 = 0 THEN md5(salt) ELSE '' END",
}
ACT = WHO | {
    "via": "'page'",
    "action": "(ARRAY['key.narrow', 'key.deprecate', 'key.undeprecate', 'key.rename'])[1 + dice % 31 / 10]",
    "actor_kind": "'person'",
    "actor_id": "(dice % 20)::text",
    "actor_label": "'Person ' || dice % 20",
    "target_kind": "'key'",
    "target_id": "key_id::text",
    "target_label": "name",
}

NUMBERED = """
CREATE UNLOGGED TABLE bench_numbered AS
SELECT id, coalesce(app_id, '00000000-0000-0000-0000-000000000000') AS stream, '{kind}' AS kind, at,
    row_number() OVER (PARTITION BY app_id ORDER BY at, id) AS seq FROM audit_{kind}
"""
SEALS = """
INSERT INTO audit_seal (row_id, stream, kind, seq, leaf, salt)
SELECT id, stream, kind, seq, sha256(uuid_send(id)), substr(sha256(uuid_send(id)), 1, 16)
FROM bench_numbered ORDER BY id
"""
CHECKPOINTS = """
INSERT INTO audit_checkpoint (number, stream, kind, first_seq, last_seq, root, hash, previous, sealed_at, earliest_at,
    latest_at, key_id, signature)
SELECT (SELECT count(*) FROM audit_checkpoint) + row_number() OVER (ORDER BY latest_at, stream), stream, kind,
    first_seq, last_seq, hash, hash,
    lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (PARTITION BY stream ORDER BY first_seq),
    latest_at + interval '1 second', earliest_at, latest_at, 'bench', hash || hash
FROM (
    SELECT stream, kind, min(seq) AS first_seq, max(seq) AS last_seq, min(at) AS earliest_at, max(at) AS latest_at,
        sha256(uuid_send(stream) || kind::bytea || int8send(min(seq))) AS hash
    FROM bench_numbered GROUP BY stream, kind, date_trunc('month', at), (seq - 1) / 1000
) AS batch
"""
TALLIES = """
INSERT INTO audit_tally (id, stream, key_id, hour, events, allowed, denied)
SELECT gen_random_uuid(), stream, coalesce(key_id, '00000000-0000-0000-0000-000000000000'), hour, sum(acts), sum(yes),
    sum(no)
FROM (
    SELECT coalesce(app_id, '00000000-0000-0000-0000-000000000000') AS stream, key_id, date_trunc('hour', at) AS hour,
        acts, yes, no
    FROM (
        SELECT app_id, key_id, at, 0 AS acts, allowed::int AS yes, (NOT allowed)::int AS no FROM audit_call
        UNION ALL SELECT app_id, key_id, at, 1, 0, 0 FROM audit_event
    ) AS happened
) AS happened GROUP BY GROUPING SETS ((stream, key_id, hour), (stream, hour))
HAVING GROUPING(key_id) = 1 OR key_id IS NOT NULL
"""
TABLES = ("audit_call", "audit_event", "audit_seal", "audit_checkpoint", "audit_tally")
INDEXES = """
SELECT index.relname, replace(pg_get_indexdef(index.oid), ' ON ONLY ', ' ON ') FROM pg_index
JOIN pg_class AS index ON index.oid = indexrelid
WHERE indrelid = %s::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = index.oid)
"""
CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u')
"""


def fill(databases: Databases, name: str, rows: int, end: datetime) -> None:
    """Give database `name`, which has the cast and no more, `rows` calls that end at `end`."""
    with databases.connect(name) as connection:
        connection.execute(SEPARATE)
        connection.execute("TRUNCATE audit_pending")
        for table in _leaves(connection):  # it is done below, once
            connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        with _without_indexes(connection):
            _calls(databases, name, rows, end)
            _seals(connection)
        connection.execute("DROP TABLE bench_key, bench_numbered")
        # Each partition by itself, as autovacuum does; it never looks at the whole.
        for table in _leaves(connection):
            connection.execute(f"VACUUM (ANALYZE, FREEZE) {table}")
        connection.execute("CHECKPOINT")


def _calls(databases: Databases, name: str, rows: int, end: datetime) -> None:
    """The calls, by several connections at once; one act for each hundred; and the quiet app's few."""
    bounds = [rows * part // LOADERS for part in range(LOADERS + 1)]
    shares = [(first + 1, last) for first, last in zip(bounds, bounds[1:], strict=False)]

    def load(share: tuple[int, int]) -> None:
        _insert(databases, name, Call, CALL, _spread("call", rows, *share, end))

    with ThreadPoolExecutor(LOADERS) as pool:
        list(pool.map(load, shares))
    acts, quiet = max(rows // 100, 10), str(KEYS + 1)
    any_key = f"1 + floor(random() * {KEYS})::int"
    _insert(databases, name, Event, ACT, _spread("act", acts, 1, acts, end, any_key))
    _insert(databases, name, Call, CALL, _spread("quiet", QUIET_CALLS, 1, QUIET_CALLS - 1, end, quiet))


def drawn(*, at: str, salt: str, series: str, key: str = A_KEY) -> str:
    """Who called when, drawn by lot: the source of CALL and ACT. All is said in SQL, of a number n of a series."""
    return DRAWN.format(at=at, salt=salt, series=series, key=key, uuid=UUID7)


def _spread(word: str, rows: int, first: int, last: int, end: datetime, key: str = A_KEY) -> str:
    """Numbers `first` to `last` of `rows` that are evenly spread over the days before `end`, never two at once."""
    begin = (end - timedelta(days=DAYS)).isoformat()
    moment = f"timestamptz '{begin}' + n * interval '{DAYS} days' / {rows}"
    return drawn(at=moment, salt=f"'{word}' || n", series=f"generate_series({first}, {last})", key=key)


def _insert(databases: Databases, name: str, model: type, given: dict[str, str], source: str) -> None:
    """On a connection of its own."""
    with databases.connect(name) as connection:
        connection.execute(SEPARATE + "SELECT setseed(0.5)")
        connection.execute(insert_statement(model, given, source))


def _seals(connection: psycopg.Connection) -> None:
    for kind in ("event", "call"):
        connection.execute("DROP TABLE IF EXISTS bench_numbered")
        connection.execute(NUMBERED.format(kind=kind))
        connection.execute(SEALS)
        connection.execute(CHECKPOINTS)
    connection.execute(TALLIES)


@contextmanager
def _without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    """Drop what slows loading down, and make it again."""
    again = []
    for table in TABLES:
        for name, definition in connection.execute(INDEXES, [table]).fetchall():
            connection.execute(f"DROP INDEX {name}")
            again.append(definition)
        if table == "audit_call":
            continue  # the first partition has a key of its own, and ids come in order
        for name, definition in connection.execute(CONSTRAINTS, [table]).fetchall():
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            again.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    yield
    for statement in again:
        connection.execute(statement)


def _leaves(connection: psycopg.Connection) -> list[str]:
    found = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return [name for (name,) in found]
