"""Two admins can accept a break between the database and the files outside it. It stays on record, and is told."""

from pathlib import Path

import pytest

from audit.integrity.checking.check import CheckRange, check
from audit.integrity.checking.findings import Finding
from audit.integrity.sealing import checkpoints
from audit.models import Checkpoint, Event
from portal.models import Role, User
from tests.audit.records import called
from tests.audit.sealed import sealed, some
from tests.audit.tampering import remove, with_fences_down
from tests.factories import PASSWORD, member
from tests.shell import Said, stdin


@pytest.fixture
def second(admin: User) -> User:
    return member(Role.ADMIN, None, email="second@example.com", name="Second")


@pytest.fixture
def restored(admin: User, second: User) -> None:
    """A database of before its last two checkpoints, which the files know."""
    sealed(*some())
    first = Checkpoint.objects.count()
    sealed(called()), sealed(called())

    def restore() -> None:
        for lost in Checkpoint.objects.filter(number__gt=first):
            remove(lost)

    with_fences_down(restore)


def findings() -> list[Finding]:
    return [finding for step in check(CheckRange()) for finding in step.findings]


def run(monkeypatch: pytest.MonkeyPatch, *passwords: str, by: str = "admin", and_by: str = "second") -> Said:
    stdin(monkeypatch, "\n".join(passwords or (PASSWORD, PASSWORD)) + "\n")
    who = ("--by", f"{by}@example.com", "--confirmed-by", f"{and_by}@example.com")
    return Said("reanchor_audit", *who, "--reason", "Backup of 3 May", "--passwords-stdin")


def test_a_restored_backup_looks_like_a_tail_that_was_cut_off(restored: None) -> None:
    assert [finding.what for finding in findings()].count("cut") == 2


def test_nothing_is_kept_after_a_break_until_people_speak(restored: None) -> None:
    for _ in range(3):
        sealed(called())
    assert checkpoints.last_stored_number() == Checkpoint.objects.latest("number").number - 1


def test_two_admins_accept_it(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch).code == 0
    # The test takes checkpoints alone away; tallies of a real backup would be of before, too.
    (note,) = (finding for finding in findings() if finding.what not in ("backdated", "tally", "unchecked"))
    assert note.what == "reanchored"
    assert "Admin <admin@example.com> and Second <second@example.com> gave up the checkpoints" in note.says


def test_what_is_sealed_later_is_kept_again(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch)
    sealed(called())
    assert checkpoints.last_stored_number() == Checkpoint.objects.latest("number").number


def test_it_is_on_record_what_was_given_up(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = checkpoints.last_stored_number()
    run(monkeypatch)
    event = Event.objects.get(action="audit.reanchor")
    assert (event.actor_label, event.reason) == ("Admin <admin@example.com>", "Backup of 3 May")
    assert event.facts["kept"] == kept == event.facts["agreed"] + 2


def test_files_put_aside_without_a_word_are_found(restored: None) -> None:
    checkpoints.archive("until-20260601-120000")
    assert "no signed act says so" in next(finding.says for finding in findings() if finding.what == "cut")


def test_without_a_break_there_is_nothing_to_accept(
    admin: User, second: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(called())
    result = run(monkeypatch)
    assert (result.code, "already match the database. Nothing was changed." in result.err) == (5, True)


@pytest.mark.parametrize("passwords", [("wrong", PASSWORD), (PASSWORD, "wrong"), ("", "")])
def test_both_must_know_their_passwords(
    restored: None, monkeypatch: pytest.MonkeyPatch, passwords: tuple[str, ...]
) -> None:
    assert "This is not the password of" in run(monkeypatch, *passwords).err
    assert not Event.objects.filter(action="audit.reanchor").exists()


def test_one_person_is_not_two(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Two different admins must agree." in run(monkeypatch, and_by="admin").err


def test_both_must_be_admins_of_every_app(
    restored: None, developer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(monkeypatch, and_by="developer")
    assert (result.code, result.err) == (2, "developer@example.com is not an admin of every app.")


def test_a_stranger_is_told_nothing_more(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, by="nobody").err == "This is not the password of nobody@example.com."


def test_the_folder_of_before_is_kept(restored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch)
    (aside,) = (path for path in checkpoints.folder().iterdir() if path.is_dir())
    assert [path.suffix for path in Path(aside).iterdir()] == [".jsonl"]
