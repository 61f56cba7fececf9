"""The compiled matcher of a route map: a trie by segment, immutable and picklable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

from keys.routes.canonical_path import canonical_path
from keys.routes.patterns import ANY, LITERAL, PARAMETER, REST, Route, RouteError, Segment, check_route, shape


class Match(NamedTuple):
    """The route that a request takes, and its parameters, decoded."""

    route: Route
    parameters: Mapping[str, str]


Entry: TypeAlias = tuple[Route, tuple[tuple[int, str, bool], ...]]
"""A route, and its parameters: index of the segment, name, whether it takes the rest."""


class Node:
    """One segment of the trie. Not changed once compiled."""

    __slots__ = ("entries", "literals", "parameter", "rest")

    def __init__(self) -> None:
        self.literals: dict[str, Node] = {}
        self.parameter: Node | None = None
        self.entries: dict[str, Entry] = {}
        self.rest: dict[str, Entry] = {}


@dataclass(frozen=True, slots=True)
class RouteMatcher:
    """What compile_routes() makes of a route map."""

    root: Node

    def match(self, method: str, target: str | bytes) -> Match | None:
        """The most specific route for a method and a request target, or None. Raises AmbiguousPath.

        A route without the method is passed over. Within one pattern a named method comes before ANY; HEAD is read as
        GET unless HEAD is named.
        """
        segments = canonical_path(target)[1:].split("/")
        entry = _find(self.root, method, segments, 0)
        return Match(entry[0], _read(entry[1], segments)) if entry else None


def compile_routes(routes: Iterable[Route]) -> RouteMatcher:
    """The matcher of a route map. Raises RouteError with the row, and both paths where two rows are the same."""
    root = Node()
    for row, route in enumerate(routes):
        try:
            _add(root, route)
        except RouteError as error:
            raise error.at(row) from None
    return RouteMatcher(root)


def _add(root: Node, route: Route) -> None:
    segments = check_route(route)
    node = root
    for kind, text in shape(segments):
        if kind == LITERAL:
            node = node.literals.get(text) or node.literals.setdefault(text, Node())
        elif kind == PARAMETER:
            node.parameter = node = node.parameter or Node()
    entries = node.rest if segments[-1][0] == REST else node.entries
    entry = route, _parameters(segments)
    for method in route.methods:
        if other := entries.get(method):
            message = (
                f"{method} {route.path} matches the same requests as {method} {other[0].path}. Remove one."
            )
            raise RouteError("path_taken", message)
        entries[method] = entry


def _parameters(segments: tuple[Segment, ...]) -> tuple[tuple[int, str, bool], ...]:
    return tuple(
        (index, name, kind == REST) for index, (kind, name) in enumerate(segments) if kind != LITERAL
    )


def _find(node: Node, method: str, segments: list[str], index: int) -> Entry | None:
    """Depth first: literal, parameter, rest. Each node of the trie is seen at most once, so this ends."""
    if index == len(segments):
        return _choose(node.entries, method) if node.entries else None
    segment = segments[index]
    child = node.literals.get(segment)
    if child and (found := _find(child, method, segments, index + 1)):
        return found
    if not segment:
        return None
    if node.parameter and (found := _find(node.parameter, method, segments, index + 1)):
        return found
    return _choose(node.rest, method) if node.rest else None


def _choose(entries: dict[str, Entry], method: str) -> Entry | None:
    found = entries.get(method)
    if found is None and method == "HEAD":
        found = entries.get("GET")
    return found or entries.get(ANY)


def _read(parameters: tuple[tuple[int, str, bool], ...], segments: list[str]) -> Mapping[str, str]:
    values = {name: "/".join(segments[at:]) if rest else segments[at] for at, name, rest in parameters}
    for name, value in values.items():
        if "%" in value:
            values[name] = unquote(value)
    return values
