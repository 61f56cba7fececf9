"""What happens when a key is reported and ended at the same moment: real threads on PostgreSQL."""

from collections import Counter

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from keys import lifecycle
from keys.plaintext import sha256
from portal.leaks import reports, response
from portal.models import LeakReport, Notification, User
from tests.factories import minted
from tests.keys.asking import again
from tests.keys.family import derived, parent_of
from tests.keys.test_races import revoking
from tests.threads import Act, at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ROUNDS = pytest.mark.parametrize("round", range(5))


def dealing_with(secret: str) -> Act:
    report = reports.take(sha256(secret), source=LeakReport.Source.FORM, found_at="a wiki")
    return lambda: response.handle(report)


def revocations() -> int:
    return Event.objects.filter(action="key.revoke").count()


@ROUNDS
def test_a_key_reported_while_it_is_revoked_ends_once(app: App, agent: Agent, round: int) -> None:
    agents_lifecycle.update_app(shell(), app, on_leaked_agent_key="revoke")
    made = minted(app, agent=agent)
    minted(app, agent=agent)
    ends = at_once([dealing_with(made.plaintext.take()), revoking(made.key)])
    assert ends == Counter(done=2)
    assert (again(made.key).status, revocations()) == ("revoked", 1)
    assert LeakReport.objects.get().outcome in ("over", "revoked")


@ROUNDS
def test_one_report_that_two_processes_take_up_is_dealt_with_once(app: App, admin: User, round: int) -> None:
    act = dealing_with(minted(app).plaintext.take())
    assert at_once([act, act]) == Counter(done=2)
    assert (Event.objects.filter(action="leak.report").count(), Notification.objects.count()) == (1, 1)


@ROUNDS
def test_two_reports_of_one_key_from_one_place_are_told_once(app: App, admin: User, round: int) -> None:
    secret = minted(app).plaintext.take()
    assert at_once([dealing_with(secret), dealing_with(secret)]) == Counter(done=2)
    assert (Event.objects.filter(action="leak.report").count(), Notification.objects.count()) == (2, 1)


@ROUNDS
def test_a_parent_reported_while_its_child_is_does_not_wait_in_a_ring(app: App, round: int) -> None:
    agents_lifecycle.update_app(shell(), app, on_leaked_app_key="revoke")
    parent = parent_of(app)
    child = derived(parent.key)
    ends = at_once([dealing_with(parent.plaintext.take()), dealing_with(child.plaintext.take())])
    assert ends == Counter(done=2)
    assert (again(parent.key).status, again(child.key).status, revocations()) == ("revoked", "revoked", 2)


@ROUNDS
def test_a_secret_renewed_while_it_is_reported_opens_nothing_either_way(app: App, round: int) -> None:
    made = derived(parent_of(app).key)
    stale = again(made.key)
    at_once([dealing_with(made.plaintext.take()), lambda: lifecycle.rotate(shell(), stale)])
    outcome, key = LeakReport.objects.get().outcome, again(made.key)
    assert (outcome, key.status, key.generation) in (("unknown", "active", 2), ("revoked", "revoked", 1))
