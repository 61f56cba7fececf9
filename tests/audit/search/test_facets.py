"""The values to narrow a search by, counted among the newest entries alone."""

from collections.abc import Callable
from typing import Any

import pytest

from audit.search import facets as beside
from audit.search.facets import Facets, facets
from audit.search.search import Filters
from audit.templatetags.explorer import capped_number
from core.ids import new_id
from tests.audit.records import APP, KEY, MINUTE, NOON, PREFIX, acted, called

pytestmark = pytest.mark.django_db


def found(**filters: Any) -> Facets:
    return facets(Filters(APP, **filters))


def numbers(name: str, **filters: Any) -> dict[str, int]:
    """The values of one facet, as people call them, and how often each is there."""
    told = [facet for facet in found(**filters).facets if facet.name == name]
    return {value.says: value.number for facet in told for value in facet.values}


def test_an_empty_record_has_no_facets() -> None:
    assert found() == Facets([], capped=False)


def test_outcomes_are_counted() -> None:
    acted(), called(), called(), called(code="ip_not_allowed")
    assert numbers("outcome") == {"Allowed": 2, "Event": 1, "Denied": 1}


def test_actions_are_counted() -> None:
    acted(action="key.mint"), acted(action="key.mint"), acted(action="key.revoke")
    assert numbers("action") == {"key.mint": 2, "key.revoke": 1}


def test_keys_are_counted_over_acts_and_calls() -> None:
    acted(key_id=KEY, key_name="worker"), called(), called(key_id=new_id(), key_name="cron")
    assert numbers("key_id") == {"worker": 2, "cron": 1}


def test_two_keys_of_one_name_are_told_apart() -> None:
    called(), called(), called(key_id=new_id(), key_prefix="alter_key_app_9bRfLw5J")
    assert numbers("key_id") == {"worker x7Kd2mQp": 2, "worker 9bRfLw5J": 1}


def test_a_key_that_was_renamed_is_one_key() -> None:
    called(), called(), called(key_name="older")
    assert numbers("key_id") == {"worker": 3}


def test_why_calls_were_refused_is_counted() -> None:
    called(code="ip_not_allowed", check_failed="address"), called()
    assert numbers("check") == {"IP not allowed": 1}


def test_agents_and_addresses_are_counted() -> None:
    called(agent_id=new_id(), agent_name="pod", ip="203.0.113.7"), called(ip="203.0.113.7")
    assert (numbers("agent"), numbers("ip")) == ({"pod": 1}, {"203.0.113.7": 2})


def test_only_what_matches_is_counted() -> None:
    called(ip="203.0.113.7"), called(ip="203.0.113.8"), called(app_id=new_id(), ip="203.0.113.7")
    assert numbers("outcome", ip="203.0.113.7") == {"Allowed": 1}


def test_a_facet_has_eight_values_at_the_most() -> None:
    for last in range(12):
        called(ip=f"203.0.113.{last}")
    assert len(numbers("ip")) == 8


def test_no_more_than_the_newest_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "MAX_ROWS", 2)
    for minute in range(5):
        called(at=NOON + minute * MINUTE, ip=f"203.0.113.{minute}")
    assert (found().capped, set(numbers("ip"))) == (True, {"203.0.113.4", "203.0.113.3", "203.0.113.2"})


@pytest.mark.parametrize(("number", "says"), [(7, "7"), (1204, "1,204"), (2000, "2,000"), (2001, "2,000+")])
def test_a_number_says_that_there_may_be_more(number: int, says: str) -> None:
    assert capped_number(number) == says


@pytest.mark.parametrize("rows", [1, 40])
def test_all_facets_are_one_look_at_each_table(
    rows: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(rows):
        acted(), called(key_prefix=PREFIX)
    with django_assert_num_queries(2):
        found()
