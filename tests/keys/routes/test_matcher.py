"""A request takes the most specific route, as a plain reference finds it that tries every pattern."""

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.routes.canonical_path import AmbiguousPath
from keys.routes.matcher import Match, compile_routes
from keys.routes.patterns import (
    ANY,
    LITERAL,
    MAX_COST,
    MAX_SEGMENTS,
    PARAMETER,
    Route,
    RouteError,
    parse_pattern,
    precedence,
    shape,
)

SEGMENTS = st.sampled_from(["a", "b", "{x}"])
PATTERNS = st.builds(
    lambda parts, last: "/" + "/".join([*(p.replace("x", f"x{i}") for i, p in enumerate(parts)), last]),
    st.lists(SEGMENTS, max_size=3),
    st.sampled_from(["", "a", "b", "{y}", "{y*}"]),
)
METHODS = st.sampled_from([("GET",), ("HEAD",), ("POST",), ("GET", "POST"), (ANY,)])
ROUTES = st.builds(Route, PATTERNS, METHODS)
PATHS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=5).map(lambda parts: "/" + "/".join(parts))


def refers(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path, written as plainly as can be."""
    segments, parts = parse_pattern(pattern), path[1:].split("/")
    for index, (kind, text) in enumerate(segments):
        if index >= len(parts) or (kind != LITERAL and not parts[index]):
            return False
        if kind == LITERAL and parts[index] != text:
            return False
        if kind not in (LITERAL, PARAMETER):
            return True
    return len(parts) == len(segments)


def reference(routes: list[Route], method: str, path: str) -> Route | None:
    """Every pattern is tried; the first by precedence wins, then the method as it is named."""
    wanted = [method, "GET", ANY] if method == "HEAD" else [method, ANY]
    found = [
        (precedence(parse_pattern(route.path)), rank, route.path)
        for route in routes
        for rank, name in enumerate(wanted)
        if name in route.methods and refers(route.path, path)
    ]
    if not found:
        return None
    _, rank, text = min(found)
    return next(route for route in routes if route.path == text and wanted[rank] in route.methods)


def distinct(routes: list[Route]) -> list[Route]:
    kept: dict[object, Route] = {}
    for route in routes:
        names = [(shape(parse_pattern(route.path)), method) for method in route.methods]
        if not any(name in kept for name in names):
            kept |= dict.fromkeys(names, route)
    return list(dict.fromkeys(kept.values()))


@given(st.lists(ROUTES, max_size=12).map(distinct), st.sampled_from(["GET", "HEAD", "POST", "PUT"]), PATHS)
def test_the_matcher_finds_what_the_definition_says(routes: list[Route], method: str, path: str) -> None:
    found = compile_routes(routes).match(method, path)
    assert (found and found.route) == reference(routes, method, path)
    found = compile_routes(reversed(routes)).match(method, path)
    assert (found and found.route) == reference(routes, method, path), "the order of rows does not matter"


def test_parameters_are_decoded() -> None:
    matcher = compile_routes([Route("/users/{name}/files/{path*}")])
    found = matcher.match("GET", "/users/caf%c3%a9/files/a%20b/c/?x=1")
    assert found and found.parameters == {"name": "café", "path": "a b/c/"}


@pytest.mark.parametrize("path", ["/orders/", "/Orders", "/orders/1/2", "/files", "/files/", "/"])
def test_another_case_or_a_trailing_slash_takes_no_route(path: str) -> None:
    routes = [Route("/orders"), Route("/orders/{id}"), Route("/files/{path*}")]
    assert compile_routes(routes).match("GET", path) is None


def test_a_method_is_matched_letter_by_letter() -> None:
    assert compile_routes([Route("/a", ("GET",))]).match("get", "/a") is None


def test_an_ambiguous_path_is_refused_and_not_matched() -> None:
    with pytest.raises(AmbiguousPath):
        compile_routes([Route("/{path*}")]).match("GET", "/a/..;/admin")


@pytest.mark.parametrize(
    ("route", "code", "field"),
    [
        (Route("orders"), "path_shape", "path"),
        (Route("/a" * (MAX_SEGMENTS + 1)), "path_segments", "path"),
        (Route("/a{id}"), "path_parameter", "path"),
        (Route("/{a*}/b"), "path_rest", "path"),
        (Route("/{a}/{a}"), "path_names", "path"),
        (Route("/a//b"), "path_empty_segment", "path"),
        (Route("/a?b"), "path_not_canonical", "path"),
        (Route("/%40me"), "path_not_canonical", "path"),
        (Route("/a b"), "path_raw_character", "path"),
        (Route("/a", ()), "methods_missing", "methods"),
        (Route("/a", ("GET", "GET")), "methods_missing", "methods"),
        (Route("/a", ("GET", ANY)), "methods_any", "methods"),
        (Route("/a", ("get",)), "methods_shape", "methods"),
        (Route("/a", cost=-1), "cost_range", "cost"),
        (Route("/a", cost=MAX_COST + 1), "cost_range", "cost"),
    ],
)
def test_a_route_that_cannot_be_kept_names_its_row_and_field(route: Route, code: str, field: str) -> None:
    with pytest.raises(RouteError) as refused:
        compile_routes([Route("/first"), route])
    assert (refused.value.code, refused.value.field, refused.value.row) == (code, field, 1)


def test_two_rows_for_the_same_requests_are_refused_with_both_named() -> None:
    routes = [Route("/o/{id}", ("GET",)), Route("/o/{id}", ("POST",)), Route("/o/{number}", ("PUT", "GET"))]
    with pytest.raises(RouteError, match=r"GET /o/\{number\} .* GET /o/\{id\}") as refused:
        compile_routes(routes)
    assert (refused.value.code, refused.value.row) == ("path_taken", 2)


def test_a_matcher_is_kept_as_bytes_and_works_as_before() -> None:
    matcher = compile_routes([Route("/a/{b}", ("GET",)), Route("/" + "x/" * (MAX_SEGMENTS - 1) + "{z}")])
    again = pickle.loads(pickle.dumps(matcher))  # noqa: S301 - its own bytes
    assert again.match("HEAD", "/a/1") == Match(Route("/a/{b}", ("GET",)), {"b": "1"})


def test_many_overlapping_routes_do_not_make_a_match_slow() -> None:
    """Twelve levels of literal or parameter, and a path that fits none at its end."""
    shapes = [[("a", f"{{p{at}}}")[number >> at & 1] for at in range(12)] for number in range(1 << 12)]
    matcher = compile_routes(Route("/" + "/".join(parts) + "/end") for parts in shapes)
    started = time.process_time()
    assert matcher.match("GET", "/a" * 12 + "/other") is None
    assert time.process_time() - started < 0.5
