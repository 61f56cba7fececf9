"""The data folder: made once, for its owner alone, and never half written."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.config import data_folder, errors


def test_it_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    folder = data_folder.prepare(tmp_path / "new" / "var")
    data_folder.secret_key(folder, "")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secret-key").stat().st_mode) == 0o600


def test_a_second_start_finds_what_the_first_one_made(tmp_path: Path) -> None:
    assert data_folder.peppers(tmp_path, "") == data_folder.peppers(tmp_path, "")


def test_two_starts_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: data_folder.secret_key(tmp_path, ""), range(8)))
    assert len(made) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret-key"]


def test_peppers_are_numbered(tmp_path: Path) -> None:
    assert list(data_folder.peppers(tmp_path, f"1:{'a' * 64},2:{'b' * 64}")) == [1, 2]


@pytest.mark.parametrize("given", ["1:short", "x:" + "a" * 64, "1:" + "a" * 64 + ",1:" + "b" * 64, "a" * 64])
def test_peppers_that_cannot_be_read_are_told(tmp_path: Path, given: str) -> None:
    with pytest.raises(errors.WrongSetting, match="PORTAL_PEPPERS"):
        data_folder.peppers(tmp_path, given)


def test_a_short_secret_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(errors.WrongSetting, match="PORTAL_SECRET_KEY"):
        data_folder.secret_key(tmp_path, "short")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.WrongSetting, match="PORTAL_DATA"):
        data_folder.prepare(tmp_path / "file" / "var")


def test_the_seal_key_is_made_once(tmp_path: Path) -> None:
    assert data_folder.seal_key(tmp_path, "") == data_folder.seal_key(tmp_path, "")
    assert stat.S_IMODE((tmp_path / "seal-key").stat().st_mode) == 0o600


@pytest.mark.parametrize("given", ["short", "g" * 64, "a" * 63])
def test_a_seal_key_that_cannot_be_read_is_told(tmp_path: Path, given: str) -> None:
    with pytest.raises(errors.WrongSetting, match="PORTAL_SEAL_KEY"):
        data_folder.seal_key(tmp_path, given)


def test_a_secret_that_is_no_text_is_told(tmp_path: Path) -> None:
    for name, read in {
        "secret-key": data_folder.secret_key,
        "peppers": data_folder.peppers,
        "seal-key": data_folder.seal_key,
    }.items():
        for content in (b"", b"\n", b"\xff\xfe"):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(errors.WrongSetting, match=f"{name} is empty or no text"):
                read(tmp_path, "")
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
        with pytest.raises(errors.WrongSetting, match=f"{name} cannot be read or written: Is a directory"):
            read(tmp_path, "")


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel says of a disk without room, at the moment when it says it."""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(errors.WrongSetting, match="No space left on device"):
        data_folder.secret_key(tmp_path, "")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", refused)
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: data_folder.secret_key(tmp_path, ""), range(8)))
    assert len(made) == 1
    assert data_folder.secret_key(tmp_path, "") in made
