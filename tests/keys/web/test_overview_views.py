"""An app's overview: what it counts, what needs attention, and the first steps of an app that nobody has called yet."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.actors import shell
from core.clock import at, now
from keys import lifecycle, overview
from portal.models import User
from tests.audit import records
from tests.factories import minted
from tests.portal.pages import queries, text

SignedIn = Callable[[User], Client]


@pytest.fixture
def window(developer: User, signed_in: SignedIn) -> Client:
    """The browser of a developer of the app."""
    return signed_in(developer)


def there(app: App, query: str = "") -> str:
    return reverse("app", args=[app.id]) + query


def called(app: App, key: Any, at: datetime | None = None, **more: Any) -> None:
    records.called(app.id, at or now(), key_id=key.id, key_prefix=key.prefix, key_name=key.name, **more)


DENIED: dict[str, Any] = {"check_failed": "scope", "code": "insufficient_scope"}


def test_an_app_without_requests_shows_the_first_steps_and_looks_again(app: App, window: Client) -> None:
    page = text(window.get(there(app)))
    assert "1 of 3 done" in page
    assert f'hx-get="{there(app)}" hx-trigger="every 5s"' in page
    assert f"--app {app.id}" in page
    minted(app)
    assert "2 of 3 done" in text(window.get(there(app)))


def test_the_first_request_ends_the_first_steps(app: App, window: Client) -> None:
    called(app, minted(app).key)
    page = text(window.get(there(app)))
    assert "Get started" not in page and "every 5s" not in page
    assert "Requests by outcome" in page


def test_requests_are_counted_by_outcome_and_denials_by_their_names(app: App, window: Client) -> None:
    key = minted(app, name="worker").key
    called(app, key)
    for _ in range(2):
        called(app, key, **DENIED)
    context = window.get(there(app)).context
    assert (context["histogram"].allowed, context["histogram"].denied) == (1, 2)
    (reason,) = context["reasons"]
    assert (reason.label, reason.requests, reason.keys, reason.top_caller) == (
        "Missing scope",
        2,
        1,
        "worker",
    )


def test_the_range_is_chosen_in_the_address(app: App, window: Client) -> None:
    key = minted(app).key
    called(app, key, at=now() - timedelta(days=3), **DENIED)
    assert [len(window.get(there(app, f"?range={name}")).context["reasons"]) for name in ("24h", "7d")] == [
        0,
        1,
    ]
    assert window.get(there(app, "?range=year")).status_code == 422


def test_keys_are_counted_by_state_each_once(app: App) -> None:
    minted(app)
    minted(app, expires_at=now() + timedelta(days=3))
    lifecycle.deprecate(shell(), minted(app).key)
    lifecycle.revoke(shell(), minted(app).key)
    lifecycle.rotate(shell(), minted(app).key, grace=timedelta(days=7))
    with at(now() - timedelta(days=9)):
        minted(app, expires_at=now() + timedelta(days=1))
    counts = {state.state: state.count for state in overview.key_states(app)}
    assert counts == {"active": 2, "expiring": 1, "grace": 1, "deprecated": 1, "expired": 1, "revoked": 1}
    assert sum(counts.values()) == app.keys.count()


def test_what_needs_attention_is_ranked(app: App, window: Client) -> None:
    with at(now() - timedelta(days=100)):
        minted(app, name="forgotten")
    minted(app, name="soon", expires_at=now() + timedelta(days=3))
    old = minted(app, name="old").key
    lifecycle.deprecate(shell(), old)
    called(app, old)
    lifecycle.rotate(shell(), minted(app, name="turning").key, grace=timedelta(days=7))
    noisy = minted(app, name="noisy").key
    for _ in range(overview.BURST):
        called(app, noisy, **DENIED)
    titles = [item.title for item in window.get(there(app)).context["attention"]]
    assert titles == [
        "20 denied requests of noisy",
        "soon expires in 3 days",
        "old is deprecated and still used",
        "turning is being rotated",
        "1 key not used in 90 days",
    ]


def test_a_busy_app_takes_as_many_queries_as_a_quiet_one(app: App, window: Client) -> None:
    called(app, minted(app).key)
    quiet = queries(window, there(app))
    for _ in range(5):
        key = minted(app).key
        called(app, key)
        called(app, key, **DENIED)
    assert queries(window, there(app)) == quiet


def test_nothing_of_other_apps_is_shown(app: App, other_app: App, window: Client) -> None:
    called(app, minted(app).key)
    called(other_app, minted(other_app, name="theirs").key, **DENIED)
    page = window.get(there(app))
    assert page.context["reasons"] == []
    assert "theirs" not in text(page)
    assert window.get(there(other_app)).status_code == 404
