"""Agents and their keys at the management API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents import lifecycle
from agents.models import Agent, App
from audit.actors import shell
from core.clock import at
from keys.lifecycle import revoke_agent
from keys.models import ApiKey
from tests.api.program import Program, error, fields, last_act, named
from tests.factories import AgentFactory, minted
from tests.keys.asking import ask

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WIDE, NARROW = {"mail": ["read", "send"]}, {"mail": ["read"]}


def at_agent(program: Program, agent: Agent, verb: str, body: Any = None) -> Any:
    return program.post(f"/apps/{agent.app_id}/agents/{agent.id}/{verb}", body)


def change(program: Program, agent: Agent, body: Any, **query: Any) -> Any:
    return program.patch(f"/apps/{agent.app_id}/agents/{agent.id}", body, **query)


def again(agent: Agent) -> Agent:
    return Agent.objects.get(id=agent.id)


# ── create ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_comes_with_a_key_that_works(app: App, by_developer: Program) -> None:
    answer = by_developer.post(f"/apps/{app.id}/agents", {"name": "bot"})
    body = answer.json()
    assert (answer.status_code, body["keys_active"]) == (201, 1)
    assert ask(body["api_key"])["X-Alter-Agent-Id"] == body["id"]
    assert ApiKey.objects.get(id=body["key_id"]).name == "bot-1"


def test_an_agent_is_created_as_asked(app: App, by_developer: Program) -> None:
    asked = {
        "name": "bot",
        "type": "service",
        "display_name": "Zoë's bot",
        "scopes": WIDE,
        "metadata": {"team": "é"},
        "policy": {"requires_approval": {"approvers": ["a"]}},
    }
    body = by_developer.post(f"/apps/{app.id}/agents", asked).json()
    assert {name: body[name] for name in asked} == asked


def test_a_living_agents_name_is_taken(agent: Agent, by_developer: Program) -> None:
    answer = by_developer.post(f"/apps/{agent.app_id}/agents", {"name": agent.name})
    assert (error(answer), fields(answer)) == ((409, "agent_name_exists"), ["name"])


def test_an_agent_that_gets_no_key_is_not_created(app: App, by_admin: Program) -> None:
    by_admin.patch(f"/apps/{app.id}", {"max_keys": 1})
    minted(app)
    assert error(by_admin.post(f"/apps/{app.id}/agents", {"name": "bot"})) == (409, "key_limit_reached")
    assert not Agent.objects.exists()


# ── list ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def three(app: App) -> App:
    """An app with an active, a suspended and a revoked agent."""
    AgentFactory.create(app=app, name="active", scopes=WIDE, display_name="Zoë")
    lifecycle.suspend_agent(shell(), AgentFactory.create(app=app, name="inactive", type="service"))
    agent = AgentFactory.create(app=app, name="revoked")
    revoke_agent(shell(), agent)
    return app


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["active", "inactive"]),
        ({"status": "active"}, ["active"]),
        ({"status": "inactive,revoked"}, ["inactive", "revoked"]),
        ({"status": "active,inactive,revoked"}, ["active", "inactive", "revoked"]),
        ({"type": "service"}, ["inactive"]),
        ({"provider": "mail"}, ["active"]),
        ({"provider": "post"}, []),
        ({"provider": '"'}, []),
        ({"provider": "0"}, []),
        ({"provider": "$.a[0]"}, []),
        ({"search": "CTIV"}, ["active", "inactive"]),
        ({"search": "zo"}, ["active"]),
        ({"search": "%"}, []),
    ],
)
def test_a_list_is_what_was_asked_for(
    three: App, by_developer: Program, query: Any, names: list[str]
) -> None:
    assert sorted(named(by_developer.get(f"/apps/{three.id}/agents", **query))) == names


@pytest.mark.parametrize("status", ["ended", "active,", ""])
def test_a_status_that_is_none_is_refused(app: App, by_developer: Program, status: str) -> None:
    answer = by_developer.get(f"/apps/{app.id}/agents", status=status)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["status"])


def test_a_list_is_a_fixed_number_of_queries(
    three: App, by_developer: Program, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    there = f"/apps/{three.id}/agents"
    by_developer.get(there)
    with django_assert_num_queries(12):
        assert len(named(by_developer.get(there, status="active,inactive,revoked"))) == 3


# ── show and change ─────────────────────────────────────────────────────────────────────────────────


def test_a_revoked_agent_is_still_shown(three: App, by_developer: Program) -> None:
    agent = Agent.objects.get(name="revoked")
    assert by_developer.get(f"/apps/{three.id}/agents/{agent.id}").json()["status"] == "revoked"


@pytest.mark.parametrize(
    ("field", "value"),
    [("display_name", "Zoë"), ("metadata", {"a": [1]}), ("policy", {"note": "x"}), ("scopes", NARROW)],
)
def test_what_is_said_is_changed_and_the_rest_stays(
    agent: Agent, by_developer: Program, field: str, value: Any
) -> None:
    before = by_developer.get(f"/apps/{agent.app_id}/agents/{agent.id}").json()
    after = change(by_developer, agent, {field: value}).json()
    assert {name for name in after if after[name] != before[name]} == {field, "version"}
    assert (after[field], after["version"]) == (value, 2)


def test_null_takes_a_display_name_away(app: App, by_developer: Program) -> None:
    agent = AgentFactory.create(app=app, display_name="Zoë")
    assert change(by_developer, agent, {"display_name": None}).json()["display_name"] is None
    assert again(agent).display_name == ""


def test_a_change_made_from_an_old_version_is_refused(agent: Agent, by_developer: Program) -> None:
    change(by_developer, agent, {"display_name": "One"}, expected_version=1)
    answer = change(by_developer, agent, {"display_name": "Two"}, expected_version=1)
    assert (error(answer), answer.json()["version"]) == ((409, "agent_concurrent_update"), 2)


@pytest.mark.parametrize(
    ("query", "grace"), [({}, timedelta(days=1)), ({"grace_seconds": 60}, timedelta(minutes=1))]
)
def test_scopes_that_are_taken_away_go_later(
    app: App, by_developer: Program, query: Any, grace: timedelta
) -> None:
    agent = AgentFactory.create(app=app, scopes=WIDE)
    with at(NOON):
        body = change(by_developer, agent, {"scopes": NARROW}, **query).json()
    assert (body["scopes"], body["scopes_pending"]) == (WIDE, NARROW)
    assert again(agent).scopes_applies_at == NOON + grace


def test_they_can_go_at_once(app: App, by_developer: Program) -> None:
    agent = AgentFactory.create(app=app, scopes=WIDE)
    assert change(by_developer, agent, {"scopes": NARROW}, grace_seconds=0).json()["scopes"] == NARROW


def test_a_status_is_not_set_but_acted(agent: Agent, by_developer: Program) -> None:
    answer = change(by_developer, agent, {"status": "inactive"})
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["status"])


# ── suspend, resume, revoke ─────────────────────────────────────────────────────────────────────────


def test_a_suspended_agents_keys_do_not_work(agent: Agent, by_developer: Program) -> None:
    secret = minted(agent.app, agent=agent).plaintext.take()
    assert at_agent(by_developer, agent, "suspend", {"reason": "Odd."}).json()["status"] == "inactive"
    assert (error(ask(secret)), last_act().reason) == ((401, "agent_inactive"), "Odd.")


def test_a_resumed_agents_keys_work_again(agent: Agent, by_developer: Program) -> None:
    secret = minted(agent.app, agent=agent).plaintext.take()
    at_agent(by_developer, agent, "suspend")
    assert at_agent(by_developer, agent, "resume").json()["status"] == "active"
    assert ask(secret).status_code == 200


def test_a_revoked_agent_takes_its_keys_along(agent: Agent, by_admin: Program) -> None:
    key = minted(agent.app, agent=agent).key
    body = at_agent(by_admin, agent, "revoke", {"reason": "Done."}).json()
    assert (body["status"], body["keys_active"]) == ("revoked", 0)
    assert ApiKey.objects.get(id=key.id).revoked_at


def test_to_revoke_an_agent_takes_no_permission_for_its_keys(agent: Agent, admin: Any, of: Any) -> None:
    minted(agent.app, agent=agent)
    assert at_agent(of(admin, "dashboard_agents:admin"), agent, "revoke").status_code == 200


@pytest.mark.parametrize("verb", ["suspend", "resume", "keys"])
def test_a_revoked_agent_is_gone_to_every_change(three: App, by_admin: Program, verb: str) -> None:
    agent = Agent.objects.get(name="revoked")
    assert error(at_agent(by_admin, agent, verb)) == (404, "agent_not_found")
    assert error(change(by_admin, agent, {"display_name": "x"})) == (404, "agent_not_found")


# ── its keys ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("body", [None, {}])
def test_a_key_of_an_agent_is_numbered_and_may_do_what_agents_do(
    agent: Agent, by_developer: Program, body: Any
) -> None:
    answer = at_agent(by_developer, agent, "keys", body)
    answered = answer.json()
    assert (answer.status_code, answered["name"], answered["agent_id"]) == (
        201,
        "refund-agent-1",
        str(agent.id),
    )
    assert "keys:derive" in answered["scopes"]


def test_a_key_of_an_agent_is_minted_as_asked(agent: Agent, by_developer: Program) -> None:
    body = at_agent(
        by_developer, agent, "keys", {"name": "night", "scopes": ["grants:read"], "rate_limit_rpm": 3}
    ).json()
    assert (body["name"], body["scopes"], body["rate_limit_rpm"]) == ("night", ["grants:read"], 3)


def test_an_agents_keys_are_listed_newest_first_whole(agent: Agent, by_developer: Program) -> None:
    for hour in (0, 1):
        with at(NOON + hour * HOUR):
            minted(agent.app, agent=agent, name=f"key {hour}")
    minted(agent.app, name="the app's")
    response = by_developer.get(f"/apps/{agent.app_id}/agents/{agent.id}/keys")
    assert named(response) == ["key 1", "key 0"]
    assert response.json()["items"][0]["scopes"] == ["grants:read"]
