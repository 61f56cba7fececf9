"""GET …/audit/export: the log as JSON lines, CSV or OCSF: whole, safe for spreadsheets, and itself on record."""

import csv
import io
import json
from typing import Any

import pytest

from agents.models import App
from audit.export import selection
from audit.export.csv_lines import COLUMNS
from audit.integrity.sealing import sealed_rows
from audit.models import Event
from tests.api.program import Program, error, fields, last_act
from tests.audit.records import HOUR, NOON, acted, called
from tests.factories import minted

SET_UP = ("audit.export", "app.create", "member.join")
"""What the cast has done, and the test itself, that is on record."""


@pytest.fixture
def log(app: App) -> str:
    """Where the log of an app is taken out."""
    return f"/apps/{app.id}/audit/export"


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def objects(answer: Any) -> list[dict[str, Any]]:
    """The rows of an export, without that it was asked for and that there is an app."""
    told = [json.loads(line) for line in text(answer).splitlines()]
    return [one for one in told if one["type"] == "row" and one.get("action") not in SET_UP]


def rows(answer: Any) -> list[dict[str, str]]:
    table = "".join(line for line in text(answer).splitlines(keepends=True) if not line.startswith("# "))
    told = csv.DictReader(io.StringIO(table, newline=""))
    return [one for one in told if one["action"] not in SET_UP]


def test_json_lines_are_the_entries_whole(app: App, log: str, by_admin: Program) -> None:
    one, two = called(app.id, NOON, path="/é"), acted(app.id, NOON + HOUR)
    told = objects(by_admin.get(log))
    assert [(entry["kind"], entry["id"]) for entry in told] == [("event", str(two.id)), ("call", str(one.id))]
    assert told[1]["path"] == "/é" and "action" not in told[1]


def test_csv_has_a_column_for_everything(app: App, log: str, by_admin: Program) -> None:
    called(app.id, NOON + HOUR, context={"run_id": "r"}), acted(app.id, changes={"name": ["a", "b"]})
    told = rows(by_admin.get(log, format="csv"))
    assert list(told[0]) == COLUMNS
    assert json.loads(told[1]["context"]) == {"run_id": "r"}
    assert json.loads(told[0]["changes"]) == {"name": ["a", "b"]}


def test_ocsf_is_an_event_a_line(app: App, log: str, by_admin: Program) -> None:
    called(app.id)
    told = [json.loads(line) for line in text(by_admin.get(log, format="ocsf", kind="call")).splitlines()]
    assert [one["class_uid"] for one in told] == [6003, 6003]


@pytest.mark.parametrize(
    ("shape", "media", "ending"),
    [
        ("jsonl", "application/x-ndjson", "jsonl"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("ocsf", "application/x-ndjson", "ocsf.jsonl"),
    ],
)
def test_an_export_is_a_file(
    app: App, log: str, by_admin: Program, shape: str, media: str, ending: str
) -> None:
    answer = by_admin.get(log, format=shape)
    assert answer["Content-Type"] == media
    assert answer["Content-Disposition"].startswith(f'attachment; filename="audit-{app.id}-')
    assert answer["Content-Disposition"].endswith(f'.{ending}"')
    assert answer["Cache-Control"] == "no-store"


def test_how_many_rows_there_are_is_said_before_the_first(app: App, log: str, by_admin: Program) -> None:
    called(app.id), called(app.id), acted(app.id)
    answer = by_admin.get(log, kind="call")
    assert answer["X-Alter-Export-Rows"] == "2"


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠", " =", "\u00a0="]
)
def test_no_cell_is_a_formula(app: App, log: str, by_admin: Program, start: str) -> None:
    acted(app.id, target_label=f'{start}cmd|"/c calc"!A1')
    (row,) = rows(by_admin.get(log, format="csv"))
    assert row["target_label"].startswith(("'", "\\u"))  # a control character is written as an escape


def test_what_is_no_formula_is_left_alone(app: App, log: str, by_admin: Program) -> None:
    acted(app.id, target_label='a "b", c\nd')
    (row,) = rows(by_admin.get(log, format="csv"))
    assert row["target_label"] == 'a "b", c\\u000ad'


def test_an_export_takes_the_filters_of_the_log(app: App, log: str, by_admin: Program) -> None:
    called(app.id), acted(app.id)
    assert [one["kind"] for one in objects(by_admin.get(log, kind="call"))] == ["call"]


def test_that_it_was_asked_for_is_on_record_with_the_filters(app: App, log: str, by_admin: Program) -> None:
    called(app.id, code="key_expired")
    by_admin.get(log, format="csv", since="2026-06-01", code="key_expired")
    act = last_act()
    assert (act.action, act.app_id, act.target_label) == ("audit.export", app.id, "checkout")
    assert act.facts == {
        "format": "csv",
        "filters": {"code": "key_expired", "since": "2026-06-01 00:00:00+00:00"},
        "rows": 1,
    }


@pytest.mark.parametrize("name", ["key", "actor", "path", "code"])
def test_no_key_stays_in_that_record(app: App, log: str, by_admin: Program, name: str) -> None:
    secret = minted(app).plaintext.take()
    by_admin.get(log, **{name: secret})
    assert secret not in str(last_act().facts)


@pytest.mark.parametrize("shape", ["csv", "jsonl"])
@pytest.mark.parametrize("kind", ["", "call"])
def test_however_many_there_are_they_are_told_once_and_all(
    app: App, log: str, by_admin: Program, monkeypatch: pytest.MonkeyPatch, shape: str, kind: str
) -> None:
    for module, steps in (
        (sealed_rows, ("BATCH_SIZE", "COUNT_LIMIT")),
        (selection, ("BATCH_SIZE", "SLICE_SIZE")),
    ):
        for step in steps:
            monkeypatch.setattr(module, step, 2)
    ids = [str(called(app.id, NOON + n // 3 * HOUR).id) for n in range(7)]
    answer = by_admin.get(log, format=shape, **({"kind": kind} if kind else {}))
    told = rows(answer) if shape == "csv" else objects(answer)
    assert [one["id"] for one in told] == sorted(ids)


def test_what_is_written_after_it_was_asked_for_is_not_told(app: App, log: str, by_admin: Program) -> None:
    called(app.id)
    answer = by_admin.get(log)
    called(app.id)
    assert [one["kind"] for one in objects(answer)] == ["call"]


@pytest.mark.parametrize("shape", ["xml", "CSVs", "", "\0"])
def test_a_format_that_is_none_is_refused_and_is_no_act(
    app: App, log: str, by_admin: Program, shape: str
) -> None:
    acts = Event.objects.count()
    answer = by_admin.get(log, format=shape)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["format"])
    assert Event.objects.count() == acts


def test_a_refused_export_is_no_act(app: App, log: str, by_developer: Program) -> None:
    acts = Event.objects.count()
    assert by_developer.get(log).json()["needs"] == "dashboard_audit:export"
    assert Event.objects.count() == acts
