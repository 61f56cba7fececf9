"""Exports the selected keys of an app as CSV, without secrets; each export is an event."""

import csv
from collections.abc import Iterator

from django.db import transaction

from agents.models import App
from audit.actors import Actor
from audit.change import record
from audit.export.csv_lines import Line, cell
from core.errors import Invalid
from keys.models import ApiKeyQuerySet
from portal import actions

MAX_EXPORTED = 10_000
"""Keys in one file."""
EXPORTED = ("id", "name", "prefix", "kind", "status", "scopes", "networks", "rate_limit_rpm")
TIMES = ("created_at", "expires_at", "grace_ends_at", "deprecated_at", "revoked_at")


def export_keys(actor: Actor, app: App, keys: ApiKeyQuerySet, reason: str) -> Iterator[bytes]:
    """Record the export of `keys`, then return the lines of its file. Raises Invalid, NotAllowed."""
    actor.require(actions.EXPORT_KEYS)
    with transaction.atomic():
        ids = exportable(keys)
        target = {"target_kind": "app", "target_id": str(app.id), "target_label": app.name}
        facts = {"keys": len(ids)}
        record(actor, actions.EXPORT_KEYS, reason=reason, facts=facts, app_id=app.id, **target)
    return _lines(keys)


def exportable(keys: ApiKeyQuerySet) -> list[object]:
    """The ids of the selected keys. Raises Invalid if they are none, or more than one file holds."""
    ids: list[object] = list(keys.values_list("pk", flat=True)[: MAX_EXPORTED + 1])
    if not ids:
        raise Invalid("id", "Select at least one key.")
    if len(ids) > MAX_EXPORTED:
        raise Invalid(
            "id", f"Select at most {MAX_EXPORTED:,} keys for one file. Use filters to select fewer."
        )
    return ids


def _lines(keys: ApiKeyQuerySet) -> Iterator[bytes]:
    writer = csv.writer(Line())
    yield writer.writerow([*EXPORTED, "agent", "minted_by", *TIMES]).encode()
    for key in keys.with_kin()[:MAX_EXPORTED].iterator(500):
        values = [str(key.id), *(getattr(key, name) for name in EXPORTED[1:])]
        values += [key.agent.name if key.agent else "", key.minted_by]
        times = (getattr(key, name) for name in TIMES)
        values += [moment.isoformat(timespec="seconds") if moment else "" for moment in times]
        yield writer.writerow([cell(value) for value in values]).encode("utf-8", "replace")
