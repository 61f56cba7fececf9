"""A row that the portal did not write is never sealed as if it had: whatever was put in, and wherever."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model

from audit import calls, macs
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.checking.check import CheckRange, check
from audit.integrity.sealing import row_values, sealer
from audit.models import Call, Event, ForgedRow, Pending, Seal
from core.ids import new_id
from tests.audit.records import APP, DAY, NOON, acted, called

pytestmark = pytest.mark.django_db

RECORD: dict[str, type[Model]] = {"call": Call, "event": Event}
MAKE: dict[str, Callable[..., Any]] = {"call": called, "event": acted}
NATIVE = "postgresql"


def put_in(kind: str, **columns: Any) -> str:
    """A row as SQL puts it in: a copy of a genuine one but for `columns`."""
    like = MAKE[kind](app_id=APP, at=NOON)
    names = [str(field.column) for field in RECORD[kind]._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM audit_{kind} WHERE id = %s", [_stored(like.id)])
        told = (
            dict(zip(names, cursor.fetchone(), strict=True))
            | {"id": _stored(new_id()), "mac": None}
            | columns
        )
        places = ", ".join(["%s"] * len(names))
        cursor.execute(
            f"INSERT INTO audit_{kind} ({', '.join(names)}) VALUES ({places})", [told[name] for name in names]
        )
    return str(told["id"])


def changed(kind: str, row: Any, **columns: Any) -> None:
    """Change a row that waits, past its triggers."""
    with maintenance(), connection.cursor() as cursor:
        told = ", ".join(f"{name} = %s" for name in columns)
        cursor.execute(f"UPDATE audit_{kind} SET {told} WHERE id = %s", [*columns.values(), _stored(row.id)])


def _stored(value: UUID) -> Any:
    return value if connection.vendor == NATIVE else value.hex


def seal_everything() -> None:
    for _ in range(5):
        if not sealer.seal_all() and not Pending.objects.exists():
            return
    assert not Pending.objects.exists(), "the sealer was stopped"


def assert_set_aside(*ids: Any, reason: str = "") -> None:
    seal_everything()
    wanted = {UUID(str(one)).hex for one in ids}
    found = {UUID(forged_row.row_id).hex: forged_row.reason for forged_row in ForgedRow.objects.all()}
    assert found.keys() == wanted
    assert not reason or set(found.values()) == {reason}
    for kind, model in RECORD.items():
        assert not model._default_manager.filter(pk__in=[UUID(one) for one in wanted]).exists(), kind
    assert not Seal.objects.filter(row_id__in=[UUID(one) for one in wanted]).exists()


@pytest.mark.parametrize("kind", RECORD)
def test_a_row_without_a_mac_is_set_aside_and_the_others_are_sealed(kind: str) -> None:
    forged = put_in(kind)
    assert_set_aside(forged, reason="no MAC")
    assert Seal.objects.filter(kind=kind).count() == 1 + (kind == "event")
    act = Event.objects.get(action="audit.forge")
    assert (act.app_id, act.actor_kind, act.facts["ids"]) == (APP, "system", [ForgedRow.objects.get().row_id])
    assert b"target_label" in bytes(ForgedRow.objects.get().contents) or kind == "call"


@pytest.mark.parametrize("kind", RECORD)
def test_another_rows_mac_fits_no_row(kind: str) -> None:
    other = MAKE[kind](app_id=APP, at=NOON)
    assert_set_aside(put_in(kind, mac=bytes(other.mac or b"")), reason="wrong MAC")


@pytest.mark.parametrize("kind", RECORD)
def test_no_column_can_be_changed_before_the_seal(kind: str) -> None:
    moment = NOON + timedelta(microseconds=1)
    at = moment if connection.vendor == NATIVE else str(moment.replace(tzinfo=None))
    wrong: dict[str, Any] = {
        "at": at,
        "context": '{"run_id": "2"}',
        "changes": '{"a": [1, 2]}',
        "facts": '{"a": 1}',
    }
    wrong |= {"allowed": connection.vendor != NATIVE and 0, "status": 599, "took_us": 7}
    ids = []
    for name in row_values.FIELDS[kind]:
        if name == "id":
            continue
        row = MAKE[kind](app_id=APP, at=NOON)
        value = (
            _stored(new_id())
            if name.endswith("_id") and name not in ("request_id", "trace_id", "actor_id", "target_id")
            else "other"
        )
        changed(kind, row, **{name: wrong.get(name, value)})
        ids.append(row.id)
    seal_everything()
    there = {forged_row.row_id for forged_row in ForgedRow.objects.all()}
    passed = [
        name for name, one in zip(row_values.FIELDS[kind][1:], ids, strict=True) if _text(one) not in there
    ]
    assert passed == []


def _text(value: UUID) -> str:
    return str(value) if connection.vendor == NATIVE else value.hex


def test_a_text_cannot_be_moved_from_one_column_to_the_next() -> None:
    row = called(path="/a", detail="b")
    changed("call", row, path="/a\x1fb", detail="")
    assert_set_aside(row.id)


def test_a_mac_of_an_act_fits_no_call_and_the_other_way_round() -> None:
    act, call = acted(), called()
    assert_set_aside(put_in("call", mac=bytes(act.mac or b"")), put_in("event", mac=bytes(call.mac or b"")))


def test_a_row_whose_id_was_changed_is_set_aside() -> None:
    row, new = called(), new_id()
    changed("call", row, id=_stored(new))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_pending SET row_id = %s", [_stored(new)])
    assert_set_aside(new)


def test_a_row_that_was_moved_to_another_month_is_found_there_and_set_aside() -> None:
    row = called()
    there = NOON - 200 * DAY
    changed("call", row, at=there if connection.vendor == NATIVE else str(there.replace(tzinfo=None)))
    assert_set_aside(row.id)


@pytest.mark.postgres
def test_a_second_row_with_the_id_of_a_sealed_one_is_set_aside() -> None:
    row = called()
    seal_everything()
    put_in("call", id=row.id, at=NOON + 700 * DAY, mac=bytes(row.mac or b""))
    seal_everything()
    assert ForgedRow.objects.get().row_id == str(row.id)
    assert Call.objects.get(id=row.id).at == NOON
    assert Seal.objects.filter(row_id=row.id).exists()


@pytest.mark.postgres
def test_a_second_row_that_was_put_in_without_its_trigger_is_found_by_a_check() -> None:
    row = called()
    seal_everything()
    put_in("call", id=row.id, at=NOON + 700 * DAY, mac=bytes(row.mac or b""))
    Pending.objects.all().delete()
    assert ("inserted", row.id) in {(one.what, one.where.row_id) for one in found()}


def found() -> Iterator[Any]:
    for step in check(CheckRange()):
        yield from step.findings


def test_what_cannot_be_read_does_not_stop_the_sealer() -> None:
    put_in("event", facts='{"a": 1' + "0" * 5000 + "}")
    if connection.vendor == NATIVE:
        put_in("event", facts="[" * 3000 + "]" * 3000)
        put_in("call", at="infinity")
        put_in("call", at="0044-03-15 12:00:00 BC")
    else:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        put_in("event", facts="[" * 3000 + "]" * 3000)
        put_in("call", at="the ides of march")
        put_in("call", id="A" * 32)
        put_in("call", id="x")
        put_in("call", path=b"\xff")
        put_in("call", context="{")
        put_in("call", app_id="nobody's")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
    many = 2 + (2 if connection.vendor == NATIVE else 6)
    seal_everything()
    assert ForgedRow.objects.count() == many
    assert Call.objects.count() == Seal.objects.filter(kind="call").count() == many - 2
    assert not Pending.objects.exists()


def test_where_a_row_waits_says_nothing_of_whose_it_is() -> None:
    row = called(app_id=APP)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_pending SET stream = %s", [_stored(new_id())])
    seal_everything()
    assert Seal.objects.get(row_id=row.id).stream == APP


def test_a_check_fails_for_ever_after_and_an_app_sees_its_own() -> None:
    forged = put_in("call")
    put_in("event", app_id=None)
    seal_everything()
    with pytest.raises(CommandError) as raised:
        call_command("check_audit", stdout=StringIO(), stderr=StringIO())
    assert raised.value.returncode == 1
    only = [finding.where.row_id for step in check(CheckRange(APP)) for finding in step.wrong]
    assert only == [UUID(str(forged))]


def test_a_row_that_was_set_aside_cannot_be_made_to_vanish() -> None:
    put_in("call")
    seal_everything()
    with maintenance():
        ForgedRow.objects.all().delete()
    assert [one.what for one in found() if not one.is_note] == ["missing"]


def test_rows_of_a_key_of_before_are_sealed_and_new_ones_have_the_new_key(settings: Any) -> None:
    old = called()
    settings.MAC_KEYS = {**settings.MAC_KEYS, 7: bytes(range(32))}
    new = called()
    assert (macs.number_of(bytes(old.mac or b"")), macs.number_of(bytes(new.mac or b""))) == (1, 7)
    seal_everything()
    assert Seal.objects.count() == 2


def test_a_mac_by_a_key_that_is_not_there_proves_nothing(settings: Any) -> None:
    mine = settings.MAC_KEYS
    settings.MAC_KEYS = {9: bytes(32)}
    row = called()
    settings.MAC_KEYS = mine
    assert_set_aside(row.id, reason="wrong MAC")


@pytest.mark.parametrize("many", [1, 2])
def test_calls_written_many_at_once_are_genuine(many: int) -> None:
    given = {
        "via": "door",
        "method": "GET",
        "path": "/ü\u2028'\"\\%s",
        "status": 200,
        "allowed": True,
        "at": NOON,
    }
    ids = {"app_id": str(APP), "key_id": new_id(), "agent_id": None}
    caller = {"caller": "bot", "caller_type": "agent", "caller_id": new_id(), "trace_id": "a" * 32}
    context = {"context": {"tool": "x", "run_id": "1"}}
    calls.write([given, given | ids | caller | context][:many])
    seal_everything()
    assert Seal.objects.count() == many


def test_keys_are_in_the_data_folder_and_nowhere_in_the_database() -> None:
    path = settings.DATA_DIR / "mac-keys"
    assert path.stat().st_mode & 0o777 == 0o600
