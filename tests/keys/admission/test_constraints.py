"""Headers that narrow one call: what they may say, and that they only ever take away."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.admission import call_errors, constraints
from keys.scopes import ScopeSet
from tests.keys import laws
from tests.keys.laws import law
from tests.scopes import parse_scopes

# ── X-Alter-Scope-Constraints ───────────────────────────────────────────────────────────────────────


def test_no_header_narrows_nothing() -> None:
    assert constraints.parse("") is None


@pytest.mark.parametrize(
    "header, names",
    [
        ("agents:read", ["agents:read"]),
        ("keys:derive,agents:read", ["agents:read", "keys:derive"]),
        ("agents:read,agents:read", ["agents:read"]),
        ("agents:read:a1", ["agents:read:a1"]),
        ("robots:polish", ["robots:polish"]),
    ],
    ids=["one", "several", "one twice", "one instance", "words that no catalogue has"],
)
def test_a_list_of_scopes_is_taken(header: str, names: list[str]) -> None:
    parsed = constraints.parse(header)

    assert parsed
    assert parsed.names() == names


BAD_LISTS = {
    "a wildcard": "*",
    "a wildcard verb": "agents:*",
    "no verb": "agents",
    "an empty entry": "agents:read,",
    "nothing but a comma": ",",
    "a space": "agents:read, keys:derive",
    "a control character": "agents:read\x00",
    "another alphabet": "agents:re\u0430d",
    "upper case": "Agents:read",
    "too many": ",".join(f"agents:read:{n}" for n in range(101)),
    "a key": "agents:read:alter_key_app_" + "A" * 36,
    "very long": "a" * 100_000,
}


@pytest.mark.parametrize("header", BAD_LISTS.values(), ids=BAD_LISTS.keys())
def test_what_is_no_list_of_scopes_is_refused(header: str) -> None:
    with pytest.raises(call_errors.InvalidScopeConstraint):
        constraints.parse(header)


@pytest.mark.parametrize("asked", ["grants:write", "grants:read", "grants:read:a1", "keys:derive"])
def test_what_the_key_holds_narrows_it(asked: str) -> None:
    assert constraints.fault(parse_scopes(["grants:write", "keys:derive"]), parse_scopes([asked])) is None


@pytest.mark.parametrize("asked", ["grants:admin", "agents:read", "audit:emit", "grants:write:b2"])
def test_what_the_key_does_not_hold_is_named(asked: str) -> None:
    fault = constraints.fault(parse_scopes(["grants:write:a1"]), parse_scopes(["grants:read:a1", asked]))

    assert isinstance(fault, call_errors.ConstraintNotNarrowing)
    assert fault.details == {"missing": [asked]}


def test_a_call_that_is_not_narrowed_may_do_what_its_key_may() -> None:
    held = parse_scopes(["grants:write"])

    assert constraints.narrowed(held, None) is held


def test_a_narrowed_call_may_do_what_it_asked_for() -> None:
    held, asked = parse_scopes(["grants:write", "keys:derive"]), parse_scopes(["grants:read"])

    assert constraints.narrowed(held, asked).names() == ["grants:read"]


@law
@given(laws.scope_sets, laws.scope_sets)
def test_no_constraint_makes_a_key_larger(held: ScopeSet, asked: ScopeSet) -> None:
    effective = constraints.narrowed(held, asked)

    assert not held.missing(effective)
    assert not asked.missing(effective)


@law
@given(laws.scope_sets, laws.scope_sets)
def test_a_constraint_passes_if_the_key_covers_every_entry_of_it(held: ScopeSet, asked: ScopeSet) -> None:
    fault = constraints.fault(held, asked)

    assert (fault is None) == all(held.covers(scope) for scope in asked)


@law
@given(laws.scope_sets, laws.scope_sets)
def test_what_passes_holds_as_it_was_asked(held: ScopeSet, asked: ScopeSet) -> None:
    if constraints.fault(held, asked) is None:
        effective = constraints.narrowed(held, asked)

        assert not effective.missing(asked)


@law
@given(st.text(max_size=40) | st.lists(laws.scopes, min_size=1).map(lambda some: ",".join(map(str, some))))
def test_a_header_is_read_or_refused_and_nothing_else(header: str) -> None:
    try:
        parsed = constraints.parse(header)
    except call_errors.InvalidScopeConstraint:
        return
    assert parsed is None or set(str(parsed).split(",")) == set(header.split(","))


# ── X-Alter-Request-Rule ────────────────────────────────────────────────────────────────────────────


def packed(rule: Any) -> str:
    """`rule` as the client writes it."""
    text = rule if isinstance(rule, bytes) else json.dumps(rule, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


RULE = {"rule_type": "json_match", "rule_body": {"when": {"method": "POST"}, "effect": "deny"}}
BOTH_SIGNS = next(
    header
    for n in range(200)
    if {"-", "_"} <= set(header := packed({**RULE, "~?>": chr(160 + n) * n})) and len(header) % 4 == 0
)
"""A rule that base64 and base64url write differently, and that needs no padding."""


@pytest.mark.parametrize(
    "header",
    ["", packed(RULE), packed({**RULE, "more": 1}), BOTH_SIGNS],
    ids=["none", "a rule", "a rule that says more", "one with both signs of base64url"],
)
def test_a_rule_is_taken(header: str) -> None:
    constraints.check_rule(header)


BAD_RULES = {
    "no base64": "%%%",
    "base64 of the other kind": BOTH_SIGNS.replace("-", "+").replace("_", "/"),
    "padded": packed(RULE) + "=",
    "cut off": packed(RULE)[:-3],
    "a space in it": packed(RULE)[:8] + " " + packed(RULE)[8:],
    "no text": packed(b"\xff\xfe"),
    "no JSON": packed(b"rule"),
    "a list": packed([RULE]),
    "no type": packed({"rule_body": {}}),
    "a type that is no string": packed({"rule_type": 1, "rule_body": {}}),
    "no body": packed({"rule_type": "json_match"}),
    "a body that is no object": packed({"rule_type": "json_match", "rule_body": []}),
    "nested without end": packed(b"[" * 3000),
    "too long": packed({**RULE, "more": "x" * 4096}),
    "not ASCII": "\u00e9\u00e9\u00e9\u00e9",
}


@pytest.mark.parametrize("header", BAD_RULES.values(), ids=BAD_RULES.keys())
def test_what_is_no_rule_is_refused(header: str) -> None:
    with pytest.raises(call_errors.InvalidRequestRule):
        constraints.check_rule(header)


def test_a_rule_may_be_4096_characters_long() -> None:
    room = 4096 - len(packed({**RULE, "more": ""}))
    header = packed({**RULE, "more": "x" * (room * 3 // 4)})

    constraints.check_rule(header)
    assert 4090 < len(header) <= 4096


@law
@given(st.text(max_size=60) | st.binary(max_size=60).map(packed))
def test_any_header_is_a_rule_or_refused(header: str) -> None:
    try:
        constraints.check_rule(header)
    except call_errors.InvalidRequestRule:
        return
    assert header == ""
