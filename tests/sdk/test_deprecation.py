"""X-Alter-Key-Deprecated: a key on its way out says so with every answer, and the client warns."""

import warnings
from typing import Any

import pytest

from agents.models import App
from audit.actors import shell
from keys import lifecycle
from tests.factories import minted
from tests.keys.asking import opened
from tests.keys.family import derived, parent_of
from tests.sdk import raw
from tests.sdk.conftest import Connect, Run

WARNING = "X-Alter-Key-Deprecated: true"


@pytest.fixture
def deprecated(app: App) -> str:
    """The secret of a deprecated key that may make two calls a minute."""
    key, secret = opened(minted(app, rate_limit_rpm=2))
    lifecycle.deprecate(shell(), key)
    return secret


def test_the_client_warns_once(connect: Connect, run: Run, deprecated: str) -> None:
    client = connect(deprecated)
    with pytest.warns(UserWarning, match=WARNING) as warned:
        for _ in range(2):
            run(client.scopes.list())
    assert len(warned) == 1


def test_the_client_does_not_warn_of_a_key_in_use(connect: Connect, run: Run, app: App) -> None:
    client = connect(minted(app).plaintext.take())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(client.scopes.list())


def test_a_key_that_is_no_longer_deprecated_says_nothing(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.deprecate(shell(), key)
    lifecycle.undeprecate(shell(), key)
    assert "X-Alter-Key-Deprecated" not in raw.call(secret, "GET", "/sdk/scopes")


def test_a_rotated_key_says_so_during_its_overlap(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.rotate(shell(), key)
    assert raw.call(secret, "GET", "/sdk/scopes")["X-Alter-Key-Deprecated"] == "true"


def test_a_child_of_a_deprecated_key_is_not_deprecated_itself(app: App) -> None:
    parent = parent_of(app).key
    secret = derived(parent).plaintext.take()
    lifecycle.deprecate(shell(), parent)
    assert "X-Alter-Key-Deprecated" not in raw.call(secret, "GET", "/sdk/scopes")


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/sdk/scopes", b"", 200),
        ("POST", "/sdk/identity/resolve", {"user_token": "x"}, 400),
        ("GET", "/sdk/agents", b"", 403),
        ("GET", "/sdk/nothing/here", b"", 404),
        ("PUT", "/sdk/agents", {}, 405),
        ("POST", "/sdk/identity/resolve", {"a": 1}, 422),
    ],
)
def test_every_answer_says_so(deprecated: str, method: str, target: str, body: Any, status: int) -> None:
    answer = raw.call(deprecated, method, target, body)
    assert (answer.status_code, answer["X-Alter-Key-Deprecated"]) == (status, "true")


def test_an_answer_to_too_many_calls_says_so(deprecated: str) -> None:
    answers = [raw.call(deprecated, "GET", "/sdk/scopes") for _ in range(3)]
    assert (answers[-1].status_code, answers[-1]["X-Alter-Key-Deprecated"]) == (429, "true")


def test_a_call_that_is_not_signed_is_told_nothing_of_the_key(deprecated: str) -> None:
    answer = raw.send("GET", "/sdk/scopes", headers={"x-api-key": deprecated})
    assert "X-Alter-Key-Deprecated" not in answer
