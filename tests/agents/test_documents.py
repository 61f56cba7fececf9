"""What an agent carries: scopes at providers, a policy; and what two sets of scopes have to do with each other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import documents
from agents.documents import Scopes
from core.errors import Invalid
from tests.keys.laws import law

GOOD = {
    "none": {},
    "one": {"google": ["gmail.readonly"]},
    "several": {"google": ["a", "b"], "slack": ["chat:write"]},
    "words of any kind": {"\u00e9": ["https://example.com/auth/x y"]},
}


@pytest.mark.parametrize("scopes", GOOD.values(), ids=GOOD.keys())
def test_scopes_are_taken(scopes: Scopes) -> None:
    assert documents.parse_agent_scopes(scopes) == scopes


def test_a_scope_that_stands_twice_is_kept_once() -> None:
    assert documents.parse_agent_scopes({"google": ["b", "a", "b"]}) == {"google": ["b", "a"]}


BAD: dict[str, Any] = {
    "a list": [],
    "no object": "google",
    "nothing": None,
    "a provider without a name": {"": ["a"]},
    "spaces around a provider": {" google": ["a"]},
    "no scopes": {"google": []},
    "no list": {"google": "a"},
    "an object": {"google": {"a": True}},
    "null": {"google": None},
    "an empty scope": {"google": [""]},
    "spaces around a scope": {"google": ["a\n"]},
    "a number": {"google": [1]},
    "a list in it": {"google": [["a"]]},
    "NUL": {"google": ["a\0b"]},
    "a key": {"google": ["alter_key_app_" + "A" * 36]},
    "too long": {"google": ["x" * 12_288]},
}


@pytest.mark.parametrize("scopes", BAD.values(), ids=BAD.keys())
def test_other_scopes_are_refused(scopes: Any) -> None:
    with pytest.raises(Invalid) as refused:
        documents.parse_agent_scopes(scopes)
    assert refused.value.field == "scopes"


def test_scopes_may_be_12288_bytes_long() -> None:
    around = len('{"google":[""]}')

    assert documents.parse_agent_scopes({"google": ["x" * (12_288 - around)]})
    with pytest.raises(Invalid):
        documents.parse_agent_scopes({"google": ["x" * (12_289 - around)]})


# ── policies ────────────────────────────────────────────────────────────────────────────────────────

PEOPLE = ["one@example.com", "two@example.com"]


def test_who_approves_is_counted_and_not_named() -> None:
    policy = {"note": "n", "requires_approval": {"approvers": PEOPLE, "for": ["gmail.send"]}}

    assert documents.shown_policy(policy) == {
        "note": "n",
        "requires_approval": {"for": ["gmail.send"], "approvers_count": 2},
    }
    assert policy["requires_approval"] == {"approvers": PEOPLE, "for": ["gmail.send"]}


@pytest.mark.parametrize("approvers, count", [([], 0), (PEOPLE[0], 1), ({"mail": PEOPLE[0]}, 1), (None, 1)])
def test_approvers_are_not_named_however_they_are_written(approvers: Any, count: int) -> None:
    shown = documents.shown_policy({"requires_approval": {"approvers": approvers}})

    assert shown == {"requires_approval": {"approvers_count": count}}


@pytest.mark.parametrize(
    "policy", [{}, {"note": "n"}, {"requires_approval": True}, {"requires_approval": {}}]
)
def test_a_policy_without_approvers_is_shown_as_it_is(policy: dict[str, Any]) -> None:
    assert documents.shown_policy(policy) == policy


@pytest.mark.parametrize("policy", [[], "none", {"a\0": 1}, {"n": "x" * 8192}])
def test_what_is_no_policy_is_refused(policy: Any) -> None:
    with pytest.raises(Invalid) as refused:
        documents.parse_policy(policy)
    assert refused.value.field == "policy"


# ── two sets ────────────────────────────────────────────────────────────────────────────────────────

some_scopes = st.dictionaries(
    st.sampled_from(["google", "slack"]), st.lists(st.sampled_from("abc"), min_size=1, max_size=3), max_size=2
).map(documents.parse_agent_scopes)


def pairs(scopes: Scopes) -> set[tuple[str, str]]:
    """Every scope with its provider."""
    return {(provider, scope) for provider, some in scopes.items() for scope in some}


@law
@given(some_scopes, some_scopes)
def test_something_is_lost_if_not_all_is_still_there(old: Scopes, new: Scopes) -> None:
    assert documents.loses(old, new) == (not pairs(old) <= pairs(new))


@law
@given(some_scopes, some_scopes)
def test_two_are_the_same_if_they_allow_the_same(one: Scopes, other: Scopes) -> None:
    assert documents.same(one, other) == (pairs(one) == pairs(other))


@law
@given(some_scopes, some_scopes)
def test_a_union_allows_what_either_does(old: Scopes, new: Scopes) -> None:
    both = documents.union(old, new)

    assert pairs(both) == pairs(old) | pairs(new)
    assert documents.parse_agent_scopes(both) == both


@pytest.mark.parametrize(
    "one, other, same", [(None, None, True), (None, {}, False), ({}, None, False), ({}, {}, True)]
)
def test_no_scopes_and_none_said_are_two_things(one: Scopes | None, other: Scopes | None, same: bool) -> None:
    assert documents.same(one, other) is same
