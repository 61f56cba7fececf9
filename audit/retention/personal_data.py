"""Finds and removes a person's names and addresses in text.

The rule is Python's, so that both engines find the same: compatible characters and letter case are alike, and a value
counts only as a whole, so that `ann@example.com` is not found in `joann@example.com`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote_plus

from django.db.models import Q

from audit.models import Event

ERASED = "[erased]"
MIN_LENGTH = 4
"""Characters of a value. A shorter one would be found in the texts of other people."""
_LABEL = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>\s]+@[^<>\s]+)>")
_BEFORE, _AFTER = r"(?<![\w.+-])", r"(?![\w-]|\.\w)"


class Values:
    """Names and addresses of one person."""

    def __init__(self, values: Iterable[str]) -> None:
        self._folded = sorted({folded for value in values if len(folded := _folded(value)) >= MIN_LENGTH})
        alternatives = "|".join(map(re.escape, sorted(self._folded, key=len, reverse=True)))
        self._pattern = (
            re.compile(f"{_BEFORE}(?:{alternatives}){_AFTER}", re.IGNORECASE) if alternatives else None
        )

    def __bool__(self) -> bool:
        return self._pattern is not None

    def __len__(self) -> int:
        return len(self._folded)

    def __iter__(self) -> Iterator[str]:
        return iter(self._folded)

    def are_in(self, value: Any) -> bool:
        """Whether a text, or any text or name in plain JSON, tells one of them."""
        if isinstance(value, str):
            return bool(value) and self._tells(value)
        if isinstance(value, bytes | memoryview):
            return self._tells(bytes(value).decode(errors="replace"))
        if isinstance(value, Mapping):
            return any(self.are_in(part) for pair in value.items() for part in pair)
        return isinstance(value, list | tuple) and any(map(self.are_in, value))

    def taken_out(self, value: Any) -> Any:
        """The same text or JSON without them."""
        if isinstance(value, str):
            return self._without(value) if self._tells(value) else value
        if isinstance(value, Mapping):
            return {self.taken_out(name): self.taken_out(inner) for name, inner in value.items()}
        return [self.taken_out(part) for part in value] if isinstance(value, list | tuple) else value

    def _tells(self, text: str) -> bool:
        pattern = self._pattern
        return pattern is not None and any(pattern.search(_folded(spelling)) for spelling in _spellings(text))

    def _without(self, text: str) -> str:
        without = self._pattern.sub(ERASED, text) if self._pattern else text
        return ERASED if self._tells(without) else without


def known_as(actor_id: str) -> list[str]:
    """The names and addresses that the record has for the person with this id. One word is no name to look for."""
    names: list[str] = []
    acts = Event.objects.filter(Q(actor_id=actor_id) | Q(target_id=actor_id))
    columns = ("actor_id", "actor_label", "target_label", "changes")
    for actor, actor_label, target_label, changes in acts.values_list(*columns).iterator():
        if actor == actor_id:
            names += _of_label(actor_label)
        else:
            names += _of_label(target_label)
            for name in ("email", "name"):
                change = changes.get(name) if isinstance(changes, dict) else None
                names += (
                    [text for text in change if isinstance(text, str)] if isinstance(change, list) else []
                )
    return [text for text in dict.fromkeys(names) if is_telling(text)]


def is_telling(value: str) -> bool:
    """Whether a value names one person, and not every Ann."""
    return "@" in value or len(value.split()) > 1


def names_at_address(ip: str) -> Sequence[str]:
    """An address as it may be written."""
    try:
        address = ip_address(ip.strip())
    except ValueError:
        return [ip]
    return [ip, address.compressed, address.exploded]


def _of_label(label: str) -> list[str]:
    match = _LABEL.search(label)
    return [match["name"].strip(), match["email"]] if match else [label.strip()]


def _spellings(text: str) -> Iterator[str]:
    yield text
    if "%" in text or "+" in text:
        yield unquote_plus(text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
