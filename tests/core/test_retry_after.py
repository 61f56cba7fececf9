"""Retry-After is read whatever number it is: too great a one is the longest wait, and never none."""

from datetime import timedelta

import pytest

from core.retry_after import MAX_RETRY_AFTER, retry_after

pytestmark = pytest.mark.one_engine


def test_a_number_of_any_length_is_a_wait() -> None:
    for text in ("86401", "9" * 10, "9" * 11, "9" * 15, "9" * 16, "9" * 5000, "0" * 5000 + "9" * 20):
        assert retry_after({"retry-after": text}) == MAX_RETRY_AFTER, text[:30]
    for text in ("5", "05", "0" * 16 + "5", "0" * 5000 + "5", " 5 "):
        assert retry_after({"retry-after": text}) == timedelta(seconds=5), text[:30]
    assert retry_after({"retry-after": "0" * 5000}) == timedelta(0)


def test_what_is_no_number_is_passed_over() -> None:
    for text in ("", "-5", "5.5", "+5", "soon", "\u0665", "5 s", "9" * 5000 + "x"):
        assert retry_after({"retry-after": text}) is None, text[:30]
