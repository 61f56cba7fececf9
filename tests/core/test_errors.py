"""Refusals: permanent codes, sentences to act on, and a document that lists exactly them."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError
from django.urls import get_resolver
from psycopg_pool import PoolTimeout

from core.errors import Invalid, NotFound, Refusal, Unavailable, all_refusals, as_refusal
from portal.api.json_responses import InvalidFields

ERRORS = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
assert get_resolver().url_patterns, "the map brings in every face, and with it every refusal"
KINDS = [kind for kind in all_refusals() if not kind.__module__.startswith("tests.")]
TOLD = [kind for kind in KINDS if "code" in vars(kind)]
EVERY_ONE = pytest.mark.parametrize("kind", TOLD, ids=lambda kind: kind.__name__)


def test_a_refusal_without_a_code_is_built_on_or_says_the_same_of_several_values() -> None:
    assert [kind for kind in KINDS if kind not in TOLD and not kind.__subclasses__()] == [InvalidFields]


@EVERY_ONE
def test_a_code_is_a_word_that_programs_can_branch_on(kind: type[Refusal]) -> None:
    assert re.fullmatch(r"[a-z][a-z_]{2,49}", kind.code)


@EVERY_ONE
def test_a_status_says_no(kind: type[Refusal]) -> None:
    assert kind.status in (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503)


@EVERY_ONE
@pytest.mark.parametrize("part", ["message", "hint"])
def test_a_refusal_speaks_in_plain_sentences(kind: type[Refusal], part: str) -> None:
    said = getattr(kind, part)
    assert re.fullmatch(r"[A-Z].*\.", said) or (part == "hint" and not said)
    assert not re.search(r"!|please|sorry|oops|successful", said, re.I)


def test_a_code_and_its_status_mean_one_thing() -> None:
    pairs = Counter((kind.code, kind.status) for kind in TOLD)
    assert [pair for pair, times in pairs.items() if times > 1] == []


def test_the_document_lists_exactly_the_refusals_there_are() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", ERRORS.read_text(), re.M)
    assert sorted((code, int(status)) for code, status in listed) == sorted(
        (kind.code, kind.status) for kind in TOLD
    )


def test_the_body_is_flat() -> None:
    body = NotFound("Gone.", hint="Look elsewhere.", key_id="7").body()
    assert body == {"error": "not_found", "message": "Gone.", "hint": "Look elsewhere.", "key_id": "7"}


def test_a_refusal_without_a_hint_has_none_in_its_body() -> None:
    assert "hint" not in Invalid("name", "Give it a name.").body()


def test_an_invalid_value_names_its_field() -> None:
    assert Invalid("name", "Give it a name.").body()["fields"] == [
        {"field": "name", "message": "Give it a name."}
    ]


@pytest.mark.parametrize("error", [OperationalError("locked"), InterfaceError("gone"), PoolTimeout("full")])
def test_a_lost_database_is_unavailable(error: Exception) -> None:
    assert isinstance(as_refusal(error), Unavailable)


@pytest.mark.parametrize("error", [None, ValueError(), IntegrityError()])
def test_a_mistake_of_ours_is_no_refusal(error: Exception | None) -> None:
    assert as_refusal(error) is None


def test_a_refusal_amounts_to_itself() -> None:
    refusal = NotFound()
    assert as_refusal(refusal) is refusal


def test_a_busy_portal_says_when_to_come_back() -> None:
    assert Unavailable().headers() == {"Retry-After": "2"}
