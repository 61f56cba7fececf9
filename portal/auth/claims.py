"""What an identity provider says of a person: read for what it is, whatever JSON it comes as. Imports no Django."""

import json
import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 20
MAX_SHOWN = 40


class NotAnObject(ValueError):
    """What was to be a JSON object is something else; the message says what, in words."""


def parse_object(body: bytes | str) -> dict[str, Any]:
    """The JSON object in `body`, fit to be stored. Raises NotAnObject."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        start = body[:MAX_SHOWN].decode(errors="replace") if isinstance(body, bytes) else body[:MAX_SHOWN]
        is_page = start.lstrip().startswith("<")
        raise NotAnObject(
            "empty" if not start.strip() else "an HTML page" if is_page else "not JSON"
        ) from None
    if not isinstance(value, dict):
        raise NotAnObject(f"{described(value)}, not an object")
    cleaned: dict[str, Any] = sanitize(value)
    return cleaned


def sanitize(value: Any, depth: int = 0) -> Any:
    """`value` without what a database cannot keep: NUL, half characters, numbers that are none, endless nesting."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="ignore").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if depth >= MAX_DEPTH and isinstance(value, dict | list):
        return None
    if isinstance(value, dict):
        return {sanitize(str(name)): sanitize(item, depth + 1) for name, item in value.items()}
    return [sanitize(item, depth + 1) for item in value] if isinstance(value, list) else value


def described(claim: Any) -> str:
    """What a claim is, in words for whoever sets up the provider: `missing`, `the text “yes”`, `the number 1`."""
    if claim is None:
        return "missing"
    if isinstance(claim, bool):
        return "true" if claim else "false"
    if isinstance(claim, str):
        return f"the text “{claim[:MAX_SHOWN]}”" if claim.strip() else "empty"
    if isinstance(claim, int | float):
        return f"the number {str(claim)[:MAX_SHOWN]}"
    if isinstance(claim, list):
        return "an empty list" if not claim else "a list"
    return "an object" if isinstance(claim, Mapping) else "of an unknown type"


def is_true(claim: Any) -> bool:
    """Whether a claim says yes: `true`, or exactly the text "true", as some providers have it. Nothing else does."""
    return claim is True or (isinstance(claim, str) and claim == "true")


def text_of(claim: Any) -> str:
    """A claim that is text; nothing for any other."""
    return claim if isinstance(claim, str) else ""


def values_of(claim: Any) -> list[str]:
    """A claim of one text or of a list of them. Numbers count as their digits; objects are nobody's group."""
    values = claim if isinstance(claim, list) else [claim]
    return [text for value in values if (text := _value(value))]


def seconds_of(claim: Any) -> float | None:
    """A moment in seconds, as a number or as its digits. None: the claim is missing. What is no moment is long past."""
    if claim is None:
        return None
    text = str(claim).strip() if isinstance(claim, str | int | float) and not isinstance(claim, bool) else ""
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def _value(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_of(value)
