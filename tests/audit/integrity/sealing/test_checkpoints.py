"""Checkpoints are written to a file as well, each once, whatever happened to the process or the disk."""

import json
import shutil
import stat
from collections.abc import Callable

import pytest
from django.conf import settings as portal
from pytest_django import Settings

from audit.integrity.checking import alarms
from audit.integrity.checking.check import CheckRange, check
from audit.integrity.sealing import checkpoints, high_water_marks
from audit.models import Alarm, Checkpoint
from core.clock import at, now
from tests.audit.records import APP, DAY, NOON, called
from tests.audit.sealed import chain, sealed
from tests.shell import Said

pytestmark = pytest.mark.django_db


def numbers() -> list[int]:
    return [line["number"] for line in checkpoints.read_stored()]


def test_each_is_a_line_that_says_all_of_it() -> None:
    sealed(called())
    (line,), (made,) = checkpoints.read_stored(), chain()
    assert line == json.loads(json.dumps(checkpoints.to_line(made)))
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


def test_what_a_crash_left_out_is_caught_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed(called())
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_append", lambda _: 0)
        sealed(called())
    sealed(called())
    assert numbers() == [1, 2, 3]


def test_the_first_ones_are_caught_up_on_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_append", lambda _: 0)
        sealed(called())
    sealed(called())
    assert numbers() == [1, 2]


def test_a_line_that_a_crash_cut_short_is_written_again() -> None:
    """It was not known to be written: the mark comes after it."""
    sealed(called())
    mark = high_water_marks.read(checkpoints.MARK)
    sealed(called())
    (path,) = checkpoints.files()
    path.write_bytes(path.read_bytes()[:-40])
    assert mark
    high_water_marks.write(checkpoints.MARK, *mark)
    sealed(called())
    assert numbers() == [1, 2, 3]


def lose_files() -> None:
    for path in checkpoints.files():
        path.unlink()


def lose_everything() -> None:
    lose_files()
    shutil.rmtree(portal.MARKS_DIR)


def cut_the_last_line() -> None:
    (path,) = checkpoints.files()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize("attack", [lose_files, lose_everything, cut_the_last_line])
def test_files_that_are_gone_or_shorter_are_never_written_anew_by_themselves(
    attack: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    sealed(called()), sealed(called())
    attack()
    left = numbers()
    for _ in range(3):
        sealed(called())
    assert numbers() == left
    assert "restore_checkpoints" in caplog.text
    found = [finding for step in check(CheckRange(APP)) for finding in step.findings if not finding.is_note]
    with at(now() + DAY):
        later = [finding for step in check(CheckRange()) for finding in step.findings if not finding.is_note]
    assert {one.what for one in later} == {"unkept"}
    assert left or {one.what for one in found} == {"unkept"}
    assert Said("check_audit").code == 1
    with at(now() + DAY):
        assert Said("check_audit").code == 1


def test_an_end_that_was_cut_off_with_the_mark_of_it_is_an_alarm() -> None:
    for _ in range(5):
        sealed(called(at=now()))
    (path,) = checkpoints.files()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    shutil.rmtree(portal.MARKS_DIR)
    assert Said("check_audit").code == 1
    sealed(called(at=now()))
    assert numbers() == [1, 2]
    alarms.look()
    (alarm,) = alarms.open_alarms()
    assert (alarm.code, "their position file is missing" in alarm.says) == (
        "checkpoints",
        True,
    )
    assert Said("check_audit", "--since", "1h").code == 1
    assert Said("restore_checkpoints", "--reason", "The disk").code == 0
    alarms.look()
    assert (list(alarms.open_alarms()), Said("check_audit").code) == ([], 0)


@pytest.mark.parametrize("first", [0, 2], ids=["a first start", "an upgrade"])
def test_files_that_are_whole_need_no_mark(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(first):
        sealed(called(at=now()))
    shutil.rmtree(portal.MARKS_DIR, ignore_errors=True)
    alarms.look()
    with monkeypatch.context() as patch:  # the moment between commit and write
        patch.setattr(checkpoints, "_append", lambda _: 0)
        sealed(called(at=now()))
        alarms.look()
        assert not first or Said("check_audit").code == 0
    sealed(called(at=now()))
    alarms.look()
    assert (numbers(), Said("check_audit").code) == (list(range(1, first + 3)), 0)
    assert (Alarm.objects.count(), high_water_marks.read(checkpoints.MARK)) == (0, checkpoints._last())


def test_checkpoints_that_cannot_be_written_are_an_alarm(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(called(at=now()))
    with at(now() + DAY), monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_append", lambda _: 0)
        sealed(called(at=now() - DAY / 2))
        with at(now() + DAY):
            alarms.look()
            assert "Checkpoint 2 could not be written" in alarms.open_alarms().get().says
    with at(now() + 2 * DAY):
        alarms.look()  # writes what a crash left out
        assert not alarms.open_alarms().exists()
        settings.CHECKPOINT_DIR = settings.CHECKPOINT_DIR.parent / "a-file" / "below"
        settings.CHECKPOINT_DIR.parent.write_text("")
        alarms.look()
        assert "Cannot read the checkpoint files" in alarms.open_alarms().get().says


def test_lines_that_were_taken_out_of_the_middle_are_missed() -> None:
    for _ in range(5):
        sealed(called())
    (path,) = checkpoints.files()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[3:]]))
    with at(now() + DAY):
        found = [finding for step in check(CheckRange()) for finding in step.findings if not finding.is_note]
    assert [(one.what, one.where.checkpoint) for one in found] == [("unkept", 2)]


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
    checkpoints.archive("before-2")
    assert numbers() == []
    assert len(list((checkpoints.folder() / "before-2").iterdir())) == 1


def test_a_moment_is_told_to_the_microsecond() -> None:
    assert checkpoints.moment(NOON + DAY / 7) == "2026-06-01T15:25:42.857143Z"
