"""Checkpoints are written to a file as well, each once, whatever happened to the process or the disk."""

import json
import stat

import pytest
from pytest_django import Settings

from audit.models import Checkpoint
from audit.sealing import checkpoints
from tests.audit.records import DAY, NOON, called
from tests.audit.sealed import chain, sealed

pytestmark = pytest.mark.django_db


def numbers() -> list[int]:
    return [line["number"] for line in checkpoints.kept()]


def test_each_is_a_line_that_says_all_of_it() -> None:
    sealed(called())
    (line,), (made,) = checkpoints.kept(), chain()
    assert line == json.loads(json.dumps(checkpoints.told(made)))
    assert bytes.fromhex(line["hash"]) == bytes(made.hash)


def test_they_are_appended_in_order() -> None:
    for _ in range(3):
        sealed(called())
    assert numbers() == [1, 2, 3]


def test_the_files_are_the_owners_alone() -> None:
    sealed(called())
    (path,) = checkpoints.files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(checkpoints.folder().stat().st_mode) == 0o700


def test_what_a_crash_left_out_is_caught_up_on() -> None:
    sealed(called())
    for path in checkpoints.files():
        path.unlink()
    sealed(called())
    assert numbers() == [1, 2]


def test_a_line_that_a_crash_cut_short_is_written_again() -> None:
    sealed(called())
    (path,) = checkpoints.files()
    path.write_bytes(path.read_bytes()[:40])
    sealed(called())
    assert numbers() == [1, 2]


def test_a_database_that_knows_less_than_the_file_adds_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sealed(called())
    (path,) = checkpoints.files()
    path.write_text(path.read_text().replace('"number":1,', '"number":99,'))
    sealed(called())
    assert numbers() == [99]
    assert "manage.py check_audit" in caplog.text


def test_a_folder_that_cannot_be_written_does_not_stop_the_sealer(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHECKPOINT_DIR.parent.joinpath("a-file").write_text("")
    settings.CHECKPOINT_DIR = settings.CHECKPOINT_DIR.parent / "a-file" / "below"
    sealed(called())
    assert Checkpoint.objects.count() == 1
    assert "cannot be written" in caplog.text


def test_starting_anew_puts_the_old_account_aside() -> None:
    sealed(called())
    checkpoints.start_anew("before-2")
    assert numbers() == []
    assert len(list((checkpoints.folder() / "before-2").iterdir())) == 1


def test_a_moment_is_told_to_the_microsecond() -> None:
    assert checkpoints.moment(NOON + DAY / 7) == "2026-06-01T15:25:42.857143Z"
