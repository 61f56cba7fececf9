"""A hundred thousand keys and ten million calls beside a thousand keys and none; and a worker's memory."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from bench.doors import load, processes, report
from bench.doors.contenders import Sample, prepared
from bench.doors.postgres import Server
from bench.doors.servers import Portal

KEYS, CALLS = 100_000, 10_000_000
CALLERS = 64
# Spread over twenty days, ids in the order of time; triggers are off, indexes are not.
FILL = """
INSERT INTO audit_call (id, at, app_id, key_id, key_prefix, key_name, agent_name, via, ip, user_agent, request_id,
    caller, caller_type, context, trace_id, method, path, status, allowed, code, check_failed, detail, scopes, took_us)
SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
        || '8' || substr(md5(n::text), 4, 15))::uuid, at, app_id, key_id, prefix, name, '', 'door',
    '203.0.113.' || n %% 250, 'curl/8', md5(n::text), '', '', '{}', '', 'GET', '/grants', 200, true, '', '', '', '', 700
FROM (
    SELECT n, now() - interval '20 days' + n * (interval '20 days' / %(calls)s) AS at, 1 + n * 7919 %% %(keys)s AS place
    FROM generate_series(1::bigint, %(calls)s) AS n
) AS drawn JOIN (
    SELECT row_number() OVER () AS place, id AS key_id, app_id, prefix, name FROM keys_apikey
) AS whose USING (place) ORDER BY n
"""


def fill(connection: psycopg.Connection[object], calls: int, keys: int) -> None:
    """Store that many calls of keys there are."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET work_mem = '256MB'")
    connection.execute(FILL, {"calls": calls, "keys": keys})
    connection.execute("VACUUM ANALYZE")


@contextmanager
def portal(postgres: Server, folder: Path, keys: int) -> Iterator[tuple[Portal, Path]]:
    """A portal with that many keys, and the heads of requests with each of them."""
    name = f"portal{keys}"
    ours = {"DATABASE_URL": postgres.make(name), "PORTAL_DATA": str(folder / name)}
    heads = folder / f"{name}.heads"
    plain = json.loads(prepared("bench.doors.ours", keys, **ours))
    heads.write_text("".join(f"x-api-key: {one}\n" for one in plain))
    with Portal(ours | {"PORTAL_TICK": "apart"}) as server:
        yield server, heads


def compare(rounds: int, seconds: float, say: Callable[[str], None]) -> dict[str, report.Figures]:
    """Calls at an empty portal and at a full one, in turn."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="portal-bench-")))
        postgres = stack.enter_context(Server())
        both = {
            "empty": stack.enter_context(portal(postgres, folder, 1000)),
            "full": stack.enter_context(portal(postgres, folder, KEYS)),
        }
        say(f"storing {CALLS:,} calls")
        with postgres.connect(f"portal{KEYS}") as connection:
            fill(connection, CALLS, KEYS)
        samples: dict[str, list[Sample]] = {name: [] for name in both}
        for turn in range(rounds + 1):
            for name, (server, heads) in both.items():
                sample = _measured(postgres, server, heads, seconds)
                samples[name] += [sample] if turn else []
        return {name: report.medians(found) for name, found in samples.items()}


def _measured(postgres: Server, server: Portal, heads: Path, seconds: float) -> Sample:
    app, database = processes.cpu(server.pid), processes.cpu(postgres.pid)
    came = load.run(server.address("/verify"), heads, CALLERS, seconds)
    return Sample(came, processes.cpu(server.pid) - app, processes.cpu(postgres.pid) - database)


def memory(calls: int) -> dict[str, float]:
    """Megabytes of a worker once it is warm, half way, and after that many calls. It seals as by default."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="portal-bench-")))
        postgres = stack.enter_context(Server())
        name = postgres.make("portal")
        ours = {"DATABASE_URL": name, "PORTAL_DATA": str(folder / "data")}
        plain = json.loads(prepared("bench.doors.ours", 1000, **ours))
        (folder / "heads").write_text("".join(f"x-api-key: {one}\n" for one in plain))
        server = stack.enter_context(Portal(ours))
        made, held = 0, [(0, processes.resident(server.pid))]
        while made < calls:
            made += load.run(server.address("/verify"), folder / "heads", CALLERS, 10).calls
            held.append((made, processes.resident(server.pid)))
    return told_of(held)


def told_of(held: Sequence[tuple[int, float]]) -> dict[str, float]:
    """The start is after a tenth of the calls: caches fill first."""
    calls = held[-1][0]
    at = {"start": calls * 0.1, "middle": calls * 0.5, "end": calls}
    found = {name: next(mb for made, mb in held if made >= place) for name, place in at.items()}
    return {"calls": calls, "before": held[0][1], **found}
