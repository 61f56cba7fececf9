"""Keys at the management API: list, count, mint, show, rename, narrow, rotate, deprecate, revoke."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent, App
from audit.actors import shell
from core.clock import at
from keys import lifecycle
from keys.models import ApiKey
from tests.api.program import Program, error, fields, last_act, named
from tests.audit.records import called
from tests.factories import AgentFactory, minted
from tests.keys.asking import ask, opened, said
from tests.keys.family import derived, parent_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WISH = {"name": "worker", "scopes": ["grants:read"]}


@pytest.fixture
def key(app: App) -> ApiKey:
    return minted(app, scopes="grants:write").key


def mint(program: Program, app: App, **more: Any) -> Any:
    return program.post(f"/apps/{app.id}/keys", WISH | more)


def act(program: Program, key: ApiKey, verb: str, body: Any = None) -> Any:
    return program.post(f"/apps/{key.app_id}/keys/{key.id}/{verb}", body)


def listed(program: Program, app: App, **query: Any) -> list[str]:
    return named(program.get(f"/apps/{app.id}/keys", **query))


def again(key: ApiKey) -> ApiKey:
    return ApiKey.objects.get(id=key.id)


# ── mint ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_minted_key_works_at_the_door(app: App, by_developer: Program) -> None:
    answer = mint(by_developer, app)
    assert answer.status_code == 201
    assert ask(answer.json()["api_key"], "grants:read").status_code == 200


def test_a_key_is_minted_as_asked(app: App, by_developer: Program) -> None:
    body = mint(
        by_developer,
        app,
        cidr_allowlist=["203.0.113.7/24"],
        rate_limit_rpm=9,
        metadata={"team": "é"},
        reason="For the till.",
    ).json()
    key = ApiKey.objects.get(id=body["id"])
    assert (key.networks, key.rate_limit_rpm, key.metadata) == (["203.0.113.0/24"], 9, {"team": "é"})
    assert (body["kind"], body["key_type"], body["status"]) == ("app", "rk", "active")
    assert last_act().reason == "For the till."


@pytest.mark.parametrize(
    ("wish", "ends"),
    [
        ({"expires_in": "30d"}, NOON + 30 * DAY),
        ({"expires_in": "12h"}, NOON + 12 * HOUR),
        ({"expires_in": "5m"}, NOON + timedelta(minutes=5)),
        ({"expires_at": "2026-07-01T00:00:00+02:00"}, datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ({"expires_at": "2026-07-01"}, datetime(2026, 7, 1, 23, 59, 59, tzinfo=UTC)),
        ({"expires_in": None, "expires_at": None}, None),
    ],
)
def test_a_key_ends_when_it_was_said(
    app: App, by_developer: Program, wish: Any, ends: datetime | None
) -> None:
    with at(NOON):
        body = mint(by_developer, app, **wish).json()
    assert ApiKey.objects.get(id=body["id"]).expires_at == ends


def test_a_key_of_the_agent_kind_may_be_bound_to_none(app: App, by_developer: Program) -> None:
    body = mint(by_developer, app, key_type="agent").json()
    assert (body["kind"], body["agent_id"]) == ("agent", None)
    assert body["api_key"].startswith("alter_key_agent_")


def test_a_key_may_be_minted_for_an_agent(agent: Agent, by_developer: Program) -> None:
    body = mint(by_developer, agent.app, key_type="agent", agent_id=str(agent.id)).json()
    assert body["agent_id"] == str(agent.id)


def test_a_runtime_key_is_of_no_agent(agent: Agent, by_developer: Program) -> None:
    answer = mint(by_developer, agent.app, agent_id=str(agent.id))
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["agent_id"])


def test_a_key_is_not_minted_for_another_apps_agent(app: App, other_app: App, by_developer: Program) -> None:
    theirs = AgentFactory.create(app=other_app)
    answer = mint(by_developer, app, key_type="agent", agent_id=str(theirs.id))
    assert error(answer) == (404, "agent_not_found")


def test_a_full_app_takes_no_more(app: App, by_admin: Program) -> None:
    by_admin.patch(f"/apps/{app.id}", {"max_keys": 1})
    mint(by_admin, app)
    answer = mint(by_admin, app)
    assert (error(answer), answer.json()["limit"]) == ((409, "key_limit_reached"), 1)


def test_a_scope_that_is_none_is_named(app: App, by_developer: Program) -> None:
    answer = mint(by_developer, app, scopes=["grants:raed"])
    assert (error(answer), fields(answer)) == ((422, "unknown_scope"), ["scopes"])


def test_a_plaintext_is_in_its_own_answer_and_in_no_other(app: App, by_developer: Program) -> None:
    body = mint(by_developer, app).json()
    shown = by_developer.get(f"/apps/{app.id}/keys/{body['id']}")
    assert "api_key" not in shown.json() and body["api_key"] not in shown.content.decode()


# ── list ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shelf(app: App, agent: Agent) -> App:
    """An app with a key of each kind, one that is revoked and one that is rotated."""
    derived(parent_of(app).key, name="derived")
    minted(app, agent=agent, name="agents")
    lifecycle.revoke(shell(), minted(app, name="revoked").key)
    lifecycle.rotate(shell(), minted(app, name="rotated").key)
    return app


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["agents", "derived", "parent", "revoked", "rotated", "rotated"]),
        ({"status": "active"}, ["agents", "derived", "parent", "rotated", "rotated"]),
        ({"status": "revoked"}, ["revoked"]),
        ({"kind": "app"}, ["parent", "revoked", "rotated", "rotated"]),
        ({"kind": "agent"}, ["agents"]),
        ({"kind": "derived"}, ["derived"]),
        ({"kind": "derived", "status": "revoked"}, []),
        ({"agent": "no id"}, []),
    ],
)
def test_a_list_is_what_was_asked_for(
    shelf: App, by_developer: Program, query: Any, names: list[str]
) -> None:
    assert sorted(listed(by_developer, shelf, **query)) == names


def test_a_list_may_be_of_one_agent(shelf: App, agent: Agent, by_developer: Program) -> None:
    assert listed(by_developer, shelf, agent=agent.id) == ["agents"]


@pytest.mark.parametrize("field", ["status", "kind"])
def test_a_choice_that_is_none_is_refused(app: App, by_developer: Program, field: str) -> None:
    answer = by_developer.get(f"/apps/{app.id}/keys", **{field: "ended"})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), [field])


def test_a_list_is_a_fixed_number_of_queries(
    shelf: App, by_developer: Program, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listed(by_developer, shelf)
    with django_assert_num_queries(13):
        assert len(listed(by_developer, shelf)) == 6


def test_keys_are_counted(shelf: App, by_developer: Program) -> None:
    body = by_developer.get(f"/apps/{shelf.id}/keys/statistics").json()
    assert body == {"active": 3, "rotated_in_grace": 1, "total": 5, "max_allowed": 100}


# ── show ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_is_told_in_full(app: App, by_developer: Program) -> None:
    key, secret = opened(minted(app))
    ask(secret)
    body = by_developer.get(f"/apps/{app.id}/keys/{key.id}").json()
    assert body.pop("last_used_at") and body.pop("created_at")
    assert body == {
        "id": str(key.id),
        "app_id": str(app.id),
        "agent_id": None,
        "name": "worker",
        "key_prefix": key.prefix,
        "fingerprint": key.fingerprint,
        "key_type": "rk",
        "kind": "app",
        "status": "active",
        "scopes": ["grants:read"],
        "scope_version": 1,
        "cidr_allowlist": None,
        "rate_limit_rpm": None,
        "effective_rate_limit_rpm": 6000,
        "rate_limit_source": "platform_default",
        "metadata": {},
        "generation": 1,
        "parent_key_id": None,
        "replaces_key_id": None,
        "replaced_by_key_id": None,
        "replaced_by_key_prefix": None,
        "enrolled_by_key_id": None,
        "minted_by": key.minted_by,
        "expires_at": None,
        "deprecated_at": None,
        "grace_ends_at": None,
        "revoked_at": None,
        "last_denied_at": None,
    }


# ── rename, narrow ──────────────────────────────────────────────────────────────────────────────────


def test_a_key_is_renamed(key: ApiKey, by_developer: Program) -> None:
    answer = by_developer.patch(f"/apps/{key.app_id}/keys/{key.id}", {"name": "till"})
    assert (answer.json()["name"], again(key).name) == ("till", "till")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", ["grants:read"]),
        ("cidr_allowlist", ["203.0.113.0/24"]),
        ("rate_limit_rpm", 5),
        ("expires_at", "2026-06-08T00:00:00Z"),
    ],
)
def test_a_key_is_narrowed(app: App, by_developer: Program, field: str, value: Any) -> None:
    with at(NOON):
        key = minted(app, scopes="grants:write").key
        before = by_developer.get(f"/apps/{app.id}/keys/{key.id}").json()
        body = act(by_developer, key, "narrow", {field: value, "reason": "Enough."}).json()
    limits = {"effective_rate_limit_rpm", "rate_limit_source"}
    assert {name for name in body if body[name] != before[name]} - limits == {field}
    assert (last_act().action, last_act().reason) == ("key.narrow", "Enough.")


@pytest.mark.parametrize(
    ("field", "value"),
    [("scopes", ["grants:admin"]), ("rate_limit_rpm", 6001)],
)
def test_narrowing_only_takes_away(key: ApiKey, by_developer: Program, field: str, value: Any) -> None:
    answer = act(by_developer, key, "narrow", {field: value})
    assert (error(answer), fields(answer)) == ((422, "not_narrower"), [field])


def test_a_list_of_addresses_that_is_wider_is_refused_by_the_wires_own_name(
    app: App, by_developer: Program
) -> None:
    body = mint(by_developer, app, cidr_allowlist=["203.0.113.0/25"]).json()
    key = ApiKey.objects.get(id=body["id"])
    answer = act(by_developer, key, "narrow", {"cidr_allowlist": ["203.0.113.0/24"]})
    assert (error(answer), fields(answer)) == ((422, "not_narrower"), ["cidr_allowlist"])


# ── rotate ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_rotation_makes_a_successor_and_the_old_key_works_on_for_a_week(
    app: App, by_developer: Program
) -> None:
    key, secret = opened(minted(app))
    with at(NOON):
        body = act(by_developer, key, "rotate").json()
    assert (body["replaces_key_id"], again(key).grace_ends_at) == (str(key.id), NOON + 7 * DAY)
    old = by_developer.get(f"/apps/{app.id}/keys/{key.id}").json()
    assert (old["replaced_by_key_id"], old["replaced_by_key_prefix"]) == (body["id"], body["key_prefix"])
    with at(NOON + 6 * DAY):
        assert ask(secret)["X-Alter-Key-Deprecated"] == "true"
        assert ask(body["api_key"]).status_code == 200


@pytest.mark.parametrize(
    ("grace", "works"),
    [("30d", 30 * DAY), ("5m", timedelta(minutes=5)), ("0s", 0 * DAY), ("0", 0 * DAY), ("0h", 0 * DAY)],
)
def test_the_grace_is_as_long_as_it_was_said(
    key: ApiKey, by_developer: Program, grace: str, works: timedelta
) -> None:
    with at(NOON):
        assert act(by_developer, key, "rotate", {"grace": grace}).status_code == 201
    assert again(key).grace_ends_at == NOON + works


@pytest.mark.parametrize("grace", ["31d", "-1d", "1y", "", "x", "9999999d", "00s", "1.5d", "٣d"])
def test_a_grace_that_cannot_be_is_named(key: ApiKey, by_developer: Program, grace: str) -> None:
    answer = act(by_developer, key, "rotate", {"grace": grace})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["grace"])
    assert again(key).grace_ends_at is None


def test_a_successor_may_hold_other_scopes(key: ApiKey, by_developer: Program) -> None:
    body = act(by_developer, key, "rotate", {"scopes": ["agents:read"], "reason": "Moved."}).json()
    assert (body["scopes"], last_act().reason) == (["agents:read"], "Moved.")


def test_a_key_is_rotated_once(key: ApiKey, by_developer: Program) -> None:
    act(by_developer, key, "rotate")
    assert error(act(by_developer, key, "rotate")) == (409, "key_rotated")


def test_a_derived_key_gets_another_secret_in_place(app: App, by_developer: Program) -> None:
    key = derived(parent_of(app).key).key
    body = act(by_developer, key, "rotate").json()
    assert (body["id"], body["generation"]) == (str(key.id), 2)
    assert ask(body["api_key"]).status_code == 200


# ── deprecate, revoke ───────────────────────────────────────────────────────────────────────────────


def test_a_key_is_deprecated_and_back(key: ApiKey, by_developer: Program) -> None:
    assert act(by_developer, key, "deprecate", {"reason": "Old."}).json()["status"] == "deprecated"
    assert last_act().reason == "Old."
    assert act(by_developer, key, "undeprecate").json()["status"] == "active"


def test_undeprecating_cancels_a_rotation(key: ApiKey, by_developer: Program) -> None:
    act(by_developer, key, "rotate")
    body = act(by_developer, key, "undeprecate").json()
    assert (body["status"], body["grace_ends_at"]) == ("active", None)


def test_a_revoked_key_is_refused_from_the_next_call_on(app: App, by_support: Program) -> None:
    key, secret = opened(minted(app))
    assert act(by_support, key, "revoke", {"reason": "Leaked."}).json()["status"] == "revoked"
    assert error(ask(secret)) == (401, "invalid_key")
    assert last_act().reason == "Leaked."


def test_revoking_twice_changes_nothing(key: ApiKey, by_admin: Program) -> None:
    first = act(by_admin, key, "revoke").json()
    assert act(by_admin, key, "revoke").json() == first
    assert said(key) == ["key.mint", "key.revoke"]


@pytest.mark.parametrize("verb", ["deprecate", "undeprecate", "rotate", "narrow"])
def test_a_revoked_key_is_not_changed(key: ApiKey, by_admin: Program, verb: str) -> None:
    act(by_admin, key, "revoke")
    body = {"rate_limit_rpm": 1} if verb == "narrow" else None
    assert error(act(by_admin, key, verb, body)) == (409, "key_revoked")


def test_an_agents_last_key_is_ended_only_by_force(agent: Agent, by_admin: Program) -> None:
    key = minted(agent.app, agent=agent).key
    assert error(act(by_admin, key, "revoke")) == (409, "last_active_key")
    assert act(by_admin, key, "revoke", {"force": True}).status_code == 200


# ── callers ─────────────────────────────────────────────────────────────────────────────────────────


def callers(program: Program, key: ApiKey, **query: Any) -> Any:
    return program.get(f"/apps/{key.app_id}/keys/{key.id}/callers", **query)


def test_callers_are_told_with_how_often_and_when_last(by_developer: Program, key: ApiKey) -> None:
    with at(NOON):
        last = called(key.app_id, NOON, key_id=key.id, ip="203.0.113.7", user_agent="curl/8")
        called(key.app_id, NOON - HOUR, key_id=key.id, ip="203.0.113.7", user_agent="curl/8")
        body = callers(by_developer, key).json()
    assert body["items"] == [
        {
            "ip": "203.0.113.7",
            "user_agent": "curl/8",
            "calls": 2,
            "last_at": last.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    ]
    assert (body["calls"], body["capped_at"]) == (2, None)


def test_callers_are_looked_for_since_a_moment(by_developer: Program, key: ApiKey) -> None:
    with at(NOON):
        called(key.app_id, NOON - 2 * DAY, key_id=key.id)
        assert callers(by_developer, key, since="1d").json()["items"] == []


@pytest.mark.parametrize("since", ["", "yesterday", "9" * 400, "<script>", "1d' OR 1=1"])
def test_a_moment_that_cannot_be_read_is_said(by_developer: Program, key: ApiKey, since: str) -> None:
    assert callers(by_developer, key, since=since).status_code == 422
