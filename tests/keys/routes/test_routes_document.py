"""What keys/routes/README.md shows is so."""

import re
from pathlib import Path

import pytest

from keys.routes.canonical_path import REASONS, AmbiguousPath, canonical_path
from keys.routes.matcher import compile_routes
from keys.routes.patterns import Route

TEXT = (Path(__file__).parents[3] / "keys" / "routes" / "README.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading row, without their backticks."""
    table = TEXT.split(heading + "\n", 1)[1].split("\n\n")[0].splitlines()[1:]
    return [re.findall(r"`([^`]+)`", line) for line in table]


def test_each_canonical_form_is_as_shown() -> None:
    for sent, canonical in rows("| sent | canonical |"):
        assert canonical_path(sent) == canonical


def test_each_refused_path_is_refused_and_none_is_left_out() -> None:
    shown = rows("| code | sent, for example |")
    for code, sent in shown:
        with pytest.raises(AmbiguousPath) as refused:
            canonical_path(sent)
        assert refused.value.code == code
    assert {code for code, _ in shown} | {"too_long"} == set(REASONS)


def test_each_pattern_matches_as_shown() -> None:
    for pattern, path, other in rows("| pattern | matches | does not match |"):
        matcher = compile_routes([Route(pattern)])
        assert matcher.match("GET", path), path
        assert matcher.match("GET", other) is None, other


def test_a_broad_route_takes_what_stricter_ones_leave() -> None:
    matcher = compile_routes([Route("/orders"), Route("/{path*}")])
    for path in ("/Orders", "/orders/"):
        found = matcher.match("GET", path)
        assert found and found.route.path == "/{path*}"
