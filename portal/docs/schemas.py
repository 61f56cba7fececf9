"""What a JSON schema says, in words: its type (`list of Agent`, `string or null`), its limits, what it refers to."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a type; a named type's leads to its section of the page."""

    says: str
    anchor: str = ""


Words = tuple[Piece, ...]


def words(schema: Json | bool) -> Words:
    """A schema's type in words: `list of Agent`, `string (uuid) or null`."""
    if isinstance(schema, bool) or not schema:
        return (Piece("anything"),)
    if "$ref" in schema:
        name = _name(schema)
        return (Piece(name, type_anchor(name)),)
    for several, between in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if several in schema:
            return _joined([words(alternative) for alternative in schema[several]], between)
    if "const" in schema:
        return (Piece(json.dumps(schema["const"])),)
    if "enum" in schema:
        return _joined([(Piece(json.dumps(value)),) for value in schema["enum"]], " or ")
    return _plain(schema)


def _plain(schema: Json) -> Words:
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return _joined([words({**schema, "type": name}) for name in kind], " or ")
    if kind == "array":
        return _of("list", schema.get("items"))
    if kind == "object":
        values = schema.get("additionalProperties")
        return _of("map", values) if isinstance(values, Mapping) and values else (Piece("object"),)
    form = schema.get("format")
    return (Piece(f"{kind} ({form})" if form else kind),)


def _of(whole: str, part: Json | bool | None) -> Words:
    """`list of Agent`, `map of (string or null)`."""
    if not part:
        return (Piece(whole),)
    inner = words(part)
    several = any(piece.says in (" or ", " and ") for piece in inner)
    return (Piece(f"{whole} of ("), *inner, Piece(")")) if several else (Piece(f"{whole} of "), *inner)


def _joined(several: list[Words], between: str) -> Words:
    """Alternatives, each said once, null last."""
    once = list(dict.fromkeys(several))
    once.sort(key=lambda pieces: pieces == (Piece("null"),))
    first, *others = once or [(Piece("anything"),)]
    return (*first, *(piece for other in others for piece in (Piece(between), *other)))


# ── limits ──────────────────────────────────────────────────────────────────────────────────────────

RANGES = (
    ("minLength", "maxLength", "character"),
    ("minimum", "maximum", ""),
    ("minItems", "maxItems", "item"),
    ("minProperties", "maxProperties", "entry"),
)
PLURALS = {"character": "characters", "item": "items", "entry": "entries", "": ""}


def limits(schema: Json) -> tuple[str, ...]:
    """Each limit as a few words. Those of `X or null` are those of X."""
    return tuple(_limits(schema))


def _limits(schema: Json) -> Iterator[str]:
    for least, most, of_what in RANGES:
        yield from _range(schema.get(least), schema.get(most), of_what)
    if "exclusiveMinimum" in schema:
        yield f"more than {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema:
        yield f"less than {schema['exclusiveMaximum']}"
    if "multipleOf" in schema:
        yield f"a multiple of {schema['multipleOf']}"
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"
    if schema.get("uniqueItems"):
        yield "no item twice"
    if part := each(schema):
        yield from (f"each {limit}" for limit in _limits(part))
    if takes_null(schema) and len(besides_null(schema)) == 1:
        yield from _limits(besides_null(schema)[0])


def _range(least: Any, most: Any, of_what: str) -> Iterator[str]:
    if least in (None, 0) and of_what and most is None:
        return
    if least is not None and most is not None:
        yield _counted(str(least) if least == most else f"{least} to {most}", most, of_what)
    elif least is not None:
        yield _counted(f"at least {least}", least, of_what)
    elif most is not None:
        yield _counted(f"at most {most}", most, of_what)


def _counted(amount: str, number: Any, of_what: str) -> str:
    return f"{amount} {of_what if number == 1 else PLURALS[of_what]}".strip()


# ── what it refers to ───────────────────────────────────────────────────────────────────────────────────────────


def followed(document: Json, schema: Json) -> Json:
    """`schema` with its `$ref` resolved in `document`; members beside the reference win."""
    seen: set[str] = set()
    while (there := schema.get("$ref", "")).startswith("#/") and there not in seen:
        seen.add(there)
        target: Any = document
        for step in there[2:].split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def each(schema: Json) -> Json:
    """What every item of a list, or every value of a map, is."""
    part = schema.get("items") or schema.get("additionalProperties")
    return part if isinstance(part, Mapping) else {}


def takes_null(schema: Json) -> bool:
    """Whether it is `X or null`."""
    return {"type": "null"} in schema.get("anyOf", ())


def besides_null(schema: Json) -> list[Json]:
    """What it may be but null."""
    return [alternative for alternative in schema.get("anyOf", [schema]) if alternative != {"type": "null"}]


def _name(schema: Json) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def type_anchor(name: str) -> str:
    """Where a named type is told."""
    return slug("type", name)


def slug(*parts: str) -> str:
    """Words as a place within a page."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", "-".join(parts)).strip("-")
