"""How much is left: the triple of headers, the client's last_rate_limit, and RateLimitError."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alter_sdk import InsufficientScopeError, RateLimitError

from agents import lifecycle
from agents.models import App
from audit.actors import shell
from tests.factories import minted
from tests.keys.family import derived, parent_of
from tests.sdk import raw
from tests.sdk.conftest import As, Connect, Run

Refused = Callable[..., Any]


@pytest.fixture
def spent(connect: Connect, run: Run, app: App) -> Any:
    """A client whose key has spent its two calls."""
    client = connect(minted(app, rate_limit_rpm=2).plaintext.take())
    for _ in range(2):
        run(client.scopes.list())
    return client


def test_an_answer_tells_how_much_is_left(connect: Connect, run: Run, app: App) -> None:
    client = connect(minted(app, rate_limit_rpm=60).plaintext.take())
    run(client.scopes.list())
    budget = client.last_rate_limit
    assert (budget.limit, budget.remaining) == (60, 59)
    assert timedelta(0) <= budget.reset_at - datetime.now(UTC) <= timedelta(seconds=3)


def test_a_refusal_tells_how_much_is_left(connect: Connect, refused: Refused, app: App) -> None:
    client = connect(minted(app, rate_limit_rpm=60).plaintext.take())
    refused(InsufficientScopeError, client.agents.list())
    assert client.last_rate_limit.remaining == 59


@pytest.mark.parametrize("route", ["agents", "keys"])
def test_a_key_that_spent_its_calls_is_told_when_to_come_back(
    spent: Any, refused: Refused, route: str
) -> None:
    error = refused(RateLimitError, spent.agents.list() if route == "agents" else spent.scopes.list())
    assert (error.scope, error.limit, error.window_seconds) == ("api_key", 2, 60)
    assert 1 <= error.retry_after <= 60


def test_a_key_that_spent_its_calls_has_none_left(spent: Any, refused: Refused) -> None:
    refused(RateLimitError, spent.scopes.list())
    assert (spent.last_rate_limit.limit, spent.last_rate_limit.remaining) == (2, 0)


def test_a_narrowed_client_spends_from_the_same_budget(connect: Connect, run: Run, app: App) -> None:
    client = connect(minted(app, rate_limit_rpm=60).plaintext.take())
    narrowed = client.with_constraints(scopes=["grants:read"])
    run(client.scopes.list())
    run(narrowed.scopes.list())
    assert client.last_rate_limit.remaining == 58


def test_a_derived_key_spends_its_parents_calls(
    connect: Connect, run: Run, refused: Refused, app: App
) -> None:
    parent = parent_of(app, rate_limit_rpm=1)
    child = connect(derived(parent.key).plaintext.take())
    run(child.scopes.list())
    refused(RateLimitError, connect(parent.plaintext.take()).scopes.list())


def test_a_key_without_a_limit_has_its_apps(as_app: As, run: Run, app: App) -> None:
    client = as_app("grants:read")
    lifecycle.update_app(shell(), app, rate_limit_rpm=7)
    run(client.scopes.list())
    assert client.last_rate_limit.limit == 7


def test_a_call_that_is_not_signed_costs_nothing(app: App) -> None:
    secret = minted(app, rate_limit_rpm=1).plaintext.take()
    answer = raw.send("GET", "/sdk/scopes", headers={"x-api-key": secret})
    assert "X-RateLimit-Remaining" not in answer
    assert raw.call(secret, "GET", "/sdk/scopes").status_code == 200


def test_retry_after_is_said_in_the_header_too(app: App) -> None:
    secret = minted(app, rate_limit_rpm=1).plaintext.take()
    raw.call(secret, "GET", "/sdk/scopes")
    answer = raw.call(secret, "GET", "/sdk/scopes")
    assert (raw.error(answer), answer["Retry-After"]) == (
        (429, "rate_limit_exceeded"),
        str(answer.json()["retry_after"]),
    )
