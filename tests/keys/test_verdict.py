"""The verdict: every check, in its order, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given

from audit.addresses import parse_address
from keys import refusals
from keys.networks import parse_networks
from keys.scopes import ScopeSet, parse_scopes
from keys.throttle import Allowance
from keys.verdict import Asking, Standing, judge
from tests.keys import laws
from tests.keys.laws import law

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=1)
GRANTED = Allowance(granted=True, limit=60, remaining=59, resets_at=0, retry_after=0)
SPENT = Allowance(granted=False, limit=60, remaining=0, resets_at=0, retry_after=3)
ASKING = Asking(True, True, parse_address("203.0.113.9"), parse_scopes(["grants:read"]))
KEY = Standing(
    id=UUID(int=1),
    app_id=UUID(int=2),
    app_name="checkout",
    agent_id=UUID(int=3),
    agent_name="refund-agent",
    name="worker",
    kind="app",
    prefix="alter_key_app_abcdefgh",
    scopes=parse_scopes(["grants:write"]),
    networks=parse_networks(["203.0.113.0/24"]),
    rate_limit=60,
    revoked=False,
    expires_at=NOON + timedelta(days=1),
    deprecated_at=None,
    grace_ends_at=None,
)
PARENT = replace(KEY, id=UUID(int=4), prefix="alter_key_app_parentpr")
CHILD = replace(KEY, kind="derived", parent=PARENT)

ORDER = (
    "format",
    "known",
    "not revoked",
    "agent active",
    "ancestors live",
    "not expired",
    "grace not over",
    "address",
    "throttle",
    "scope",
)
DEAD_PARENT = replace(PARENT, revoked=True)
ELSEWHERE = replace(ASKING, address=parse_address("198.51.100.7"))
GREEDY = replace(ASKING, scopes=parse_scopes(["grants:admin"]))
ALONE = [
    (KEY, replace(ASKING, presented=False), GRANTED, "format", refusals.MissingKey),
    (KEY, replace(ASKING, well_formed=False), GRANTED, "format", refusals.InvalidKey),
    (None, ASKING, GRANTED, "known", refusals.InvalidKey),
    (replace(KEY, revoked=True), ASKING, GRANTED, "not revoked", refusals.InvalidKey),
    (replace(CHILD, revoked=True), ASKING, GRANTED, "not revoked", refusals.InvalidKey),
    (replace(KEY, kind="agent", revoked=True), ASKING, GRANTED, "not revoked", refusals.RevokedKey),
    (replace(KEY, agent_suspended=True), ASKING, GRANTED, "agent active", refusals.AgentInactive),
    (replace(KEY, agent_revoked=True), ASKING, GRANTED, "agent active", refusals.AgentRevoked),
    (replace(CHILD, parent=DEAD_PARENT), ASKING, GRANTED, "ancestors live", refusals.KeyNotActive),
    (
        replace(CHILD, parent=replace(PARENT, expires_at=NOON)),
        ASKING,
        GRANTED,
        "ancestors live",
        refusals.KeyNotActive,
    ),
    (
        replace(CHILD, parent=replace(PARENT, grace_ends_at=NOON)),
        ASKING,
        GRANTED,
        "ancestors live",
        refusals.KeyNotActive,
    ),
    (
        replace(CHILD, parent=replace(CHILD, parent=DEAD_PARENT)),
        ASKING,
        GRANTED,
        "ancestors live",
        refusals.KeyNotActive,
    ),
    (replace(KEY, expires_at=NOON), ASKING, GRANTED, "not expired", refusals.KeyExpired),
    (replace(KEY, grace_ends_at=NOON), ASKING, GRANTED, "grace not over", refusals.GraceOver),
    (KEY, ELSEWHERE, GRANTED, "address", refusals.IpNotAllowed),
    (KEY, replace(ASKING, address=None), GRANTED, "address", refusals.IpNotAllowed),
    (replace(CHILD, networks=()), ELSEWHERE, GRANTED, "address", refusals.IpNotAllowed),
    (KEY, ASKING, SPENT, "throttle", refusals.RateLimited),
    (KEY, GREEDY, GRANTED, "scope", refusals.InsufficientScope),
    (
        replace(CHILD, parent=replace(PARENT, scopes=parse_scopes(["keys:read"]))),
        ASKING,
        GRANTED,
        "scope",
        refusals.InsufficientScope,
    ),
]
WORSE = [
    lambda key, asking: (key, replace(asking, presented=False)),
    lambda key, asking: (None, asking),
    lambda key, asking: (replace(key, revoked=True), asking),
    lambda key, asking: (replace(key, agent_suspended=True), asking),
    lambda key, asking: (replace(key, parent=DEAD_PARENT), asking),
    lambda key, asking: (replace(key, expires_at=LONG_AGO), asking),
    lambda key, asking: (replace(key, grace_ends_at=LONG_AGO), asking),
    lambda key, asking: (key, replace(asking, address=None)),
    lambda key, asking: (replace(key, name="spent"), asking),
    lambda key, asking: (key, replace(asking, scopes=GREEDY.scopes)),
]
"""What makes each check fail, in the order of the checks."""


@pytest.mark.parametrize("key", [KEY, CHILD, replace(KEY, kind="agent"), replace(KEY, expires_at=None)])
def test_a_call_with_nothing_against_it_passes_every_check(key: Standing) -> None:
    verdict = judge(key, ASKING, NOON, GRANTED)

    assert (verdict.allowed, verdict.passed) == (True, ORDER)


@pytest.mark.parametrize("key, asking, allowance, failed, refusal", ALONE)
def test_each_check_refuses_in_its_own_words(
    key: Standing | None, asking: Asking, allowance: Allowance, failed: str, refusal: type[Exception]
) -> None:
    verdict = judge(key, asking, NOON, allowance)

    assert (verdict.failed, type(verdict.refusal)) == (failed, refusal)


@pytest.mark.parametrize("first", range(len(ORDER)), ids=ORDER)
def test_the_first_check_that_fails_gives_the_verdict(first: int) -> None:
    key, asking = CHILD, ASKING
    for worse in reversed(WORSE[first:]):
        key, asking = worse(key, asking)
    spent = SPENT if first <= ORDER.index("throttle") else GRANTED

    verdict = judge(key, asking, NOON, spent)

    assert (verdict.failed, verdict.passed) == (ORDER[first], ORDER[:first])


def test_without_an_allowance_the_checks_stop_before_the_throttle() -> None:
    verdict = judge(KEY, GREEDY, NOON)

    assert (verdict.allowed, verdict.passed) == (True, ORDER[:8])


def test_a_key_works_until_the_microsecond_of_its_expiry() -> None:
    assert judge(replace(KEY, expires_at=NOON + timedelta(microseconds=1)), ASKING, NOON, GRANTED).allowed


def test_a_key_works_until_the_microsecond_its_grace_ends() -> None:
    key = replace(KEY, deprecated_at=LONG_AGO, grace_ends_at=NOON + timedelta(microseconds=1))

    assert judge(key, ASKING, NOON, GRANTED).allowed


def test_a_deprecated_key_passes() -> None:
    assert judge(replace(KEY, deprecated_at=LONG_AGO), ASKING, NOON, GRANTED).allowed


def test_a_key_without_ranges_passes_from_nowhere_known() -> None:
    assert judge(replace(KEY, networks=()), replace(ASKING, address=None), NOON, GRANTED).allowed


def test_a_refused_scope_says_what_was_required_granted_and_missing() -> None:
    asking = replace(ASKING, scopes=parse_scopes(["grants:read", "agents:write"]))

    refusal = judge(replace(KEY, scopes=parse_scopes(["grants:write"])), asking, NOON, GRANTED).refusal

    assert refusal
    assert refusal.details == {
        "required": ["agents:write", "grants:read"],
        "granted": ["grants:write"],
        "missing": ["agents:write"],
    }


def test_what_is_granted_to_a_derived_key_is_cut_down_to_its_parent() -> None:
    narrowed = replace(CHILD, parent=replace(PARENT, scopes=parse_scopes(["grants:read"])))

    assert narrowed.effective_scopes.names() == ["grants:read"]


def test_a_derived_key_spends_its_parents_allowance() -> None:
    assert CHILD.bucket == PARENT.id


def test_the_log_is_told_what_the_caller_is_not() -> None:
    verdict = judge(replace(CHILD, parent=DEAD_PARENT), ASKING, NOON, GRANTED)

    assert verdict.refusal
    assert (PARENT.prefix in verdict.detail, PARENT.prefix in str(verdict.refusal.body())) == (True, False)


@law
@given(laws.scope_sets, laws.scope_sets, laws.scopes)
def test_no_derived_key_may_do_more_than_its_parent(own: ScopeSet, held: ScopeSet, wanted: object) -> None:
    child = replace(CHILD, scopes=own, parent=replace(PARENT, scopes=held))

    for scope in child.effective_scopes:
        assert held.covers(scope) and own.covers(scope)
