"""An answer with a secret is lost on the way: whoever asks again learns what was made, and a next step that works."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from agents.models import Agent, App
from audit.actors import shell
from core.ids import new_id
from keys import lifecycle
from keys.models import ApiKey
from tests.factories import minted
from tests.keys.asking import UNKNOWN, ask, opened
from tests.sdk import raw

pytestmark = pytest.mark.django_db
ADMIN = "keys:admin,keys:derive,agents:admin,grants:read"
_STEP = re.compile(r"(POST|DELETE) (/sdk/[^\s,:.;]+)")


def call(secret: str, method: str, path: str, body: Any = None, once: str = "") -> Any:
    headers = {"Idempotency_Key": once} if once else {}
    return raw.call(secret, method, path, {} if method == "POST" and body is None else body, **headers)


def steps(hint: str) -> Iterator[tuple[str, str]]:
    """The requests that a hint names, in their order."""
    yield from _STEP.findall(hint)


def followed(secret: str, answer: Any, body: Any = None) -> Any:
    """What the last request of a hint is answered, after all before it; each must work."""
    last = None
    for method, path in steps(answer.json()["hint"]):
        last = call(secret, method, path, body if method == "POST" else None, once=str(new_id()))
        assert last.status_code in (200, 201), last.json()
    return last


def test_a_key_that_rotated_itself_and_heard_nothing_goes_on_by_itself(app: App, agent: Agent) -> None:
    for choices in ({"agent": agent}, {"kind": "agent"}, {}):
        key, secret = opened(minted(app, scopes=ADMIN, name=f"worker {len(choices)}", **choices))
        lost = call(secret, "POST", f"/sdk/keys/{key.id}/rotate").json()
        response = call(secret, "POST", f"/sdk/keys/{key.id}/rotate")
        assert (response.status_code, response.json()["error"]) == (409, "key_rotated")
        assert (response.json()["successor_id"], response.json()["successor_prefix"]) == (
            lost["id"],
            lost["key_prefix"],
        )
        assert lost["api_key"] not in response.content.decode()
        assert call(secret, "DELETE", f"/sdk/keys/{lost['id']}").status_code == 200
        again = call(secret, "POST", f"/sdk/keys/{key.id}/rotate", {"overlap_days": 30})
        assert again.status_code == 201, again.json()
        assert ask(again.json()["api_key"], "grants:read").status_code == 200
        key.refresh_from_db()
        old = ApiKey.objects.get(id=key.id)
        assert old.grace_ends_at and old.deprecated_at and (old.grace_ends_at - old.deprecated_at).days <= 7


def test_the_same_idempotency_key_tells_the_same_outcome_and_steps_that_work(app: App, agent: Agent) -> None:
    key, secret = opened(minted(app, scopes=ADMIN, agent=agent))
    path = f"/sdk/keys/{key.id}/rotate"
    first, again = (call(secret, "POST", path, once="deploy-42") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["hint"] is None
    assert again.json() | {"hint": None} == first.json() | {"api_key": None}
    assert ApiKey.objects.count() == 2
    fresh = followed(secret, again)
    assert ask(fresh.json()["api_key"], "grants:read").status_code == 200
    assert call(secret, "POST", path, {"overlap_days": 1}, once="deploy-42").json()["error"] == (
        "idempotency_key_body_mismatch"
    )
    assert call(secret, "POST", path, once="deploy-42").json()["hint"].startswith("This key has ended.")


def test_another_key_rotates_the_successor_that_nobody_has(app: App) -> None:
    (key, _), (_, secret) = opened(minted(app)), opened(minted(app, scopes=ADMIN, name="admin"))
    path = f"/sdk/keys/{key.id}/rotate"
    for body in ({"overlap_days": 0}, {"overlap_days": 7}):
        key = ApiKey.objects.get(id=key.id)
        call(secret, "POST", path, body, once=f"once {body}")
        fresh = followed(secret, call(secret, "POST", path, body, once=f"once {body}"), {"overlap_days": 0})
        assert ask(fresh.json()["api_key"], "grants:read").status_code == 200
        assert ApiKey.objects.active().filter(kind="app", name="worker").exclude(id=key.id).count() == 1
        key = ApiKey.objects.get(id=fresh.json()["id"])
        path = f"/sdk/keys/{key.id}/rotate"


def test_what_is_derived_or_minted_once_is_made_once(app: App, agent: Agent) -> None:
    (_, narrow), (_, wide) = (
        opened(minted(app, scopes="keys:derive,grants:read", name="narrow")),
        opened(minted(app, scopes=ADMIN, name="wide")),
    )
    derive = {"scopes": ["grants:read"], "expires_in": 600, "name": "ticket-81"}
    for secret, path, body in (
        (narrow, "/sdk/keys/derive", derive),
        (wide, "/sdk/keys/derive", derive),
        (wide, f"/sdk/agents/{agent.id}/keys", {}),
    ):
        first, again = (call(secret, "POST", path, body, once="once " + path) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 200), again.json()
        assert again.json()["api_key"] is None
        (name,) = {"id", "key_id"} & set(first.json())
        assert again.json()[name] == first.json()[name]
        assert again.json()["hint"]
        if again.json()["hint"].partition("ask for another")[2].count("send"):  # it is the agent's only one
            assert call(secret, "POST", path, body, once=f"another {path}").status_code == 201
            followed(secret, again)
        else:
            followed(secret, again)
            assert call(secret, "POST", path, body, once=f"another {path}").status_code == 201
    assert ApiKey.objects.filter(name="ticket-81", revoked_at=None).count() == 3  # one could not be revoked
    assert ApiKey.objects.filter(agent=agent, revoked_at=None).count() == 1


def test_one_callers_idempotency_key_is_not_anothers(app: App, agent: Agent) -> None:
    (_, one), (_, other) = (opened(minted(app, scopes=ADMIN, name=name)) for name in ("one", "other"))
    derive = {"scopes": ["grants:read"], "expires_in": 600}
    first, second = (call(secret, "POST", "/sdk/keys/derive", derive, once="x") for secret in (one, other))
    assert (first.status_code, second.status_code) == (201, 201)
    assert call(one, "POST", f"/sdk/agents/{agent.id}/keys", once="x").json()["error"] == (
        "idempotency_key_body_mismatch"
    )


def test_an_agent_that_was_created_and_not_heard_of_is_named(app: App) -> None:
    _, secret = opened(minted(app, scopes="agents:write,grants:read"))
    made, again = (call(secret, "POST", "/sdk/agents", {"name": "bot"}) for _ in range(2))
    assert (again.status_code, again.json()["agent_id"]) == (409, made.json()["id"])
    wish = {"name": "bot-2"}
    _, again = (call(secret, "POST", "/sdk/agents", wish, once="once") for _ in range(2))
    followed(secret, again)
    assert call(secret, "POST", "/sdk/agents", wish, once="twice").status_code == 201


def test_an_old_secret_gets_no_new_one_once_its_successor_was_used(app: App) -> None:
    key, secret = opened(minted(app, scopes=ADMIN))
    successor = call(secret, "POST", f"/sdk/keys/{key.id}/rotate").json()
    assert ask(successor["api_key"], "grants:read").status_code == 200
    response = call(secret, "DELETE", f"/sdk/keys/{successor['id']}")
    assert (response.status_code, response.json()["error"]) == (409, "successor_in_use")
    lifecycle.revoke(shell(), ApiKey.objects.get(id=successor["id"]))
    response = call(secret, "POST", f"/sdk/keys/{key.id}/rotate")
    assert (response.status_code, response.json()["error"]) == (409, "successor_not_own")
    assert lifecycle.rotate(shell(), key).key.replaces == key  # whoever answers for it may


def test_the_newest_living_successor_is_named(app: App) -> None:
    key = minted(app).key
    second = lifecycle.rotate(shell(), key).key
    third = lifecycle.rotate(shell(), second).key
    _, secret = opened(minted(app, scopes=ADMIN, name="admin"))
    body = call(secret, "POST", f"/sdk/keys/{key.id}/rotate").json()
    assert body["successor_id"] == str(third.id)
    assert UNKNOWN not in str(body)
