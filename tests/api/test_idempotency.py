"""Idempotency-Key: a request that is sent twice makes one key, one agent, and shows a plaintext once."""

from datetime import timedelta
from typing import Any

import pytest

from agents import lifecycle
from agents.models import Agent, App
from audit.actors import shell
from core.clock import at, now
from keys import lifecycle as lifecycle_of_keys
from keys.lifecycle import revoke_agent
from keys.models import ApiKey
from tests.api.program import Program, error, fields
from tests.factories import AgentFactory

WISH: dict[str, Any] = {
    "name": "worker",
    "scopes": ["grants:read"],
    "metadata": {"a": 1},
    "expires_in": "30d",
    "cidr_allowlist": ["203.0.113.0/24"],
}


def mint(program: Program, app: App, once: str = "deploy-42", **more: Any) -> Any:
    return program.post(f"/apps/{app.id}/keys", WISH | more, Idempotency_Key=once)


def create(program: Program, app: App, once: str = "deploy-42", **more: Any) -> Any:
    return program.post(f"/apps/{app.id}/agents", {"name": "bot"} | more, Idempotency_Key=once)


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_is_minted_once(app: App, by_developer: Program) -> None:
    first, again = mint(by_developer, app), mint(by_developer, app)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() | {"hint": None} == first.json() | {"api_key": None}
    assert again.json()["hint"].startswith("The key was only in the first response.")
    assert ApiKey.objects.count() == 1


def test_another_idempotency_key_makes_another_key(app: App, by_developer: Program) -> None:
    assert mint(by_developer, app, "two").json()["id"] != mint(by_developer, app).json()["id"]


def test_without_one_each_request_makes_a_key(app: App, by_developer: Program) -> None:
    for _ in range(2):
        by_developer.post(f"/apps/{app.id}/keys", WISH)
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize(
    "other",
    [
        {"name": "other"},
        {"scopes": ["grants:write"]},
        {"metadata": {}},
        {"cidr_allowlist": []},
        {"rate_limit_rpm": 5},
        {"key_type": "agent"},
        {"expires_in": "31d"},
        {"expires_in": None},
    ],
)
def test_another_wish_under_the_same_one_is_refused(app: App, by_developer: Program, other: Any) -> None:
    mint(by_developer, app)
    assert error(mint(by_developer, app, **other)) == (409, "idempotency_key_body_mismatch")
    assert ApiKey.objects.count() == 1


def test_the_same_wish_in_other_words_or_after_a_change_is_the_same(app: App, by_developer: Program) -> None:
    made = mint(by_developer, app, scopes=["grants:read", "usage:read"]).json()
    lifecycle_of_keys.rename(shell(), ApiKey.objects.get(id=made["id"]), "other")
    again = mint(by_developer, app, scopes=["usage:read", "grants:read"], expires_in="720h", reason="Again.")
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    there = f"/apps/{app.id}/keys/{made['id']}/rotate"
    told = [by_developer.post(there, {"grace": grace}, Idempotency_Key="x") for grace in ("1d", "24h")]
    assert [one.status_code for one in told] == [201, 200]


def test_one_persons_is_not_anothers(app: App, by_developer: Program, by_admin: Program) -> None:
    assert mint(by_developer, app).json()["id"] != mint(by_admin, app).json()["id"]
    assert error(mint(by_admin, app, name="other")) == (409, "idempotency_key_body_mismatch")


def test_it_is_forgotten_after_seven_days(app: App, by_developer: Program) -> None:
    moment = now()
    with at(moment):
        made = mint(by_developer, app, "one").json()["id"]
    with at(moment + timedelta(days=6, hours=23)):
        assert mint(by_developer, app, "one").status_code == 200
    with at(moment + timedelta(days=7, seconds=1)):
        assert mint(by_developer, app, "one").json()["id"] != made


@pytest.mark.parametrize("once", ["", "  ", "one\none"])
def test_what_says_nothing_or_two_things_is_refused(app: App, by_developer: Program, once: str) -> None:
    answer = mint(by_developer, app, once)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["Idempotency-Key"])
    assert not ApiKey.objects.exists()


def test_a_key_for_an_agent_is_minted_once(agent: Agent, by_developer: Program) -> None:
    there = f"/apps/{agent.app_id}/agents/{agent.id}/keys"
    first, again = (by_developer.post(there, {}, Idempotency_Key="one") for _ in range(2))
    assert (first.status_code, again.status_code, again.json()["api_key"]) == (201, 200, None)
    assert first.json()["id"] == again.json()["id"]


def test_a_key_for_another_agent_is_another_wish(agent: Agent, by_developer: Program) -> None:
    other = AgentFactory.create(app=agent.app)
    there = f"/apps/{agent.app_id}/agents"
    by_developer.post(f"{there}/{agent.id}/keys", {}, Idempotency_Key="one")
    answer = by_developer.post(f"{there}/{other.id}/keys", {}, Idempotency_Key="one")
    assert error(answer) == (409, "idempotency_key_body_mismatch")


def test_what_was_refused_may_be_asked_again(app: App, by_developer: Program) -> None:
    assert mint(by_developer, app, scopes=["x"]).status_code == 422
    assert mint(by_developer, app).status_code == 201


def test_one_apps_idempotency_keys_are_not_anothers(app: App, other_app: App, by_admin: Program) -> None:
    mint(by_admin, app)
    assert mint(by_admin, other_app).status_code == 201


@pytest.mark.parametrize("once", ["é", "a b", "x" * 1000, '"quoted"'])
def test_an_idempotency_key_may_be_any_text(app: App, by_developer: Program, once: str) -> None:
    mint(by_developer, app, once)
    assert mint(by_developer, app, once).status_code == 200


def test_one_that_is_too_long_is_refused(app: App, by_developer: Program) -> None:
    assert error(mint(by_developer, app, "x" * 1001)) == (422, "validation_error")


# ── agents ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_is_created_once(app: App, by_developer: Program) -> None:
    first, again = create(by_developer, app), create(by_developer, app)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() | {"hint": None} == first.json() | {"api_key": None}
    assert again.json()["hint"].startswith("The key was only in the first response.")
    assert (Agent.objects.count(), ApiKey.objects.count()) == (1, 1)


def test_another_agent_under_the_same_one_is_refused(app: App, by_developer: Program) -> None:
    create(by_developer, app)
    assert error(create(by_developer, app, name="other")) == (409, "idempotency_key_body_mismatch")


def test_an_agent_that_is_suspended_since_is_not_given_out(app: App, by_developer: Program) -> None:
    create(by_developer, app)
    lifecycle.suspend_agent(shell(), Agent.objects.get())
    assert error(create(by_developer, app)) == (409, "idempotency_key_agent_inactive")


def test_an_agent_that_is_revoked_since_is_not_given_out(app: App, by_developer: Program) -> None:
    create(by_developer, app)
    revoke_agent(shell(), Agent.objects.get())
    assert error(create(by_developer, app)) == (409, "idempotency_key_agent_revoked")


@pytest.mark.parametrize("depth", [30, 400, 3000])
def test_a_wish_that_is_too_deep_is_refused_before_it_is_remembered(
    app: App, by_developer: Program, depth: int
) -> None:
    body = b'{"name":"bot","metadata":{"a":' + b"[" * depth + b"]" * depth + b"}}"
    answer = by_developer.post(f"/apps/{app.id}/agents", body, Idempotency_Key="one")
    assert answer.status_code in (400, 422)


def test_a_key_is_rotated_once_and_the_answer_says_how_to_go_on(app: App, by_developer: Program) -> None:
    key = mint(by_developer, app).json()["id"]
    first, again = (
        by_developer.post(f"/apps/{app.id}/keys/{key}/rotate", {"grace": "1d"}, Idempotency_Key="x")
        for _ in range(2)
    )
    assert (first.status_code, again.status_code, ApiKey.objects.count()) == (201, 200, 2)
    assert again.json() | {"hint": None} == first.json() | {"api_key": None}
    method, path = again.json()["hint"].split(": ")[1].split(", ")[0].split(" ")
    assert method == "POST"
    there = path.removeprefix("/api/v1")
    assert by_developer.post(there, {"grace": "0s"}, Idempotency_Key="y").json()["api_key"]
    other = by_developer.post(f"/apps/{app.id}/keys/{key}/rotate", {"grace": "2d"}, Idempotency_Key="x")
    assert error(other) == (409, "idempotency_key_body_mismatch")
    without = by_developer.post(f"/apps/{app.id}/keys/{key}/rotate")
    assert error(without) == (409, "key_rotated")
    assert without.json()["successor_id"] in without.json()["hint"]
