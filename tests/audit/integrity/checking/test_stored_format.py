"""A stored value in another spelling reads as before and is found by no condition: on SQLite a check tells of it.

PostgreSQL has typed columns: there a value has no spelling.
"""

from collections.abc import Iterator

import pytest
from django.db import connection

from audit.integrity.checking.check import CheckRange, check
from audit.integrity.checking.findings import Finding
from audit.integrity.sealing import row_values, sealer
from audit.models import Call, Claim, ForgedRow, Seal
from tests.audit.records import APP, KEY, acted, called
from tests.audit.tampering import undone

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]

MOMENTS = (
    "replace(at, ' ', 'T')",
    "at || '+00:00'",
    "'2026-06-01 02:00:00-10:00'",
    "at || '.000000'",
    "at || 'Z'",
)
IDS = ("app_id", "key_id", "agent_id", "caller_id")
SPELLINGS = [
    *(f"at = {spelling}" for spelling in MOMENTS),
    *(f"{name} = upper({name})" for name in IDS),
    *(f"{name} = '{{' || {name} || '}}'" for name in IDS),
    "context = ' ' || context",
    """context = replace(context, '{', '{"run_id":"x",')""",
    "context = CAST(context AS BLOB)",
    "path = CAST(path AS BLOB)",
    "took_us = x'30'",
    "allowed = x'31'",
    "status = '200x'",
]
RECORD = [
    "UPDATE audit_seal SET row_id = upper(row_id)",
    "UPDATE audit_seal SET stream = upper(stream)",
    "UPDATE audit_seal SET row_id = x'ff'",
    "UPDATE audit_seal SET leaf = CAST(leaf AS TEXT)",
    "UPDATE audit_seal SET salt = 5",
    "UPDATE audit_checkpoint SET stream = upper(stream)",
    "UPDATE audit_checkpoint SET stream = x'fffe'",
    "UPDATE audit_checkpoint SET sealed_at = replace(sealed_at, ' ', 'T')",
    "UPDATE audit_checkpoint SET latest_at = latest_at || '+00:00'",
    "UPDATE audit_checkpoint SET earliest_at = 'garbage'",
    "UPDATE audit_checkpoint SET number = 'x'",
    "UPDATE audit_checkpoint SET kind = 'other'",
    "UPDATE audit_checkpoint SET root = 'x'",
    "UPDATE audit_claim SET stream = upper(stream)",
    "UPDATE audit_claim SET id = x'ff'",
]


def found(scope: CheckRange | None = None) -> list[Finding]:
    return [finding for step in check(scope or CheckRange()) for finding in step.wrong]


def each(statements: list[str]) -> Iterator[str]:
    """Each by itself, with what it did undone."""
    with undone():  # the fences go down once
        for statement in statements:
            with undone(), connection.cursor() as cursor:
                cursor.execute(statement)
                assert cursor.rowcount, statement
                yield statement


def full() -> Call:
    """A call with something in every column."""
    return called(key_id=KEY, agent_id=KEY, caller_id=KEY, caller="bot", context={"run_id": "1", "b": 1})


def test_no_column_of_a_sealed_row_can_be_spelled_otherwise() -> None:
    full()
    sealer.seal_all()
    assert found() == []
    statements = [f"UPDATE audit_call SET {spelling}" for spelling in SPELLINGS]
    silent = [
        one for one in each(statements) if "edited" not in [told.what for told in found(CheckRange(APP))]
    ]
    assert silent == []


def test_an_id_in_another_spelling_is_a_row_that_is_missing_and_one_that_was_put_in() -> None:
    row = acted()
    sealer.seal_all()
    for _ in each(["UPDATE audit_event SET id = upper(id)"]):
        told = {(one.what, one.where.row_id) for one in found(CheckRange(APP))}
        assert {("missing", row.id), ("inserted", row.id)} <= told
    columns = ", ".join(str(f.column) for f in type(row)._meta.concrete_fields if f.column != "id")
    copy = f"INSERT INTO audit_event (id, {columns}) SELECT upper(id), {columns} FROM audit_event"
    for _ in each([copy]):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_pending")
        assert [one.what for one in found() if one.what != "fence"] == [
            "inserted"
        ]  # the test took those down


def test_seals_checkpoints_and_claims_are_held_to_their_spelling() -> None:
    called()
    Claim.objects.create(action="audit.x", stream=KEY, kind="call", first_seq=1, last_seq=1, told={})
    sealer.seal_all()
    assert found() == []
    assert [one for one in each(RECORD) if not found()] == []


def test_a_row_that_waits_is_set_aside_in_another_spelling() -> None:
    statements = [f"UPDATE audit_call SET {spelling}" for spelling in SPELLINGS]
    full()
    sealed = []
    for statement in each([*statements, "UPDATE audit_call SET id = upper(id)"]):
        genuine = acted()
        while sealer.seal_all():
            pass
        if not ForgedRow.objects.exists() and not [one for one in found() if one.what == "missing"]:
            sealed.append(statement)
        assert Seal.objects.filter(row_id=genuine.id).exists(), statement
    assert [one for one in sealed if not one.endswith("SET id = upper(id)")] == []


def test_rows_as_the_portal_writes_them_are_plain() -> None:
    (
        called(context={"b": 1.5, "a": ["ü", None, "\ud83d"], "z": True}),
        full(),
        acted(facts={"b": "é", "a": 1e300}),
    )
    for kind, model in row_values.RECORDS.items():
        there = row_values.read(kind, list(model.objects.values_list("id", flat=True)))
        assert there and all(row.is_plain and row.is_genuine for row in there)
