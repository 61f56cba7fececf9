"""The demo month: believable, and never mixed with what is real."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from agents.models import App
from audit.models import Call, Event
from keys.models import ApiKey
from portal.models import Membership

pytestmark = pytest.mark.django_db


def test_it_has_all_that_a_portal_shows() -> None:
    call_command("demo", stdout=StringIO())
    states = {key.status for key in ApiKey.objects.all()}
    assert states >= {"active", "deprecated", "rotating", "expired", "revoked"}
    assert set(Membership.objects.values_list("role", flat=True)) == {"admin", "developer", "support"}
    assert Call.objects.count() > 1000
    assert {"ip_not_allowed", "insufficient_scope"} <= set(Call.objects.values_list("code", flat=True))
    assert Event.objects.filter(action="key.mint").earliest("at").at < Event.objects.latest("at").at


def test_it_keeps_away_from_a_portal_in_use(app: App) -> None:
    with pytest.raises(CommandError, match="in use"):
        call_command("demo")
