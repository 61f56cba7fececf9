"""An OpenAPI document is read within bounds, and what it would change is shown before it does."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from keys.openapi_import.document import MAX_BYTES, DescriptionError
from keys.openapi_import.preview import Existing, proposal
from keys.openapi_import.reader import read
from keys.openapi_import.scope_names import propose_name
from keys.routes.patterns import Route

ORDERS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "2"},
    "servers": [{"url": "https://api.example/v1/"}],
    "security": [{"oauth": ["orders.read"]}],
    "paths": {
        "/orders/{id}": {
            "get": {"operationId": "getOrder", "summary": "One order"},
            "delete": {"security": [{"oauth": ["read:orders", "orders:admin"]}, {"oauth": ["orders:admin"]}]},
            "post": {"security": [{"oauth": ["orders:write"]}, {"oauth": ["orders:admin"]}]},
        },
        "/health": {"get": {"security": []}},
        "/orders/{id}.pdf": {"get": {}},
        "/shared": {"$ref": "#/components/pathItems/shared"},
    },
    "components": {
        "pathItems": {"shared": {"put": {"security": [{"key": []}]}}},
        "securitySchemes": {
            "key": {"type": "apiKey"},
            "oauth": {
                "type": "oauth2",
                "flows": {"clientCredentials": {"scopes": {"orders.read": "Read orders", "repo": "All"}}},
            },
        },
    },
}


def written(**changes: Any) -> str:
    return json.dumps({**ORDERS, **changes})


@pytest.mark.parametrize("text", [json.dumps(ORDERS), yaml.safe_dump(ORDERS)])
def test_json_and_yaml_say_the_same(text: str) -> None:
    found = read(text)
    assert (found.title, found.version, found.base_paths) == ("Orders", "2", ("/v1",))
    assert found.scopes == {"orders.read": "Read orders", "repo": "All"}
    by_name = {(route.method, route.path): route for route in found.routes}
    assert by_name["GET", "/orders/{id}"].security == (("orders.read",),)
    assert by_name["GET", "/orders/{id}"].operation_id == "getOrder"
    assert by_name["PUT", "/shared"].security == ((),)
    assert by_name["GET", "/health"].security == ()


@pytest.mark.parametrize(
    ("text", "code", "pointer"),
    [
        ("", "not_openapi", ""),
        ("<html></html>", "not_openapi", ""),
        ("%PDF-1.7", "not_openapi", ""),
        ("- a", "not_openapi", ""),
        (" " * (MAX_BYTES + 1), "too_large", ""),
        (b"\xff\xfe", "not_utf8", ""),
        ("[" * 100_000, "too_deep", ""),
        ('{"a":' * 100_000, "too_deep", ""),
        ("a: &a [x]\nb: [*a, *a]", "yaml_alias", ""),
        ("a: 1\na: 2", "duplicate_key", ""),
        ('{"a": 1, "a": 2}', "duplicate_key", ""),
        ('{"a": NaN}', "not_a_number", ""),
        ('{"a": 1', "bad_json", ""),
        ("a: [", "bad_yaml", ""),
        ("a: !!python/object/apply:os.getcwd []", "bad_yaml", ""),
        ('{"swagger": "2.0"}', "swagger_2", "/swagger"),
        ("openapi: 3.1", "openapi_version", "/openapi"),
        (written(paths=[]), "wrong_type", "/paths"),
        (written(paths={"a": {}}), "path_shape", "/paths/a"),
        (written(paths={"/a": {"get": 1}}), "wrong_type", "/paths/~1a/get"),
        (written(paths={"/a": {"$ref": "https://x.example/a"}}), "remote_ref", "/paths/~1a/$ref"),
        (written(paths={"/a": {"$ref": "#/none"}}), "missing_ref", "/paths/~1a/$ref"),
        (written(paths={"/a": {"$ref": "#/paths/~1a"}}), "cyclic_ref", "/paths/~1a"),
        (written(security=[{"none": []}]), "unknown_scheme", "/security/0/none"),
        (written(security=[{"oauth": [1]}]), "wrong_type", "/security/0/oauth"),
        (written(servers=["x"]), "wrong_type", "/servers/0"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str | bytes, code: str, pointer: str) -> None:
    with pytest.raises(DescriptionError) as refused:
        read(text)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(ORDERS)), VALUES)
def test_wrong_types_raise_nothing_else(key: str, value: object) -> None:
    try:
        proposal(read(written(**{key: value})), Existing({}))
    except DescriptionError as refused:
        assert refused.message.endswith(".")


@given(st.binary(max_size=60) | st.text(max_size=60) | st.text("{}[]:-&*!%@`'\"\n ,?|>#<~0a", max_size=40))
def test_whatever_comes_raises_nothing_else(sent: bytes | str) -> None:
    with pytest.raises(DescriptionError):
        read(sent)


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("orders:read", "orders:read"),
        ("orders.read", "orders:read"),
        ("read:orders", "orders:read"),
        ("https://auth.example/auth/calendar.readonly", "calendar:readonly"),
        ("repo", ""),
    ],
)
def test_a_scope_keeps_its_name_or_is_proposed_another(name: str, proposed: str) -> None:
    assert propose_name(name) == proposed


def test_a_preview_shows_what_is_added_changed_and_removed() -> None:
    existing = Existing(
        {"orders:read": "Read", "old:read": "Old"},
        (
            Route("/v1/orders/{number}", ("GET", "PATCH"), ("orders:read",), cost=5),
            Route("/v1/health", ("GET",), ("a:b",)),
        ),
    )
    found = proposal(read(written()), existing)
    assert found.scopes_removed == ("old:read",)
    assert found.scopes_changed == ("orders:read",)
    assert set(found.scopes_added) == {"orders:admin", "orders:write"}
    assert found.renamed_scopes == {"orders.read": "orders:read", "read:orders": "orders:read", "repo": ""}
    assert found.routes_changed == (Route("/v1/health", ("GET",)),)
    assert found.routes_removed == (Route("/v1/orders/{number}", ("PATCH",), ("orders:read",), cost=5),)
    assert Route("/v1/orders/{id}", ("POST",), (), ("orders:admin", "orders:write")) in found.routes_added
    assert Route("/v1/orders/{id}", ("DELETE",), ("orders:admin",)) in found.routes_added
    assert [route.path for route, _ in found.refused_routes] == ["/orders/{id}.pdf"]
    assert {route.path for route in found.open_routes} == {"/v1/health", "/v1/shared"}


def test_an_empty_security_entry_opens_nothing() -> None:
    found = read(written(paths={"/a": {"get": {"security": None}}}))
    assert found.routes[0].security == (("orders.read",),)


def test_every_server_counts_the_one_at_the_root_too() -> None:
    servers = [{"url": "https://api.example"}, {"url": "/v2"}]
    assert read(written(servers=servers)).base_paths == ("", "/v2")
