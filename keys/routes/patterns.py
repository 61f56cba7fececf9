"""Path patterns of a route map: `/orders/{id}`, `/files/{path*}`, and the routes that carry them."""

import re
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

from keys.routes.canonical_path import AmbiguousPath, canonical_path

MAX_SEGMENTS = 32
"""Segments of a pattern. A path may have more, where a rest parameter takes them."""
MAX_COST = 10_000
ANY = "ANY"
"""Written for a method: every method."""
LITERAL, PARAMETER, REST = 0, 1, 2
"""Kinds of a segment, most specific first."""

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,39})(\*?)\}")
_METHOD = re.compile(r"[A-Z][A-Z-]{0,19}")
_PLAIN_IN_LITERAL = "!$&'()*+,=:@~-._%"

Segment: TypeAlias = tuple[int, str]
"""Kind, and the literal text or the parameter's name."""


class RouteError(ValueError):
    """A route that cannot be kept. `row` counts from 0; `field` is `path`, `methods` or `cost`; `code` is stable."""

    def __init__(self, code: str, message: str, *, field: str = "path", row: int = 0) -> None:
        self.code, self.message, self.field, self.row = code, message, field, row
        super().__init__(f"Row {row + 1}, {field}: {message}")

    def at(self, row: int) -> "RouteError":
        """The same error, of another row."""
        return type(self)(self.code, self.message, field=self.field, row=row)


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a route map: what a request must hold, and what it costs.

    `methods` are upper case, or `ANY`. Every scope of `all_of` is required, and one of `any_of` where there are some.
    `cost` is in units of the rate limit.
    """

    path: str
    methods: tuple[str, ...] = (ANY,)
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    cost: int = 1


def parse_pattern(text: str) -> tuple[Segment, ...]:
    """The segments of a pattern, `/` being one empty literal. Raises RouteError."""
    if not text.startswith("/"):
        raise RouteError("path_shape", "Begin the path with a slash, as in /orders/{id}.")
    parts = text[1:].split("/")
    if len(parts) > MAX_SEGMENTS:
        raise RouteError("path_segments", f"Write at most {MAX_SEGMENTS} segments.")
    segments = tuple(_segment(part) for part in parts)
    _check_names(segments)
    _check_literals(segments)
    return segments


def check_route(route: Route) -> tuple[Segment, ...]:
    """The segments of the route's pattern. Raises RouteError for its path, methods or cost."""
    if not route.methods or len(set(route.methods)) != len(route.methods):
        raise RouteError("methods_missing", "Name each method once, or write ANY.", field="methods")
    if ANY in route.methods and len(route.methods) > 1:
        raise RouteError("methods_any", "Write ANY alone, or name the methods.", field="methods")
    if not all(_METHOD.fullmatch(method) for method in route.methods):
        raise RouteError("methods_shape", "Write methods in upper case, as in GET.", field="methods")
    if not 0 <= route.cost <= MAX_COST:
        raise RouteError("cost_range", f"Write a cost from 0 to {MAX_COST:,}.", field="cost")
    return parse_pattern(route.path)


def shape(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The segments with their parameters' names left out: two patterns of one shape match the same paths."""
    return tuple((kind, text if kind == LITERAL else "") for kind, text in segments)


def precedence(segments: tuple[Segment, ...]) -> tuple[int, ...]:
    """What patterns that match one path are sorted by, the first being used: kinds, from the left."""
    return tuple(kind for kind, _ in segments)


def _segment(part: str) -> Segment:
    if found := _PARAMETER.fullmatch(part):
        return (REST if found[2] else PARAMETER), found[1]
    if "{" in part or "}" in part:
        raise RouteError("path_parameter", "A parameter is a whole segment: {id}, or {path*} at the end.")
    return LITERAL, part


def _check_names(segments: tuple[Segment, ...]) -> None:
    if any(kind == REST for kind, _ in segments[:-1]):
        raise RouteError("path_rest", "Write a rest parameter such as {path*} last.")
    names = [name for kind, name in segments if kind != LITERAL]
    if len(set(names)) != len(names):
        raise RouteError("path_names", "Give each parameter a name of its own.")


def _check_literals(segments: tuple[Segment, ...]) -> None:
    """Literals are written as they are matched; the sentence says how."""
    plain = "/" + "/".join(text if kind == LITERAL else "x" for kind, text in segments)
    try:
        canonical = canonical_path(plain) if "?" not in plain else ""
    except AmbiguousPath as error:
        proposed = _propose(plain) if error.code == "raw_character" else ""
        hint = f" Write {proposed}." if proposed and len(proposed) < 200 else ""
        raise RouteError("path_" + error.code, f"{error}{hint}") from None
    if canonical != plain:
        message = (
            "Write the path without its query." if "?" in plain else f"Write literals as in {canonical}."
        )
        raise RouteError("path_not_canonical", message)


def _propose(plain: str) -> str:
    return quote(plain, safe="/" + _PLAIN_IN_LITERAL, errors="replace")
