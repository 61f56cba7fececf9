"""The language of scopes: what is no scope, and the laws that make "narrower" mean something."""

import pytest
from hypothesis import given

from keys.catalogue.builtin import AGENT_DEFAULT, LEVELS
from keys.errors import InvalidScope, UnknownScope
from keys.plaintext import generate
from keys.scopes import Scope, ScopeSet
from tests.keys import laws
from tests.keys.laws import law
from tests.scopes import everything, parse_scope, parse_scopes, stored_scopes

MALFORMED = {
    "nothing": "",
    "one word": "agents",
    "no verb": "agents:",
    "no resource": ":read",
    "everything": "*",
    "every verb": "agents:*",
    "every resource": "*:read",
    "every instance": "agents:read:*",
    "a comma": "agents:read,keys:read",
    "a space": "agents: read",
    "a NUL": "agents:read\0",
    "a line feed": "agents:read\n",
    "an instance with a NUL": "agents:read:a\0",
    "an instance with a line feed": "agents:read:a\nb",
    "an empty instance": "agents:read:",
    "two instances": "agents:read:a:b",
    "capitals": "Agents:Read",
    "a Cyrillic a": "\u0430gents:read",
    "a full-width colon": "agents\uff1aread",
    "a zero-width space": "agents\u200b:read",
    "a full-width instance": "agents:read:\uff41",
    "a long resource": "a" * 41 + ":read",
    "a long instance": "agents:read:" + "a" * 129,
}
UNKNOWN = ["users:read", "agents:delete", "agents:derive", "tokens:read", "keys:initiate", "connect:create"]


def scope(text: str) -> Scope:
    return parse_scope(text)


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_scope_is_refused(text: str) -> None:
    with pytest.raises(InvalidScope):
        parse_scope(text)


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_scope_outside_the_catalogue_is_refused(text: str) -> None:
    with pytest.raises(UnknownScope):
        parse_scope(text)


def test_a_key_is_no_instance() -> None:
    with pytest.raises(InvalidScope) as refused:
        parse_scope(f"grants:read:{(secret := generate('app').take())}")

    assert secret[22:] not in str(refused.value.body())


@pytest.mark.parametrize(
    "text", ["agents:read", "keys:derive", "agents:write:agt_1.2~3@x+y=z/w-", "proxy:execute:p1"]
)
def test_a_scope_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_scope(text)) == text


def test_every_scope_of_the_catalogue_can_be_given() -> None:
    wanted = {*everything(), *AGENT_DEFAULT}

    assert set(parse_scopes(wanted).names()) == wanted


def test_a_set_needs_a_scope() -> None:
    with pytest.raises(InvalidScope):
        parse_scopes([])


def test_a_set_holds_at_most_a_hundred_scopes() -> None:
    with pytest.raises(InvalidScope):
        parse_scopes(f"agents:read:a{number}" for number in range(101))


def test_a_hundred_scopes_are_taken() -> None:
    assert len(parse_scopes(f"agents:read:a{number}" for number in range(100)).scopes) == 100


def test_a_set_is_sorted_and_holds_each_scope_once() -> None:
    assert parse_scopes(["keys:read", "agents:read ", "keys:read"]).names() == ["agents:read", "keys:read"]


@pytest.mark.parametrize("higher, lower", [("admin", "write"), ("admin", "read"), ("write", "read")])
def test_a_higher_tier_covers_a_lower_one_and_not_the_other_way_round(higher: str, lower: str) -> None:
    above, below = scope(f"agents:{higher}"), scope(f"agents:{lower}")

    assert above.covers(below)
    assert not below.covers(above)


@pytest.mark.parametrize("tier", LEVELS)
def test_no_tier_covers_an_action_and_no_action_a_tier(tier: str) -> None:
    tiered, derive = scope(f"keys:{tier}"), scope("keys:derive")

    assert not tiered.covers(derive)
    assert not derive.covers(tiered)


def test_a_scope_covers_nothing_of_another_resource() -> None:
    assert not scope("agents:admin").covers(scope("keys:read"))


@pytest.mark.parametrize(
    "held, wanted, covered",
    [
        ("agents:read", "agents:read:a1", True),
        ("agents:admin", "agents:read:a1", True),
        ("agents:read:a1", "agents:read:a1", True),
        ("agents:read:a1", "agents:read:a2", False),
        ("agents:admin:a1", "agents:read", False),
        ("keys:derive", "keys:derive:k1", True),
        ("keys:derive:k1", "keys:derive", False),
    ],
)
def test_an_instance_is_covered_by_itself_and_by_every_instance(
    held: str, wanted: str, covered: bool
) -> None:
    assert scope(held).covers(scope(wanted)) == covered


@law
@given(laws.scopes)
def test_a_scope_covers_itself(one: Scope) -> None:
    assert one.covers(one)


@law
@given(laws.scopes, laws.scopes, laws.scopes)
def test_covering_is_transitive(one: Scope, two: Scope, three: Scope) -> None:
    assert not (one.covers(two) and two.covers(three)) or one.covers(three)


@law
@given(laws.scopes, laws.scopes)
def test_two_scopes_that_cover_each_other_are_the_same(one: Scope, two: Scope) -> None:
    assert (one.covers(two) and two.covers(one)) == (one == two)


@law
@given(laws.scopes, laws.scopes)
def test_both_scopes_cover_their_meet(one: Scope, two: Scope) -> None:
    meet = one.meet(two)

    assert meet is None or (one.covers(meet) and two.covers(meet))


@law
@given(laws.scopes, laws.scopes, laws.scopes)
def test_the_meet_covers_whatever_both_scopes_cover(one: Scope, two: Scope, third: Scope) -> None:
    meet = one.meet(two)

    assert (one.covers(third) and two.covers(third)) == bool(meet and meet.covers(third))


@law
@given(laws.scopes, laws.scopes)
def test_the_meet_is_the_same_either_way_round(one: Scope, two: Scope) -> None:
    assert one.meet(two) == two.meet(one)


@law
@given(laws.scope_sets, laws.scope_sets, laws.scopes)
def test_the_meet_of_sets_covers_just_what_both_cover(one: ScopeSet, two: ScopeSet, third: Scope) -> None:
    assert one.meet(two).covers(third) == (one.covers(third) and two.covers(third))


@law
@given(laws.scope_sets, laws.scope_sets)
def test_nothing_is_missing_just_when_every_scope_is_covered(held: ScopeSet, wanted: ScopeSet) -> None:
    assert bool(held.missing(wanted)) != all(held.covers(one) for one in wanted)


@law
@given(laws.scope_sets, laws.scope_sets)
def test_the_meet_lacks_nothing_of_a_subset(held: ScopeSet, wanted: ScopeSet) -> None:
    assert bool(held.missing(wanted)) == bool(held.meet(wanted).missing(wanted))


@law
@given(laws.scope_sets)
def test_a_set_is_stored_and_read_unchanged(some: ScopeSet) -> None:
    assert stored_scopes(some.names()) == some
