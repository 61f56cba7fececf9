"""A JSON schema's type and limits, in words."""

from typing import Any

import pytest

from portal.docs.schemas import Piece, followed, limits, words

STRING, NULL = {"type": "string"}, {"type": "null"}
AGENT = {"$ref": "#/components/schemas/Agent"}


def said(schema: Any) -> str:
    return "".join(piece.says for piece in words(schema))


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({}, "anything"),
        (True, "anything"),
        (STRING, "string"),
        ({"type": "string", "format": "uuid"}, "string (uuid)"),
        ({"anyOf": [NULL, STRING]}, "string or null"),
        ({"type": ["null", "integer"]}, "integer or null"),
        ({"anyOf": [STRING, STRING]}, "string"),
        ({"enum": ["agent", "service"]}, '"agent" or "service"'),
        ({"const": "active", "type": "string"}, '"active"'),
        ({"type": "array"}, "list"),
        ({"type": "array", "items": STRING}, "list of string"),
        ({"type": "array", "items": {"anyOf": [STRING, NULL]}}, "list of (string or null)"),
        ({"type": "object"}, "object"),
        ({"type": "object", "additionalProperties": False}, "object"),
        ({"type": "object", "additionalProperties": True}, "object"),
        (
            {"type": "object", "additionalProperties": {"type": "array", "items": STRING}},
            "map of list of string",
        ),
        ({"oneOf": [AGENT, {"type": "integer"}]}, "Agent or integer"),
        ({"allOf": [AGENT], "description": "who"}, "Agent"),
        ({"type": "array", "items": AGENT}, "list of Agent"),
    ],
)
def test_a_type_in_words(schema: Any, says: str) -> None:
    assert said(schema) == says


def test_a_named_type_leads_to_its_section() -> None:
    assert words({"anyOf": [AGENT, NULL]}) == (Piece("Agent", "type-Agent"), Piece(" or "), Piece("null"))


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({}, ()),
        ({"minLength": 1, "maxLength": 100}, ("1 to 100 characters",)),
        ({"minLength": 1}, ("at least 1 character",)),
        ({"minLength": 0}, ()),
        ({"minLength": 36, "maxLength": 36}, ("36 characters",)),
        ({"minimum": 0}, ("at least 0",)),
        ({"minimum": 1, "maximum": 1000}, ("1 to 1000",)),
        ({"exclusiveMinimum": 0, "maximum": 9}, ("at most 9", "more than 0")),
        ({"exclusiveMaximum": 9, "multipleOf": 2}, ("less than 9", "a multiple of 2")),
        ({"pattern": "^a"}, ("matches ^a",)),
        ({"maxItems": 50, "uniqueItems": True}, ("at most 50 items", "no item twice")),
        ({"maxItems": 3, "items": {"maxLength": 9}}, ("at most 3 items", "each at most 9 characters")),
        ({"maxProperties": 16}, ("at most 16 entries",)),
        ({"additionalProperties": {"maxLength": 9}}, ("each at most 9 characters",)),
        ({"additionalProperties": True}, ()),
        ({"anyOf": [{"type": "string", "maxLength": 9}, NULL]}, ("at most 9 characters",)),
        ({"anyOf": [{"maxLength": 9}, {"maximum": 9}]}, ()),
    ],
)
def test_limits_in_words(schema: Any, says: tuple[str, ...]) -> None:
    assert limits(schema) == says


def test_a_reference_is_followed_to_what_it_stands_for() -> None:
    document = {"components": {"a": {"$ref": "#/components/b~1c"}, "b/c": STRING}}
    assert followed(document, {"$ref": "#/components/a", "description": "mine"}) == STRING | {
        "description": "mine"
    }


def test_references_in_a_circle_end() -> None:
    document = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}
    assert followed(document, {"$ref": "#/a"})
