"""`alter audit pull` against a portal that listens."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.models import App
from alter.main import main
from audit.models import Event
from tests.alter.running import alter, environment
from tests.audit.records import called
from tests.audit.sealed import sealed

pytestmark = pytest.mark.usefixtures("signed_in")


@pytest.fixture
def state(home: Path) -> Path:
    """Where a cursor is noted."""
    return home / "work/cursor"


def paths(rows: list[dict[str, str]]) -> list[str]:
    return [row["path"] for row in rows if row["kind"] == "call"]


def test_entries_come_as_lines_and_the_cursor_is_said(app: App) -> None:
    sealed(called(app.id, path="/one"))
    run = alter("audit", "pull")
    assert paths(run.rows) == ["/one"]
    assert run.err.startswith(f"To continue later: --after {app.id.hex}-")


def test_going_on_after_a_cursor_tells_what_is_new(app: App) -> None:
    sealed(called(app.id, path="/one"))
    cursor = alter("audit", "pull").err.split()[-1]
    sealed(called(app.id, path="/two"))
    assert paths(alter("audit", "pull", "--after", cursor).rows) == ["/two"]


def test_all_pages_are_pulled(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alter.audit_export.MAX_PAGE_SIZE", 2)
    sealed(*(called(app.id, path=f"/{n}") for n in range(5)))
    assert paths(alter("audit", "pull").rows) == [f"/{n}" for n in range(5)]


def test_a_file_keeps_how_far_it_went(app: App, state: Path) -> None:
    sealed(called(app.id, path="/one"))
    first = alter("audit", "pull", "--state", "cursor")
    sealed(called(app.id, path="/two"))
    again = alter("audit", "pull", "--state", "cursor")
    assert (paths(first.rows), paths(again.rows)) == (["/one"], ["/two"])
    assert state.read_text().startswith(app.id.hex) and list(state.parent.iterdir()) == [state]


def test_following_goes_on_until_it_is_stopped(
    app: App, monkeypatch: pytest.MonkeyPatch, state: Path
) -> None:
    pauses = []

    def meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 1:
            raise KeyboardInterrupt
        sealed(called(app.id, path="/two"))

    monkeypatch.setattr(time, "sleep", meanwhile)
    sealed(called(app.id, path="/one"))
    run = alter("audit", "pull", "--follow", "--state", "cursor")
    assert (run.code, paths(run.rows)) == (130, ["/one", "/two"])
    assert paths(alter("audit", "pull", "--state", "cursor").rows) == []


def test_asking_too_often_is_waited_out(app: App, monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    sealed(called(app.id, path="/one"))
    settings.API_RATE_LIMIT_RPM = 1  # type: ignore[attr-defined]
    alter("audit", "list")

    waits = []

    def patient(seconds: float) -> None:
        waits.append(seconds)
        settings.API_RATE_LIMIT_RPM = 1000  # type: ignore[attr-defined]

    monkeypatch.setattr(time, "sleep", patient)
    assert paths(alter("audit", "pull").rows) == ["/one"]
    assert waits[0] > 30, "as long as the portal said"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--after", "x", "--state", "cursor"], "--after and --state cannot be combined."),
        (["--after", "x"], "after: Invalid cursor."),
        (["--state", "nowhere/cursor"], "nowhere/cursor cannot be written: No such file or directory."),
    ],
)
def test_what_cannot_be_taken_is_named(app: App, words: list[str], said: str) -> None:
    sealed(called(app.id))
    run = alter("audit", "pull", *words)
    assert (run.code, run.error.startswith(f"error: {said}")) == (2, True), run.err


def test_a_cursor_that_is_no_text_is_named(app: App, state: Path) -> None:
    state.write_bytes(b"\xff\xfe\xff")
    assert (
        alter("audit", "pull", "--state", "cursor").error == "error: cursor cannot be read: it is not text."
    )


def test_that_it_began_is_recorded(app: App) -> None:
    alter("audit", "pull")
    assert Event.objects.get(action="audit.export").via == "cli"


def test_csv_for_excel_begins_with_a_mark(app: App) -> None:
    sealed(called(app.id))
    assert alter("audit", "export", "--format", "csv", "--bom").out.startswith("\ufeff# alter audit log")
    run = alter("audit", "export", "--bom")
    assert (run.code, run.error) == (2, "error: --bom is for --format csv only.")


def test_nothing_is_taken_out_that_could_not_be_written(app: App, home: Path) -> None:
    (home / "work/folder").mkdir()
    for words in (
        ("audit", "export", "--file", "nowhere/audit.jsonl"),
        ("audit", "pull", "--state", "nowhere/cursor"),
        ("audit", "pull", "--state", "folder/none/cursor"),
    ):
        run = alter(*words)
        assert (run.code, "cannot be written" in run.error) == (2, True), words
    for shown in (("audit", "export"), ("audit", "pull", "--state", "cursor")):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "alter", *shown],
                env=environment(),
                check=False,
                stdout=full,
                stderr=subprocess.PIPE,
            )
        assert (done.returncode, b"No space left on device. Nothing was done." in done.stderr) == (1, True)
    assert not Event.objects.filter(action="audit.export").exists()
    assert list((home / "work").iterdir()) == [home / "work/folder"]


def test_a_link_stays_a_link_wherever_it_leads(app: App, home: Path) -> None:
    work = home / "work"
    sealed(called(app.id, path="/one"))
    for name in ("audit.jsonl", "cursor"):
        (work / f"to-{name}").symlink_to(work / name)
    (work / "circle").symlink_to(work / "circle")
    (work / "astray").symlink_to(work / "nowhere/audit.jsonl")
    for words in (
        ("export", "--file", "circle"),
        ("export", "--file", "astray"),
        ("pull", "--state", "circle"),
    ):
        run = alter("audit", *words)
        assert (run.code, "cannot be" in run.error) == (2, True), run.err
    assert alter("audit", "export", "--file", "to-audit.jsonl").code == 0
    assert alter("audit", "pull", "--state", "to-cursor").code == 0
    assert b"/one" in (work / "audit.jsonl").read_bytes() and (work / "cursor").read_text().strip()
    links = [one.name for one in work.iterdir() if one.is_symlink()]
    assert sorted(links) == ["astray", "circle", "to-audit.jsonl", "to-cursor"]


def test_on_a_full_disk_lines_are_whole_and_the_cursor_stays(
    app: App, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second page finds room for half of it."""
    monkeypatch.setattr("alter.audit_export.MAX_PAGE_SIZE", 1)
    sealed(*(called(app.id, path=f"/{n}") for n in range(3)))
    target, write, room = state.with_name("audit.jsonl"), os.write, [1500]

    def little_room(descriptor: int, data: bytes) -> int:
        if data and not room[0]:
            raise OSError(28, "No space left on device")
        done = write(descriptor, data[: room[0]])
        room[0] -= done
        return done

    with target.open("w+") as file, monkeypatch.context() as patch:
        patch.setattr(os, "write", little_room)
        patch.setattr(sys, "stdout", file)
        assert main(["audit", "pull", "--state", "cursor"]) == 1
    room[0] = 1 << 30
    before = target.read_text()
    assert before == "" or before.endswith("\n")
    rest = alter("audit", "pull", "--state", "cursor").rows
    assert paths([*map(json.loads, before.splitlines()), *rest]) == ["/0", "/1", "/2"]
