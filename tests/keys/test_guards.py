"""What a verb makes sure of before it acts, at its edges. The verbs' own tests cover the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given

from agents.models import Agent, App
from audit.clock import at
from audit.refusals import Invalid
from keys import guards
from keys.guards import Means
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.refusals import KeyEscalation
from keys.scopes import ScopeSet, parse_scopes
from tests.factories import minted
from tests.keys import laws
from tests.keys.laws import law

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
    parent = ApiKey(app=App(), expires_at=expires, grace_ends_at=grace_ends)

    assert guards.derived_end(parent, NOON, HOUR) == ends


@pytest.mark.parametrize("asked, lives", [(HOUR, HOUR), (2 * HOUR, 2 * HOUR), (3 * HOUR, 2 * HOUR)])
def test_a_derived_key_lives_no_longer_than_its_app_allows(asked: timedelta, lives: timedelta) -> None:
    parent = ApiKey(app=App(max_derived_hours=2))

    assert guards.derived_end(parent, NOON, asked) == NOON + lives


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


# ── a key that acts ─────────────────────────────────────────────────────────────────────────────────

OFFICE, CITY = parse_networks(["203.0.113.0/28"]), parse_networks(["203.0.113.0/24"])
TARGET, ACTING = UUID(int=7), UUID(int=8)


def target(**columns: Any) -> ApiKey:
    """A key that another is about to end or replace."""
    return ApiKey(id=TARGET, **{"scopes": ["grants:read"], "networks": ["203.0.113.0/28"], **columns})


def lent(*scopes: str, **means: Any) -> Means:
    """What a key may do that was lent for two hours and a place."""
    lent = {"key_id": ACTING, "networks": CITY, "ends": NOON + 2 * HOUR, **means}
    return Means(scopes=parse_scopes(scopes or ("grants:write",)), **lent)


STRONGER: dict[str, tuple[ApiKey, Means]] = {
    "a higher verb": (target(scopes=["grants:admin"], expires_at=NOON), lent()),
    "another resource": (target(scopes=["grants:read", "keys:read"], expires_at=NOON), lent()),
    "every instance": (target(expires_at=NOON), lent("grants:read:a1")),
    "more addresses": (target(networks=["203.0.113.0/24"], expires_at=NOON), lent(networks=OFFICE)),
    "any address": (target(networks=[], expires_at=NOON), lent()),
    "a later end": (target(expires_at=NOON + 2 * HOUR + timedelta(microseconds=1)), lent()),
    "no end": (target(), lent()),
}


@pytest.mark.parametrize("key, within", STRONGER.values(), ids=STRONGER.keys())
def test_no_key_gets_the_secret_of_one_worth_more_than_itself(key: ApiKey, within: Means) -> None:
    with pytest.raises(KeyEscalation):
        guards.refuse_escalation(key, within)


WORTH_NO_MORE: dict[str, tuple[ApiKey, Means | None]] = {
    "as much": (target(scopes=["grants:write"], expires_at=NOON + 2 * HOUR), lent()),
    "less": (target(expires_at=NOON), lent()),
    "any address, to one of any": (target(networks=[]), lent(networks=(), ends=None)),
    "no end, to one of none": (target(), lent(ends=None)),
    "itself": (target(networks=[]), lent(key_id=TARGET)),
    "everything, to a person": (target(scopes=["grants:admin"]), None),
}


@pytest.mark.parametrize("key, within", WORTH_NO_MORE.values(), ids=WORTH_NO_MORE.keys())
def test_a_key_may_get_the_secret_of_one_worth_no_more(key: ApiKey, within: Means | None) -> None:
    guards.refuse_escalation(key, within)


def test_a_key_narrowed_for_a_call_gets_no_new_secret_with_all_it_holds() -> None:
    with pytest.raises(KeyEscalation) as refused:
        guards.refuse_escalation(target(scopes=["grants:read", "keys:admin"]), lent(key_id=TARGET))

    assert refused.value.details == {"missing": ["keys:admin"]}


def test_no_key_ends_one_that_may_do_more() -> None:
    with pytest.raises(KeyEscalation) as refused:
        guards.refuse_stronger(target(scopes=["grants:admin", "keys:read"]), lent("grants:write"))

    assert refused.value.details == {"missing": ["grants:admin", "keys:read"]}


@pytest.mark.parametrize(
    "key, within",
    [
        (target(networks=[]), lent()),
        (target(scopes=["grants:admin"]), lent(key_id=TARGET)),
        (target(scopes=["grants:admin"]), None),
    ],
    ids=["with no more scopes, wherever and however long it is good for", "itself", "for a person"],
)
def test_a_key_ends(key: ApiKey, within: Means | None) -> None:
    guards.refuse_stronger(key, within)


@law
@given(laws.scope_sets, laws.scope_sets)
def test_whoever_gets_a_secret_could_do_all_of_it_before(held: ScopeSet, wanted: ScopeSet) -> None:
    within = Means(ACTING, held)
    try:
        guards.refuse_escalation(target(scopes=wanted.names()), within)
    except KeyEscalation:
        assert held.missing(wanted)
    else:
        assert all(held.covers(scope) for scope in wanted)
