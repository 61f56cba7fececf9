"""A lint of both OpenAPI documents: everything that can be asked is named, described, and told once."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from audit.export.exporter import FORMATS
from portal.api import management, runtime_routes
from tests.api.lines import PERMISSION

DOCUMENTS = {
    name: json.loads(json.dumps(told))
    for name, told in (("api", management.openapi()), ("sdk", runtime_routes.openapi()))
}
EACH = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
Json = dict[str, Any]


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, place in document["paths"].items():
        yield from ((f"{method} {path}", operation) for method, operation in place.items())


def schemas(document: Json) -> Json:
    told: Json = document["components"]["schemas"]
    return told


@EACH
def test_it_is_openapi_with_a_title_and_words(document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] and document["info"]["version"] and document["info"]["description"]


@EACH
def test_every_operation_has_a_summary_a_description_and_a_tag(document: Json) -> None:
    lacking = [
        where
        for where, operation in operations(document)
        if not (operation.get("summary") and operation.get("description") and operation.get("tags"))
    ]
    assert lacking == []


@EACH
def test_no_two_operations_have_one_id(document: Json) -> None:
    ids = Counter(operation["operationId"] for _, operation in operations(document))
    assert [name for name, times in ids.items() if times > 1] == []


@EACH
def test_every_operation_says_what_it_takes_to_be_let_in(document: Json) -> None:
    word = "x-alter-permission" if document is DOCUMENTS["api"] else "x-alter-scope"
    assert [where for where, operation in operations(document) if word not in operation] == []


@EACH
def test_every_name_in_an_address_is_a_parameter(document: Json) -> None:
    for where, operation in operations(document):
        named = [part[1:-1] for part in where.split("/") if part.startswith("{")]
        told = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
        assert sorted(told) == sorted(named), where


def test_every_parameter_is_described() -> None:
    lacking = [
        (where, one["name"])
        for where, operation in operations(DOCUMENTS["api"])
        for one in operation["parameters"]
        if not (one.get("description") or one["schema"].get("description"))
    ]
    assert lacking == []


@EACH
def test_every_address_parameter_is_described(document: Json) -> None:
    lacking = [
        (where, one["name"])
        for where, operation in operations(document)
        for one in operation["parameters"]
        if one["in"] == "path" and not one.get("description")
    ]
    assert lacking == []


@EACH
def test_every_type_and_every_field_is_described(document: Json) -> None:
    nameless = [name for name, schema in schemas(document).items() if not schema.get("description")]
    lacking = [
        f"{name}.{field}"
        for name, schema in schemas(document).items()
        for field, told in schema.get("properties", {}).items()
        if not told.get("description")
    ]
    assert (nameless, lacking) == ([], [])


@EACH
def test_a_description_is_a_sentence_in_plain_words(document: Json) -> None:
    told = [
        field["description"]
        for schema in schemas(document).values()
        for field in schema.get("properties", {}).values()
    ]
    assert [one for one in told if not one.endswith(".") or "!" in one] == []


@EACH
def test_every_reference_leads_somewhere(document: Json) -> None:
    def refs(piece: Any) -> Iterator[str]:
        if isinstance(piece, dict):
            yield from ([piece["$ref"]] if "$ref" in piece else [])
            yield from (ref for inner in piece.values() for ref in refs(inner))
        elif isinstance(piece, list):
            yield from (ref for inner in piece for ref in refs(inner))

    names = {f"#/components/schemas/{name}" for name in schemas(document)}
    assert set(refs(document)) <= names


@EACH
def test_every_refusal_is_told_as_the_one_shape(document: Json) -> None:
    for where, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Error"), where


def test_everything_but_signing_in_needs_a_token() -> None:
    without = [where for where, operation in operations(DOCUMENTS["api"]) if not operation.get("security")]
    assert without == ["post /api/v1/token"]


def test_the_document_is_the_whole_map() -> None:
    assert len(list(operations(DOCUMENTS["api"]))) == len(PERMISSION) + 1


def test_an_export_is_told_by_the_types_it_comes_in() -> None:
    told = DOCUMENTS["api"]["paths"]["/api/v1/apps/{app_id}/audit/export"]["get"]["responses"]
    assert set(told["200"]["content"]) == {shape.media for shape in FORMATS.values()}
