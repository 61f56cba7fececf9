"""Parses the search box: `key:x7Kd outcome:denied since:24h`, and bare words."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from audit.search.bare_words import meaning
from core.addresses import parse_address
from core.choices import nearest
from core.clock import now
from core.durations import parse_duration
from core.errors import Invalid
from core.ids import is_uuid

SPANS = ("1h", "24h", "7d", "30d")
"""What the log's time range is called in an address."""
TOKENS = {
    "key": "key",
    "agent": "agent",
    "actor": "actor",
    "action": "action",
    "outcome": "outcome",
    "ip": "ip",
    "route": "path",
    "request": "request",
    "caller": "caller",
    "code": "code",
    "check": "check",
    "kind": "kind",
    "trace": "trace",
    "via": "via",
    "id": "id",
    "since": "since",
    "until": "until",
}
"""What can be written before a colon, and the filter it sets."""
NAMES = {param: token for token, param in TOKENS.items()} | {"range": "since", "key_id": "key"}
"""A filter's name as people write it."""
_PIECE = re.compile(r'\s*(?:([A-Za-z_]+):)?("(?:[^"]*)"|"[^"]*$|\S*)')
_CURLY = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"'))
"""Quotation marks as word processors and chats write them."""
_SPAN = re.compile(r"[0-9]+[smhdw]")


@dataclass(slots=True)
class Typed:
    """What a text says: filters by name, and words that are not said to be anything."""

    filters: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def read(text: str, app_id: UUID | None) -> dict[str, str]:
    """The filters, by name, that `text` sets. Raises Invalid on `q`, and TooBroad."""
    typed = parse(text)
    for word in _joined(typed.words, app_id):
        for name, value in meaning(word, app_id).items():
            _set(typed.filters, name, value)
    return _in_time(typed.filters)


def parse(text: str) -> Typed:
    """The tokens and the bare words of `text`. Raises Invalid on `q`."""
    text = text.translate(_CURLY)
    typed, position = Typed(), 0
    while position < len(text.rstrip()):
        match = _PIECE.match(text, position)
        if match is None or match.end() == position:
            break
        position = match.end()
        _take(typed, match[1], match[2], match[0].strip())
    return typed


def _take(typed: Typed, name: str | None, value: str, whole: str) -> None:
    if value.startswith('"') and (len(value) == 1 or not value.endswith('"')):
        raise _no("Close the quotation mark.")
    if name is None or parse_address(whole):  # one of IPv6 has colons of its own
        typed.words += [whole.strip('"')] if whole.strip('"') else []
        return
    param = TOKENS.get(name.lower())
    if param is None:
        near = nearest(name, TOKENS)
        meant = f"Did you mean “{near}:”?" if near else f"Use one of {', '.join(TOKENS)}."
        raise _no(f"Unknown filter “{name[:30]}”. {meant}")
    value = value.strip('"').strip()
    if not value:
        raise _no(f"Add a value after “{name.lower()}:”.")
    _set(typed.filters, "key_id" if param == "key" and is_uuid(value) else param, value)


def _set(filters: dict[str, str], name: str, value: str) -> None:
    if filters.get(name, value) != value:
        raise _no(f"Use “{NAMES[name]}:” only once.")
    filters[name] = value


def _joined(words: list[str], app_id: UUID | None) -> list[str]:
    """Several words may be one name."""
    together = " ".join(words)
    try:
        return [together] if len(words) > 1 and meaning(together, app_id) else words
    except Invalid:
        return words


def _in_time(filters: dict[str, str]) -> dict[str, str]:
    """`since` and `until` as the range they make. What is typed replaces what was chosen."""
    since, until = filters.get("since", ""), filters.get("until", "")
    if since in SPANS and not until:
        return filters | {"range": since, "since": ""}
    moments = {name: _absolute(name, filters[name]) for name in ("since", "until") if name in filters}
    return filters | moments | ({"range": "custom"} if moments else {})


def _absolute(name: str, text: str) -> str:
    """A span before now as the moment it began; anything else as it is."""
    if not _SPAN.fullmatch(text.lower()):
        return text
    try:
        began: datetime = now() - parse_duration(text)
    except Invalid as invalid:
        raise _no(f"“{name}:”: {invalid.why}") from None
    return f"{began:%Y-%m-%d %H:%M:%S}"


def _no(why: str) -> Invalid:
    return Invalid("q", why)
