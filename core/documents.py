"""Validates JSON objects from users: depth, size, numbers, and no API keys in them."""

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

from core.errors import Invalid
from keyformat.redaction import redact

MAX_DEPTH = 20
METADATA_BYTES = 8192


def parse_document(value: Any, field: str, longest: int = METADATA_BYTES) -> dict[str, Any]:
    """A JSON object of at most `longest` bytes, written compactly in UTF-8. Raises Invalid.

    Refused are keys in it, characters that are no text, and numbers that JSON does not know.
    """
    if not isinstance(value, dict):
        raise Invalid(field, "Send a JSON object.")
    for leaf, depth in _leaves(value):
        if depth > MAX_DEPTH:
            raise Invalid(field, f"Nest it at most {MAX_DEPTH} deep.")
        _check(leaf, field)
    size = len(compact(value).encode())
    if size > longest:
        raise Invalid(field, f"Use at most {longest:,} bytes; this has {size:,}.")
    return value


def compact(value: Any) -> str:
    """`value` as JSON without spaces, its keys sorted: equal values are equal texts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _leaves(value: Any) -> Iterator[tuple[Any, int]]:
    """Every name and plain value in `value`, with its depth. Goes no deeper than it must."""
    waiting = [(value, 0)]
    while waiting:
        here, depth = waiting.pop()
        if depth > MAX_DEPTH or not isinstance(here, dict | list):
            yield here, depth
        elif isinstance(here, dict):
            yield from ((name, depth) for name in here)
            waiting += [(inner, depth + 1) for inner in here.values()]
        else:
            waiting += [(inner, depth + 1) for inner in here]


def _check(leaf: Any, field: str) -> None:
    if isinstance(leaf, float) and not isfinite(leaf):
        raise Invalid(field, "Write numbers that JSON knows.")
    if not isinstance(leaf, str):
        return
    if "\0" in leaf or any("\ud800" <= character <= "\udfff" for character in leaf):
        raise Invalid(field, "Leave out NUL and broken characters.")
    if redact(leaf) != leaf:
        raise Invalid(field, "There is a key in it. Its secret belongs in a secret manager, never here.")
