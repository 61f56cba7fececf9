"""The demo month: believable, and never mixed with what is real."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from agents.models import App
from audit.models import Call, Event
from keys.models import ApiKey
from portal.models import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def month() -> None:
    call_command("demo", stdout=StringIO())


def test_it_has_keys_in_every_state(month: None) -> None:
    assert {key.status for key in ApiKey.objects.all()} >= {
        "active",
        "deprecated",
        "grace",
        "expired",
        "revoked",
    }


def test_it_has_people_in_every_role(month: None) -> None:
    assert set(Membership.objects.values_list("role", flat=True)) == {"admin", "developer", "support"}


def test_its_calls_were_judged(month: None) -> None:
    assert Call.objects.count() > 1000
    assert {"ip_not_allowed", "insufficient_scope"} <= set(Call.objects.values_list("code", flat=True))


def test_its_acts_are_on_record_in_the_past(month: None) -> None:
    assert Event.objects.filter(action="key.mint").earliest("at").at < Event.objects.latest("at").at


def test_it_keeps_away_from_a_portal_in_use(app: App) -> None:
    with pytest.raises(CommandError, match="in use"):
        call_command("demo")
