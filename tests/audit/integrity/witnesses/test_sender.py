"""A witness that says when it wants to be asked again is not asked before, whatever kind of witness it is."""

from datetime import timedelta

import pytest
from django.db.models import QuerySet
from pytest_django import Settings

from audit.integrity.witnesses import sender
from audit.integrity.witnesses.witness_settings import PORTAL, TSA, Target
from audit.models import WitnessState
from core.clock import at
from tests.audit.receiver import Receiver
from tests.audit.records import HOUR, MINUTE, NOON, called
from tests.audit.sealed import sealed

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]


@pytest.mark.parametrize("kind", [PORTAL, TSA])
@pytest.mark.parametrize("says", ["3600", "Mon, 01 Jun 2026 13:00:00 GMT"])
def test_a_witness_is_not_asked_before_it_wants_to_be(settings: Settings, kind: str, says: str) -> None:
    sealed(called())
    with Receiver(503) as receiver:
        receiver.headers = {"Retry-After": says}
        settings.WITNESSES = (Target(kind, receiver.url),)
        for minutes, asked in ((0, 1), (1, 1), (59, 1), (61, 2)):
            with at(NOON + minutes * MINUTE):
                sender.send_all()
            assert len(receiver.received) == asked, minutes
        state = WitnessState.objects.get()
        assert "HTTP status 503. Retry-After: 01 June 14:01 UTC." in state.error or says != "3600"
        QuerySet(WitnessState).update(not_before=NOON + timedelta(days=300))
        with at(NOON + 2 * HOUR):
            sender.send_all()
        assert len(receiver.received) == 3, "written before the clock was set back"
