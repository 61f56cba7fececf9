"""An OpenAPI document as a page tells it: operations, fields, answers and the types they speak of."""

from typing import Any

import pytest

from portal.api import management, runtime_routes
from portal.docs.reference import Operation, read

EACH = pytest.mark.parametrize(
    "openapi", [runtime_routes.openapi(), management.openapi()], ids=["sdk", "api"]
)
STRING = {"type": "string"}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def sent(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def document(*operations: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    """One that has these operations, at /0, /1 and so on."""
    paths = {f"/{at}": {"get": operation} for at, operation in enumerate(operations)}
    return {"openapi": "3.1.0", "info": {}, "paths": paths, "components": {"schemas": schemas}}


def only(operation: dict[str, Any], **schemas: Any) -> Operation:
    """The one operation of a document, as read."""
    return read(document(operation, **schemas)).groups[0].operations[0]


def said(pieces: Any) -> str:
    return "".join(piece.says for piece in pieces)


# ── operations ──────────────────────────────────────────────────────────────────────────────────────


def test_an_operation_is_told_with_its_scope() -> None:
    asked = {"summary": "List", "description": "All.", "x-alter-scope": "agents:read"}
    told = read({"paths": {"/sdk/agents/{id}": {"patch": asked}}}).groups[0].operations[0]
    assert (told.method, told.path, told.anchor) == ("PATCH", "/sdk/agents/{id}", "patch-sdk-agents-id")
    assert (told.summary, told.description, told.scope) == ("List", "All.", "agents:read")


def test_an_operation_may_need_no_scope() -> None:
    assert [only({}).scope, only({"x-alter-scope": ""}).scope] == ["", ""]


def test_an_operation_is_told_with_its_permissions() -> None:
    both = "dashboard_agents:write, dashboard_keys:write"
    assert only({"x-alter-permission": both}).permissions == (
        "dashboard_agents:write",
        "dashboard_keys:write",
    )


def test_an_operation_for_any_token_needs_no_permission_and_one_for_keys_knows_of_none() -> None:
    assert (only({"x-alter-permission": ""}).permissions, only({}).permissions) == ((), None)


def test_operations_are_grouped_by_tag_as_they_come() -> None:
    groups = read(document({"tags": ["keys"]}, {"tags": ["agents"]}, {"tags": ["keys"]}, {})).groups
    assert [(group.name, [operation.path for operation in group.operations]) for group in groups] == [
        ("keys", ["/0", "/2"]),
        ("agents", ["/1"]),
        ("Other", ["/3"]),
    ]


def test_the_documents_own_order_of_tags_wins() -> None:
    told = document({"tags": ["keys"]}, {"tags": ["agents"]})
    told["tags"] = [{"name": "empty"}, {"name": "agents", "description": "Who."}, {"name": "keys"}]
    assert [(group.name, group.description) for group in read(told).groups] == [
        ("agents", "Who."),
        ("keys", ""),
    ]


def test_what_is_no_method_is_no_operation() -> None:
    paths = {"/a": {"parameters": [], "summary": "A path", "get": {}}}
    assert [operation.method for operation in read({"paths": paths}).groups[0].operations] == ["GET"]


def test_an_empty_document_is_an_empty_page() -> None:
    told = read({"info": {"title": "Runtime API", "version": "1"}})
    assert (told.title, told.version, told.groups, told.types) == ("Runtime API", "1", (), ())


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────


def test_a_parameter_is_told_with_where_it_goes() -> None:
    schema = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    limit = {"name": "limit", "in": "query", "schema": schema, "description": "How many."}
    (parameter,) = only({"parameters": [limit]}).parameters
    assert (parameter.name, parameter.where, parameter.required, parameter.description) == (
        "limit",
        "query",
        False,
        "How many.",
    )
    assert (said(parameter.type), parameter.limits, parameter.default) == ("integer", ("1 to 1000",), "100")


def test_parameters_of_the_path_come_first() -> None:
    shared, own = {"name": "id", "in": "path", "required": True}, {"name": "force", "in": "query"}
    told = read({"paths": {"/{id}": {"parameters": [shared], "get": {"parameters": [own]}}}})
    assert [(p.name, p.required) for p in told.groups[0].operations[0].parameters] == [
        ("id", True),
        ("force", False),
    ]


def test_a_parameter_may_be_a_reference() -> None:
    told = document({"parameters": [{"$ref": "#/components/parameters/id"}]})
    told["components"]["parameters"] = {"id": {"name": "id", "in": "path", "schema": STRING}}
    assert read(told).groups[0].operations[0].parameters[0].name == "id"


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_body_is_told_by_the_fields_of_its_type() -> None:
    fields = {"name": STRING | {"maxLength": 9}, "metadata": {"type": "object", "default": {}}}
    new = {"properties": fields, "required": ["name"], "description": "A new agent."}
    body = only({"requestBody": sent(ref("New")) | {"required": True}}, New=new).body
    assert body and (body.required, body.type, body.description) == (True, (), "A new agent.")
    assert [(f.name, f.required, f.default, f.limits) for f in body.fields] == [
        ("name", True, "", ("at most 9 characters",)),
        ("metadata", False, "{}", ()),
    ]


def test_a_body_that_is_no_object_is_told_in_words() -> None:
    body = only({"requestBody": sent({"type": "array", "items": ref("Span")})}, Span={}).body
    assert body and (said(body.type), body.fields, body.required) == ("list of Span", (), False)


def test_a_body_that_may_be_left_out_is_told_by_its_fields_too() -> None:
    either = {"anyOf": [ref("Rotate"), {"type": "null"}]}
    body = only(
        {"requestBody": sent(either) | {"required": True}}, Rotate={"properties": {"days": STRING}}
    ).body
    assert body and (body.required, body.type, [f.name for f in body.fields]) == (False, (), ["days"])


def test_a_body_with_nothing_in_it_is_told_by_what_is_said_of_it() -> None:
    body = only(
        {"requestBody": sent(ref("Nothing"))}, Nothing={"properties": {}, "description": "Empty."}
    ).body
    assert body and (body.type, body.fields, body.description) == ((), (), "Empty.")


def test_there_may_be_no_body() -> None:
    assert only({}).body is None


def test_an_object_within_an_object_is_told_by_dotted_names() -> None:
    inner = {"type": "object", "properties": {"id": STRING}}
    whole = {"properties": {"one": inner, "many": {"type": "array", "items": inner}}}
    body = only({"requestBody": sent(whole)}).body
    assert body and [f.name for f in body.fields] == ["one", "one.id", "many", "many[].id"]


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_is_told_with_its_type() -> None:
    answers = {200: sent(ref("Agent")) | {"description": "As it is now"}, "204": {"description": "Gone"}}
    told = only({"responses": answers}, Agent={}).answers
    assert [(a.statuses, a.description, said(a.type)) for a in told] == [
        (("200",), "As it is now", "Agent"),
        (("204",), "Gone", ""),
    ]


def test_a_status_is_not_told_by_its_name_twice() -> None:
    answers = {"200": {"description": "OK"}, "201": {"description": "Created"}}
    assert [a.description for a in only({"responses": answers}).answers] == ["", ""]


def test_refusals_that_say_nothing_of_their_own_are_told_together() -> None:
    error = sent(ref("Error"))
    answers = {
        "200": error,
        "400": error | {"description": "Bad Request"},
        "401": error,
        "409": error | {"description": "Too late"},
    }
    told = only({"responses": answers}).answers
    assert [(a.statuses, a.description, a.refuses) for a in told] == [
        (("200",), "", False),
        (("400", "401"), "", True),
        (("409",), "Too late", True),
    ]


def test_refusals_of_two_types_are_told_apart() -> None:
    told = only({"responses": {"400": sent(ref("Error")), "401": sent(ref("Flaw"))}}).answers
    assert [a.statuses for a in told] == [("400",), ("401",)]


def test_an_answer_that_is_no_json_is_told_all_the_same() -> None:
    told = only({"responses": {"200": {"content": {"text/plain": {"schema": STRING}}}}}).answers
    assert said(told[0].type) == "string"


# ── types ───────────────────────────────────────────────────────────────────────────────────────────


def test_types_are_those_that_the_page_speaks_of() -> None:
    page = {"properties": {"items": {"type": "array", "items": ref("Agent")}}}
    asked = {"requestBody": sent(ref("New")), "responses": {"200": sent(ref("Page"))}}
    told = read(document(asked, Page=page, New={"properties": {"a": STRING}}, Agent={}, Forgotten={}))
    assert [named.name for named in told.types] == ["Agent", "Page"]


def test_a_type_may_speak_of_itself() -> None:
    tree = {"properties": {"children": {"type": "array", "items": ref("Tree")}}}
    (told,) = read(document({"responses": {"200": sent(ref("Tree"))}}, Tree=tree)).types
    assert told.fields[0].type[1].anchor == told.anchor == "type-Tree"


@EACH
def test_an_api_speaks_of_no_type_that_is_not_told(openapi: Any) -> None:
    told = read(openapi)
    fields = [field for named in told.types for field in named.fields]
    spoken = {piece.anchor for field in fields for piece in field.type if piece.anchor}
    assert spoken and spoken <= {named.anchor for named in told.types}


@EACH
def test_every_operation_of_an_api_is_told_once(openapi: Any) -> None:
    told = [(one.method.lower(), one.path) for group in read(openapi).groups for one in group.operations]
    assert sorted(told) == sorted(
        (method, path) for path, place in openapi["paths"].items() for method in place
    )


def test_a_type_of_a_few_values_is_told_in_words() -> None:
    told = read(document({"responses": {"200": sent(ref("Kind"))}}, Kind={"enum": ["app", "agent"]})).types
    assert (said(told[0].type), told[0].fields) == ('"app" or "agent"', ())
