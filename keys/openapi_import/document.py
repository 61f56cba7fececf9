"""Loads an OpenAPI document, JSON or YAML, within bounds and by a safe loader."""

import json
from typing import Any, TypeAlias

import yaml

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
Json: TypeAlias = dict[str, Any]


class DescriptionError(ValueError):
    """A document that cannot be read. `pointer` is a JSON pointer to the place, empty for the whole document."""

    def __init__(self, code: str, message: str, pointer: str = "") -> None:
        self.code, self.message, self.pointer = code, message, pointer
        super().__init__(f"{pointer or 'The document'}: {message}")


class _Loader(yaml.CSafeLoader):
    """YAML's plain types: no dates, no merge keys, no key twice in one mapping."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - declared so by PyYAML
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge")
        ]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        _check_keys(keys)
        return super().construct_mapping(node, deep)


def load(sent: bytes | str) -> Json:
    """The document as an object. Raises DescriptionError, and nothing else."""
    data = sent.encode(errors="replace") if isinstance(sent, str) else sent
    if len(data) > MAX_BYTES:
        raise DescriptionError("too_large", f"Send at most {MAX_BYTES:,} bytes.")
    text = _decode(data).strip()
    if not text or text.startswith(("<", "%PDF")):
        raise DescriptionError("not_openapi", "This is no OpenAPI document. Send its JSON or YAML.")
    document = _load_json(text) if text.startswith("{") else _load_yaml(text)
    if not isinstance(document, dict):
        raise DescriptionError("not_openapi", "An OpenAPI document is an object. Send its JSON or YAML.")
    _check_depth(document)
    return document


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DescriptionError("not_utf8", "Save the document as UTF-8.") from None


def _load_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise _too_deep() from None
    except DescriptionError:
        raise
    except ValueError as error:
        if '":' in text[:200]:
            place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "a number"
            raise DescriptionError("bad_json", f"This JSON cannot be read, at {place}.") from None
        return _load_yaml(text)


def _load_yaml(text: str) -> Any:
    try:
        _check_events(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - made of the safe loader
    except DescriptionError:
        raise
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DescriptionError("bad_yaml", f"This YAML cannot be read, at line {line}.") from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, KeyError, IndexError, AttributeError):
        raise DescriptionError("bad_yaml", "This YAML cannot be read.") from None
    except RecursionError:
        raise _too_deep() from None


def _check_events(text: str) -> None:
    """Before anything is built: no alias, which could stand for far more than was sent, and no great depth."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise DescriptionError(
                "yaml_alias", f"Write the value in place of the YAML alias at line {line}."
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _too_deep()


def _check_depth(document: Json) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise _too_deep()


def _object(pairs: list[tuple[str, Any]]) -> Json:
    _check_keys([key for key, _ in pairs])
    return dict(pairs)


def _check_keys(keys: list[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise DescriptionError("duplicate_key", f"Remove one of two keys “{key[:80]}” in one object.")
        seen.add(key)


def _refuse_constant(name: str) -> Any:
    raise DescriptionError("not_a_number", f"Write a number in place of {name}.")


def _too_deep() -> DescriptionError:
    return DescriptionError("too_deep", f"Nest at most {MAX_DEPTH} levels.")
