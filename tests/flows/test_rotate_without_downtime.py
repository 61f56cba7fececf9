"""The story of a rotation: a service changes its secret while it runs, and nobody notifications."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.models import App
from audit.models import Call
from core.clock import at
from keys import lifecycle
from keys.models import ApiKey
from portal.models import User
from tests.keys.asking import ask, error, opened, said
from tests.scopes import parse_scopes

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def service(app: App, developer: User, acting: Any) -> tuple[ApiKey, str]:
    """A key that a developer minted for a service that runs."""
    scopes = parse_scopes(["grants:read", "agents:read"])
    with at(MONDAY):
        return opened(lifecycle.mint(acting(developer, app), app, name="refund service", scopes=scopes))


def test_a_service_changes_its_key_without_a_refused_call(
    service: tuple[ApiKey, str], developer: User, support: User, acting: Any
) -> None:
    old, old_secret = service
    app = old.app

    with at(MONDAY + DAY):
        assert ask(old_secret, "grants:read").status_code == 200
        new, new_secret = opened(lifecycle.rotate(acting(developer, app), old, reason="quarterly"))

    with at(MONDAY + 2 * DAY):
        warned = ask(old_secret, "grants:read")
        assert (warned.status_code, warned["X-Alter-Key-Deprecated"]) == (200, "true")
        assert warned["Sunset"] == "Tue, 09 Jun 2026 09:00:00 GMT"

    with at(MONDAY + 3 * DAY):
        assert ask(new_secret, "grants:read").status_code == 200
        assert "X-Alter-Key-Deprecated" not in ask(new_secret).headers

    with at(MONDAY + 4 * DAY):
        assert not Call.objects.filter(key_id=old.id, at__gt=MONDAY + 3 * DAY).exists()
        lifecycle.revoke(acting(support, app), old, reason="its successor is in use")
        assert error(ask(old_secret)) == (401, "invalid_key")
        assert ask(new_secret, "agents:read").status_code == 200

    assert said(old) == ["key.mint", "key.rotate", "key.revoke"]
    assert said(new) == ["key.rotate"]


def test_a_service_that_forgot_to_change_stops_when_grace_is_over(
    service: tuple[ApiKey, str], developer: User, acting: Any
) -> None:
    old, old_secret = service
    with at(MONDAY):
        new_secret = lifecycle.rotate(acting(developer, old.app), old).plaintext.take()

    week = [at_day(old_secret, day) for day in range(9)]
    assert week == [200] * 7 + [401] * 2
    with at(MONDAY + 8 * DAY):
        assert error(ask(old_secret)) == (401, "key_rotated_grace_expired")
        assert ask(new_secret).status_code == 200


def test_a_rotation_that_went_wrong_is_taken_back(
    service: tuple[ApiKey, str], developer: User, support: User, acting: Any
) -> None:
    old, old_secret = service
    actor = acting(developer, old.app)
    with at(MONDAY):
        new, new_secret = opened(lifecycle.rotate(actor, old))
    with at(MONDAY + DAY):
        lifecycle.undeprecate(actor, old, reason="the new secret was pasted into a ticket")
        lifecycle.revoke(acting(support, old.app), new, reason="pasted into a ticket")

    with at(MONDAY + 30 * DAY):
        response = ask(old_secret)
        assert (response.status_code, "X-Alter-Key-Deprecated" in response.headers) == (200, False)
        assert error(ask(new_secret)) == (401, "invalid_key")


def at_day(secret: str, day: int) -> int:
    """What the door answers to `secret` so many days after Monday."""
    with at(MONDAY + day * DAY):
        return int(ask(secret).status_code)
