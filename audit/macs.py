"""The MAC of an audit row, made with a key outside the database and checked before sealing.

Whoever can write to the database can put a row in, but not its MAC. Calls are written in great numbers: theirs is made
over a plain text of their columns, which takes a third of the time of the bytes that seals are made of.
"""

import json
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.conf import settings

from audit import canonical

TAG_SIZE = 16
PERSON = {"event": b"alter event 1", "call": b"alter call 1"}
"""A MAC of one kind of row never fits another."""
_NUMBER = struct.Struct(">H")
MAC_SIZE = _NUMBER.size + TAG_SIZE
_CALLER = ("caller", "caller_type", "caller_id", "trace_id", "context")
_CALL: dict[str, Any] = {
    **dict.fromkeys((*canonical.PUBLIC["call"], *canonical.PERSONAL["call"]), ""),
    **dict.fromkeys(("app_id", "key_id", "agent_id", "caller_id", "facts")),
    "took_us": 0,
}
"""What is left out of a line of calls says this."""


def current() -> int:
    """The number of the key that MACs are made with now."""
    return max(settings.MAC_KEYS)


def key_fingerprint(number: int) -> str:
    """What may be kept of a key, to notice that it was lost or is another."""
    return blake2b(b"mark", key=settings.MAC_KEYS[number], digest_size=8).hexdigest()


def number_of(mac: bytes | None) -> int:
    """The number of the key that a MAC was made with. 0: it is none."""
    unpacked: tuple[int] = _NUMBER.unpack(mac[: _NUMBER.size]) if mac and len(mac) == MAC_SIZE else (0,)
    return unpacked[0]


def maker() -> Callable[[Mapping[str, Any], str], bytes]:
    """A function that makes the MAC of one call, from its columns as they are sent and its id as 32 hex digits."""
    number = current()
    begin, prefix = _begun("call", settings.MAC_KEYS[number]).copy, _NUMBER.pack(number)
    moment, moment_text = None, ""  # those of a batch are one

    def make(line: Mapping[str, Any], row_id: str) -> bytes:
        nonlocal moment, moment_text
        if line["at"] is not moment:
            moment, moment_text = line["at"], str(line["at"])
        mac = begin()
        mac.update(_call(line, row_id, moment_text))
        made: bytes = prefix + mac.digest()
        return made

    return make


def make(kind: str, values: Mapping[str, Any]) -> bytes:
    """The MAC of a row that is about to be written, by its columns."""
    number = current()
    return _NUMBER.pack(number) + _tag(kind, _settled(values), settings.MAC_KEYS[number])


def fits(kind: str, values: Mapping[str, Any], mac: bytes | None) -> bool:
    """Whether a stored row has the MAC it was written with. False for what cannot even be read."""
    key = settings.MAC_KEYS.get(number_of(mac))
    if mac is None or key is None:
        return False
    try:
        return compare_digest(_tag(kind, values, key), mac[_NUMBER.size :])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return False


def mac_of_text(what: str, text: str) -> str:
    """A MAC of what is no row, such as who holds a lease: the key's number, and the tag in hex."""
    number = current()
    return f"{number}:{_tag_of_text(what, text, settings.MAC_KEYS[number])}"


def fits_text(what: str, text: str, mac: str) -> bool:
    """Whether this is the MAC of a text, made with a key that is still there."""
    number, _, tag = mac.partition(":")
    key = settings.MAC_KEYS.get(int(number)) if number.isascii() and number.isdigit() else None
    return key is not None and compare_digest(_tag_of_text(what, text, key).encode(), tag.encode())


def _tag_of_text(what: str, text: str, key: bytes) -> str:
    person = f"alter {what} 1".encode()
    return blake2b(text.encode(), digest_size=TAG_SIZE, key=key, person=person).hexdigest()


def _tag(kind: str, values: Mapping[str, Any], key: bytes) -> bytes:
    mac = _begun(kind, key).copy()
    if kind == "call":
        if "\0" in "".join(_texts(values)):  # which raises TypeError for what is no text
            raise ValueError("a column holds NUL")
        mac.update(_call(values, values["id"].hex, str(values["at"])))
    else:
        mac.update(canonical.row(kind, [values[name] for name in EVENT]))
    tag: bytes = mac.digest()
    return tag


@lru_cache(maxsize=16)
def _begun(kind: str, key: bytes) -> Any:
    return blake2b(digest_size=TAG_SIZE, key=key, person=PERSON[kind])


def _call(line: Mapping[str, Any], row_id: str, at: str) -> bytes:
    """A call as bytes: its columns in one order, NUL between them. A row with NUL in a text fits no MAC.

    The caller and the facts follow if there are any, as a list and as an object: neither can be read as the other.
    """
    try:
        values = (
            f"{row_id}\0{at}\0{line['app_id']}\0{line['key_id']}\0{line['key_prefix']}\0"
            f"{line['key_name']}\0{line['agent_id']}\0{line['agent_name']}\0{line['via']}\0{line['ip']}\0"
            f"{line['user_agent']}\0{line['request_id']}\0{line['method']}\0{line['path']}\0{line['status']}\0"
            f"{line['allowed']}\0{line['code']}\0{line['check_failed']}\0{line['detail']}\0{line['scopes']}\0"
            f"{line['took_us']}"
        )
    except KeyError:
        return _call({**_CALL, **line}, row_id, at)
    try:
        sent = values.encode()
    except UnicodeEncodeError:  # half a character, which SQLite keeps
        sent = values.encode(errors="surrogatepass")
    if "caller" in line and any(caller := [_plain(name, line[name]) for name in _CALLER]):
        sent += b"\0" + canonical.encode(caller)
    if (facts := line.get("facts")) is not None:
        sent += b"\0" + canonical.encode(_plain("facts", facts))
    return sent


def _settled(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a row about to be written as they will be read: plain texts, ids, moments in UTC, plain JSON."""
    return {name: _plain(name, value) for name, value in values.items()}


def _plain(name: str, value: Any) -> Any:
    if name in canonical.UUIDS:
        return value if value is None or isinstance(value, UUID) else UUID(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, dict | list | tuple):
        return json.loads(json.dumps(value))
    return str(value) if isinstance(value, str) else value


EVENT = (*canonical.PUBLIC["event"], *canonical.PERSONAL["event"])
_NO_TEXTS = ("id", "at", "status", "allowed", "context")
_texts = itemgetter(*(name for name, value in _CALL.items() if value == "" and name not in _NO_TEXTS))
