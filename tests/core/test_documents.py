"""Attached JSON: what may be kept, how much of it, and that equal values are equal texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents import compact, parse_document
from core.errors import Invalid
from tests.keys.laws import law

KEY = "alter_key_app_" + "A" * 36


def nested(depth: int, inside: Any) -> Any:
    """`inside` below `depth` lists, in an object."""
    for _ in range(depth):
        inside = [inside]
    return {"n": inside}


GOOD = {
    "nothing": {},
    "every kind": {"s": "x", "i": -1, "f": 1.5, "t": True, "n": None, "l": [1, "a", {}], "o": {"": ""}},
    "other alphabets": {"\u00e9": "\u4e2d\U0001f511"},
    "control characters": {"n": "a\tb\n\x1b"},
    "a large number": {"n": 10**300},
    "a key's prefix": {"n": KEY[:22]},
}


@pytest.mark.parametrize("document", GOOD.values(), ids=GOOD.keys())
def test_a_document_is_kept_as_it_is(document: dict[str, Any]) -> None:
    assert parse_document(document, "metadata") is document


BAD: dict[str, Any] = {
    "a list": [],
    "text": "{}",
    "nothing": None,
    "a number": 1,
    "NUL": {"n": "a\0b"},
    "NUL in a name": {"a\0b": 1},
    "half a character": {"n": ["\ud83d"]},
    "half a character in a name": {"n": {"\udc00": 1}},
    "a key": {"n": [{"m": f"see {KEY} there"}]},
    "a key as a name": {"n": {KEY: 1}},
    "no number": {"n": float("nan")},
    "a number without end": {"n": [float("inf")]},
}


@pytest.mark.parametrize("document", BAD.values(), ids=BAD.keys())
def test_another_is_refused_at_its_field(document: Any) -> None:
    with pytest.raises(Invalid) as refused:
        parse_document(document, "metadata")
    assert refused.value.field == "metadata"
    assert KEY not in str(refused.value.body())


def test_a_document_may_be_8192_bytes_long() -> None:
    around = len('{"n":""}')

    assert parse_document({"n": "\u00e9" * ((8192 - around) // 2)}, "metadata")
    with pytest.raises(Invalid):
        parse_document({"n": "x" * (8193 - around)}, "metadata")


def test_bytes_are_counted_and_not_characters() -> None:
    with pytest.raises(Invalid):
        parse_document({"n": "\u4e2d" * 3000}, "metadata")


def test_another_length_may_be_asked_for() -> None:
    with pytest.raises(Invalid):
        parse_document({"n": 1}, "scopes", longest=6)


def test_a_document_may_be_twenty_deep() -> None:
    assert parse_document(nested(18, "x"), "metadata")


@pytest.mark.parametrize("inside", ["x", [], {}])
@pytest.mark.parametrize("depth", [21, 5000])
def test_no_document_is_deeper(depth: int, inside: Any) -> None:
    with pytest.raises(Invalid):
        parse_document(nested(depth, inside), "metadata")


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
documents = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@law
@given(documents)
def test_what_is_kept_comes_back_the_same_from_its_text(document: dict[str, Any]) -> None:
    try:
        parse_document(document, "metadata")
    except Invalid:
        return
    assert json.loads(compact(document)) == document


@law
@given(documents)
def test_the_order_of_names_does_not_matter_to_its_text(document: dict[str, Any]) -> None:
    assert compact(dict(reversed(document.items()))) == compact(document)
