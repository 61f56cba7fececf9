"""manage.py export_audit: the record leaves at the shell."""

import json
from pathlib import Path

import pytest

from agents.models import App
from audit.models import Event
from tests.audit.records import acted, called
from tests.shell import Said

pytestmark = pytest.mark.django_db
NOBODYS = "01a2014c-7d92-72cf-83df-d30ffbfe9814"


def rows(text: str) -> list[str]:
    told = [json.loads(line) for line in text.splitlines()]
    return [one["id"] for one in told if one["type"] == "row"]


def test_an_apps_record_goes_to_stdout(app: App) -> None:
    call = called(app.id)
    run = Said("export_audit", "--app", str(app.id), "--outcome", "allowed")
    assert (run.code, rows(run.out), run.err.strip()) == (0, [str(call.id)], "1 rows.")


def test_it_is_recorded_under_the_apps_name_as_done_at_the_shell(app: App) -> None:
    Said("export_audit", "--app", str(app.id), "--code", "key_expired")
    act = Event.objects.get(action="audit.export")
    assert (act.app_id, act.target_label, act.via) == (app.id, "checkout", "shell")
    assert act.facts == {"format": "jsonl", "filters": {"code": "key_expired"}, "rows": 0}


def test_what_belongs_to_no_app_can_be_taken_out_too(app: App) -> None:
    act = acted(None, action="sign-in.pass")
    run = Said("export_audit", "--app", "none", "--action", "sign-in.pass")
    assert rows(run.out) == [str(act.id)]


def test_it_goes_to_a_file(app: App, tmp_path: Path) -> None:
    called(app.id)
    path = tmp_path / "audit.csv"
    run = Said("export_audit", "--app", str(app.id), "--format", "csv", "--file", str(path))
    assert (run.code, run.out) == (0, "")
    assert path.read_text().startswith("# alter audit log")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--app", "x"], 2, "--app: write an app's id, or none."),
        (["--app", NOBODYS], 4, "No app with this ID is in the audit log."),
        (["--app", "none", "--key-id", "x"], 2, "--key_id: "),
        (["--app", "none", "--since", "yesterday"], 2, "Write a moment such as"),
        (["--app", "none", "--outcome", "maybe"], 2, "There is no outcome “maybe”."),
        (["--app", "none", "--file", "/nowhere/audit"], 2, "/nowhere/audit cannot be written:"),
    ],
)
def test_what_cannot_be_taken_is_named(words: list[str], code: int, said: str) -> None:
    run = Said("export_audit", *words)
    assert (run.code, run.err.startswith(said)) == (code, True), run.err
