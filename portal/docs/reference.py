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
    for path, place in document.get("paths", {}).items():
        for method, asked in place.items():
            if method in METHODS:
                tag = next(iter(asked.get("tags", ())), UNTAGGED)
                gathered.setdefault(tag, []).append(_operation(document, path, method, asked, place))
    for name, operations in gathered.items():
        if operations:
            yield Group(slug("on", name), name, described.get(name, ""), tuple(operations))


def _operation(document: Json, path: str, method: str, asked: Json, place: Json) -> Operation:
    parameters = [*place.get("parameters", ()), *asked.get("parameters", ())]
    return Operation(
        anchor=slug(method, path),
        method=method.upper(),
        path=path,
        summary=asked.get("summary", ""),
        description=asked.get("description", ""),
        scope=asked.get("x-alter-scope") or "",
        permissions=_permissions(asked),
        parameters=tuple(_parameter(document, followed(document, one)) for one in parameters),
        body=_body(document, asked.get("requestBody")),
        answers=tuple(_answers(document, asked.get("responses", {}))),
    )


def _permissions(asked: Json) -> tuple[str, ...] | None:
    told = asked.get("x-alter-permission")
    return None if told is None else tuple(told.split(", ")) if told else ()


def _parameter(document: Json, one: Json) -> Parameter:
    schema = one.get("schema", {})
    told = one if one.get("description") else schema
    return Parameter(
        name=one["name"],
        type=words(schema),
        required=bool(one.get("required")),
        default=_default(schema),
        limits=limits(schema),
        description=told.get("description", ""),
        where=one["in"],
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
    told = [_answer(str(status), followed(document, one)) for status, one in responses.items()]
    for together, some in groupby(told, lambda one: one.refuses and not one.description and one.type):
        answers = list(some)
        if together:
            yield Answer(tuple(status for one in answers for status in one.statuses), "", together)
        else:
            yield from answers


def _answer(status: str, one: Json) -> Answer:
    description = one.get("description", "")
    said = "" if description == PHRASES.get(status) else description
    return Answer((status,), said, words(_schema(one)) if one.get("content") else ())


def _schema(told: Json) -> Json:
    """The schema of what is sent or answered: of its JSON, else of whatever it is."""
    content = told.get("content", {})
    media: Json = content.get(JSON_MEDIA) or next(iter(content.values()), {})
    schema: Json = media.get("schema", {})
    return schema


# ── types ───────────────────────────────────────────────────────────────────────────────────────────


def _types(document: Json, groups: tuple[Group, ...]) -> Iterator[Named]:
    """Every type that the page speaks of, directly or through another, in the order of their names."""
    schemas: Json = document.get("components", {}).get("schemas", {})
    every = {type_anchor(name): _named(name, schema) for name, schema in schemas.items()}
    waiting, spoken = list(_anchors(groups)), set[str]()
    while waiting:
        place = waiting.pop()
        if place in every and place not in spoken:
            spoken.add(place)
            waiting += _anchors_of(every[place].type, every[place].fields)
    yield from sorted((every[place] for place in spoken), key=lambda named: named.name.lower())


def _named(name: str, schema: Json) -> Named:
    fields = tuple(_fields(schema))
    told = schema.get("description", "")
    return Named(type_anchor(name), name, told, () if fields else words(schema), fields)


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
