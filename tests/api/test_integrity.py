"""The check of the record at the management API: a bounded step at a time."""

from typing import Any

import pytest

from agents.models import App
from audit.models import Call
from core.clock import at
from tests.api.program import Program, error
from tests.audit.records import NOON, acted, called
from tests.audit.sealed import sealed
from tests.audit.tampering import with_fences_down


def steps(program: Program, app: App, **query: str) -> list[Any]:
    """All steps of a check."""
    found, cursor = list[Any](), ""
    while cursor is not None:
        given = {**query, **({"cursor": cursor} if cursor else {})}
        found.append(program.get(f"/apps/{app.id}/audit/integrity", **given).json())
        cursor = found[-1]["next_cursor"]
    return found


def findings(program: Program, app: App, **query: str) -> list[Any]:
    return [
        finding
        for step in steps(program, app, **query)
        for finding in step["findings"]
        if not finding["is_note"]
    ]


def test_a_record_that_holds(app: App, by_support: Program) -> None:
    sealed(called(app.id), acted(app.id))
    assert findings(by_support, app) == []


def test_it_says_how_much_it_looked_at(app: App, by_support: Program) -> None:
    sealed(called(app.id), called(app.id))
    first = steps(by_support, app, kind="call")[0]
    assert (first["checkpoints"], first["rows"]) == (1, 2)


def test_a_row_that_was_edited_is_named(app: App, by_support: Program) -> None:
    call = called(app.id)
    sealed(call)
    with_fences_down(lambda: Call.objects.filter(id=call.id).update(path="/other"))
    (finding,) = findings(by_support, app)
    assert (finding["code"], finding["kind"], finding["seq"], finding["row_id"]) == (
        "edited",
        "call",
        1,
        str(call.id),
    )


def test_another_apps_record_is_not_looked_at(app: App, other_app: App, by_support: Program) -> None:
    call = called(other_app.id)
    sealed(call)
    with_fences_down(lambda: Call.objects.filter(id=call.id).update(path="/other"))
    assert findings(by_support, app) == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"kind": "event"}, 0),
        ({"kind": "call"}, 1),
        ({"since": "2026-07-01"}, 0),
        ({"since": "2026-05-01"}, 1),
        ({"until": "2026-05-01"}, 0),
        ({"until": "2026-07-01"}, 1),
    ],
)
def test_it_can_be_narrowed(app: App, by_support: Program, query: dict[str, str], count: int) -> None:
    call = called(app.id, NOON)
    with at(NOON):
        sealed(call)
    with_fences_down(lambda: Call.objects.filter(id=call.id).update(path="/other"))
    assert len(findings(by_support, app, **query)) == count


def test_a_step_is_bounded(app: App, by_support: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.integrity.checking.check.MAX_CHECKPOINTS", 2)
    monkeypatch.setattr("audit.integrity.checking.unsealed_rows.SCAN_LIMIT", 2)
    for _ in range(5):
        sealed(called(app.id))
    told = steps(by_support, app)
    assert max(step["checkpoints"] for step in told) <= 2
    assert sum(step["checkpoints"] for step in told) >= 5
    assert len(told) > 5


@pytest.mark.parametrize(
    "cursor",
    ["x", "c.", "c.-1", "c.x", "c." + "9" * 30, "s.1", "r.", "r.call", "r.call.x", "r.x.0-" + "0" * 32, "'"],
)
def test_a_cursor_that_is_none_is_refused(app: App, by_support: Program, cursor: str) -> None:
    assert error(by_support.get(f"/apps/{app.id}/audit/integrity", cursor=cursor)) == (
        422,
        "validation_error",
    )


@pytest.mark.parametrize("query", [{"kind": "span"}, {"since": "soon"}, {"until": "x" * 600}])
def test_what_cannot_be_read_is_refused(app: App, by_support: Program, query: dict[str, str]) -> None:
    assert error(by_support.get(f"/apps/{app.id}/audit/integrity", **query)) == (422, "validation_error")


def test_a_number_beyond_the_last_is_the_end(app: App, by_support: Program) -> None:
    sealed(called(app.id))
    body = by_support.get(f"/apps/{app.id}/audit/integrity", cursor="c.999999").json()
    assert (body["next_cursor"], body["checkpoints"]) == ("s", 0)
