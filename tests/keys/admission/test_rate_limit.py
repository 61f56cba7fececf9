"""The throttle: a minute's allowance may be spent at once, comes back evenly, and a refused call costs nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F

from keys.admission.rate_limit import Allowance, charge, sweep
from keys.models import RateBucket

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BUCKET, OTHER = UUID(int=1), UUID(int=2)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


def spend(calls: int, limit: int, moment: datetime = NOON) -> list[Allowance]:
    return [charge(BUCKET, limit, moment) for _ in range(calls)]


def all_but_one(limit: int) -> None:
    """Leave the bucket as `limit` - 1 calls at noon leave it, without making each of them."""
    charge(BUCKET, limit, NOON)
    noon = int(NOON.timestamp() * 1_000_000)
    RateBucket.objects.update(spent_until_us=noon + (F("spent_until_us") - noon) * (limit - 1))


@pytest.mark.parametrize("limit", [1, 2, 7, 60, 97])
def test_just_the_limit_passes_at_once(limit: int) -> None:
    granted = [allowance.granted for allowance in spend(limit + 2, limit)]

    assert granted == [True] * limit + [False] * 2


@pytest.mark.parametrize("limit", [7747, 45_000, 70_001, 99_999, 100_000])
def test_just_a_large_limit_passes_at_once(limit: int) -> None:
    all_but_one(limit)

    assert [allowance.granted for allowance in spend(2, limit)] == [True, False]


def test_the_calls_that_remain_are_counted_down() -> None:
    assert [allowance.remaining for allowance in spend(5, 3)] == [2, 1, 0, 0, 0]


@pytest.mark.parametrize("limit", [1, 7, 60, 45_000, 100_000])
def test_waiting_as_long_as_told_lets_one_call_through(limit: int) -> None:
    all_but_one(limit)
    refused = spend(2, limit)[-1]

    later = NOON + refused.retry_after * SECOND
    assert (refused.granted, charge(BUCKET, limit, later).granted) == (False, True)


def test_one_call_at_sixty_a_minute_comes_back_each_second() -> None:
    spend(60, 60)

    assert [allowance.granted for allowance in spend(2, 60, NOON + SECOND)] == [True, False]


def test_just_before_it_comes_back_a_call_is_refused() -> None:
    spend(60, 60)

    assert not charge(BUCKET, 60, NOON + SECOND - timedelta(microseconds=1)).granted


def test_a_minute_later_the_whole_allowance_is_back() -> None:
    spend(60, 60)

    assert all(allowance.granted for allowance in spend(60, 60, NOON + timedelta(minutes=1)))


def test_a_refused_call_costs_nothing() -> None:
    spend(60, 60)
    spend(1000, 60)

    assert charge(BUCKET, 60, NOON + SECOND).granted


def test_unused_calls_are_not_saved_up() -> None:
    spend(1, 2)

    granted = [allowance.granted for allowance in spend(3, 2, NOON + timedelta(days=1))]
    assert granted == [True, True, False]


def test_a_clock_that_went_back_does_not_lock_a_key_for_more_than_it_spent() -> None:
    spend(1, 60)

    assert charge(BUCKET, 60, NOON - timedelta(seconds=30)).granted


def test_the_whole_allowance_is_back_at_the_second_it_says() -> None:
    resets_at = datetime.fromtimestamp(spend(60, 60)[-1].resets_at, UTC)

    assert all(allowance.granted for allowance in spend(60, 60, resets_at))


def test_each_bucket_has_an_allowance_of_its_own() -> None:
    spend(60, 60)

    assert charge(OTHER, 60, NOON).granted


def test_a_lowered_limit_holds_from_the_next_call_on() -> None:
    spend(30, 60)

    granted = [allowance.granted for allowance in spend(4, 4)]
    assert granted == [True, True, False, False]


def test_the_headers_are_three_whole_numbers() -> None:
    headers = charge(BUCKET, 60, NOON).headers()

    assert headers == {
        "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "59",
        "X-RateLimit-Reset": str(int(NOON.timestamp()) + 1),
    }


def test_a_bucket_that_nobody_spends_from_is_swept_away_and_as_full_as_before() -> None:
    spend(60, 60)
    charge(OTHER, 60, NOON + timedelta(days=1))

    assert sweep(NOON + timedelta(days=1, minutes=2)) == 1
    assert list(RateBucket.objects.values_list("bucket", flat=True)) == [OTHER]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_calls_at_the_same_moment_never_pass_the_limit() -> None:
    def call(_: int) -> bool:
        try:
            return charge(BUCKET, 25, NOON).granted
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        granted = list(threads.map(call, range(100)))

    assert granted.count(True) == 25
