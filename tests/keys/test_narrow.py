"""Narrowing: a key loses something, never gains, and what it handed out follows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.models import App
from audit.actors import shell
from core.clock import at
from core.errors import Invalid
from keys import errors, lifecycle
from keys.models import ApiKey
from keys.networks import parse_networks
from tests.factories import minted
from tests.keys.asking import acts, again, ask, error, opened, said
from tests.keys.family import derived, parent_of
from tests.scopes import parse_scopes

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def key(app: App) -> ApiKey:
    """A key that has something of everything to lose."""
    with at(NOON):
        return minted(
            app,
            scopes="grants:write,agents:read",
            networks=parse_networks(["203.0.113.0/24"]),
            rate_limit_rpm=600,
            expires_at=NOON + DAY,
        ).key


LESS: dict[str, dict[str, Any]] = {
    "scopes": {"scopes": parse_scopes(["grants:read"])},
    "networks": {"networks": parse_networks(["203.0.113.7"])},
    "rate_limit_rpm": {"rate_limit_rpm": 60},
    "expires_at": {"expires_at": NOON + HOUR},
}
MORE: dict[str, dict[str, Any]] = {
    "a higher tier": {"scopes": parse_scopes(["grants:admin"])},
    "another resource": {"scopes": parse_scopes(["grants:read", "keys:read"])},
    "a wider range": {"networks": parse_networks(["203.0.112.0/23"])},
    "another range": {"networks": parse_networks(["203.0.113.7", "2001:db8::7"])},
    "no range": {"networks": ()},
    "a higher rate": {"rate_limit_rpm": 601},
    "a later end": {"expires_at": NOON + DAY + timedelta(microseconds=1)},
}


@pytest.mark.parametrize("field", LESS)
def test_a_key_loses_one_thing_and_its_event_tells_which(key: ApiKey, field: str) -> None:
    with at(NOON):
        lifecycle.narrow(shell(), key, **LESS[field], reason="least privilege")

    event = acts(key)[-1]
    assert (event.action, event.reason, list(event.changes)) == ("key.narrow", "least privilege", [field])


def test_a_key_loses_everything_at_once(key: ApiKey) -> None:
    with at(NOON):
        lifecycle.narrow(
            shell(), key, **{name: value for less in LESS.values() for name, value in less.items()}
        )

    now = again(key)
    assert (now.scopes, now.networks, now.rate_limit_rpm, now.expires_at) == (
        ["grants:read"],
        ["203.0.113.7/32"],
        60,
        NOON + HOUR,
    )


@pytest.mark.parametrize("more", MORE.values(), ids=MORE.keys())
def test_a_key_gains_nothing(key: ApiKey, more: dict[str, Any]) -> None:
    with at(NOON), pytest.raises(errors.NotNarrower):
        lifecycle.narrow(shell(), key, **more)

    assert said(key) == ["key.mint"]


def test_one_thing_too_many_leaves_all_of_it_as_it_was(key: ApiKey) -> None:
    with at(NOON), pytest.raises(errors.NotNarrower):
        lifecycle.narrow(shell(), key, **LESS["scopes"], **MORE["a higher rate"])

    assert again(key).scopes == ["agents:read", "grants:write"]


def test_the_same_again_is_no_event(key: ApiKey) -> None:
    with at(NOON):
        lifecycle.narrow(
            shell(),
            key,
            scopes=key.scope_set,
            networks=key.network_list,
            rate_limit_rpm=600,
            expires_at=NOON + DAY,
        )

    assert said(key) == ["key.mint"]


def test_what_is_not_named_stays(key: ApiKey) -> None:
    lifecycle.narrow(shell(), key)

    assert said(key) == ["key.mint"]


def test_a_key_without_a_range_gets_one(app: App) -> None:
    key = minted(app).key
    lifecycle.narrow(shell(), key, networks=parse_networks(["203.0.113.0/24"]))

    assert again(key).networks == ["203.0.113.0/24"]


def test_a_key_without_an_end_gets_one(app: App) -> None:
    with at(NOON):
        key = minted(app).key
        lifecycle.narrow(shell(), key, expires_at=NOON + HOUR)

    assert again(key).expires_at == NOON + HOUR


def test_a_key_without_a_limit_gets_none_above_its_apps(app: App) -> None:
    key = minted(app).key

    with pytest.raises(errors.NotNarrower):
        lifecycle.narrow(shell(), key, rate_limit_rpm=key.rate_limit + 1)


@pytest.mark.parametrize("rate", [0, -5, 100_001])
def test_a_limit_out_of_range_is_refused(key: ApiKey, rate: int) -> None:
    with pytest.raises(Invalid):
        lifecycle.narrow(shell(), key, rate_limit_rpm=rate)


def test_an_end_that_has_passed_is_refused(key: ApiKey) -> None:
    with at(NOON + HOUR), pytest.raises(Invalid):
        lifecycle.narrow(shell(), key, expires_at=NOON)


def test_a_revoked_key_is_past_narrowing(key: ApiKey) -> None:
    lifecycle.revoke(shell(), key)

    with pytest.raises(errors.KeyRevoked):
        lifecycle.narrow(shell(), key, scopes=parse_scopes(["grants:read"]))


def test_the_next_call_feels_it(app: App) -> None:
    key, secret = opened(minted(app, scopes="grants:write"))
    lifecycle.narrow(shell(), key, scopes=parse_scopes(["grants:read"]))

    assert error(ask(secret, "grants:write")) == (403, "insufficient_scope")


def test_a_derived_keys_next_call_feels_what_its_parent_lost(app: App) -> None:
    parent = parent_of(app).key
    secret = derived(parent, scopes="grants:write").plaintext.take()
    lifecycle.narrow(shell(), parent, scopes=parse_scopes(["grants:read"]))

    refused = ask(secret, "grants:write")
    assert (error(refused), refused.json()["granted"]) == ((403, "insufficient_scope"), ["grants:read"])


def test_a_derived_key_is_held_to_its_parents_new_ranges(app: App) -> None:
    parent = parent_of(app).key
    secret = derived(parent).plaintext.take()
    lifecycle.narrow(shell(), parent, networks=parse_networks(["203.0.113.0/24"]))

    assert error(ask(secret, REMOTE_ADDR="198.51.100.7")) == (403, "ip_not_allowed")


def test_a_derived_key_ends_with_its_parents_new_end(app: App) -> None:
    with at(NOON):
        parent = parent_of(app).key
        secret = derived(parent).plaintext.take()
        lifecycle.narrow(shell(), parent, expires_at=NOON + HOUR / 2)

    with at(NOON + HOUR / 2):
        assert error(ask(secret)) == (401, "key_not_active")


def test_a_derived_key_has_no_rate_of_its_own_to_lose(app: App) -> None:
    child = derived(parent_of(app).key).key

    with pytest.raises(errors.NotNarrower):
        lifecycle.narrow(shell(), child, rate_limit_rpm=1)
