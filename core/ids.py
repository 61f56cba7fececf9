"""Ids of rows: UUIDv7, which sort by creation time (RFC 9562, section 5.7)."""

import re
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7

NIL = UUID(int=0)
"""The id that nothing has."""
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID as it is written: 32 hexadecimal digits in either case, and four hyphens."""
    return bool(_UUID.fullmatch(text))


def uuid_or_nil(text: str) -> UUID:
    """The UUID that `text` is, or the nil UUID, which nothing has."""
    return UUID(text) if is_uuid(text) else NIL


def new_id() -> UUID:
    """A fresh id, later than every id made before it on this machine."""
    return uuid7()


def new_hex() -> str:
    """The same as 32 hexadecimal digits, which takes a fifth of the time."""
    return uuid_utils.uuid7().hex


def parse_uuid(text: str) -> UUID | None:
    """The UUID that `text` spells in whatever way: in capitals, without hyphens, as a URN. None: it is none."""
    try:
        return UUID(text.strip().lower())
    except ValueError:
        return None


@lru_cache(10_000)
def id_of(text: str) -> UUID:
    """The id that `text` spells. Those of keys and apps come again and again, and reading one takes its time."""
    return UUID(text)


def first_id_of(moment: datetime) -> UUID:
    """The least id that can be made from this moment on."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
