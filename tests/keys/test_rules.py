"""What a verb makes sure of before it acts, at its edges. The verbs' own tests cover the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given

from agents.models import Agent, App
from audit.actors import shell
from core.clock import at
from core.errors import Invalid
from keys import rules
from keys.delegation import Authority, Grant, within
from keys.errors import KeyEscalation
from keys.models import ApiKey
from keys.networks import Network, meet, parse_networks
from keys.scopes import ScopeSet
from tests.factories import minted
from tests.keys import laws
from tests.keys.laws import law
from tests.scopes import parse_scopes

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("calls", [None, 1, 100_000])
def test_a_rate_limit_in_range_is_taken(calls: int | None) -> None:
    assert rules.parse_rate_limit(calls) == calls


@pytest.mark.parametrize("calls", [0, -1, 100_001, 10**12])
def test_a_rate_limit_out_of_range_is_refused(calls: int) -> None:
    with pytest.raises(Invalid) as refused:
        rules.parse_rate_limit(calls)

    assert refused.value.field == "rate_limit_rpm"


@pytest.mark.parametrize("grace", [timedelta(0), timedelta(days=30)])
def test_a_grace_period_of_none_to_thirty_days_is_taken(grace: timedelta) -> None:
    rules.check_grace(grace)


@pytest.mark.parametrize("grace", [timedelta(microseconds=-1), timedelta(days=30, microseconds=1)])
def test_another_grace_period_is_refused(grace: timedelta) -> None:
    with pytest.raises(Invalid):
        rules.check_grace(grace)


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

    assert rules.derived_end(parent, NOON, HOUR) == ends


@pytest.mark.parametrize("asked, lives", [(HOUR, HOUR), (2 * HOUR, 2 * HOUR), (3 * HOUR, 2 * HOUR)])
def test_a_derived_key_lives_no_longer_than_its_app_allows(asked: timedelta, lives: timedelta) -> None:
    parent = ApiKey(app=App(max_derived_hours=2))

    assert rules.derived_end(parent, NOON, asked) == NOON + lives


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1)])
def test_a_derived_key_lives_at_all(lifetime: timedelta) -> None:
    with pytest.raises(Invalid):
        rules.derived_end(ApiKey(), NOON, lifetime)


def test_an_app_key_is_never_the_last_of_an_agent(app: App) -> None:
    assert not rules.is_last_active(minted(app).key)


def test_the_one_living_key_of_an_agent_is_its_last(app: App, agent: Agent) -> None:
    with at(NOON):
        minted(app, agent=agent, expires_at=NOON + HOUR)
        key = minted(app, agent=agent).key

    with at(NOON + HOUR):
        assert rules.is_last_active(key)


def test_a_key_that_has_expired_is_not_the_last_active_one(app: App, agent: Agent) -> None:
    with at(NOON):
        key = minted(app, agent=agent, expires_at=NOON + HOUR).key

    with at(NOON + HOUR):
        assert not rules.is_last_active(key)


# ── a key that acts ─────────────────────────────────────────────────────────────────────────────────

OFFICE, CITY = parse_networks(["203.0.113.0/28"]), parse_networks(["203.0.113.0/24"])
FLAT = parse_networks(["203.0.113.7"])
TARGET = UUID(int=7)
APP = App()


def target(**columns: Any) -> ApiKey:
    """A key that another is about to end or replace."""
    return ApiKey(
        id=TARGET, app=APP, **{"scopes": ["grants:read"], "networks": ["203.0.113.0/28"], **columns}
    )


def lent(*scopes: str, **held: Any) -> Authority:
    """What a key may do that was lent for two hours and a place."""
    held = {"app_id": APP.id, "fences": (CITY,), "ends": NOON + 2 * HOUR, **held}
    return Authority(scopes=parse_scopes(scopes or ("grants:write",)), **held)


STRONGER: dict[str, tuple[str, ApiKey, Authority]] = {
    "a higher verb": ("scopes", target(scopes=["grants:admin"], expires_at=NOON), lent()),
    "another resource": ("scopes", target(scopes=["grants:read", "keys:read"], expires_at=NOON), lent()),
    "every instance": ("scopes", target(expires_at=NOON), lent("grants:read:a1")),
    "more addresses": (
        "networks",
        target(networks=["203.0.113.0/24"], expires_at=NOON),
        lent(fences=(OFFICE,)),
    ),
    "one fence of two": ("networks", target(expires_at=NOON), lent(fences=(CITY, FLAT))),
    "any address": ("networks", target(networks=[], expires_at=NOON), lent()),
    "more calls": ("rate_limit_rpm", target(rate_limit_rpm=601, expires_at=NOON), lent(rate=600)),
    "its app's calls": ("rate_limit_rpm", target(expires_at=NOON), lent(rate=599)),
    "a later end": ("expires_at", target(expires_at=NOON + 2 * HOUR + timedelta(microseconds=1)), lent()),
    "no end": ("expires_at", target(), lent()),
    "another app": ("app", target(expires_at=NOON), lent(app_id=UUID(int=9))),
}


def require(key: ApiKey, authority: Authority) -> None:
    rules.require_within(shell(), authority, Grant.of_key(key))


@pytest.mark.parametrize("what, key, held", STRONGER.values(), ids=STRONGER.keys())
def test_no_key_gets_the_secret_of_one_worth_more_than_itself(
    what: str, key: ApiKey, held: Authority
) -> None:
    with pytest.raises(KeyEscalation) as refused:
        require(key, held)
    assert refused.value.details["exceeds"] == what


WORTH_NO_MORE: dict[str, tuple[ApiKey, Authority]] = {
    "as much": (target(scopes=["grants:write"], expires_at=NOON + 2 * HOUR), lent()),
    "less": (target(expires_at=NOON), lent()),
    "any address, to one of any": (target(networks=[]), lent(fences=(), ends=None)),
    "no end, to one of none": (target(), lent(ends=None)),
    "fewer calls": (target(rate_limit_rpm=10, expires_at=NOON), lent(rate=10)),
    "itself": (
        target(networks=[], rate_limit_rpm=7),
        Authority.of_key(target(networks=[], rate_limit_rpm=7)),
    ),
}


@pytest.mark.parametrize("key, held", WORTH_NO_MORE.values(), ids=WORTH_NO_MORE.keys())
def test_a_key_may_get_the_secret_of_one_worth_no_more(key: ApiKey, held: Authority) -> None:
    rules.require(held, Grant.of_key(key))


def test_a_key_narrowed_for_a_call_gets_no_new_secret_with_all_it_holds() -> None:
    key = target(scopes=["grants:read", "keys:admin"])
    with pytest.raises(KeyEscalation) as refused:
        require(key, Authority.of_key(key, parse_scopes(["grants:read"])))

    assert refused.value.details == {"missing": ["keys:admin"], "exceeds": "scopes"}


def test_no_key_ends_one_that_may_do_more() -> None:
    with pytest.raises(KeyEscalation) as refused:
        rules.refuse_stronger(target(scopes=["grants:admin", "keys:read"]), lent("grants:write"))

    assert refused.value.details["missing"] == ["grants:admin", "keys:read"]


@pytest.mark.parametrize(
    "key, held",
    [
        (target(networks=[]), lent()),
        (target(scopes=["grants:admin"]), lent(key=target())),
        (target(scopes=["grants:admin"]), None),
    ],
    ids=["with no more scopes, wherever and however long it is good for", "itself", "for a person"],
)
def test_a_key_ends(key: ApiKey, held: Authority | None) -> None:
    rules.refuse_stronger(key, held)


@law
@given(laws.scope_sets, laws.scope_sets)
def test_whoever_gets_a_secret_could_do_all_of_it_before(held: ScopeSet, wanted: ScopeSet) -> None:
    excess = within(Authority(held), Grant(wanted))
    assert (excess is None) == all(held.covers(scope) for scope in wanted)


@law
@given(laws.ranges, laws.ranges, laws.ranges)
def test_whoever_gets_a_secret_could_use_it_there_before(
    held: tuple[Network, ...], above: tuple[Network, ...], wanted: tuple[Network, ...]
) -> None:
    excess = within(Authority(fences=(held, above)), Grant(fences=(wanted,)))
    reached = laws.addresses(held) & laws.addresses(above)
    assert excess is not None or laws.addresses(wanted) <= reached


@law
@given(laws.ranges, laws.ranges)
def test_two_fences_meet_in_the_addresses_that_both_have(
    one: tuple[Network, ...], other: tuple[Network, ...]
) -> None:
    assert laws.addresses(meet(one, other)) == laws.addresses(one) & laws.addresses(other)
