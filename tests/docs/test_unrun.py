"""What documents say and no test runs: blocks that say why, and commands, addresses and operations named in passing."""

import re
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve

from portal.api import management, runtime_routes
from portal.docs.guides import GUIDES
from tests.docs.markdown import DOCUMENTS, ROOT, blocks, prose
from tests.docs.unrun import REASONS, in_prose, known, wrong_with

EVERY_DOCUMENT = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
pytestmark = pytest.mark.one_engine


@EVERY_DOCUMENT
def test_a_block_that_is_not_run_says_why_and_holds_as_far_as_it_can_be_known(document: Path) -> None:
    unrun = [block for block in blocks(document) if block.not_run]
    assert not [f"{block.place}: {wrong}" for block in unrun for wrong in wrong_with(block)]


def test_no_reason_is_left_over() -> None:
    given = {block.not_run for document in DOCUMENTS for block in blocks(document)}
    assert given - {""} == set(REASONS)


@EVERY_DOCUMENT
def test_commands_named_in_prose_are_there(document: Path) -> None:
    wrong = [f"`{line}`: {why}" for line in in_prose(prose(document)) for why in known(line)]
    assert not wrong


@EVERY_DOCUMENT
def test_a_command_of_the_portal_says_which_python_runs_it(document: Path) -> None:
    if document.name == "SECURITY.md":  # tells what to run, not how
        return
    bare = [
        line for line in in_prose(prose(document)) if re.match(r"manage\.py \w+ --|python -m audit", line)
    ]
    assert not bare


@EVERY_DOCUMENT
def test_addresses_of_the_portal_named_in_prose_are_there(document: Path) -> None:
    named = set(
        re.findall(
            r"`(?:GET |POST )?(/(?:account|docs|leaks|api/v1|join|healthz|verify|witness)[\w./-]*)`",
            prose(document),
        )
    )
    pages = [line.split()[1] for line in (ROOT / "tests/access/pages.txt").read_text().splitlines()[3:]]
    missing = []
    for path in named - {"/api/v1", "/join/"}:
        try:
            resolve(path)
        except Resolver404:  # or all below it are meant
            missing += [] if any(page.startswith(path[1:]) for page in pages) else [path]
    assert not missing


def operations() -> set[tuple[str, str]]:
    """Every operation of both APIs: its method, and its path with a star in the place of each name."""
    return {
        (method.upper(), re.sub(r"\{\w+\}", "*", path))
        for document in (management.openapi(), runtime_routes.openapi())
        for path, methods in document["paths"].items()
        for method in methods
    }


@EVERY_DOCUMENT
def test_operations_named_in_prose_are_in_the_openapi_documents(document: Path) -> None:
    named = re.findall(r"`(GET|POST|PATCH|PUT|DELETE) (/api/v1|/sdk|…)(/[^`?\s]*)", prose(document))
    known_operations = operations()
    for method, base, rest in named:
        path = re.sub(r"\{\w+\}", "*", rest)
        ends = path if base == "…" else base + path
        assert any(
            method == one and (there.endswith(ends) if base == "…" else there == ends)
            for one, there in known_operations
        ), f"{method} {base}{rest}"


def test_every_guide_of_a_user_has_a_page() -> None:
    pages = {guide.file for guide in GUIDES}
    told = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert told - pages == {"architecture.md"}  # for who changes the portal
