"""What an act changed: of lists and documents, what came, what went and what stayed."""

from typing import Any

import pytest

from audit.search.differences import differences


def sides(before: Any, after: Any) -> tuple[list[tuple[Any, bool]], list[tuple[Any, bool]]]:
    """Both sides of one change, each thing with whether it stayed."""
    (change,) = differences({"scopes": [before, after]})
    return [tuple(item) for item in change.before], [tuple(item) for item in change.after]


def test_of_a_list_each_item_stays_goes_or_comes() -> None:
    before, after = sides(["grants:read", "keys:read"], ["grants:read", "agents:read"])
    assert before == [("grants:read", True), ("keys:read", False)]
    assert after == [("grants:read", True), ("agents:read", False)]


def test_of_a_document_each_item_under_each_name() -> None:
    before, after = sides({"slack": ["read", "write"]}, {"slack": ["read"], "quiet": True})
    assert before == [("slack: read", True), ("slack: write", False)]
    assert after == [("slack: read", True), ("quiet: True", False)]


@pytest.mark.parametrize(("before", "after"), [(None, "2026-06-01"), ("a", "b"), (1, 2), (None, True)])
def test_a_single_value_is_not_taken_apart(before: Any, after: Any) -> None:
    assert differences({"name": [before, after]})[0].many is False


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_nothing_is_no_thing(nothing: Any) -> None:
    assert sides(nothing, ["a"])[0] == []


def test_what_cannot_be_hashed_is_compared_all_the_same() -> None:
    assert sides([{"a": [1]}], [{"a": [1]}, {"b": 2}])[1] == [({"a": [1]}, True), ({"b": 2}, False)]
