"""Finds the catalogue of an app. Versions never change, so each is read once a process and cached by its id."""

import json
from threading import Lock
from uuid import UUID

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from agents.models import App
from keys.catalogue import builtin, document
from keys.catalogue.catalogue import Catalogue

CACHE_SIZE = 2_000
"""Catalogues that are cached in a process."""


class NotLoaded(LookupError):
    """The catalogue with this id is not cached: load() reads it."""

    def __init__(self, id_: UUID) -> None:
        super().__init__(f"catalogue {id_} is not loaded")
        self.id = id_


def catalogue_of(app: App, db: BaseDatabaseWrapper = connection) -> Catalogue:
    """The catalogue of `app` as the row in hand says."""
    return by_id(app.catalogue_id, db)


def by_id(id_: UUID | None, db: BaseDatabaseWrapper = connection) -> Catalogue:
    """The catalogue with this id; None: the one every app begins with. Raises LookupError if there is none."""
    try:
        return cached(id_)
    except NotLoaded:
        return load(id_, db) if id_ else builtin.DEFAULT


def cached(id_: UUID | None) -> Catalogue:
    """The catalogue with this id, without a query. Raises NotLoaded."""
    if id_ is None:
        return builtin.DEFAULT
    try:
        return _CACHE[id_]
    except KeyError:
        raise NotLoaded(id_) from None


def load(id_: UUID, db: BaseDatabaseWrapper = connection) -> Catalogue:
    """Read the catalogue with this id and cache it. Raises LookupError if there is none."""
    key = id_ if db.features.has_native_uuid_field else id_.hex
    with db.cursor() as cursor:
        cursor.execute("SELECT version, document FROM keys_catalogueversion WHERE id = %s", [key])
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"there is no catalogue {id_}")
    version, stored = row
    parsed = document.CatalogueDocument.model_validate(
        json.loads(stored) if isinstance(stored, str) else stored
    )
    return _keep(id_, document.build(parsed, int(version)))


_CACHE: dict[UUID, Catalogue] = {}
_LOCK = Lock()


def _keep(id_: UUID, catalogue: Catalogue) -> Catalogue:
    with _LOCK:
        while len(_CACHE) >= CACHE_SIZE:
            del _CACHE[next(iter(_CACHE))]
        return _CACHE.setdefault(id_, catalogue)
