"""GET …/callers: what programs that use an app's keys call themselves."""

import pytest

from agents.models import App, CallerLabel
from audit.search import usage
from core.ids import new_id
from tests.api.program import Program, error
from tests.audit.records import HOUR, NOON, called
from tests.factories import AppFactory


def label(app: App, name: str = "billing worker") -> CallerLabel:
    return CallerLabel.objects.create(app=app, label=name, type="service")


def test_a_name_is_told_with_its_calls(app: App, by_developer: Program) -> None:
    one = label(app)
    for hour in (0, 1):
        called(app.id, NOON + hour * HOUR, caller=one.label, caller_id=one.id)
    body = by_developer.get(f"/apps/{app.id}/callers/{one.id}").json()
    assert body.pop("created_at")
    assert body == {
        "id": str(one.id),
        "label": "billing worker",
        "type": "service",
        "last_seen_at": "2026-06-01T13:00:00Z",
        "calls": 2,
    }


def test_calls_are_counted_no_further_than_is_told(
    app: App, by_developer: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MAX_COUNTED", 2)
    one = label(app)
    for _ in range(3):
        called(app.id, caller=one.label, caller_id=one.id)
    assert by_developer.get(f"/apps/{app.id}/callers/{one.id}").json()["calls"] == 2


def test_a_name_without_calls_on_record_says_so(app: App, by_developer: Program) -> None:
    body = by_developer.get(f"/apps/{app.id}/callers/{label(app).id}").json()
    assert (body["calls"], body["last_seen_at"]) == (0, None)


def test_names_are_listed_of_this_app_only(app: App, by_admin: Program) -> None:
    label(app, "one"), label(app, "two"), label(AppFactory.create(), "theirs")
    body = by_admin.get(f"/apps/{app.id}/callers").json()
    assert (sorted(item["label"] for item in body["items"]), body["total"]) == (["one", "two"], 2)


def test_a_name_of_another_app_is_not_there(app: App, by_admin: Program) -> None:
    theirs = label(AppFactory.create())
    for caller_id in (theirs.id, new_id(), "x", "%00"):
        assert error(by_admin.get(f"/apps/{app.id}/callers/{caller_id}")) == (404, "not_found")
