"""Times in UTC, or in the time zone that a cookie names."""

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.web.time_zones import parse_zone, to_utc
from core.clock import at
from portal.models import User
from tests.audit.records import NOON, called

pytestmark = pytest.mark.django_db


def test_only_known_time_zones_are_taken() -> None:
    assert parse_zone("Europe/Berlin") and not parse_zone("../etc/passwd") and not parse_zone("")


def test_a_picked_time_becomes_utc() -> None:
    asked = QueryDict("range=custom&since=2026-06-01T14:00&until=2026-06-02&zone=Europe/Berlin")
    assert to_utc(asked) == {"range": "custom", "since": "2026-06-01 12:00:00", "until": "2026-06-02"}


def test_the_cookie_says_in_which_zone_times_are_shown(client: Client, app: App, developer: User) -> None:
    client.force_login(developer)
    called(app.id, NOON)
    page = reverse("audit", args=[app.id])
    with at(NOON):
        assert (
            'datetime="2026-06-01T12:00:00Z" title="2026-06-01 12:00:00 UTC">12:00:00<'
            in client.get(page).content.decode()
        )
        client.cookies["zone"] = "Europe/Berlin"
        shown = client.get(page).content.decode()
    assert 'datetime="2026-06-01T12:00:00Z" title="2026-06-01 12:00:00 UTC">14:00:00<' in shown
    assert "Monday 1 June 2026, CEST" in shown


def test_the_address_of_a_picked_time_is_in_utc(client: Client, app: App, developer: User) -> None:
    client.force_login(developer)
    picked = {"range": "custom", "since": "2026-06-01T14:00", "zone": "Europe/Berlin"}
    answer = client.get(reverse("audit", args=[app.id]), picked)
    assert answer.headers["Location"].endswith("?range=custom&since=2026-06-01+12%3A00%3A00")
