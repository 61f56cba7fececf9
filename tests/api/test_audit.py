"""The audit log at the management API: looked through, explained, by thread, by trace. Its export: test_export.py."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from agents.models import App
from audit.models import Call, Event
from core.clock import at
from tests.api.program import Program, error, fields
from tests.audit.records import HOUR, KEY, NOON, PREFIX, acted, called, minted_as
from tests.factories import minted
from tests.keys.asking import ask

SET_UP = ("app.create", "member.join")
"""What the cast has done by the time a test begins."""


@pytest.fixture
def log(app: App) -> str:
    """Where the log of an app is that has nothing else on record than what a test puts there."""
    return f"/apps/{app.id}/audit"


def found(program: Program, log: str, **query: Any) -> list[str]:
    answer = program.get(log, **query)
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"] if item["action"] not in SET_UP]


# ── list ────────────────────────────────────────────────────────────────────────────────────────────


def test_acts_and_calls_are_one_list_newest_first(app: App, log: str, by_developer: Program) -> None:
    one, two = called(app.id, NOON), acted(app.id, NOON + HOUR)
    assert found(by_developer, log) == [str(two.id), str(one.id)]


def test_another_apps_entries_are_not_in_it(other_app: App, log: str, by_developer: Program) -> None:
    called(other_app.id), acted(other_app.id)
    assert found(by_developer, log) == []


EVENT: dict[str, Any] = {
    "action": "key.revoke",
    "actor_label": "Someone <s@example.com>",
    "ip": "203.0.113.1",
    "request_id": "r1",
}
CALL: dict[str, Any] = {
    "code": "key_expired",
    "path": "/grants/7",
    "ip": "203.0.113.2",
    "trace_id": "a" * 32,
    "caller": "worker",
    "context": {"thread_id": "order-1", "run_id": "7"},
}


@pytest.mark.parametrize(
    ("query", "which"),
    [
        ({"kind": "event"}, "act"),
        ({"kind": "call"}, "call"),
        ({"outcome": "event"}, "act"),
        ({"outcome": "denied"}, "call"),
        ({"outcome": "allowed"}, ""),
        ({"action": "key.revoke"}, "act"),
        ({"action": "key"}, "act"),
        ({"action": "app.update"}, ""),
        ({"actor": "SOMEONE"}, "act"),
        ({"actor_kind": "Person"}, "act"),
        ({"actor_kind": "token"}, ""),
        ({"target_kind": "key"}, "act"),
        ({"target_kind": "app"}, ""),
        ({"thread_id": "order-1"}, "call"),
        ({"thread_id": "order"}, ""),
        ({"kind": "event", "thread_id": "order-1"}, ""),
        ({"caller": "worker"}, "call"),
        ({"caller": "work"}, ""),
        ({"code": "key_expired"}, "call"),
        ({"ip": "203.0.113.1"}, "act"),
        ({"path": "/grants"}, "call"),
        ({"path": "grants"}, ""),
        ({"request": "r1"}, "act"),
        ({"trace": "a" * 32}, "call"),
        ({"key_id": str(KEY)}, "call"),
        ({"agent": str(KEY)}, ""),
        ({"kind": "call", "action": "key.revoke"}, ""),
        ({"kind": "event", "code": "key_expired"}, ""),
        ({"since": "2026-06-01T12:00:01Z"}, ""),
        ({"until": "2026-06-01T12:00:00Z"}, ""),
        ({"since": "1h", "kind": "call"}, "call"),
        ({"since": "29m"}, ""),
    ],
)
def test_a_filter_finds_what_it_says(
    app: App, log: str, by_developer: Program, query: Any, which: str
) -> None:
    rows = {"act": acted(app.id, **EVENT), "call": called(app.id, **CALL)}
    with at(NOON + HOUR / 2):
        assert found(by_developer, log, **query) == ([str(rows[which].id)] if which else [])


def test_a_whole_key_that_is_looked_for_is_cut_to_its_prefix(
    app: App, log: str, by_developer: Program
) -> None:
    secret = minted(app).plaintext.take()
    ask(secret)
    assert len(found(by_developer, log, key=secret)) == 2


def test_a_key_is_found_by_a_piece_of_its_prefix(app: App, log: str, by_developer: Program) -> None:
    minted_as(PREFIX, KEY, app.id), called(app.id)
    assert len(found(by_developer, log, key=PREFIX[-6:])) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "yesterday"),
        ("since", "9999999d"),
        ("since", "4000d"),
        ("until", "2026-13-01"),
        ("until", "0001-01-01T00:00:00+14:00"),
        ("kind", "act"),
        ("outcome", "maybe"),
        ("key_id", "x"),
        ("actor_kind", "robot"),
        ("agent", "x"),
        ("actor", "\0"),
        ("key", "a\0"),
        ("path", "\0"),
        ("code", "x" * 501),
    ],
)
@pytest.mark.parametrize("export", ["", "/export"])
def test_a_filter_that_cannot_be_is_named(
    log: str, by_admin: Program, name: str, value: str, export: str
) -> None:
    acts = Event.objects.count()
    answer = by_admin.get(log + export, **{name: value})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), [name])
    assert Event.objects.count() == acts


@pytest.mark.parametrize("limit", ["0", "1001", "x", ""])
def test_a_limit_that_cannot_be_is_named(log: str, by_developer: Program, limit: str) -> None:
    answer = by_developer.get(log, limit=limit)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["limit"])


def test_a_list_is_a_fixed_number_of_queries(
    app: App, log: str, by_developer: Program, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        called(app.id), acted(app.id)
    found(by_developer, log)
    time_limit = 4 if connection.vendor == "postgresql" else 0
    with django_assert_num_queries(10 + time_limit):
        assert len(found(by_developer, log)) == 40


# ── one ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_act_is_told_in_full(app: App, log: str, by_developer: Program) -> None:
    one = acted(app.id, changes={"name": ["a", "b"]}, facts={"forced": True}, reason="Because.")
    body = by_developer.get(f"{log}/{one.id}").json()
    assert (body["kind"], body["action"], body["changes"]) == ("event", "key.rename", {"name": ["a", "b"]})
    assert (body["facts"], body["reason"], body["at"]) == (
        {"forced": True},
        "Because.",
        "2026-06-01T12:00:00Z",
    )
    assert (body["method"], body["allowed"], body["checks"]) == (None, None, None)


def test_a_call_is_told_with_its_checks(app: App, log: str, by_developer: Program) -> None:
    ask(minted(app).plaintext.take(), "grants:admin")
    call = Call.objects.get()
    body = by_developer.get(f"{log}/{call.id}").json()
    results = {check["name"]: check["result"] for check in body["checks"]}
    assert (body["kind"], body["code"], body["check_failed"]) == ("call", "insufficient_scope", "scope")
    assert (results["format"], results["scope"]) == ("passed", "failed")


def test_checks_after_the_one_that_failed_were_not_reached(app: App, log: str, by_developer: Program) -> None:
    call = called(app.id, code="key_expired", check_failed="not expired", status=401)
    body = by_developer.get(f"{log}/{call.id}").json()
    results = {check["name"]: check["result"] for check in body["checks"]}
    assert (results["not expired"], results["scope"]) == ("failed", "not reached")


@pytest.mark.parametrize(
    "entry_id", ["x", "%00", "01a2014c-7d92-72cf-83df-d30ffbfe9814", "exports", "0" * 36]
)
def test_an_entry_that_is_not_there_is_a_404(log: str, by_developer: Program, entry_id: str) -> None:
    assert error(by_developer.get(f"{log}/{entry_id}")) == (404, "not_found")


def test_another_apps_entry_is_not_there(other_app: App, log: str, by_admin: Program) -> None:
    for theirs in (acted(other_app.id), called(other_app.id)):
        assert error(by_admin.get(f"{log}/{theirs.id}")) == (404, "not_found")


# ── threads and traces ──────────────────────────────────────────────────────────────────────────────


def thread(app: App, name: str, at: Any = NOON, **columns: Any) -> Call:
    return called(app.id, at, context={"thread_id": name}, trace_id="b" * 31 + name[-1], **columns)


@pytest.mark.parametrize(
    ("by", "ids"), [("threads", ["t2", "t1"]), ("traces", ["b" * 31 + "2", "b" * 31 + "1"])]
)
def test_calls_are_gathered_the_latest_first(
    app: App, log: str, by_developer: Program, by: str, ids: list[str]
) -> None:
    thread(app, "t1", caller="worker"), thread(app, "t1", NOON + HOUR, code="key_expired")
    thread(app, "t2", NOON + 2 * HOUR), called(app.id)
    items = by_developer.get(f"{log}/{by}").json()["items"]
    assert [one["id"] for one in items] == ids
    assert items[1] == {
        "id": ids[1],
        "calls": 2,
        "denied": 1,
        "first_at": "2026-06-01T12:00:00Z",
        "last_at": "2026-06-01T13:00:00Z",
        "callers": ["worker"],
    }


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"actor": "worker"}, ["t1"]),
        ({"actor": "nobody"}, []),
        ({"since": "2026-06-01T12:30:00Z"}, ["t2"]),
        ({"until": "2026-06-01T12:30:00Z"}, ["t1"]),
        ({"since": "30m"}, ["t2"]),
    ],
)
def test_they_can_be_narrowed(app: App, log: str, by_developer: Program, query: Any, ids: list[str]) -> None:
    thread(app, "t1", caller="worker"), thread(app, "t2", NOON + HOUR)
    with at(NOON + HOUR + timedelta(minutes=10)):
        items = by_developer.get(f"{log}/threads", **query).json()["items"]
    assert [one["id"] for one in items] == ids


@pytest.mark.parametrize("by", ["threads", "traces"])
def test_another_apps_are_not_among_them(other_app: App, log: str, by_developer: Program, by: str) -> None:
    thread(other_app, "t1")
    assert by_developer.get(f"{log}/{by}").json()["items"] == []


@pytest.mark.parametrize("name", ["since", "until", "actor"])
def test_a_bound_that_cannot_be_is_named(log: str, by_developer: Program, name: str) -> None:
    answer = by_developer.get(f"{log}/threads", **{name: "\0"})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), [name])
