"""Whatever somebody puts into the record or into what waits, the sealer goes on, and a check ends with findings."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.export import selection
from audit.integrity.checking.check import CheckRange, check
from audit.integrity.sealing import sealed_rows, sealer
from audit.models import Call, Event, Pending, Seal
from audit.search.matching import Filters
from audit.search.search import timeline
from core.ids import new_id
from tests.audit.records import APP, NOON, acted, called
from tests.audit.tampering import undone

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]

COLUMNS = {
    "audit_event": [str(field.column) for field in Event._meta.concrete_fields],
    "audit_call": [str(field.column) for field in Call._meta.concrete_fields],
    "audit_pending": [str(field.column) for field in Pending._meta.concrete_fields],
}
PLACES = [(table, column) for table, names in COLUMNS.items() for column in names]
GARBAGE = st.one_of(
    st.binary(max_size=40).map(lambda value: f"x'{value.hex()}'"),
    st.binary(max_size=40).map(lambda value: f"CAST(x'{value.hex()}' AS TEXT)"),
    st.text(max_size=40).map(lambda value: f"CAST(x'{value.encode(errors='replace').hex()}' AS TEXT)"),
    st.integers(-(1 << 63) + 1, (1 << 63) - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["9e999", "'garbage'", "x'ff'", "x'fffe'", "'[]'", "'5'", "'{\"a\":NaN}'", "''", "'infinity'"]
    ),
    st.sampled_from(
        ["'0000-00-00 00:00:00'", "'9999-12-31 23:59:59-10:00'", "'2026-02-30 00:00:00'", "upper(hex(1))"]
    ),
)


def put_in(table: str, column: str, garbage: str) -> None:
    """Another row beside the genuine ones, with its line among those that wait: one column of either is garbage."""
    kind = "audit_call" if table == "audit_call" else "audit_event"
    names = COLUMNS[kind]
    told = {name: name for name in names} | {"id": f"'{new_id().hex}'", "mac": "NULL"}
    if table == kind:
        told[column] = garbage
    with connection.cursor() as cursor:
        values = ", ".join(told[name] for name in names)
        cursor.execute(f"INSERT INTO {kind} ({', '.join(names)}) SELECT {values} FROM {kind} LIMIT 1")
        if table == "audit_pending":
            cursor.execute(
                f"UPDATE OR IGNORE audit_pending SET {column} = {garbage} "
                "WHERE rowid = (SELECT max(rowid) FROM audit_pending)"
            )


def look_at_everything() -> None:
    """What pages, lists and exports ask for."""
    filters = Filters(app_id=APP)
    for entry in timeline(filters).entries:
        assert (entry.at.year, len(entry.context)) == (2026, 0), "what cannot be read is left out"
    list(selection.walk(Filters(app_id=APP, via="page"), sealed_rows.reach(APP)))
    sealer.sealed_to(APP)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(PLACES), GARBAGE), min_size=1, max_size=3))
def test_garbage_anywhere_keeps_nobody(what: list[tuple[tuple[str, str], str]]) -> None:
    with undone():
        genuine = [acted(at=NOON), called(at=NOON)]
        for place, garbage in what:
            try_to_put_in(*place, garbage)
        look_at_everything()
        sealer.seal_all()
        there = Seal.objects.filter(row_id__in=[row.id for row in genuine]).count()
        assert there == 2, "the others are sealed in the same pass"
        look_at_everything()
        assert not waits(), "nothing waits for ever"
        assert [finding for step in check(CheckRange()) for finding in step.wrong]
        list(check(CheckRange(APP)))


def try_to_put_in(table: str, column: str, garbage: str) -> None:
    try:
        with transaction.atomic():
            put_in(table, column, garbage)
    except IntegrityError:  # of a column that must not be NULL, or an id that is there
        pass


def waits() -> Any:
    for _ in range(5):
        sealer.seal_all()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_pending")
        return cursor.fetchone()[0]


def test_sealed_rows_that_were_made_unreadable_are_findings_and_not_shown() -> None:
    rows = [acted(), called()]
    sealer.seal_all()
    silent: list[tuple[str, str, str]] = []
    with undone():  # the fences go down once
        _make_unreadable(silent)
    assert silent == []
    assert len(rows) == 2


def _make_unreadable(silent: list[tuple[str, str, str]]) -> None:
    for table in ("audit_event", "audit_call"):
        for column in COLUMNS[table]:
            for garbage in ("x'fffe'", "CAST(x'ff' AS TEXT)"):
                with undone(), connection.cursor() as cursor:
                    cursor.execute(f"UPDATE {table} SET {column} = {garbage}")
                    list(timeline(Filters(app_id=APP)).entries)
                    list(selection.walk(Filters(app_id=APP, via="page"), sealed_rows.reach(APP)))
                    for kind in ("event", "call"):
                        list(sealed_rows.after(sealed_rows.reach(APP), kind, 0))
                    if column != "mac" and not [
                        finding for step in check(CheckRange(APP)) for finding in step.wrong
                    ]:
                        silent.append((table, column, garbage))
