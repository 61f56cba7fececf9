"""An OpenAPI 3.1 document as plain values for a page: operations by tag, their fields in words, named types."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby

from portal.docs.schemas import (
    Json,
    Words,
    besides_null,
    each,
    followed,
    limits,
    slug,
    takes_null,
    type_anchor,
    words,
)

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
JSON_MEDIA = "application/json"
UNTAGGED = "Other"
PHRASES = {str(int(status)): status.phrase for status in HTTPStatus}
"""What a status is called anyway."""


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object."""

    name: str
    type: Words
    required: bool
    default: str
    limits: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Parameter(Field):
    """A value in the address, or a header."""

    where: str


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent with a request: an object's fields, or the words for anything else."""

    required: bool
    type: Words
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back; statuses that mean no more than their names are told together."""

    statuses: tuple[str, ...]
    description: str
    type: Words

    @property
    def refuses(self) -> bool:
        """Whether it is a "no"."""
        return self.statuses[0] >= "4"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    permissions: tuple[str, ...] | None
    """What an access token must hold. None: what is asked is a key, and its scope."""
    parameters: tuple[Parameter, ...]
    body: Body | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations under one tag."""

    anchor: str
    name: str
    description: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A type that has a name, because several places speak of it."""

    anchor: str
    name: str
    description: str
    type: Words
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole page."""

    title: str
    version: str
    description: str
    groups: tuple[Group, ...]
    types: tuple[Named, ...]


def read(document: Json) -> Reference:
    """`document` as a page tells it. Types that nothing leads to are left out."""
    info = document.get("info", {})
    groups = tuple(_groups(document))
    return Reference(
        title=info.get("title", ""),
        version=info.get("version", ""),
        description=info.get("description", ""),
        groups=groups,
        types=tuple(_types(document, groups)),
    )


# ── operations ──────────────────────────────────────────────────────────────────────────────────────


def _groups(document: Json) -> Iterator[Group]:
    """Tags in the document's own order, then as operations mention them."""
    described = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    gathered: dict[str, list[Operation]] = {name: [] for name in described}
    for path, path_item in document.get("paths", {}).items():
        for method, operation in path_item.items():
            if method in METHODS:
                tag = next(iter(operation.get("tags", ())), UNTAGGED)
                gathered.setdefault(tag, []).append(_operation(document, path, method, operation, path_item))
    for name, operations in gathered.items():
        if operations:
            yield Group(slug("on", name), name, described.get(name, ""), tuple(operations))


def _operation(document: Json, path: str, method: str, operation: Json, path_item: Json) -> Operation:
    parameters = [*path_item.get("parameters", ()), *operation.get("parameters", ())]
    return Operation(
        anchor=slug(method, path),
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        scope=operation.get("x-alter-scope") or "",
        permissions=_permissions(operation),
        parameters=tuple(_parameter(document, followed(document, parameter)) for parameter in parameters),
        body=_body(document, operation.get("requestBody")),
        answers=tuple(_answers(document, operation.get("responses", {}))),
    )


def _permissions(operation: Json) -> tuple[str, ...] | None:
    permission = operation.get("x-alter-permission")
    return None if permission is None else tuple(permission.split(", ")) if permission else ()


def _parameter(document: Json, parameter: Json) -> Parameter:
    schema = parameter.get("schema", {})
    described = parameter if parameter.get("description") else schema
    return Parameter(
        name=parameter["name"],
        type=words(schema),
        required=bool(parameter.get("required")),
        default=_default(schema),
        limits=limits(schema),
        description=described.get("description", ""),
        where=parameter["in"],
    )


def _body(document: Json, sent: Json | None) -> Body | None:
    if sent is None:
        return None
    sent = followed(document, sent)
    schema = _schema(sent)
    alternatives = besides_null(schema)
    whole = followed(document, alternatives[0]) if len(alternatives) == 1 else {}
    return Body(
        required=bool(sent.get("required")) and not takes_null(schema),
        type=() if "properties" in whole else words(schema),
        description=sent.get("description") or whole.get("description", ""),
        fields=tuple(_fields(whole)),
    )


def _answers(document: Json, responses: Json) -> Iterator[Answer]:
    """Each answer; refusals of one type that say nothing of their own as one."""
    every = [_answer(str(status), followed(document, response)) for status, response in responses.items()]
    for together, some in groupby(
        every, lambda answer: answer.refuses and not answer.description and answer.type
    ):
        answers = list(some)
        if together:
            yield Answer(tuple(status for answer in answers for status in answer.statuses), "", together)
        else:
            yield from answers


def _answer(status: str, response: Json) -> Answer:
    description = response.get("description", "")
    text = "" if description == PHRASES.get(status) else description
    return Answer((status,), text, words(_schema(response)) if response.get("content") else ())


def _schema(message: Json) -> Json:
    """The schema of what is sent or answered: of its JSON, else of whatever it is."""
    content = message.get("content", {})
    media: Json = content.get(JSON_MEDIA) or next(iter(content.values()), {})
    schema: Json = media.get("schema", {})
    return schema


# ── types ───────────────────────────────────────────────────────────────────────────────────────────


def _types(document: Json, groups: tuple[Group, ...]) -> Iterator[Named]:
    """Every type that the page speaks of, directly or through another, in the order of their names."""
    schemas: Json = document.get("components", {}).get("schemas", {})
    every = {type_anchor(name): _named(name, schema) for name, schema in schemas.items()}
    waiting, reached = list(_anchors(groups)), set[str]()
    while waiting:
        anchor = waiting.pop()
        if anchor in every and anchor not in reached:
            reached.add(anchor)
            waiting += _anchors_of(every[anchor].type, every[anchor].fields)
    yield from sorted((every[anchor] for anchor in reached), key=lambda named: named.name.lower())


def _named(name: str, schema: Json) -> Named:
    fields = tuple(_fields(schema))
    description = schema.get("description", "")
    return Named(type_anchor(name), name, description, () if fields else words(schema), fields)


def _anchors(groups: tuple[Group, ...]) -> Iterator[str]:
    for operation in (operation for group in groups for operation in group.operations):
        yield from _anchors_of((), operation.parameters)
        if operation.body:
            yield from _anchors_of(operation.body.type, operation.body.fields)
        for answer in operation.answers:
            yield from _anchors_of(answer.type, ())


def _anchors_of(type_: Words, fields: tuple[Field, ...]) -> Iterator[str]:
    for pieces in (type_, *(field.type for field in fields)):
        yield from (piece.anchor for piece in pieces if piece.anchor)


def _fields(schema: Json, before: str = "") -> Iterator[Field]:
    """The members of an object; those of an object within it under a dotted name."""
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        yield Field(
            name=before + name,
            type=words(member),
            required=name in required,
            default=_default(member),
            limits=limits(member),
            description=member.get("description", ""),
        )
        yield from _fields(member, f"{before}{name}.")
        yield from _fields(each(member), f"{before}{name}[].")


def _default(schema: Json) -> str:
    return json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else ""
