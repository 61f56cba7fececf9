"""Deprecating and taking it back: a key works on, says so on every answer, and can be kept after all."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import App
from audit.actors import shell
from core.clock import at
from keys import errors, lifecycle
from tests.factories import minted
from tests.keys.asking import acts, again, ask, opened, said

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_deprecated_key_works_and_says_so(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.deprecate(shell(), key)

    answer = ask(secret)
    assert (answer.status_code, answer["X-Alter-Key-Deprecated"]) == (200, "true")


def test_its_event_tells_when_and_why(app: App) -> None:
    key = minted(app).key
    with at(NOON):
        lifecycle.deprecate(shell(), key, reason="replaced by OIDC")

    event = acts(key)[-1]
    assert (event.action, event.reason, event.changes) == (
        "key.deprecate",
        "replaced by OIDC",
        {"deprecated_at": [None, "2026-06-01T12:00:00+00:00"]},
    )


def test_deprecating_again_moves_no_date_and_is_no_event(app: App) -> None:
    key = minted(app).key
    with at(NOON):
        lifecycle.deprecate(shell(), key)
    with at(NOON + HOUR):
        lifecycle.deprecate(shell(), key)

    assert (again(key).deprecated_at, said(key)) == (NOON, ["key.mint", "key.deprecate"])


def test_a_revoked_key_is_past_deprecating(app: App) -> None:
    key = minted(app).key
    lifecycle.revoke(shell(), key)

    with pytest.raises(errors.KeyRevoked):
        lifecycle.deprecate(shell(), key)


def test_an_undeprecated_key_is_active_and_silent(app: App) -> None:
    key, secret = opened(minted(app))
    lifecycle.deprecate(shell(), key)
    lifecycle.undeprecate(shell(), key)

    assert (again(key).status, "X-Alter-Key-Deprecated" in ask(secret).headers) == ("active", False)


def test_undeprecating_tells_what_was_taken_back(app: App) -> None:
    key = minted(app).key
    with at(NOON):
        lifecycle.deprecate(shell(), key)
    lifecycle.undeprecate(shell(), key, reason="too early")

    event = acts(key)[-1]
    assert (event.action, event.reason, event.changes) == (
        "key.undeprecate",
        "too early",
        {"deprecated_at": ["2026-06-01T12:00:00+00:00", None]},
    )


def test_undeprecating_an_active_key_is_no_event(app: App) -> None:
    key = minted(app).key
    lifecycle.undeprecate(shell(), key)

    assert said(key) == ["key.mint"]


def test_a_revoked_key_does_not_come_back(app: App) -> None:
    key = minted(app).key
    lifecycle.deprecate(shell(), key)
    lifecycle.revoke(shell(), key)

    with pytest.raises(errors.KeyRevoked):
        lifecycle.undeprecate(shell(), key)


def test_undeprecating_during_grace_cancels_the_rotation_and_both_keys_stay(app: App) -> None:
    with at(NOON):
        key, old_secret = opened(minted(app))
        new_secret = lifecycle.rotate(shell(), key, grace=HOUR).plaintext.take()
        lifecycle.undeprecate(shell(), key)

    with at(NOON + 2 * HOUR):
        assert [ask(secret).status_code for secret in (old_secret, new_secret)] == [200, 200]


def test_after_a_cancelled_rotation_the_key_can_be_rotated_again(app: App) -> None:
    key = minted(app).key
    lifecycle.rotate(shell(), key)
    lifecycle.undeprecate(shell(), key)
    lifecycle.rotate(shell(), key)

    assert key.successors.count() == 2


def test_when_grace_is_over_the_key_does_not_come_back(app: App) -> None:
    with at(NOON):
        key = minted(app).key
        lifecycle.rotate(shell(), key, grace=HOUR)

    with at(NOON + HOUR), pytest.raises(errors.KeyEnded):
        lifecycle.undeprecate(shell(), key)
