"""Who calls in the made-up record: fifty apps and two thousand keys, and one quiet app with one quiet key."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, models

APPS, KEYS, DAYS = 50, 2000, 180
QUIET_CALLS = 40
"""Calls of the quiet app, at every size: few rows that lie far apart."""
APP = UUID("b0000000-0000-4000-8000-000000000001")
QUIET_APP = UUID("b0000000-0000-4000-8000-000000000051")
HOT_KEY = UUID("c0000000-0000-4000-8000-000000000001")
QUIET_KEY = UUID("c0000000-0000-4000-8000-000000002001")
HOT_PREFIX = "alter_key_app_ben00001"

# Key k belongs to app 50^frac(k·φ): few apps have most of the keys. The last key belongs to the quiet app.
CAST = f"""
CREATE UNLOGGED TABLE bench_key AS
SELECT n, ('c0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid AS id,
    kind, 'alter_key_' || kind || '_ben' || lpad(n::text, 5, '0') AS prefix, 'worker-' || n AS name,
    CASE n WHEN {KEYS + 1} THEN {APPS + 1} WHEN 1 THEN 1
        ELSE least({APPS}, floor(power({APPS + 1}, (n * 0.6180339887) % 1)))::int END AS app
FROM generate_series(1, {KEYS + 1}) AS n, LATERAL (
    SELECT CASE WHEN n % 10 BETWEEN 2 AND 4 THEN 'agent' ELSE 'app' END AS kind
) AS sort;
ALTER TABLE bench_key ADD app_id uuid, ADD agent_id uuid, ADD agent_name text NOT NULL DEFAULT '', ADD PRIMARY KEY (n);
UPDATE bench_key SET app_id = ('b0000000-0000-4000-8000-' || lpad(app::text, 12, '0'))::uuid;
UPDATE bench_key SET agent_name = 'agent-' || app || '-' || n % 4,
    agent_id = ('d0000000-0000-4000-8000-' || lpad((app * 10 + n % 4)::text, 12, '0'))::uuid WHERE kind = 'agent'
"""


def insert_statement(model: type[models.Model], given: dict[str, str], source: str) -> str:
    """INSERT … SELECT … FROM `source`: `given` says columns in SQL, the others get what the model gives them."""
    columns = {field.column: field for field in model._meta.concrete_fields}
    told = {name: given.get(name) or _default(field) for name, field in columns.items()}
    into = f"INSERT INTO {model._meta.db_table} ({', '.join(told)})"
    return f"{into} SELECT {', '.join(told.values())} FROM {source}"


def insert(model: type[models.Model], given: dict[str, str], source: str) -> None:
    """Carry that out."""
    with connection.cursor() as cursor:
        cursor.execute(insert_statement(model, given, source))


def make_cast(end: datetime) -> None:
    """Apps, agents, keys, and the acts that brought the keys about, half a year before `end`."""
    from agents.models import Agent, App
    from audit.models import Event
    from keys.models import ApiKey

    born = f"timestamptz '{(end - timedelta(days=DAYS)).isoformat()}'"
    with connection.cursor() as cursor:
        cursor.execute(CAST)
    apps = {"id": "app_id", "name": "'shop-' || app", "sameness": "'shop-' || app", "created_at": born}
    insert(App, {**apps, "max_keys": "10000"}, "(SELECT DISTINCT app, app_id FROM bench_key) AS one")
    agents = "(SELECT DISTINCT app_id, agent_id, agent_name FROM bench_key WHERE agent_id IS NOT NULL) AS one"
    insert(Agent, {"id": "agent_id", "app_id": "app_id", "name": "agent_name", "created_at": born}, agents)
    key = {name: name for name in ("id", "app_id", "agent_id", "kind", "prefix", "name")} | {
        "fingerprint": "left(md5(prefix), 8)",
        "digest": "sha256(prefix::bytea)",
        "pepper": "1",
        "scopes": """'["grants:read"]'""",
        "minted_by": "'Admin'",
        "created_at": born,
    }
    insert(ApiKey, key, "bench_key")
    mint = {"at": born, "app_id": "app_id", "key_id": "id", "key_prefix": "prefix", "key_name": "name"} | {
        "id": "gen_random_uuid()",
        "via": "'page'",
        "action": "'key.mint'",
        "actor_kind": "'person'",
        "actor_id": "'1'",
        "actor_label": "'Admin <admin@example.com>'",
        "target_kind": "'key'",
        "target_id": "id::text",
        "target_label": "name",
    }
    insert(Event, mint, "bench_key")


def signed_in() -> Any:
    """A browser in which an admin of every app is signed in."""
    from django.test import Client

    from tests.factories import member

    client = Client(SERVER_NAME="localhost")
    client.force_login(member("admin", None, email="bench@example.com"))
    return client


def _default(field: Any) -> str:
    """A column's value in SQL when nothing is said of it."""
    if field.null:
        return "NULL"
    value = field.get_default()
    if field.get_internal_type() == "JSONField":
        return "'[]'::jsonb" if value == [] else "'{}'::jsonb"
    return f"'{value}'"
