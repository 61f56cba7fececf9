"""Deriving: a key hands out a shorter-lived key that may do part of what it may, never more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
from audit.actors import shell
from core.clock import at
from core.errors import Invalid
from keys import errors, lifecycle
from keys.admission import call_errors
from keys.models import ApiKey
from keys.networks import parse_networks
from tests.factories import minted
from tests.keys.asking import acts, again, ask, error, opened
from tests.keys.family import derived, parent_of
from tests.scopes import parse_scopes

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def parent(app: App) -> ApiKey:
    """It may write grants and derive, from one range."""
    return parent_of(app, networks=parse_networks(["203.0.113.0/24"])).key


def test_a_derived_key_passes_the_door_with_its_own_scopes(app: App) -> None:
    child, secret = opened(derived(parent_of(app).key))

    answer = ask(secret, "grants:read")
    assert (secret[:18], answer.json()["key_id"], answer["X-Alter-Scopes"]) == (
        "alter_key_derived_",
        str(child.id),
        "grants:read",
    )


def test_its_event_names_its_parent(parent: ApiKey) -> None:
    child = derived(parent).key

    (event,) = acts(child)
    assert (event.action, event.facts) == (
        "key.derive",
        {"parent": str(parent.id), "parent_prefix": parent.prefix},
    )


def test_its_name_is_the_moment_unless_it_is_given_one(parent: ApiKey) -> None:
    with at(NOON):
        assert derived(parent).key.name == "derived-20260601-120000"
        assert derived(parent, name="ci job").key.name == "ci job"


def test_it_speaks_for_its_parents_agent(app: App, agent: Agent) -> None:
    secret = derived(parent_of(app, agent=agent).key).plaintext.take()

    assert ask(secret)["X-Alter-Agent-Id"] == str(agent.id)


@pytest.mark.parametrize("scopes", ["grants:admin", "agents:read", "grants:read,keys:read", "audit:emit"])
def test_it_may_not_do_more_than_its_parent(parent: ApiKey, scopes: str) -> None:
    with pytest.raises(errors.ScopeNotSubset):
        derived(parent, scopes=scopes)


@pytest.mark.parametrize("scopes", ["keys:derive", "grants:read,keys:derive", "keys:derive:k1"])
def test_it_may_not_be_given_the_right_to_derive(parent: ApiKey, scopes: str) -> None:
    with pytest.raises(errors.DerivedMayNotDerive):
        derived(parent, scopes=scopes)


def test_it_cannot_derive(parent: ApiKey) -> None:
    child = derived(parent).key

    with pytest.raises(call_errors.InsufficientScope) as refused:
        derived(child)
    assert refused.value.body()["missing"] == ["keys:derive"]


def test_no_key_derives_without_the_scope_for_it(app: App) -> None:
    with pytest.raises(call_errors.InsufficientScope):
        derived(minted(app, scopes="grants:admin,keys:admin").key)


def test_a_caller_cannot_derive_past_its_own_constraint(parent: ApiKey) -> None:
    within = parse_scopes(["grants:read", "keys:derive"])

    with pytest.raises(errors.ScopeNotSubset):
        derived(parent, scopes="grants:write", within=within)


def test_a_constraint_adds_nothing_to_the_parent(parent: ApiKey) -> None:
    with pytest.raises(errors.ScopeNotSubset):
        derived(parent, scopes="grants:admin", within=parse_scopes(["grants:admin"]))


def test_it_inherits_its_parents_ranges(parent: ApiKey) -> None:
    assert again(derived(parent).key).networks == ["203.0.113.0/24"]


def test_it_may_be_held_to_fewer_addresses(parent: ApiKey) -> None:
    child = derived(parent, networks=parse_networks(["203.0.113.7"])).key

    assert again(child).networks == ["203.0.113.7/32"]


@pytest.mark.parametrize("text", ["203.0.112.0/23", "198.51.100.7", "2001:db8::/64"])
def test_it_may_not_be_used_from_elsewhere(parent: ApiKey, text: str) -> None:
    with pytest.raises(errors.CidrNotSubset):
        derived(parent, networks=parse_networks([text]))


def test_a_parent_for_everywhere_may_derive_for_somewhere(app: App) -> None:
    child = derived(parent_of(app).key, networks=parse_networks(["203.0.113.7"])).key

    assert again(child).networks == ["203.0.113.7/32"]


@pytest.mark.parametrize(
    "parent_ends, wanted, ends",
    [
        (None, HOUR, NOON + HOUR),
        (None, 3 * DAY, NOON + DAY),
        (NOON + HOUR, DAY, NOON + HOUR),
        (NOON + HOUR, HOUR, NOON + HOUR),
        (NOON + HOUR, HOUR / 2, NOON + HOUR / 2),
    ],
)
def test_it_lives_a_day_at_most_and_no_longer_than_its_parent(
    app: App, parent_ends: datetime | None, wanted: timedelta, ends: datetime
) -> None:
    with at(NOON):
        child = derived(parent_of(app, expires_at=parent_ends).key, expires_in=wanted).key

    assert again(child).expires_at == ends


def test_derived_in_grace_it_ends_with_the_grace(parent: ApiKey) -> None:
    with at(NOON):
        lifecycle.rotate(shell(), parent, grace=HOUR)

        assert derived(parent, expires_in=DAY).key.expires_at == NOON + HOUR


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1)])
def test_it_lives_at_all(parent: ApiKey, lifetime: timedelta) -> None:
    with pytest.raises(Invalid):
        derived(parent, expires_in=lifetime)


def test_it_expires(app: App) -> None:
    with at(NOON):
        secret = derived(parent_of(app).key, expires_in=HOUR).plaintext.take()

    with at(NOON + HOUR):
        assert error(ask(secret)) == (401, "key_expired")


@pytest.mark.parametrize("end", ["revoked", "expired", "past grace"])
def test_a_dead_key_derives_nothing(app: App, end: str) -> None:
    with at(NOON):
        parent = parent_of(app, expires_at=NOON + HOUR if end == "expired" else None).key
        if end == "revoked":
            lifecycle.revoke(shell(), parent)
        if end == "past grace":
            lifecycle.rotate(shell(), parent, grace=HOUR)

    with at(NOON + HOUR), pytest.raises((errors.KeyRevoked, errors.KeyEnded)):
        derived(parent)


def test_a_key_revoked_behind_a_stale_object_derives_nothing(parent: ApiKey) -> None:
    lifecycle.revoke(shell(), again(parent))

    with pytest.raises(errors.KeyRevoked):
        derived(parent)


def test_it_dies_with_its_parent_at_the_very_next_call(app: App) -> None:
    parent = parent_of(app).key
    secret = derived(parent).plaintext.take()
    assert ask(secret).status_code == 200
    lifecycle.revoke(shell(), parent)

    assert error(ask(secret)) == (401, "invalid_key")


def test_it_is_suspended_with_its_agent(app: App, agent: Agent) -> None:
    secret = derived(parent_of(app, agent=agent).key).plaintext.take()
    agents_lifecycle.suspend_agent(shell(), agent)

    assert error(ask(secret)) == (401, "agent_inactive")


def test_it_is_not_flagged_when_its_parent_is_deprecated(app: App) -> None:
    parent = parent_of(app).key
    secret = derived(parent).plaintext.take()
    lifecycle.deprecate(shell(), parent)

    assert "X-Alter-Key-Deprecated" not in ask(secret).headers


def test_it_spends_its_parents_allowance(app: App) -> None:
    parent, parent_secret = opened(parent_of(app, rate_limit_rpm=2))
    child_secret = derived(parent).plaintext.take()
    with at(NOON):
        ask(child_secret)
        ask(parent_secret)

        assert error(ask(child_secret)) == (429, "rate_limit_exceeded")


def test_two_children_share_one_allowance(app: App) -> None:
    parent = parent_of(app, rate_limit_rpm=1).key
    secrets = [derived(parent).plaintext.take() for _ in range(2)]
    with at(NOON):
        assert [ask(secret).status_code for secret in secrets] == [200, 429]


def test_a_bad_name_is_refused(parent: ApiKey) -> None:
    bad: Any = "a\0b"

    with pytest.raises(Invalid):
        derived(parent, name=bad)
