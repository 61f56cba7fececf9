"""Looks keys up: by their digests, many in one read, into what judge() needs to know. No objects of the ORM.

What a row means is worked out once for as long as the row is the same. That is no cache of a key's state: the row
comes from the database each time.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from agents.models import App
from audit import arrays
from audit.ids import id_of
from keys import plaintext
from keys.models import ApiKey
from keys.networks import Network, stored_networks
from keys.scopes import ScopeSet, stored_scopes
from keys.verdict import Standing

KNOWN = 5000
"""How many different rows, and texts in them, are kept with what they mean."""
_KEY = [
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
    "rate_limit_rpm",
]
_WIDTH = len(_KEY)
_AS_TEXT = ("id", "agent_id", "scopes", "networks")


def _columns(table: str, cast: str) -> str:
    return ", ".join(f"{table}.{name}{cast if name in _AS_TEXT else ''}" for name in _KEY)


def _wanted(cast: str) -> str:
    return (
        f"SELECT own.digest, own.pepper, app.id{cast}, app.name, app.signing, app.rate_limit_rpm, agent.name, "
        f"agent.suspended_at, agent.revoked_at, {_columns('own', cast)}, {_columns('parent', cast)} "
    )


def _statement(cast: str, found: str) -> str:
    return (
        f"{_wanted(cast)} FROM keys_apikey AS own JOIN agents_app AS app ON app.id = own.app_id "
        "LEFT JOIN agents_agent AS agent ON agent.id = own.agent_id "
        f"LEFT JOIN keys_apikey AS parent ON parent.id = own.parent_id WHERE own.digest {found}"
    )


# One by one by the index, whatever the planner thinks of the tables' sizes: LIMIT keeps it from joining them whole.
_ON_POSTGRES = (
    f"{_wanted('::text')} FROM unnest(%s::bytea[]) AS wanted (digest) "
    "CROSS JOIN LATERAL (SELECT * FROM keys_apikey WHERE digest = wanted.digest LIMIT 1) AS own "
    "CROSS JOIN LATERAL (SELECT * FROM agents_app WHERE id = own.app_id LIMIT 1) AS app "
    "LEFT JOIN LATERAL (SELECT * FROM agents_agent WHERE id = own.agent_id LIMIT 1) AS agent ON true "
    "LEFT JOIN LATERAL (SELECT * FROM keys_apikey WHERE id = own.parent_id LIMIT 1) AS parent ON true"
)


def look_up(hashes: Iterable[bytes], db: BaseDatabaseWrapper = connection) -> dict[bytes, Standing]:
    """What is known of each key with one of these SHA-256 hashes, in one read. Unknown ones are left out."""
    wanted = plaintext.by_digest(hashes)
    if not wanted:
        return {}
    found: dict[bytes, Standing] = {}
    for row in _read(list(wanted), db):
        hashed = wanted[bytes(row[0])]
        found[hashed] = _standing(tuple(row[2:]), settings.RATE_LIMIT_RPM)
        if row[1] != plaintext.current_pepper():
            _redigest(hashed, row[1], db)
    return found


def of(key: ApiKey) -> Standing:
    """The same of a key that is at hand, for pages."""
    with connection.cursor() as cursor:
        cursor.execute(_by_id(), [key.id if connection.features.has_native_uuid_field else key.id.hex])
        return _standing(tuple(cursor.fetchone()[2:]), settings.RATE_LIMIT_RPM)


def _by_id() -> str:
    cast = "::text" if connection.vendor == "postgresql" else ""
    return _statement(cast, "IS NOT NULL AND own.id = %s")


def _read(digests: Sequence[bytes], db: BaseDatabaseWrapper) -> list[Any]:
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            cursor.execute(_ON_POSTGRES, [arrays.of_bytes(digests)])
        else:
            cursor.execute(_statement("", f"IN ({', '.join(['%s'] * len(digests))})"), digests)
        return list(cursor.fetchall())


@lru_cache(KNOWN)
def _standing(row: tuple[Any, ...], portal_limit: int) -> Standing:
    app_id, app_name, signing, app_limit, agent_name, suspended, agent_revoked, *rest = row
    own, above = rest[:_WIDTH], rest[_WIDTH:]
    limit = (above if above[0] else own)[-1] or app_limit or portal_limit
    shared = {
        "app_id": id_of(app_id),
        "app_name": app_name,
        "rate_limit": limit,
        "must_sign": signing == App.Signing.REQUIRED,
    }
    parent = Standing(**_told(above), **shared, agent_name="") if above[0] else None
    return Standing(
        **_told(own),
        **shared,
        agent_name=agent_name or "",
        agent_suspended=suspended is not None,
        agent_revoked=agent_revoked is not None,
        parent=parent,
    )


def _told(columns: Sequence[Any]) -> dict[str, Any]:
    id_, agent_id, name, kind, prefix, scopes, networks, revoked, expires, deprecated, grace, version, _ = (
        columns
    )
    return {
        "id": id_of(id_),
        "agent_id": id_of(agent_id) if agent_id else None,
        "name": name,
        "kind": kind,
        "prefix": prefix,
        "scopes": _scopes(scopes),
        "networks": _networks(networks),
        "revoked": revoked is not None,
        "expires_at": _moment(expires),
        "deprecated_at": _moment(deprecated),
        "grace_ends_at": _moment(grace),
        "scope_version": version,
    }


@lru_cache(KNOWN)
def _scopes(text: str) -> ScopeSet:
    return stored_scopes(json.loads(text))


@lru_cache(KNOWN)
def _networks(text: str) -> tuple[Network, ...]:
    return stored_networks(json.loads(text))


def _moment(value: datetime | None) -> datetime | None:
    """SQLite keeps UTC and does not say so."""
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def _redigest(hashed: bytes, pepper: int, db: BaseDatabaseWrapper) -> None:
    """Move a key to the current pepper, unless someone changed its digest meanwhile. Not an act: no one acted."""
    current = plaintext.current_pepper()
    with db.cursor() as cursor:
        cursor.execute(
            "UPDATE keys_apikey SET digest = %s, pepper = %s WHERE digest = %s",
            [plaintext.digest(hashed, current), current, plaintext.digest(hashed, pepper)],
        )
