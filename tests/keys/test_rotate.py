"""Rotating: a successor takes over while the old key works on; a derived key changes its secret in place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents import lifecycle as agents_lifecycle
from agents.models import Agent, App
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
INSTANT = timedelta(microseconds=1)


def rotated(key: ApiKey, **choices: Any) -> tuple[ApiKey, str]:
    return opened(lifecycle.rotate(shell(), key, **choices))


def columns(key: ApiKey) -> dict[str, Any]:
    """`key` as its row has it now."""
    return {**ApiKey.objects.filter(pk=key.pk).values()[0]}


def test_the_successor_is_like_the_old_key_but_for_its_id_and_secret(app: App, agent: Agent) -> None:
    old = minted(
        app,
        agent=agent,
        scopes="grants:write,keys:derive",
        networks=parse_networks(["203.0.113.0/24"]),
        rate_limit_rpm=60,
        expires_at=NOON + 3650 * DAY,
        metadata={"team": "payments"},
    ).key
    new, _ = rotated(old)

    own = {
        "id",
        "prefix",
        "fingerprint",
        "digest",
        "replaces_id",
        "shared_bucket",
        "deprecated_at",
        "grace_ends_at",
        "created_at",
    }
    unlike = {field for field, value in columns(old).items() if columns(new)[field] != value}
    assert unlike == own
    assert new.replaces == old


def test_both_keys_pass_until_grace_is_over(app: App) -> None:
    with at(NOON):
        old, old_secret = opened(minted(app))
        _, new_secret = rotated(old, grace=HOUR)

    with at(NOON + HOUR - INSTANT):
        assert [ask(old_secret).status_code, ask(new_secret).status_code] == [200, 200]
    with at(NOON + HOUR):
        assert error(ask(old_secret)) == (401, "key_rotated_grace_expired")
        assert ask(new_secret).status_code == 200


def test_a_week_is_the_grace_unless_told_otherwise(app: App) -> None:
    with at(NOON):
        old = minted(app).key
        rotated(old)

    assert (again(old).deprecated_at, again(old).grace_ends_at) == (NOON, NOON + 7 * DAY)


def test_no_grace_stops_the_old_key_at_once(app: App) -> None:
    old, old_secret = opened(minted(app))
    with at(NOON):
        rotated(old, grace=timedelta(0))

        assert error(ask(old_secret)) == (401, "key_rotated_grace_expired")


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta(days=30, seconds=1)])
def test_a_grace_out_of_range_is_refused(app: App, grace: timedelta) -> None:
    old = minted(app).key

    with pytest.raises(Invalid):
        rotated(old, grace=grace)
    assert ApiKey.objects.count() == 1


def test_the_old_keys_event_names_its_successor(app: App) -> None:
    old = minted(app).key
    with at(NOON):
        new, _ = rotated(old, grace=HOUR, reason="quarterly")

    event = acts(old)[-1]
    assert (event.action, event.reason) == ("key.rotate", "quarterly")
    assert event.changes == {
        "deprecated_at": [None, "2026-06-01T12:00:00+00:00"],
        "grace_ends_at": [None, "2026-06-01T13:00:00+00:00"],
    }
    assert event.facts == {"successor": str(new.id), "successor_prefix": new.prefix}


def test_the_successors_event_follows_from_it(app: App) -> None:
    old = minted(app).key
    new, _ = rotated(old, reason="quarterly")

    (event,) = acts(new)
    assert (event.action, event.cause_id, event.reason) == ("key.rotate", acts(old)[-1].id, "quarterly")


def test_a_deprecated_key_keeps_the_day_it_was_deprecated(app: App) -> None:
    old = minted(app).key
    with at(NOON):
        lifecycle.deprecate(shell(), old)
    with at(NOON + DAY):
        rotated(old)

    assert again(old).deprecated_at == NOON


def test_the_successor_may_hold_other_scopes(app: App) -> None:
    new, _ = rotated(minted(app, scopes="grants:write").key, scopes=parse_scopes(["grants:read"]))

    assert again(new).scopes == ["grants:read"]


def test_what_the_old_key_handed_out_dies_when_grace_is_over(app: App) -> None:
    with at(NOON):
        parent = parent_of(app).key
        child_secret = derived(parent, expires_in=DAY).plaintext.take()
        rotated(parent, grace=HOUR)
        assert ask(child_secret).status_code == 200

    with at(NOON + HOUR):
        assert error(ask(child_secret)) == (401, "key_not_active")


def test_a_full_app_may_rotate(app: App) -> None:
    agents_lifecycle.update_app(shell(), app, max_keys=1)

    assert rotated(minted(app).key)


def test_a_full_agent_may_rotate(app: App, agent: Agent) -> None:
    agents_lifecycle.update_app(shell(), app, max_keys_per_agent=1)

    assert rotated(minted(app, agent=agent).key)


def test_a_rotated_key_is_not_rotated_again_but_its_successor_is(app: App) -> None:
    old = minted(app).key
    new, _ = rotated(old)

    with pytest.raises(errors.KeyRotated):
        rotated(old)
    assert rotated(new)


def test_a_revoked_key_is_not_rotated(app: App) -> None:
    key = minted(app).key
    lifecycle.revoke(shell(), key)

    with pytest.raises(errors.KeyRevoked):
        rotated(key)


def test_an_expired_key_is_not_rotated(app: App) -> None:
    with at(NOON):
        key = minted(app, expires_at=NOON + HOUR).key

    with at(NOON + HOUR), pytest.raises(errors.KeyEnded):
        rotated(key)


def test_a_key_whose_grace_is_over_is_not_rotated(app: App) -> None:
    with at(NOON):
        key = minted(app).key
        rotated(key, grace=HOUR)

    with at(NOON + HOUR), pytest.raises(errors.KeyEnded):
        rotated(key)


def test_one_form_makes_one_successor(app: App) -> None:
    old = minted(app).key
    new, _ = rotated(old, idempotency_key="form-1")

    with pytest.raises(errors.AlreadyMinted) as refused:
        rotated(old, idempotency_key="form-1")
    assert refused.value.body()["key_id"] == str(new.id)


def test_a_successor_survives_the_old_key(app: App) -> None:
    old = minted(app).key
    _, secret = rotated(old)
    lifecycle.revoke(shell(), old)

    assert ask(secret).status_code == 200


def test_replaying_the_old_secret_does_not_end_the_successor(app: App) -> None:
    old, old_secret = opened(minted(app))
    _, secret = rotated(old, grace=timedelta(0))
    ask(old_secret)

    assert ask(secret).status_code == 200


# ── derived keys: in place ──────────────────────────────────────────────────────────────────────────


def test_a_derived_key_keeps_its_id_and_changes_its_secret_at_once(app: App) -> None:
    child, old_secret = opened(derived(parent_of(app).key))
    same, new_secret = rotated(child)

    assert (same.id, again(child).generation) == (child.id, 2)
    assert error(ask(old_secret)) == (401, "invalid_key")
    assert ask(new_secret).json()["key_id"] == str(child.id)


def test_a_derived_key_keeps_what_it_may_and_its_end(app: App) -> None:
    child = derived(parent_of(app).key).key
    before = columns(child)
    rotated(child)

    changed = {field for field, value in before.items() if columns(child)[field] != value}
    assert changed == {"prefix", "fingerprint", "digest", "generation"}


def test_its_event_tells_the_generation_and_both_prefixes(app: App) -> None:
    child = derived(parent_of(app).key).key
    was = child.prefix
    rotated(child)

    event = acts(child)[-1]
    assert (event.action, event.changes) == (
        "key.rotate",
        {"prefix": [was, again(child).prefix], "generation": [1, 2]},
    )


def test_a_derived_key_may_be_rotated_over_and_over(app: App) -> None:
    child = derived(parent_of(app).key).key
    rotated(child)
    rotated(child)

    assert said(child) == ["key.derive", "key.rotate", "key.rotate"]


def test_one_form_renews_a_derived_key_once(app: App) -> None:
    child = derived(parent_of(app).key).key
    rotated(child, idempotency_key="form-1")

    with pytest.raises(errors.AlreadyMinted):
        rotated(child, idempotency_key="form-1")
    assert again(child).generation == 2


def test_a_derived_key_gets_no_other_scopes_by_rotation(app: App) -> None:
    child = derived(parent_of(app).key).key

    with pytest.raises(Invalid):
        rotated(child, scopes=parse_scopes(["grants:write"]))
    assert again(child).generation == 1
