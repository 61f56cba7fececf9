"""Guesses which filter a bare word in the search box stands for."""

import re
from typing import Any
from uuid import UUID

from audit.models import Call, Event
from audit.search.names import agents_called, keys_like
from audit.search.vocabularies import words
from core.addresses import parse_address
from core.errors import Invalid
from core.folding import contains_folded, fold
from core.ids import is_uuid
from core.query_timeout import query_timeout
from keyformat.grammar import PARTIAL_KEY_PREFIX

MIN_PIECE = 3
"""Of a prefix or of what someone is called; a shorter one is in everything."""
_MOMENT = re.compile(r"[0-9]{1,4}[smhdw]|[0-9]{4}-[0-9]{2}-[0-9]{2}\S*")
_HEX = re.compile(r"[0-9a-f]{32}")


def meaning(word: str, app_id: UUID | None) -> dict[str, str]:
    """The filter that `word` stands for, as name and value. Raises Invalid on `q`, and TooBroad."""
    if "\0" in word:
        raise Invalid("q", "Remove NUL and invalid characters.")
    meant = _by_shape(word) or _by_list(word) or _by_id(word.lower(), app_id) or _by_name(word, app_id)
    if not meant:
        raise Invalid(
            "q",
            f"No key, agent, user, IP address, path, action or code matches “{word[:60]}”. "
            "Put a filter name before it, such as caller: or request:.",
        )
    return meant


def _by_shape(word: str) -> dict[str, str]:
    if PARTIAL_KEY_PREFIX.fullmatch(word):
        return {"key": word}
    if (word.count(".") == 3 or word.count(":") > 1) and (address := parse_address(word)):
        return {"ip": str(address)}
    if word.startswith("/"):
        return {"path": word}
    return {"since": word} if _MOMENT.fullmatch(word) else {}


def _by_list(word: str) -> dict[str, str]:
    """A word of the product's own."""
    low, lists = word.lower(), words()
    tokens = (name for name in lists if name not in ("kind", "actor_kind"))
    return next(({name: low} for name in tokens if low in lists[name]), {})


def _by_id(word: str, app_id: UUID | None) -> dict[str, str]:
    """Ids of keys, agents and callers are indexed, and so are those of entries."""
    if _HEX.fullmatch(word):
        # A request's id is made of the time, a trace's by chance: the version tells.
        return {"request" if UUID(word).version == 7 else "trace": word}
    if not is_uuid(word):
        return {}
    for column, name in (("id", "id"), ("key_id", "key_id"), ("agent_id", "agent"), ("caller_id", "caller")):
        if any(rows.filter(app_id=app_id, **{column: word}).exists() for rows in _tables(column)):
            return {name: word}
    return {}


def _tables(column: str) -> list[Any]:
    return [Call.objects] if column == "caller_id" else [Event.objects, Call.objects]


def _by_name(word: str, app_id: UUID | None) -> dict[str, str]:
    """What acts call keys, agents and people."""
    with query_timeout():
        keys = keys_like(app_id, word)
        if any(fold(key.name) == fold(word) for key in keys):
            return {"key": word}
        if agents_called(app_id, word):
            return {"agent": word}
        if len(word) < MIN_PIECE:
            return {}
        known = Event.objects.filter(contains_folded(word, "actor_label"), app_id=app_id)
        return {"key": word} if keys else {"actor": word} if known.exists() else {}
