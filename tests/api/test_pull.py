"""GET …/audit/sealed: the record for programs that keep it elsewhere, by the place each row was sealed at."""

import pytest

from agents.models import App
from audit.models import Event
from tests.api.program import Program, error, fields
from tests.audit.records import HOUR, NOON, acted, called
from tests.audit.sealed import sealed


@pytest.fixture
def log(app: App) -> str:
    """Where the sealed rows of an app are pulled."""
    return f"/apps/{app.id}/audit/sealed"


def test_entries_come_with_their_places_and_a_cursor(app: App, log: str, by_admin: Program) -> None:
    sealed(called(app.id, NOON), called(app.id, NOON + HOUR, path="/later"))
    body = by_admin.get(log, limit=1).json()
    assert [(one["kind"], one["seq"], one["path"]) for one in body["items"]] == [("call", 1, "/grants")]
    assert body["has_more"] is True
    more = by_admin.get(log, after=body["next_cursor"]).json()["items"]
    assert [one["path"] for one in more if one["kind"] == "call"] == ["/later"]


def test_an_entry_is_told_as_the_list_tells_it(app: App, log: str, by_admin: Program) -> None:
    act = acted(app.id)
    sealed(act)
    items = by_admin.get(log).json()["items"]
    (told,) = (item for item in items if item["id"] == str(act.id))
    seq = told.pop("seq")
    assert seq and told == by_admin.get(f"/apps/{app.id}/audit", action="key.rename").json()["items"][0]


def test_where_there_is_nothing_the_cursor_is_given_all_the_same(log: str, by_admin: Program) -> None:
    body = by_admin.get(log).json()
    assert (body["items"], body["has_more"]) == ([], False)
    assert by_admin.get(log, after=body["next_cursor"]).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"), [("after", "x"), ("after", "\0"), ("limit", "0"), ("limit", "1001")]
)
def test_what_cannot_be_taken_is_named(log: str, by_admin: Program, name: str, value: str) -> None:
    answer = by_admin.get(log, **{name: value})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), [name])


def test_who_may_not_export_is_refused_and_that_is_no_act(log: str, by_developer: Program) -> None:
    acts = Event.objects.count()
    assert by_developer.get(log).json()["needs"] == "dashboard_audit:export"
    assert Event.objects.count() == acts
