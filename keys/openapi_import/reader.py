"""Reads routes, scopes and base paths out of an OpenAPI 3.0 or 3.1 document."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from keys.openapi_import.document import DescriptionError, Json, load

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_REFS = 8
MAX_ROUTES = 10_000

_VERSION = re.compile(r"3\.[01](\.\d+)?(-\w+)?")
_BASE_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*")


@dataclass(frozen=True, slots=True)
class DescribedRoute:
    """An operation. `security` holds alternatives, each the scopes that are all needed; empty: none is declared."""

    method: str
    path: str
    operation_id: str = ""
    summary: str = ""
    security: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ApiDescription:
    """What an OpenAPI document says. `scopes` maps names to sentences; `base_paths` end without a slash."""

    title: str
    version: str
    routes: tuple[DescribedRoute, ...]
    scopes: dict[str, str]
    base_paths: tuple[str, ...] = ()


def read(sent: bytes | str) -> ApiDescription:
    """What a document says. Raises DescriptionError with a JSON pointer, and nothing else."""
    document = load(sent)
    if "swagger" in document:
        raise DescriptionError("swagger_2", "Convert the Swagger 2.0 document to OpenAPI 3.", "/swagger")
    version = document.get("openapi")
    if not (isinstance(version, str) and _VERSION.fullmatch(version)):
        raise DescriptionError("openapi_version", "Write openapi as a text, 3.0.x or 3.1.x.", "/openapi")
    info = _object(document, "info", "")
    schemes = _schemes(document)
    return ApiDescription(
        _text(info, "title", "/info"),
        _text(info, "version", "/info"),
        tuple(_routes(document, schemes)),
        _scopes(schemes),
        _base_paths(document),
    )


def _schemes(document: Json) -> Json:
    return _object(_object(document, "components", ""), "securitySchemes", "/components")


def _scopes(schemes: Json) -> dict[str, str]:
    found: dict[str, str] = {}
    top = "/components/securitySchemes"
    for name in schemes:
        flows = _object(_object(schemes, name, top), "flows", _join(top, name))
        place = _join(_join(top, name), "flows")
        for flow in flows:
            scopes = _object(_object(flows, flow, place), "scopes", _join(place, flow))
            for scope in scopes:
                found[str(scope)] = _text(scopes, scope, _join(_join(place, flow), "scopes"))
    return found


def _routes(document: Json, schemes: Json) -> list[DescribedRoute]:
    default = _security(document, "", schemes)
    found: list[DescribedRoute] = []
    paths = _object(document, "paths", "")
    for path in paths:
        place = _join("/paths", path)
        if not str(path).startswith("/"):
            if str(path).startswith("x-"):
                continue
            raise DescriptionError("path_shape", "Begin the path with a slash.", place)
        item = _follow(document, _object(paths, path, "/paths"), place)
        for method in METHODS:
            if method in item:
                found.append(_route(item, method, str(path), place, default, schemes))
    if len(found) > MAX_ROUTES:
        raise DescriptionError("too_many_routes", f"Describe at most {MAX_ROUTES:,} operations.", "/paths")
    return found


def _route(
    item: Json, method: str, path: str, place: str, default: tuple[tuple[str, ...], ...], schemes: Json
) -> DescribedRoute:
    operation, where = _object(item, method, place), _join(place, method)
    security = _security(operation, where, schemes) if operation.get("security") is not None else default
    name, summary = _text(operation, "operationId", where), _text(operation, "summary", where)
    return DescribedRoute(method.upper(), path, name, summary, security)


def _security(holder: Json, place: str, schemes: Json) -> tuple[tuple[str, ...], ...]:
    alternatives: list[tuple[str, ...]] = []
    place_of_all = _join(place, "security")
    for index, alternative in enumerate(_list(holder, "security", place)):
        where = _join(place_of_all, index)
        if not isinstance(alternative, dict):
            raise DescriptionError("wrong_type", "Write an object.", where)
        scopes: set[str] = set()
        for scheme in alternative:
            if scheme not in schemes:
                raise DescriptionError(
                    "unknown_scheme", "Name a scheme of components.securitySchemes.", _join(where, scheme)
                )
            names = _list(alternative, scheme, where)
            if not all(isinstance(name, str) for name in names):
                raise DescriptionError("wrong_type", "Write scopes as texts.", _join(where, scheme))
            scopes.update(names)
        alternatives.append(tuple(sorted(scopes)))
    return tuple(alternatives)


def _base_paths(document: Json) -> tuple[str, ...]:
    found: list[str] = []
    for index, server in enumerate(_list(document, "servers", "")):
        place = _join("/servers", index)
        if not isinstance(server, dict):
            raise DescriptionError("wrong_type", "Write an object.", place)
        path = _BASE_PATH.sub("", _text(server, "url", place), count=1).rstrip("/")
        found.append(path)
    return tuple(dict.fromkeys(found))


def _follow(document: Json, item: Json, place: str) -> Json:
    """The path item, through references within the document; a circle of them ends at MAX_REFS."""
    for _ in range(MAX_REFS):
        reference = item.get("$ref")
        if reference is None:
            return item
        where = _join(place, "$ref")
        if not (isinstance(reference, str) and reference.startswith("#/")):
            raise DescriptionError(
                "remote_ref", "Put the path item into this document: others are not fetched.", where
            )
        target: Any = document
        for step in reference[2:].split("/"):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            raise DescriptionError("missing_ref", "Refer to a path item that is in this document.", where)
        item = target
    raise DescriptionError("cyclic_ref", f"Write the path item within {MAX_REFS} references.", place)


def _object(holder: Json, key: Any, place: str) -> Json:
    value = holder.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DescriptionError("wrong_type", "Write an object.", _join(place, key))
    return value


def _list(holder: Json, key: Any, place: str) -> list[Any]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise DescriptionError("wrong_type", "Write a list.", _join(place, key))
    return value


def _text(holder: Json, key: Any, place: str) -> str:
    value = holder.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DescriptionError("wrong_type", "Write a text, in quotes.", _join(place, key))
    return value


def _join(place: str, key: object) -> str:
    return f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}"
