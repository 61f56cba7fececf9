"""Key lookup: reads keys by their digests, many in one statement, as KeySnapshots for judge(), without the ORM.

Parsing a row is cached by the row's text. That is no cache of a key's state: the row comes from the database each time.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from agents.models import App
from core import pg_arrays
from core.ids import id_of
from keys import plaintext
from keys.admission.verdict import KeySnapshot
from keys.catalogue import store
from keys.catalogue.catalogue import Catalogue
from keys.models import ApiKey
from keys.networks import stored_networks

SNAPSHOT_CACHE_SIZE = 5000
"""Snapshots that are cached in a process."""
_KEY_COLUMNS = (
    "id",
    "agent_id",
    "name",
    "kind",
    "prefix",
    "scopes",
    "networks",
    "revoked_at",
    "expires_at",
    "deprecated_at",
    "grace_ends_at",
    "scope_version",
    "shared_bucket",
    "rate_limit_rpm",
)
_KEY_COLUMN_COUNT = len(_KEY_COLUMNS)
ReadRows = Callable[[Sequence[bytes]], Iterable[Sequence[Any]]]
"""Reads keys by digest. A row: the digest in hex, the pepper's number, and all else as one JSON array."""


def _columns(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in _KEY_COLUMNS)


def _select(array: str, hexadecimal: str) -> str:
    return (
        f"SELECT {hexadecimal}, own.pepper, {array}(app.id, app.name, app.signing, app.rate_limit_rpm, "
        f"app.catalogue_id, agent.name, agent.suspended_at, agent.revoked_at, {_columns('own')}, {_columns('above')}, "
        f"CASE WHEN top.id IS NOT NULL THEN {array}({_columns('top')}) END)"
    )


_JOINS = (
    "FROM keys_apikey AS own JOIN agents_app AS app ON app.id = own.app_id "
    "LEFT JOIN agents_agent AS agent ON agent.id = own.agent_id "
    "LEFT JOIN keys_apikey AS above ON above.id = COALESCE(own.parent_id, own.enrolled_by_id) "
    "LEFT JOIN keys_apikey AS top ON top.id = COALESCE(above.parent_id, above.enrolled_by_id)"
)
_ROWS = {
    "postgresql": _select("json_build_array", "encode(own.digest, 'hex')") + "::text",
    "sqlite": _select("json_array", "hex(own.digest)"),
}
SELECT_BY_DIGESTS = f"{_ROWS['postgresql']} {_JOINS} WHERE own.digest = ANY (%s::bytea[])"
"""The lookup on PostgreSQL, by an array of digests."""


def look_up(
    hashes: Iterable[bytes], db: BaseDatabaseWrapper = connection, read_rows: ReadRows | None = None
) -> dict[bytes, KeySnapshot]:
    """The snapshot of each key with one of these SHA-256 hashes, read in one statement. Unknown ones are left out."""
    hash_by_digest = plaintext.by_digest(hashes)
    if not hash_by_digest:
        return {}
    snapshots: dict[bytes, KeySnapshot] = {}
    current, limit = plaintext.current_pepper(), settings.RATE_LIMIT_RPM
    digests = list(hash_by_digest)
    for digest, pepper, row in read_rows(digests) if read_rows else _read(digests, db):
        key_hash = hash_by_digest[bytes.fromhex(digest)]
        snapshots[key_hash] = _parse(row, limit, db)
        if int(pepper) != current:
            _redigest(key_hash, int(pepper), db)
    return snapshots


def snapshot_of(key: ApiKey) -> KeySnapshot:
    """The snapshot of a key, for pages."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_ROWS[connection.vendor]} {_JOINS} WHERE own.id = %s",
            [key.id if connection.features.has_native_uuid_field else key.id.hex],
        )
        row = cursor.fetchone()[2]
    return _parse(row, settings.RATE_LIMIT_RPM, connection)


def _read(digests: Sequence[bytes], db: BaseDatabaseWrapper) -> list[Any]:
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            cursor.execute(SELECT_BY_DIGESTS, [pg_arrays.bytes_array(digests)])
        else:
            placeholders = ", ".join(["%s"] * len(digests))
            cursor.execute(f"{_ROWS['sqlite']} {_JOINS} WHERE own.digest IN ({placeholders})", digests)
        return list(cursor.fetchall())


def _parse(row: str, portal_limit: int, db: BaseDatabaseWrapper) -> KeySnapshot:
    """The snapshot in a row. A catalogue that this process sees for the first time is read."""
    try:
        return _snapshot(row, portal_limit)
    except store.NotLoaded as not_loaded:
        store.load(not_loaded.id, db)
    return _snapshot(row, portal_limit)


@lru_cache(SNAPSHOT_CACHE_SIZE)
def _snapshot(row: str, portal_limit: int) -> KeySnapshot:
    app_id, app_name, signing, app_limit, catalogue_id, agent_name, suspended, agent_revoked, *rest = (
        json.loads(row)
    )
    own_row, parent_row, grandparent_row = rest[:_KEY_COLUMN_COUNT], rest[_KEY_COLUMN_COUNT:-1], rest[-1]
    # SQLite may return a nested array as its JSON text.
    grandparent_row = json.loads(grandparent_row) if isinstance(grandparent_row, str) else grandparent_row
    limit = (grandparent_row or (parent_row if parent_row[0] else own_row))[-1] or app_limit or portal_limit
    catalogue = store.cached(id_of(catalogue_id) if catalogue_id else None)
    shared = {
        "app_id": id_of(app_id),
        "app_name": app_name,
        "rate_limit": limit,
        "must_sign": signing == App.Signing.REQUIRED,
        "catalogue": catalogue,
    }
    highest = (
        KeySnapshot(**_key_fields(grandparent_row, catalogue), **shared, agent_name="")
        if grandparent_row
        else None
    )
    parent = (
        KeySnapshot(**_key_fields(parent_row, catalogue), **shared, agent_name="", parent=highest)
        if parent_row[0]
        else None
    )
    return KeySnapshot(
        **_key_fields(own_row, catalogue),
        **shared,
        agent_name=agent_name or "",
        agent_suspended=suspended is not None,
        agent_revoked=agent_revoked is not None,
        parent=parent,
    )


def _key_fields(columns: Sequence[Any], catalogue: Catalogue) -> dict[str, Any]:
    id_, agent_id, name, kind, prefix, scopes, networks, revoked, expires, deprecated, grace, *rest = columns
    version, shared_bucket, _ = rest
    return {
        "id": id_of(id_),
        "agent_id": id_of(agent_id) if agent_id else None,
        "name": name,
        "kind": kind,
        "prefix": prefix,
        "scopes": catalogue.stored(_as_list(scopes)),
        "networks": stored_networks(_as_list(networks)),
        "revoked": revoked is not None,
        "expires_at": _moment(expires),
        "deprecated_at": _moment(deprecated),
        "grace_ends_at": _moment(grace),
        "scope_version": version,
        "shared_bucket": id_of(shared_bucket) if shared_bucket else None,
    }


def _as_list(stored: str | list[str]) -> list[str]:
    """A list, which SQLite stores as JSON text."""
    return list(json.loads(stored)) if isinstance(stored, str) else stored


def _moment(text: str | None) -> datetime | None:
    """A moment, which SQLite stores in UTC without saying so."""
    moment = datetime.fromisoformat(text) if text else None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _redigest(key_hash: bytes, pepper: int, db: BaseDatabaseWrapper) -> None:
    """Move a key's digest to the current pepper, unless it changed meanwhile. Not an event: nobody acted."""
    current = plaintext.current_pepper()
    with db.cursor() as cursor:
        cursor.execute(
            "UPDATE keys_apikey SET digest = %s, pepper = %s WHERE digest = %s",
            [plaintext.digest(key_hash, current), current, plaintext.digest(key_hash, pepper)],
        )
