"""`alter audit pull` against a portal that listens."""

import time
from pathlib import Path

import pytest

from agents.models import App
from audit.models import Event
from tests.alter.running import alter
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
    assert run.err.startswith(f"More, later: --after {app.id.hex}-")


def test_going_on_after_a_cursor_tells_what_is_new(app: App) -> None:
    sealed(called(app.id, path="/one"))
    cursor = alter("audit", "pull").err.split()[-1]
    sealed(called(app.id, path="/two"))
    assert paths(alter("audit", "pull", "--after", cursor).rows) == ["/two"]


def test_all_pages_are_pulled(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alter.taking.MOST", 2)
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

    def patient(seconds: float) -> None:
        settings.API_RATE_LIMIT_RPM = 1000  # type: ignore[attr-defined]

    monkeypatch.setattr(time, "sleep", patient)
    assert paths(alter("audit", "pull").rows) == ["/one"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--after", "x", "--state", "cursor"], "--after and --state are both given."),
        (["--after", "x"], "after: This is no cursor."),
        (["--state", "nowhere/cursor"], "nowhere/cursor cannot be written: No such file or directory."),
    ],
)
def test_what_cannot_be_taken_is_named(app: App, words: list[str], said: str) -> None:
    sealed(called(app.id))
    run = alter("audit", "pull", *words)
    assert (run.code, run.error.startswith(f"error: {said}")) == (2, True), run.err


def test_a_cursor_that_is_no_text_is_named(app: App, state: Path) -> None:
    state.write_bytes(b"\xff\xfe\xff")
    assert alter("audit", "pull", "--state", "cursor").error == "error: cursor cannot be read: it is no text."


def test_that_it_began_is_recorded(app: App) -> None:
    alter("audit", "pull")
    assert Event.objects.get(action="audit.export").via == "cli"
