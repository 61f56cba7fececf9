"""Revoking: at once, for ever, with everything derived, and never an agent's last key by accident."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import Agent, App
from audit.actors import shell
from audit.models import Event
from core.clock import at
from keys import errors, lifecycle
from keys.models import ApiKey
from tests.factories import minted
from tests.keys.asking import acts, again, ask, error, opened, said
from tests.keys.family import derived, parent_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_very_next_call_fails(app: App) -> None:
    key, secret = opened(minted(app))
    assert ask(secret).status_code == 200
    lifecycle.revoke(shell(), key)

    assert error(ask(secret)) == (401, "invalid_key")


def test_an_agents_key_is_told_that_it_is_revoked(app: App, agent: Agent) -> None:
    key, secret = opened(minted(app, agent=agent))
    lifecycle.revoke(shell(), key, force=True)

    assert error(ask(secret)) == (401, "key_revoked")


def test_its_event_tells_when_and_why(app: App) -> None:
    key = minted(app).key
    with at(NOON):
        lifecycle.revoke(shell(), key, reason="found in a public repository")

    event = acts(key)[-1]
    assert (event.action, event.reason, event.changes, event.facts) == (
        "key.revoke",
        "found in a public repository",
        {"revoked_at": [None, "2026-06-01T12:00:00+00:00"]},
        {},
    )


def test_revoking_again_moves_no_date_and_is_no_event(app: App) -> None:
    key = minted(app).key
    with at(NOON):
        lifecycle.revoke(shell(), key)
    lifecycle.revoke(shell(), key, force=True)

    assert (again(key).revoked_at, said(key)) == (NOON, ["key.mint", "key.revoke"])


@pytest.mark.parametrize("state", ["deprecated", "in grace", "expired"])
def test_a_key_in_any_other_state_can_be_revoked(app: App, state: str) -> None:
    with at(NOON):
        key = minted(app, expires_at=NOON + HOUR if state == "expired" else None).key
        if state == "deprecated":
            lifecycle.deprecate(shell(), key)
        if state == "in grace":
            lifecycle.rotate(shell(), key, grace=2 * HOUR)
    with at(NOON + HOUR):
        lifecycle.revoke(shell(), key)

    assert again(key).status == "revoked"


# ── what was derived ────────────────────────────────────────────────────────────────────────────────


def test_everything_derived_goes_along(app: App) -> None:
    parent = parent_of(app).key
    secrets = [derived(parent).plaintext.take() for _ in range(3)]
    lifecycle.revoke(shell(), parent)

    assert [error(ask(secret)) for secret in secrets] == [(401, "invalid_key")] * 3


def test_each_derived_key_has_an_event_with_the_same_cause_and_reason(app: App) -> None:
    parent = parent_of(app).key
    children = [derived(parent).key for _ in range(3)]
    lifecycle.revoke(shell(), parent, reason="leaked")

    cause = acts(parent)[-1]
    ends = [acts(child)[-1] for child in children]
    assert [(end.action, end.cause_id, end.reason) for end in ends] == [
        ("key.revoke", cause.id, "leaked")
    ] * 3


def test_a_derived_key_that_was_revoked_before_is_left_alone(app: App) -> None:
    parent = parent_of(app).key
    child = derived(parent).key
    with at(NOON):
        lifecycle.revoke(shell(), child)
    lifecycle.revoke(shell(), parent)

    assert (again(child).revoked_at, said(child)) == (NOON, ["key.derive", "key.revoke"])


def test_revoking_a_derived_key_leaves_its_parent_and_its_siblings(app: App) -> None:
    parent, parent_secret = opened(parent_of(app))
    sibling_secret = derived(parent).plaintext.take()
    lifecycle.revoke(shell(), derived(parent).key)

    assert [ask(parent_secret).status_code, ask(sibling_secret).status_code] == [200, 200]


def test_other_keys_are_left_alone(app: App) -> None:
    secret = minted(app).plaintext.take()
    lifecycle.revoke(shell(), minted(app).key)

    assert ask(secret).status_code == 200


# ── the last active key of an agent ─────────────────────────────────────────────────────────────────


def test_an_agents_last_active_key_is_not_revoked(app: App, agent: Agent) -> None:
    key, secret = opened(minted(app, agent=agent))

    with pytest.raises(errors.LastActiveKey):
        lifecycle.revoke(shell(), key)
    assert (ask(secret).status_code, said(key)) == (200, ["key.mint"])


def test_force_revokes_it_and_the_event_says_so(app: App, agent: Agent) -> None:
    key = minted(app, agent=agent).key
    lifecycle.revoke(shell(), key, force=True)

    assert (again(key).status, acts(key)[-1].facts) == ("revoked", {"forced": True})


def test_force_that_was_not_needed_is_not_noted(app: App, agent: Agent) -> None:
    minted(app, agent=agent)
    key = minted(app, agent=agent).key
    lifecycle.revoke(shell(), key, force=True)

    assert acts(key)[-1].facts == {}


def test_with_a_replacement_the_old_key_goes(app: App, agent: Agent) -> None:
    key = minted(app, agent=agent).key
    minted(app, agent=agent)
    lifecycle.revoke(shell(), key)

    assert again(key).status == "revoked"


def other_key(app: App, agent: Agent, state: str) -> ApiKey:
    """Another key of `agent`, made at noon and in `state` an hour later."""
    with at(NOON):
        key = parent_of(app, agent=agent, expires_at=NOON + HOUR if state == "expired" else None).key
        if state == "deprecated":
            lifecycle.deprecate(shell(), key)
        if state == "revoked":
            lifecycle.revoke(shell(), key, force=True)
    return key


@pytest.mark.parametrize("state", ["active", "deprecated"])
def test_another_key_that_works_counts_as_active(app: App, agent: Agent, state: str) -> None:
    other_key(app, agent, state)
    with at(NOON + HOUR):
        lifecycle.revoke(shell(), minted(app, agent=agent).key)


@pytest.mark.parametrize("state", ["expired", "revoked"])
def test_another_key_that_is_dead_does_not(app: App, agent: Agent, state: str) -> None:
    other_key(app, agent, state)
    with at(NOON + HOUR), pytest.raises(errors.LastActiveKey):
        lifecycle.revoke(shell(), minted(app, agent=agent).key)


def test_a_key_past_its_grace_does_not_count(app: App, agent: Agent) -> None:
    with at(NOON):
        successor = lifecycle.rotate(shell(), minted(app, agent=agent).key, grace=HOUR).key

    with at(NOON + HOUR), pytest.raises(errors.LastActiveKey):
        lifecycle.revoke(shell(), successor)


def test_a_key_in_grace_counts(app: App, agent: Agent) -> None:
    with at(NOON):
        successor = lifecycle.rotate(shell(), minted(app, agent=agent).key, grace=HOUR).key
        lifecycle.revoke(shell(), successor)

    assert again(successor).status == "revoked"


def test_derived_keys_do_not_count(app: App, agent: Agent) -> None:
    parent = parent_of(app, agent=agent).key
    derived(parent)

    with pytest.raises(errors.LastActiveKey):
        lifecycle.revoke(shell(), parent)


def test_a_derived_key_is_nobodys_last(app: App, agent: Agent) -> None:
    child = derived(parent_of(app, agent=agent).key).key
    lifecycle.revoke(shell(), child)

    assert again(child).status == "revoked"


def test_keys_of_other_agents_do_not_count(app: App, agent: Agent) -> None:
    minted(app)
    minted(app, kind="agent")

    with pytest.raises(errors.LastActiveKey):
        lifecycle.revoke(shell(), minted(app, agent=agent).key)


def test_an_apps_last_key_is_revoked_without_force(app: App) -> None:
    key = minted(app).key
    lifecycle.revoke(shell(), key)

    assert again(key).status == "revoked"


def test_a_refused_revoke_writes_no_event(app: App, agent: Agent) -> None:
    key = minted(app, agent=agent).key
    before = Event.objects.count()

    with pytest.raises(errors.LastActiveKey):
        lifecycle.revoke(shell(), key, reason="leaked")
    assert Event.objects.count() == before
