"""Looks keys up: by their digests, many in one read, into what judge() needs to know. No objects of the ORM.

What a row means is worked out once for as long as the row is the same. That is no cache of a key's state: the row
comes from the database each time.
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
from keys.admission.verdict import Standing
from keys.models import ApiKey
from keys.networks import stored_networks
from keys.scopes import stored_scopes

KNOWN = 5000
"""How many different rows are kept with what they mean."""
_KEY = (
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
_WIDTH = len(_KEY)
Read = Callable[[Sequence[bytes]], Iterable[Sequence[Any]]]
"""Finds keys by their digests: rows of a digest in hex, the number of its pepper, and all else in one JSON array."""


def _columns(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in _KEY)


def _wanted(array: str, hexadecimal: str) -> str:
    return (
        f"SELECT {hexadecimal}, own.pepper, {array}(app.id, app.name, app.signing, app.rate_limit_rpm, agent.name, "
        f"agent.suspended_at, agent.revoked_at, {_columns('own')}, {_columns('above')}, "
        f"CASE WHEN top.id IS NOT NULL THEN {array}({_columns('top')}) END)"
    )


_KIN = (
    "FROM keys_apikey AS own JOIN agents_app AS app ON app.id = own.app_id "
    "LEFT JOIN agents_agent AS agent ON agent.id = own.agent_id "
    "LEFT JOIN keys_apikey AS above ON above.id = COALESCE(own.parent_id, own.enrolled_by_id) "
    "LEFT JOIN keys_apikey AS top ON top.id = COALESCE(above.parent_id, above.enrolled_by_id)"
)
_ROWS = {
    "postgresql": _wanted("json_build_array", "encode(own.digest, 'hex')") + "::text",
    "sqlite": _wanted("json_array", "hex(own.digest)"),
}
MANY = f"{_ROWS['postgresql']} {_KIN} WHERE own.digest = ANY (%s::bytea[])"
"""Many on PostgreSQL, by an array of digests."""


def look_up(
    hashes: Iterable[bytes], db: BaseDatabaseWrapper = connection, read: Read | None = None
) -> dict[bytes, Standing]:
    """What is known of each key with one of these SHA-256 hashes, in one read. Unknown ones are left out."""
    wanted = plaintext.by_digest(hashes)
    if not wanted:
        return {}
    found: dict[bytes, Standing] = {}
    current, limit = plaintext.current_pepper(), settings.RATE_LIMIT_RPM
    for digest, pepper, row in read(list(wanted)) if read else _read(list(wanted), db):
        hashed = wanted[bytes.fromhex(digest)]
        found[hashed] = _standing(row, limit)
        if int(pepper) != current:
            _redigest(hashed, int(pepper), db)
    return found


def of(key: ApiKey) -> Standing:
    """The same of a key that is at hand, for pages."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_ROWS[connection.vendor]} {_KIN} WHERE own.id = %s",
            [key.id if connection.features.has_native_uuid_field else key.id.hex],
        )
        return _standing(cursor.fetchone()[2], settings.RATE_LIMIT_RPM)


def _read(digests: Sequence[bytes], db: BaseDatabaseWrapper) -> list[Any]:
    with db.cursor() as cursor:
        if db.vendor == "postgresql":
            cursor.execute(MANY, [pg_arrays.of_bytes(digests)])
        else:
            places = ", ".join(["%s"] * len(digests))
            cursor.execute(f"{_ROWS['sqlite']} {_KIN} WHERE own.digest IN ({places})", digests)
        return list(cursor.fetchall())


@lru_cache(KNOWN)
def _standing(row: str, portal_limit: int) -> Standing:
    app_id, app_name, signing, app_limit, agent_name, suspended, agent_revoked, *rest = json.loads(row)
    own, above, top = rest[:_WIDTH], rest[_WIDTH:-1], rest[-1]
    top = json.loads(top) if isinstance(top, str) else top  # SQLite may tell an array within one as its JSON
    limit = (top or (above if above[0] else own))[-1] or app_limit or portal_limit
    shared = {
        "app_id": id_of(app_id),
        "app_name": app_name,
        "rate_limit": limit,
        "must_sign": signing == App.Signing.REQUIRED,
    }
    highest = Standing(**_told(top), **shared, agent_name="") if top else None
    parent = Standing(**_told(above), **shared, agent_name="", parent=highest) if above[0] else None
    return Standing(
        **_told(own),
        **shared,
        agent_name=agent_name or "",
        agent_suspended=suspended is not None,
        agent_revoked=agent_revoked is not None,
        parent=parent,
    )


def _told(columns: Sequence[Any]) -> dict[str, Any]:
    id_, agent_id, name, kind, prefix, scopes, networks, revoked, expires, deprecated, grace, *rest = columns
    version, shared_bucket, _ = rest
    return {
        "id": id_of(id_),
        "agent_id": id_of(agent_id) if agent_id else None,
        "name": name,
        "kind": kind,
        "prefix": prefix,
        "scopes": stored_scopes(_listed(scopes)),
        "networks": stored_networks(_listed(networks)),
        "revoked": revoked is not None,
        "expires_at": _moment(expires),
        "deprecated_at": _moment(deprecated),
        "grace_ends_at": _moment(grace),
        "scope_version": version,
        "shared_bucket": id_of(shared_bucket) if shared_bucket else None,
    }


def _listed(told: str | list[str]) -> list[str]:
    """SQLite keeps a list as its JSON."""
    return list(json.loads(told)) if isinstance(told, str) else told


def _moment(text: str | None) -> datetime | None:
    """SQLite keeps UTC and does not say so."""
    moment = datetime.fromisoformat(text) if text else None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _redigest(hashed: bytes, pepper: int, db: BaseDatabaseWrapper) -> None:
    """Move a key to the current pepper, unless someone changed its digest meanwhile. Not an act: no one acted."""
    current = plaintext.current_pepper()
    with db.cursor() as cursor:
        cursor.execute(
            "UPDATE keys_apikey SET digest = %s, pepper = %s WHERE digest = %s",
            [plaintext.digest(hashed, current), current, plaintext.digest(hashed, pepper)],
        )
