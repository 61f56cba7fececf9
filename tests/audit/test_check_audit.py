"""`manage.py check_audit` says what does not hold, and by its exit code whether all does."""

from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.recorder import MigrationRecorder

from audit.models import Call
from core.migration_state import NOT_PREPARED
from tests.audit.records import APP, NOON, called
from tests.audit.sealed import sealed, some
from tests.audit.tampering import with_fences_down
from tests.shell import Said

pytestmark = pytest.mark.django_db


def tampered() -> Call:
    """A call that was edited after it was sealed."""
    call = called(ip="203.0.113.7")
    sealed(call)
    with_fences_down(lambda: Call.objects.filter(id=call.id).update(ip="198.51.100.1"))
    return call


def test_a_record_that_holds() -> None:
    sealed(*some())
    result = Said("check_audit")
    assert (result.code, result.err) == (0, "Holds: 2 checkpoints.\n")


@pytest.mark.parametrize("which", [[], ["--app", str(APP)]], ids=["all", "one app"])
def test_a_record_that_does_not(which: list[str]) -> None:
    call = tampered()
    result = Said("check_audit", *which)
    assert result.code == 1
    assert (
        f"edited: call no. 1, checkpoint 1: The row does not say what it said when it was sealed. (row {call.id})"
        in result.out
    )
    assert result.err == "1 finding under 1 checkpoint."


def test_for_machines() -> None:
    call = tampered()
    result = Said("check_audit", "--json")
    assert result.json["holds"] is False
    assert result.json["findings"][0]["row_id"] == str(call.id)


def test_another_app_is_left_out() -> None:
    tampered()
    assert Said("check_audit", "--app", "none").code == 0


def test_another_time_is_left_out() -> None:
    tampered()
    assert Said("check_audit", "--until", NOON.replace(year=2020).isoformat()).code == 0
    assert Said("check_audit", "--since", NOON.isoformat()).code == 1


@pytest.mark.parametrize("words", [["--app", "x"], ["--since", "soon"]])
def test_what_cannot_be_read_is_refused(words: list[str]) -> None:
    assert Said("check_audit", *words).code == 2


def test_a_file_that_cannot_be_read_is_named_and_never_taken_for_none(settings: Any) -> None:
    sealed(*some())
    assert Said("check_audit").code == 0
    mark = settings.MARKS_DIR / "checkpoints"
    for spoil in (_be_a_folder, lambda path: path.write_bytes(b"\xff\xfe")):
        for path in (mark, settings.SEAL_KEYS, next(settings.CHECKPOINT_DIR.glob("*.jsonl"))):
            kept = path.read_bytes()
            spoil(path)
            result = Said("check_audit")
            assert result.code == 1 and result.out + result.err, path
            is_cut_whole = path.suffix == ".jsonl" and path.is_file()  # no line of it can be read
            says = "are missing, but were written up to" if is_cut_whole else path.name
            assert says in result.out + result.err, (path, result.out, result.err)
            path.rmdir() if path.is_dir() else path.unlink()
            path.write_bytes(kept)
    assert Said("check_audit").code == 0


def _be_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def test_of_a_database_that_is_not_wholly_prepared_nothing_is_said() -> None:
    sealed(*some())
    MigrationRecorder.Migration.objects.filter(app="audit").latest("name").delete()
    for words in ([], ["--json"], ["--app", "none"]):
        result = Said("check_audit", *words)
        assert (result.code, result.err, result.out) == (2, NOT_PREPARED, ""), words
