"""Handovers between seal keys: each is signed by the new key and by the old one. Imports no Django.

The data folder's file `seal-keys` holds one JSON line for each key, the oldest first; exports carry the same lines.
From a key that is trusted others follow by signatures alone: whoever writes the file, or the database, adds none.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit import canonical
from audit.integrity.checking import evidence, trust
from audit.integrity.checking.evidence import Unreadable
from audit.integrity.checking.trust import Trust

NO_SIGNATURE = bytes(64)


@dataclass(frozen=True, slots=True)
class SealKeyLine:
    """One key, and how it came to follow the one before."""

    public: bytes
    since: str
    before: bytes | None = None
    """The public key it followed. None: it is the first."""
    reason: str = ""
    """Why the key before did not sign the handover. Empty: it did."""
    by_new: bytes = NO_SIGNATURE
    by_old: bytes = NO_SIGNATURE

    @property
    def id(self) -> str:
        """What the key is called."""
        return trust.key_id(self.public)

    def signed(self) -> bytes:
        """What both keys sign."""
        data = {"from": (self.before or b"").hex(), "to": self.public.hex(), "since": self.since}
        return canonical.statement("handover", data | {"reason": self.reason})

    def vouches_for_old(self) -> bool:
        """Whether this key says that it followed the one before."""
        return self.before is not None and trust.is_signed(self.public, self.signed(), self.by_new)

    def is_vouched_for(self) -> bool:
        """Whether the key before says that this one follows it."""
        return self.before is not None and trust.is_signed(self.before, self.signed(), self.by_old)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        first = {"id": self.id, "public": self.public.hex(), "since": self.since}
        if self.before is None:
            return first
        handover = {"before": self.before.hex(), "reason": self.reason}
        return {**first, **handover, "by_new": self.by_new.hex(), "by_old": self.by_old.hex()}


def read(data: Mapping[str, Any]) -> SealKeyLine:
    """One line. Raises Unreadable."""
    public, since = evidence.hexed(data, "public", 32), str(data.get("since", ""))
    if data.get("before") is None:
        return SealKeyLine(public, since)
    return SealKeyLine(
        public,
        since,
        evidence.hexed(data, "before", 32),
        str(data.get("reason", "")),
        evidence.hexed(data, "by_new", 64),
        evidence.hexed(data, "by_old", 64),
    )


def lines(text: str) -> Iterator[SealKeyLine]:
    """The lines of a file of keys. What cannot be read is left out: it vouches for nothing."""
    for line in text.splitlines():
        try:
            yield read(json.loads(line))
        except (ValueError, AttributeError, Unreadable):
            continue


def extend(given: Mapping[str, bytes], known: Iterable[SealKeyLine], present: str = "") -> Trust:
    """Trust in the keys `given`, and in those that handovers lead to from them, both ways.

    They come in the order that handovers tell, in which none may sign after a later one. A key hands over once: whoever
    has one of before may sign that another followed it, which leads nowhere beside the one that did.
    """
    handovers = [line for line in known if line.before is not None]
    keys, grew = dict(given), trust.CAN_CHECK
    links = [line for line in handovers if _joins_given(line, keys)]
    while grew:
        led = [(line, key) for line in handovers for key in _led_to(line, keys, handovers)]
        grew = bool(led)
        links += [line for line, _ in led]
        keys |= {trust.key_id(key): key for _, key in led}
    return Trust(keys, present, _ordered(links))


def _joins_given(line: SealKeyLine, keys: Mapping[str, bytes]) -> bool:
    """Whether a handover tells the order of two keys that are trusted anyway: if the older one says so."""
    both = trust.key_id(line.before or b"") in keys and line.id in keys
    return both and trust.CAN_CHECK and line.is_vouched_for()


def _led_to(
    line: SealKeyLine, keys: Mapping[str, bytes], handovers: Iterable[SealKeyLine]
) -> Iterator[bytes]:
    old, new = trust.key_id(line.before or b""), line.id
    if line.before and new in keys and old not in keys and line.vouches_for_old():
        yield line.before
    follows = line.before and old in keys and new not in keys and line.is_vouched_for()
    if follows and not any(_rivals(line, other, keys) for other in handovers):
        yield line.public


def _rivals(line: SealKeyLine, other: SealKeyLine, keys: Mapping[str, bytes]) -> bool:
    """Whether `other` tells of another key that followed the same one, and counts."""
    if other.before != line.before or other.public == line.public:
        return False
    return other.is_vouched_for() or (other.id in keys and other.vouches_for_old())


def _ordered(links: Iterable[SealKeyLine]) -> tuple[str, ...]:
    """Ids of the keys that these handovers join, the oldest first."""
    follows = {trust.key_id(line.before or b""): line.id for line in links}
    starts = [old for old in follows if old not in follows.values()]
    order: list[str] = []
    for start in starts:
        here: str | None = start
        while here and here not in order:
            order.append(here)
            here = follows.get(here)
    return tuple(order)
