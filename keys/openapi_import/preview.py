"""What importing an OpenAPI document would change in a scope catalogue and a route map."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from keys.openapi_import.reader import ApiDescription, DescribedRoute
from keys.openapi_import.scope_names import propose_name
from keys.routes.patterns import Route, RouteError, check_route, shape

Key = TypeVar("Key")
Value = TypeVar("Value")
Changes = tuple[tuple[Key, ...], tuple[Key, ...], tuple[Key, ...]]


@dataclass(frozen=True, slots=True)
class Existing:
    """What an app has now: scopes with their sentences, and its route map."""

    scopes: Mapping[str, str]
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """Names of scopes, and routes of one method each. `changed` are as they would be, `removed` as they are."""

    scopes_added: tuple[str, ...]
    scopes_changed: tuple[str, ...]
    scopes_removed: tuple[str, ...]
    routes_added: tuple[Route, ...]
    routes_changed: tuple[Route, ...]
    routes_removed: tuple[Route, ...]
    renamed_scopes: Mapping[str, str]
    """Scopes that cannot be kept as written, and the names proposed; empty where none is."""
    refused_routes: tuple[tuple[DescribedRoute, str], ...]
    """Operations that cannot be kept, each with a sentence."""
    open_routes: tuple[Route, ...]
    """Routes that need no scope, because the document names none or lets one alternative go without."""


def proposal(description: ApiDescription, existing: Existing) -> ImportPreview:
    """What would change. Raises nothing: what cannot be kept is listed."""
    used = {scope for route in description.routes for rule in route.security for scope in rule}
    names = {name: propose_name(name) for name in sorted(used | set(description.scopes))}
    scopes: dict[str, str] = {}
    for name, kept in names.items():
        if kept:
            scopes[kept] = scopes.get(kept) or description.scopes.get(name, "")
    routes, refused = _routes(description, names)
    before = {_key(one): one for route in existing.routes for one in _split(route)}
    scope_changes = _compare(existing.scopes, scopes, lambda old, new: old == new)
    added, changed, removed = _compare(before, routes, _same_rule)
    return ImportPreview(
        *scope_changes,
        tuple(routes[key] for key in added),
        tuple(routes[key] for key in changed),
        tuple(before[key] for key in removed),
        {name: kept for name, kept in names.items() if name != kept},
        tuple(refused),
        tuple(route for route in routes.values() if not route.all_of and not route.any_of),
    )


def _routes(
    description: ApiDescription, names: Mapping[str, str]
) -> tuple[dict[object, Route], list[tuple[DescribedRoute, str]]]:
    kept: dict[object, Route] = {}
    refused: list[tuple[DescribedRoute, str]] = []
    for described in description.routes:
        for base in description.base_paths or ("",):
            try:
                route = _route(described, base, names)
                if other := kept.get(_key(route)):
                    raise RouteError("path_taken", f"It matches the same requests as {other.path}.")
                kept[_key(route)] = route
            except RouteError as error:
                refused.append((described, error.message))
    return kept, refused


def _route(described: DescribedRoute, base: str, names: Mapping[str, str]) -> Route:
    rules = [{names[scope] for scope in rule} for rule in described.security]
    if any("" in rule for rule in rules):
        raise RouteError("scope_name", "Name its scopes as resource:verb first.", field="scopes")
    shared = set.intersection(*rules) if rules else set()
    rest = [rule - shared for rule in rules]
    if all(rest) and any(len(rule) > 1 for rule in rest):
        raise RouteError(
            "scope_rule", "Write its scopes by hand: all of some, and any of others.", field="scopes"
        )
    any_of = sorted(set().union(*rest)) if rest and all(rest) else []
    route = Route(base + described.path, (described.method,), tuple(sorted(shared)), tuple(any_of))
    check_route(route)
    return route


def _split(route: Route) -> list[Route]:
    return [Route(route.path, (method,), route.all_of, route.any_of, route.cost) for method in route.methods]


def _key(route: Route) -> object:
    return route.methods[0], shape(check_route(route))


def _same_rule(old: Route, new: Route) -> bool:
    """A document knows no costs, so they do not differ."""
    return (sorted(old.all_of), sorted(old.any_of)) == (sorted(new.all_of), sorted(new.any_of))


def _compare(
    old: Mapping[Key, Value], new: Mapping[Key, Value], same: Callable[[Value, Value], bool]
) -> Changes[Key]:
    changed = tuple(key for key in new if key in old and not same(old[key], new[key]))
    return tuple(key for key in new if key not in old), changed, tuple(key for key in old if key not in new)
