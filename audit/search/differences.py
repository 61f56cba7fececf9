"""What an event changed, field by field, with added and removed items of lists and documents."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Item(NamedTuple):
    """One thing in a field."""

    value: Any
    stayed: bool
    """Whether it is on both sides."""


class Change(NamedTuple):
    """One field before and after, as the things in it. A single value is one thing; nothing is none."""

    name: str
    before: list[Item]
    after: list[Item]
    many: bool
    """Whether the field holds several things, so that each comes and goes by itself."""


def differences(changes: Mapping[str, Any]) -> list[Change]:
    """The changes of an event, which keeps them as field to [before, after]."""
    return [_change(name, *pair) for name, pair in changes.items()]


def _change(name: str, before: Any, after: Any) -> Change:
    were, are = _things(before), _things(after)
    return Change(
        name,
        [Item(thing, thing in are) for thing in were],
        [Item(thing, thing in were) for thing in are],
        many=isinstance(before, list | dict) or isinstance(after, list | dict),
    )


def _things(value: Any) -> list[Any]:
    """The items of a list; of a document `name: item` for each item under each name."""
    if isinstance(value, dict):
        return [f"{name}: {thing}" for name, inner in value.items() for thing in _things(inner)]
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]
