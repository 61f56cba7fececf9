"""Nonces: each passes once for its key, and is forgotten when no signature could use it again."""

from datetime import UTC, datetime, timedelta

import pytest

from core.ids import new_id
from keys.admission import nonces
from keys.admission.signatures import SKEW
from keys.models import Nonce

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY, OTHER, NONCE = new_id(), new_id(), "000102030405060708090a0b0c0d0e0f"


def test_a_nonce_passes_once() -> None:
    assert [nonces.spend(KEY, NONCE, NOON) for _ in range(3)] == [True, False, False]


def test_another_nonce_of_the_key_passes() -> None:
    nonces.spend(KEY, NONCE, NOON)

    assert nonces.spend(KEY, NONCE[:-1] + "e", NOON)


def test_another_key_may_use_the_nonce() -> None:
    nonces.spend(KEY, NONCE, NOON)

    assert nonces.spend(OTHER, NONCE, NOON)


def test_nonces_that_differ_in_case_are_two() -> None:
    nonces.spend(KEY, NONCE, NOON)

    assert nonces.spend(KEY, NONCE.upper(), NOON)


@pytest.mark.parametrize("nonce", ["a" * 16, "Z" * 128, "_-" * 8])
def test_the_shortest_and_the_longest_are_kept_whole(nonce: str) -> None:
    nonces.spend(KEY, nonce, NOON)

    assert Nonce.objects.get().id == f"{KEY.hex}:{nonce}"


def test_a_nonce_is_kept_for_a_quarter_of_an_hour() -> None:
    nonces.spend(KEY, NONCE, NOON)

    nonces.sweep(NOON + nonces.RETENTION)
    assert not nonces.spend(KEY, NONCE, NOON + nonces.RETENTION)


def test_and_is_then_forgotten() -> None:
    nonces.spend(KEY, NONCE, NOON)
    nonces.spend(OTHER, NONCE, NOON + nonces.RETENTION)

    nonces.sweep(NOON + nonces.RETENTION + timedelta(microseconds=1))
    assert [nonce.seen_at for nonce in Nonce.objects.all()] == [NOON + nonces.RETENTION]


def test_no_signature_can_outlive_the_memory_of_its_nonce() -> None:
    assert timedelta(seconds=2 * SKEW) < nonces.RETENTION


def test_a_sweep_says_how_many_it_forgot() -> None:
    nonces.spend(KEY, NONCE, NOON)

    assert [nonces.sweep(NOON + timedelta(hours=1)) for _ in range(2)] == [1, 0]
