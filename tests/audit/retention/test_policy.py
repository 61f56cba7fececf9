"""How long rows are kept is said by an admin of every app, within bounds, and stands in the record."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from agents.models import App
from audit.actors import Actor, shell
from audit.integrity.sealing import sealer
from audit.models import Call, Event, Retention, Span
from audit.retention import policy
from audit.retention.policy import set_retention
from core.clock import at
from core.errors import Invalid, NotAllowed, NotFound
from portal.models import User
from tests.audit.records import APP, DAY, KEY, NOON, called

Acting = Callable[[User, App | None], Actor]
pytestmark = pytest.mark.django_db


def days(kind: str) -> int | None:
    return next(kept.days for kept in policy.in_force() if kept.kind == kind)


def spanned(moment: datetime = NOON) -> Span:
    return Span.objects.create(
        app_id=APP, key_id=KEY, trace_id="t", span_id=str(Span.objects.count()), started_at=moment, at=moment
    )


def test_until_someone_says_otherwise_acts_stay_for_ever_calls_a_year_and_spans_a_month() -> None:
    assert [(kept.kind, kept.days) for kept in policy.in_force()] == [
        ("event", None),
        ("call", 365),
        ("span", 30),
    ]


def test_what_is_said_is_in_force() -> None:
    set_retention(shell(), "call", 90)
    assert days("call") == 90


def test_it_is_on_record_with_what_was_and_why() -> None:
    set_retention(shell(), "call", 90, "our policy")
    event = Event.objects.get(action="audit.retain")
    assert (event.target_label, event.reason, event.facts) == (
        "API requests",
        "our policy",
        {"was": "365 days", "now": "90 days"},
    )


def test_for_ever_can_be_said_again() -> None:
    set_retention(shell(), "call", 90)
    set_retention(shell(), "call", None)
    assert days("call") is None


def test_saying_what_is_in_force_is_no_act() -> None:
    set_retention(shell(), "call", 365)
    assert not Event.objects.exists()
    assert not Retention.objects.exists()


@pytest.mark.parametrize(("kind", "wrong"), [("event", 364), ("call", 6), ("span", 0), ("call", 36_501)])
def test_too_short_and_too_long_are_refused_with_the_bounds(kind: str, wrong: int) -> None:
    with pytest.raises(Invalid, match="days, or leave empty to keep indefinitely") as refused:
        set_retention(shell(), kind, wrong)
    assert refused.value.field == "days"


@pytest.mark.parametrize(("kind", "fewest"), [("event", 365), ("call", 7), ("span", 1)])
def test_the_shortest_can_be_said(kind: str, fewest: int) -> None:
    set_retention(shell(), kind, fewest)
    assert days(kind) == fewest


def test_nothing_else_is_kept() -> None:
    with pytest.raises(Invalid):
        set_retention(shell(), "key", 400)


def test_an_admin_of_every_app_may(admin: User, acting: Acting) -> None:
    set_retention(acting(admin, None), "call", 90)
    assert days("call") == 90


def test_an_admin_of_one_app_may_not(outsider: User, other_app: App, acting: Acting) -> None:
    with pytest.raises(NotFound):
        set_retention(acting(outsider, other_app), "call", 90)


@pytest.mark.parametrize("who", ["developer", "support"])
def test_others_may_not(who: str, acting: Acting, request: pytest.FixtureRequest) -> None:
    with pytest.raises(NotAllowed):
        set_retention(acting(request.getfixturevalue(who), None), "call", 90)


def test_a_purge_lets_calls_go_after_their_days_and_no_sooner() -> None:
    set_retention(shell(), "call", 30)
    with at(NOON):
        called(), sealer.seal_all()
    with at(NOON + timedelta(days=29, hours=23)):
        policy.purge()
        assert Call.objects.count() == 1
    with at(NOON + 30 * DAY + timedelta(seconds=1)):
        assert policy.purge() == 1
    assert not Call.objects.exists()


def test_a_purge_lets_spans_go_by_age() -> None:
    spanned(), spanned(NOON + 20 * DAY)
    with at(NOON + 31 * DAY):
        assert policy.purge() == 1
    assert Span.objects.get().at == NOON + 20 * DAY


def test_what_is_kept_for_ever_stays() -> None:
    set_retention(shell(), "call", None)
    called(), sealer.seal_all()
    with at(NOON + 4000 * DAY):
        assert policy.purge() == 0
