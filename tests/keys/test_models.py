"""The rows behind keys: their status by the clock, what SQL itself refuses, and that no save goes unseen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from agents.models import Agent, App
from audit.actors import shell
from audit.change import change
from audit.guard import UnauditedWrite
from audit.models import Event
from core.clock import at
from keys import actions
from keys.models import ApiKey, RateBucket
from keys.plaintext import generate
from tests.factories import minted
from tests.keys.asking import again, opened
from tests.keys.family import derived, parent_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BEFORE, AFTER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
LONG_AGO = NOON - timedelta(days=9)
INSTANT = timedelta(microseconds=1)

STATES: list[tuple[dict[str, Any], str]] = [
    ({}, "active"),
    ({"expires_at": NOON + INSTANT}, "active"),
    ({"deprecated_at": BEFORE}, "deprecated"),
    ({"deprecated_at": BEFORE, "grace_ends_at": NOON + INSTANT}, "rotating"),
    ({"deprecated_at": BEFORE, "grace_ends_at": NOON}, "ended"),
    ({"expires_at": NOON}, "expired"),
    ({"deprecated_at": BEFORE, "expires_at": BEFORE}, "expired"),
    ({"deprecated_at": BEFORE, "grace_ends_at": BEFORE, "expires_at": BEFORE}, "expired"),
    ({"deprecated_at": BEFORE, "grace_ends_at": AFTER, "expires_at": NOON}, "expired"),
    ({"revoked_at": BEFORE}, "revoked"),
    ({"revoked_at": BEFORE, "expires_at": BEFORE}, "revoked"),
    ({"revoked_at": BEFORE, "deprecated_at": BEFORE, "grace_ends_at": BEFORE}, "revoked"),
]


def row(app: App, **columns: Any) -> ApiKey:
    """A key of `app` that has been through no verb, made long ago."""
    secret = generate("app")
    fixed = {"kind": "app", "name": "worker", "prefix": secret.prefix, "digest": secret.digest(), "pepper": 1}
    return ApiKey(app=app, **fixed | {"created_at": LONG_AGO} | columns)


def save(key: ApiKey) -> ApiKey:
    """Save `key` under the record's eyes."""
    with change(shell(), actions.MINT, on=key):
        key.save()
    return key


@pytest.mark.parametrize("dates, status", STATES)
def test_a_status_follows_from_dates(dates: dict[str, Any], status: str) -> None:
    with at(NOON):
        assert ApiKey(**dates).status == status


@pytest.mark.parametrize("dates, status", STATES)
def test_what_lives_is_the_same_to_the_database(app: App, dates: dict[str, Any], status: str) -> None:
    key = save(row(app, **dates))

    with at(NOON):
        assert ApiKey.objects.filter(pk__in=app.keys.active()).exists() == key.is_active
        assert key.is_active == (status in ("active", "deprecated", "rotating"))


def test_keys_of_ones_own_are_those_that_were_not_derived(app: App) -> None:
    parent = parent_of(app).key
    derived(parent)

    assert list(app.keys.own()) == [parent]


IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "a derived key without a parent": {"kind": "derived"},
    "an app key of an agent": {"agent": True},
    "an app key with a parent": {"parent": True},
    "a grace without a deprecation": {"grace_ends_at": AFTER},
    "a rate of none": {"rate_limit_rpm": 0},
    "a rate of too many": {"rate_limit_rpm": 100_001},
    "an end before its beginning": {"expires_at": LONG_AGO},
    "a digest twice": {"digest": True},
    "a form twice": {"idempotency_key": "form-1"},
}


@pytest.mark.parametrize("columns", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_the_database_refuses_what_cannot_be(app: App, agent: Agent, columns: dict[str, Any]) -> None:
    other = minted(app, idempotency_key="form-1").key
    real = {"agent": agent, "parent": other, "digest": other.digest}
    columns = {name: real[name] if value is True else value for name, value in columns.items()}

    with pytest.raises(IntegrityError), transaction.atomic():
        save(row(app, **columns))


def test_a_key_is_not_saved_unseen(app: App) -> None:
    key = minted(app).key
    key.name = "unseen"

    with pytest.raises(UnauditedWrite):
        key.save()
    assert again(key).name == "worker"


def test_a_key_is_not_saved_under_anothers_event(app: App) -> None:
    key, other = minted(app).key, minted(app).key

    with pytest.raises(UnauditedWrite), change(shell(), actions.RENAME, on=other):
        key.save()


def test_a_twin_of_the_row_being_changed_is_not_saved(app: App) -> None:
    key = minted(app).key

    with pytest.raises(UnauditedWrite), change(shell(), actions.RENAME, on=key):
        again(key).save()


@pytest.mark.parametrize("write", ["update", "delete", "bulk_create", "bulk_update"])
def test_keys_are_not_written_in_bulk(app: App, write: str) -> None:
    minted(app)

    with pytest.raises(UnauditedWrite):
        getattr(app.keys.all(), write)()


def test_a_key_is_never_deleted(app: App) -> None:
    with pytest.raises(UnauditedWrite):
        minted(app).key.delete()


def test_nothing_that_knows_a_secret_is_in_an_event(app: App) -> None:
    key, secret = opened(minted(app))

    told = str(Event.objects.filter(key_id=key.id).values())
    assert not [
        hidden
        for hidden in (secret[22:], key.fingerprint, key.digest.hex(), str(key.digest))
        if hidden in told
    ]


def test_a_key_is_called_by_its_name_and_prefix(app: App) -> None:
    key = minted(app, name="worker").key

    assert str(key) == f"worker ({key.prefix})"


def test_a_rate_bucket_says_how_far_it_has_got(app: App) -> None:
    assert str(RateBucket(bucket=app.id, spent_until_us=7)) == f"{app.id} until 7"
