"""The verdict: every check, in its order, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given

from agents.errors import CallerUnresolved
from core.addresses import parse_address
from keys.admission import call_errors
from keys.admission.rate_limit import Allowance
from keys.admission.signatures import HEADERS, Signature
from keys.admission.verdict import CheckInput, KeySnapshot, judge
from keys.networks import parse_networks
from keys.scopes import ScopeSet
from tests.keys import laws
from tests.keys.laws import law
from tests.scopes import parse_scopes

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=1)
GRANTED = Allowance(granted=True, limit=60, remaining=59, resets_at=0, retry_after=0)
SPENT = Allowance(granted=False, limit=60, remaining=0, resets_at=0, retry_after=3)
ASKING = CheckInput(True, True, parse_address("203.0.113.9"), parse_scopes(["grants:read"]))
KEY = KeySnapshot(
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
    "signature",
    "not revoked",
    "agent active",
    "ancestors live",
    "not expired",
    "grace not over",
    "address",
    "throttle",
    "constraints",
    "caller",
    "scope",
)
DEAD_PARENT = replace(PARENT, revoked=True)
ELSEWHERE = ASKING._replace(address=parse_address("198.51.100.7"))
GREEDY = ASKING._replace(scopes=parse_scopes(["grants:admin"]))
UNSIGNED = ASKING._replace(signature=Signature(missing=HEADERS))
SIGNED = Signature(moment=int(NOON.timestamp()), nonce="n" * 32, body_matches=True, matches=True)
BROAD = ASKING._replace(constraints=parse_scopes(["grants:read", "keys:read"]))
FLAWED = ASKING._replace(constraints_error=call_errors.InvalidScopeConstraint())
STRANGE = ASKING._replace(caller_error=CallerUnresolved())
MANAGING = ASKING._replace(manages_agents=True)
ALONE = [
    (KEY, ASKING._replace(presented=False), GRANTED, "format", call_errors.MissingKey),
    (KEY, ASKING._replace(well_formed=False), GRANTED, "format", call_errors.InvalidKey),
    (None, ASKING, GRANTED, "known", call_errors.InvalidKey),
    (KEY, UNSIGNED, GRANTED, "signature", call_errors.SignatureRequired),
    (replace(KEY, revoked=True), ASKING, GRANTED, "not revoked", call_errors.InvalidKey),
    (replace(CHILD, revoked=True), ASKING, GRANTED, "not revoked", call_errors.InvalidKey),
    (replace(KEY, kind="agent", revoked=True), ASKING, GRANTED, "not revoked", call_errors.RevokedKey),
    (replace(KEY, agent_suspended=True), ASKING, GRANTED, "agent active", call_errors.AgentInactive),
    (replace(KEY, agent_revoked=True), ASKING, GRANTED, "agent active", call_errors.AgentRevoked),
    (replace(CHILD, parent=DEAD_PARENT), ASKING, GRANTED, "ancestors live", call_errors.KeyNotActive),
    (
        replace(CHILD, parent=replace(PARENT, expires_at=NOON)),
        ASKING,
        GRANTED,
        "ancestors live",
        call_errors.KeyNotActive,
    ),
    (
        replace(CHILD, parent=replace(PARENT, grace_ends_at=NOON)),
        ASKING,
        GRANTED,
        "ancestors live",
        call_errors.KeyNotActive,
    ),
    (
        replace(CHILD, parent=replace(CHILD, parent=DEAD_PARENT)),
        ASKING,
        GRANTED,
        "ancestors live",
        call_errors.KeyNotActive,
    ),
    (replace(KEY, expires_at=NOON), ASKING, GRANTED, "not expired", call_errors.KeyExpired),
    (replace(KEY, grace_ends_at=NOON), ASKING, GRANTED, "grace not over", call_errors.GraceOver),
    (KEY, ELSEWHERE, GRANTED, "address", call_errors.IpNotAllowed),
    (KEY, ASKING._replace(address=None), GRANTED, "address", call_errors.IpNotAllowed),
    (replace(CHILD, networks=()), ELSEWHERE, GRANTED, "address", call_errors.IpNotAllowed),
    (KEY, ASKING, SPENT, "throttle", call_errors.RateLimited),
    (KEY, FLAWED, GRANTED, "constraints", call_errors.InvalidScopeConstraint),
    (KEY, BROAD, GRANTED, "constraints", call_errors.ConstraintNotNarrowing),
    (KEY, STRANGE, GRANTED, "caller", CallerUnresolved),
    (replace(KEY, kind="agent"), MANAGING, GRANTED, "scope", call_errors.CannotMintSubagents),
    (
        replace(CHILD, parent=replace(PARENT, kind="agent")),
        MANAGING,
        GRANTED,
        "scope",
        call_errors.CannotMintSubagents,
    ),
    (KEY, GREEDY, GRANTED, "scope", call_errors.InsufficientScope),
    (
        replace(CHILD, parent=replace(PARENT, scopes=parse_scopes(["keys:read"]))),
        ASKING,
        GRANTED,
        "scope",
        call_errors.InsufficientScope,
    ),
]
WORSE = [
    lambda key, asking: (key, asking._replace(presented=False)),
    lambda key, asking: (None, asking),
    lambda key, asking: (key, asking._replace(signature=Signature(missing=HEADERS))),
    lambda key, asking: (replace(key, revoked=True), asking),
    lambda key, asking: (replace(key, agent_suspended=True), asking),
    lambda key, asking: (replace(key, parent=DEAD_PARENT), asking),
    lambda key, asking: (replace(key, expires_at=LONG_AGO), asking),
    lambda key, asking: (replace(key, grace_ends_at=LONG_AGO), asking),
    lambda key, asking: (key, asking._replace(address=None)),
    lambda key, asking: (replace(key, name="spent"), asking),
    lambda key, asking: (key, asking._replace(constraints=BROAD.constraints)),
    lambda key, asking: (key, asking._replace(caller_error=CallerUnresolved())),
    lambda key, asking: (key, asking._replace(scopes=GREEDY.scopes)),
]
"""What makes each check fail, in the order of the checks."""


@pytest.mark.parametrize("key", [KEY, CHILD, replace(KEY, kind="agent"), replace(KEY, expires_at=None)])
def test_a_call_with_nothing_against_it_passes_every_check(key: KeySnapshot) -> None:
    verdict = judge(key, ASKING, NOON, GRANTED)

    assert (verdict.allowed, verdict.passed) == (True, ORDER)


@pytest.mark.parametrize("key, asking, allowance, failed, refusal", ALONE)
def test_each_check_refuses_in_its_own_words(
    key: KeySnapshot | None, asking: CheckInput, allowance: Allowance, failed: str, refusal: type[Exception]
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

    assert (verdict.allowed, verdict.passed) == (True, ORDER[:9])


def test_a_key_works_until_the_microsecond_of_its_expiry() -> None:
    assert judge(replace(KEY, expires_at=NOON + timedelta(microseconds=1)), ASKING, NOON, GRANTED).allowed


def test_a_key_works_until_the_microsecond_its_grace_ends() -> None:
    key = replace(KEY, deprecated_at=LONG_AGO, grace_ends_at=NOON + timedelta(microseconds=1))

    assert judge(key, ASKING, NOON, GRANTED).allowed


def test_a_deprecated_key_passes() -> None:
    assert judge(replace(KEY, deprecated_at=LONG_AGO), ASKING, NOON, GRANTED).allowed


def test_a_key_without_ranges_passes_from_nowhere_known() -> None:
    assert judge(replace(KEY, networks=()), ASKING._replace(address=None), NOON, GRANTED).allowed


def test_a_refused_scope_says_what_was_required_granted_and_missing() -> None:
    asking = ASKING._replace(scopes=parse_scopes(["grants:read", "agents:write"]))

    refusal = judge(replace(KEY, scopes=parse_scopes(["grants:write"])), asking, NOON, GRANTED).refusal

    assert refusal
    assert refusal.details == {
        "required": ["agents:write", "grants:read"],
        "granted": ["grants:write"],
        "missing": ["agents:write"],
        "required_any_of": False,
        "scope_version": 1,
        "current_scope_version": 1,
        "scope_version_mismatch": False,
        "documentation_url": None,
    }


# ── signed calls ────────────────────────────────────────────────────────────────────────────────────


def test_a_call_to_the_door_need_not_be_signed() -> None:
    assert judge(KEY, ASKING._replace(signature=None), NOON, GRANTED).allowed


def test_a_signed_call_passes() -> None:
    assert judge(KEY, ASKING._replace(signature=SIGNED), NOON, GRANTED).allowed


def test_an_unsigned_call_passes_where_the_app_does_not_ask_for_it() -> None:
    assert judge(replace(KEY, must_sign=False), UNSIGNED, NOON, GRANTED).allowed


def test_a_wrong_signature_is_refused_even_where_none_is_asked_for() -> None:
    asking = ASKING._replace(signature=replace(SIGNED, matches=False))

    assert judge(replace(KEY, must_sign=False), asking, NOON, GRANTED).failed == "signature"


def test_whoever_cannot_sign_is_not_told_that_the_key_is_revoked() -> None:
    verdict = judge(replace(KEY, kind="agent", revoked=True), UNSIGNED, NOON, GRANTED)

    assert verdict.failed == "signature"


def test_a_suspended_agents_key_passes_where_it_may() -> None:
    asking = ASKING._replace(even_suspended=True)

    assert judge(replace(KEY, agent_suspended=True), asking, NOON, GRANTED).allowed


def test_a_revoked_agents_key_passes_nowhere() -> None:
    asking = ASKING._replace(even_suspended=True)

    assert judge(replace(KEY, agent_revoked=True), asking, NOON, GRANTED).failed == "agent active"


def test_an_apps_own_key_may_manage_agents() -> None:
    assert judge(KEY, MANAGING, NOON, GRANTED).allowed


def test_a_call_may_do_no_more_than_it_was_narrowed_to() -> None:
    asking = ASKING._replace(constraints=parse_scopes(["grants:read"]), scopes=parse_scopes(["grants:write"]))

    verdict = judge(KEY, asking, NOON, GRANTED)

    assert verdict.refusal
    assert (verdict.failed, verdict.refusal.details["granted"]) == ("scope", ["grants:read"])


def test_a_derived_key_is_narrowed_within_what_its_parent_has_left() -> None:
    child = replace(CHILD, parent=replace(PARENT, scopes=parse_scopes(["grants:read"])))
    asking = ASKING._replace(constraints=parse_scopes(["grants:write"]))

    assert judge(child, asking, NOON, GRANTED).failed == "constraints"


@pytest.mark.parametrize("instance, allowed", [("a1", True), ("b2", False), ("", False)])
def test_a_scope_for_one_thing_lets_a_call_about_that_one_pass(instance: str, allowed: bool) -> None:
    key = replace(KEY, scopes=parse_scopes(["grants:read:a1"]))

    assert judge(key, ASKING._replace(instance=instance), NOON, GRANTED).allowed == allowed


def test_a_scope_of_an_older_catalogue_is_told_as_such() -> None:
    refusal = judge(replace(KEY, scope_version=0), GREEDY, NOON, GRANTED).refusal

    assert refusal
    assert refusal.details["scope_version_mismatch"]


@law
@given(laws.scope_sets, laws.scope_sets, laws.scope_sets)
def test_no_narrowed_call_may_do_more_than_its_key(held: ScopeSet, asked: ScopeSet, wanted: ScopeSet) -> None:
    asking = ASKING._replace(constraints=asked, scopes=wanted)

    verdict = judge(replace(KEY, scopes=held), asking, NOON, GRANTED)

    if verdict.allowed:
        assert all(held.covers(scope) and asked.covers(scope) for scope in wanted)


# ── derived keys ────────────────────────────────────────────────────────────────────────────────────


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
