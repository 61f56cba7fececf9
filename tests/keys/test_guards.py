"""What a verb makes sure of before it acts, at its edges. The verbs' own tests cover the rest."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import Agent, App
from audit.clock import at
from audit.refusals import Invalid
from keys import guards
from keys.models import ApiKey
from tests.factories import minted

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("calls", [None, 1, 100_000])
def test_a_rate_limit_in_range_is_taken(calls: int | None) -> None:
    assert guards.parse_rate_limit(calls) == calls


@pytest.mark.parametrize("calls", [0, -1, 100_001, 10**12])
def test_a_rate_limit_out_of_range_is_refused(calls: int) -> None:
    with pytest.raises(Invalid) as refused:
        guards.parse_rate_limit(calls)

    assert refused.value.field == "rate_limit_rpm"


@pytest.mark.parametrize("grace", [timedelta(0), timedelta(days=30)])
def test_a_grace_period_of_none_to_thirty_days_is_taken(grace: timedelta) -> None:
    guards.check_grace(grace)


@pytest.mark.parametrize("grace", [timedelta(microseconds=-1), timedelta(days=30, microseconds=1)])
def test_another_grace_period_is_refused(grace: timedelta) -> None:
    with pytest.raises(Invalid):
        guards.check_grace(grace)


@pytest.mark.parametrize(
    "expires, grace_ends, ends",
    [
        (None, None, NOON + HOUR),
        (NOON + 2 * HOUR, None, NOON + HOUR),
        (NOON + HOUR / 2, None, NOON + HOUR / 2),
        (None, NOON + HOUR / 4, NOON + HOUR / 4),
        (NOON + HOUR / 2, NOON + HOUR / 4, NOON + HOUR / 4),
    ],
)
def test_a_derived_key_ends_with_whatever_ends_first(
    expires: datetime | None, grace_ends: datetime | None, ends: datetime
) -> None:
    assert guards.derived_end(ApiKey(expires_at=expires, grace_ends_at=grace_ends), NOON, HOUR) == ends


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1)])
def test_a_derived_key_lives_at_all(lifetime: timedelta) -> None:
    with pytest.raises(Invalid):
        guards.derived_end(ApiKey(), NOON, lifetime)


def test_an_app_key_is_never_the_last_of_an_agent(app: App) -> None:
    assert not guards.is_last_active(minted(app).key)


def test_the_one_living_key_of_an_agent_is_its_last(app: App, agent: Agent) -> None:
    with at(NOON):
        minted(app, agent=agent, expires_at=NOON + HOUR)
        key = minted(app, agent=agent).key

    with at(NOON + HOUR):
        assert guards.is_last_active(key)


def test_a_key_that_has_expired_is_not_the_last_active_one(app: App, agent: Agent) -> None:
    with at(NOON):
        key = minted(app, agent=agent, expires_at=NOON + HOUR).key

    with at(NOON + HOUR):
        assert not guards.is_last_active(key)
