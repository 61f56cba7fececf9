"""Deprecated keys that are still called: which, by whom, and until when."""

from datetime import timedelta
from typing import Any

import pytest

from agents.models import App
from audit.actors import shell
from core import clock
from keys import lifecycle
from keys.deprecated_in_use import deprecated_in_use, still_called
from keys.models import ApiKey
from tests.audit.records import called
from tests.factories import minted

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def going(app: App, name: str = "cron", *, called_days_ago: int | None = 1, **choices: Any) -> ApiKey:
    """A deprecated key, called some days ago, or never."""
    key = minted(app, name=name, **choices).key
    lifecycle.deprecate(shell(), key)
    if called_days_ago is not None:
        called(
            app.id, clock.now() - called_days_ago * DAY, key_id=key.id, ip="203.0.113.7", user_agent="curl/8"
        )
    return key


def names(app: App) -> list[str]:
    return [one.row.key.name for one in deprecated_in_use(app)]


def test_a_deprecated_key_that_is_called_is_told_with_its_callers(app: App) -> None:
    going(app)
    (one,) = deprecated_in_use(app)
    assert [(caller.ip, caller.user_agent, caller.calls) for caller in one.summary.callers] == [
        ("203.0.113.7", "curl/8", 1)
    ]


def test_so_is_a_rotated_key_with_its_successor_and_its_deadline(app: App) -> None:
    key = minted(app).key
    successor = lifecycle.rotate(shell(), key, grace=7 * DAY).key
    called(app.id, clock.now(), key_id=key.id)
    (one,) = deprecated_in_use(app)
    key.refresh_from_db()
    assert (one.successor, one.ends_at) == (successor, key.grace_ends_at)


@pytest.mark.parametrize("days", [None, 31])
def test_one_that_has_been_silent_for_a_month_is_not(app: App, days: int | None) -> None:
    going(app, called_days_ago=days)
    assert names(app) == []


def test_neither_is_one_that_is_not_deprecated_or_has_ended(app: App) -> None:
    called(app.id, clock.now(), key_id=minted(app).key.id)
    lifecycle.revoke(shell(), going(app))
    assert names(app) == []


def test_the_nearest_deadline_comes_first(app: App) -> None:
    going(app, "never")
    going(app, "later", expires_at=clock.now() + 9 * DAY)
    going(app, "sooner", expires_at=clock.now() + 2 * DAY)
    assert names(app) == ["sooner", "later", "never"]


def test_another_apps_keys_are_not_told(app: App, other_app: App) -> None:
    going(other_app)
    assert not still_called(app).exists()
