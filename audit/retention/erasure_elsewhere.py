"""Erases personal data from every table outside the audit log that holds text."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import Field, Model, QuerySet

from audit.actions import ERASE_ELSEWHERE
from audit.actors import Actor
from audit.change import record
from audit.integrity.append_only_triggers import maintenance
from audit.models import Call, Checkpoint, Event, ForgedRow, Seal, SealKey
from audit.retention.personal_data import ERASED, Values

APART = (Event, Call, Seal, Checkpoint, SealKey)
"""What seals hold: erasure.py does those. Hashes and signatures name nobody."""
NO_ADDRESS = "0.0.0.0"  # noqa: S104
"""Stands where a column must hold an address."""


def erase_elsewhere(actor: Actor, values: Values, reason: str) -> dict[str, int]:
    """Take `values` out of every other table, and put on record from how many rows of which. Raises NotAllowed."""
    actor.require(ERASE_ELSEWHERE)
    counts = {}
    for model in apps.get_models():
        if issubclass(model, APART) or not (fields := list(_fields(model))):
            continue
        if count := sum(_erase(model, row, fields, values) for row in _rows(model, fields)):
            counts[model._meta.label] = count
    counts |= {ForgedRow._meta.label: count} if (count := _erase_forged(values)) else {}
    if counts:
        record(
            actor,
            ERASE_ELSEWHERE,
            reason=reason,
            target_kind="database",
            target_id="",
            target_label=f"{sum(counts.values()):,} rows beside the audit log",
            facts={"rows": counts},
        )
    return counts


def _fields(model: type[Model]) -> Iterator[Field[Any, Any]]:
    """The columns that may hold a text. What identifies a row is none of them."""
    kinds = (models.CharField, models.TextField, models.JSONField, models.GenericIPAddressField)
    return (
        field for field in model._meta.concrete_fields if isinstance(field, kinds) and not field.primary_key
    )


def _rows(model: type[Model], fields: list[Field[Any, Any]]) -> Iterator[tuple[Any, ...]]:
    names = ["pk", *(field.attname for field in fields)]
    return QuerySet(model).order_by("pk").values_list(*names).iterator(chunk_size=1000)


def _erase(model: type[Model], row: tuple[Any, ...], fields: list[Field[Any, Any]], values: Values) -> int:
    pk, *row_values = row
    matching = [
        field for field, value in zip(fields, row_values, strict=True) if values.are_in(_plain(value))
    ]
    if not matching:
        return 0
    before = dict(zip([field.attname for field in fields], row_values, strict=True))
    for erased in (ERASED, f"[erased {secrets.token_hex(4)}]"):
        changed = {
            field.attname: _blotted(field, before[field.attname], values, erased) for field in matching
        }
        try:
            with transaction.atomic():
                # Not by way of change(): an act would keep what was there before.
                QuerySet(model).filter(pk=pk).update(**changed)
            return 1
        except IntegrityError:  # another row has come to the same name
            continue
    raise IntegrityError(f"{model._meta.label} {pk} could not be erased")


def _blotted(field: Field[Any, Any], value: Any, values: Values, erased: str) -> Any:
    if isinstance(field, models.GenericIPAddressField):
        return NO_ADDRESS
    if isinstance(field, models.EmailField):
        return f"erased-{secrets.token_hex(8)}@erased.invalid"
    without = values.taken_out(value)
    if isinstance(without, str):
        return without.replace(ERASED, erased)[: field.max_length or None]
    return without


def _erase_forged(values: Values) -> int:
    """Rows that were set aside keep that they were, and lose what they said."""
    matching = [
        pk for pk, contents in QuerySet(ForgedRow).values_list("pk", "contents") if values.are_in(contents)
    ]
    if matching:
        with maintenance():
            QuerySet(ForgedRow).filter(pk__in=matching).update(contents=b"")
    return len(matching)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | dict | list) else ""
