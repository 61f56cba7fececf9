"""What the newest calls of a key or an agent tell, from one reading of a bounded number of them."""

from collections.abc import Callable
from typing import Any

import pytest

from audit.search.recent_calls import summarize_calls
from core.ids import new_id
from tests.audit.records import DAY, HOUR, KEY, MINUTE, NOON, called

pytestmark = pytest.mark.django_db
Queries = Callable[[int], Any]


def test_a_caller_is_an_address_and_a_client_counted_and_last_seen() -> None:
    called(ip="203.0.113.7", user_agent="curl/8", at=NOON)
    called(ip="203.0.113.7", user_agent="curl/8", at=NOON + HOUR)
    assert summarize_calls(NOON, key_id=KEY).callers == [("203.0.113.7", "curl/8", 2, NOON + HOUR)]


def test_the_latest_caller_stands_first() -> None:
    for minute, host in enumerate((1, 2, 3)):
        called(ip=f"203.0.113.{host}", at=NOON + MINUTE * minute)
    assert [caller.ip[-1] for caller in summarize_calls(NOON, key_id=KEY).callers] == ["3", "2", "1"]


def test_what_is_called_most_stands_first_with_its_refusals() -> None:
    called(path="/a"), called(path="/b"), called(path="/b", code="ip_not_allowed")
    assert summarize_calls(NOON, key_id=KEY).targets == [("GET", "/b", 2, 1), ("GET", "/a", 1, 0)]


def test_a_reason_leads_to_the_latest_call_that_met_it() -> None:
    called(code="ip_not_allowed", check_failed="address")
    last = called(code="ip_not_allowed", check_failed="address", at=NOON + HOUR)
    assert summarize_calls(NOON, key_id=KEY).reasons == [("address", "ip_not_allowed", 2, last.at, last.id)]


def test_calls_are_allowed_or_refused() -> None:
    called(), called(), called(code="ip_not_allowed")
    told = summarize_calls(NOON, key_id=KEY)
    assert (told.calls, told.allowed, told.denied) == (3, 2, 1)


def test_an_agents_calls_are_told_by_key() -> None:
    agent, other = new_id(), new_id()
    called(agent_id=agent), called(agent_id=agent, key_id=other, key_prefix="alter_key_agent_b"), called()
    assert {used.key_id for used in summarize_calls(NOON, agent_id=agent).keys} == {KEY, other}


def test_what_lies_before_the_moment_is_left_out() -> None:
    called(at=NOON - MINUTE)
    assert summarize_calls(NOON, key_id=KEY).calls == 0


def test_no_more_calls_are_looked_at_than_was_said_and_it_tells_from_when_on() -> None:
    for minute in range(4):
        called(at=NOON + MINUTE * minute)
    told = summarize_calls(NOON, key_id=KEY, most=3)
    assert (told.calls, told.capped_at) == (3, NOON + MINUTE)


def test_when_all_were_looked_at_nothing_is_said_of_it() -> None:
    called(), called()
    assert summarize_calls(NOON, key_id=KEY, most=2).capped_at is None


def test_a_list_is_cut_and_its_length_told() -> None:
    for host in range(4):
        called(ip=f"203.0.113.{host}")
    told = summarize_calls(NOON, key_id=KEY, limit=2)
    assert (len(told.callers), told.callers_in_all) == (2, 4)


@pytest.mark.parametrize("calls", [1, 30])
def test_all_of_it_is_two_queries(calls: int, django_assert_num_queries: Queries) -> None:
    for host in range(calls):
        called(ip=f"203.0.113.{host}", code="ip_not_allowed")
    with django_assert_num_queries(2):
        summarize_calls(NOON - DAY, key_id=KEY)
