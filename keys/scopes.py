"""Scope and ScopeSet: `resource:verb` or `resource:verb:instance`, and what covers what (docs/sdk.md).

Which scopes there are, and the order of a resource's levels, is the app's catalogue (keys/catalogue/).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.text import sanitize
from keyformat.redaction import redact
from keys.errors import InvalidScope

MAX_SCOPES = 100
_SHAPE = re.compile(
    r"([a-z][a-z0-9_-]{0,39}):([a-z][a-z0-9_-]{0,39})(?::([A-Za-z0-9][A-Za-z0-9._~@+=/-]{0,127}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One thing a key may do. An empty instance means every instance."""

    resource: str
    verb: str
    instance: str = ""
    included: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """The verbs of the resource that this one includes: the levels below it."""

    @classmethod
    def from_name(cls, text: str) -> "Scope":
        """The scope that `text`, which has the shape of one, names; without its place among the levels."""
        resource, verb, instance = f"{text}::".split(":", 2)
        return cls(resource, verb, instance.rstrip(":"))

    def __str__(self) -> str:
        return f"{self.name}:{self.instance}" if self.instance else self.name

    @property
    def name(self) -> str:
        """`resource:verb`, as a catalogue has it."""
        return f"{self.resource}:{self.verb}"

    def of(self, instance: str) -> "Scope":
        """This scope for `instance`, if it is for every one and one is named."""
        return (
            Scope(self.resource, self.verb, instance, self.included)
            if instance and not self.instance
            else self
        )

    def covers(self, other: "Scope") -> bool:
        """Whether whoever holds this may do all that `other` allows."""
        return (
            self.resource == other.resource
            and self.instance in ("", other.instance)
            and (self.verb == other.verb or other.verb in self.included)
        )

    def meet(self, other: "Scope") -> "Scope | None":
        """The largest scope that both cover, or None if they share nothing."""
        if self.resource != other.resource:
            return None
        if self.instance and other.instance and self.instance != other.instance:
            return None
        lower = _lower(self, other) or _lower(other, self)
        if lower is None:
            return None
        verb, included = lower
        return Scope(self.resource, verb, self.instance or other.instance, included)


@dataclass(frozen=True, slots=True)
class ScopeSet:
    """Some scopes, sorted and each once. Larger and smaller are decided by what is covered."""

    scopes: tuple[Scope, ...]

    def __iter__(self) -> Iterator[Scope]:
        return iter(self.scopes)

    def __bool__(self) -> bool:
        return bool(self.scopes)

    def __str__(self) -> str:
        return ",".join(map(str, self.scopes))

    def names(self) -> list[str]:
        """As strings, the way they are stored and sent."""
        return [str(scope) for scope in self.scopes]

    def covers(self, scope: Scope) -> bool:
        """Whether one of these covers `scope`."""
        return any(held.covers(scope) for held in self.scopes)

    def missing(self, required: "ScopeSet", instance: str = "") -> "ScopeSet":
        """Those of `required` that nothing here covers. Empty: `required` is a subset.

        If only one `instance` is concerned, a scope for that one will do.
        """
        return ScopeSet(tuple(scope for scope in required if not self.covers(scope.of(instance))))

    def meet(self, other: "ScopeSet") -> "ScopeSet":
        """What both sets allow: never more than either."""
        shared = {m for a in self.scopes for b in other.scopes if (m := a.meet(b))}
        return ScopeSet(tuple(sorted(shared)))


def shaped(text: str) -> Scope | None:
    """`text` as a scope if it has the shape of one and is no key, in the catalogue or not."""
    match = _SHAPE.fullmatch(text)
    if not match or redact(text) != text:
        return None
    resource, verb, instance = match.groups()
    return Scope(resource, verb, instance or "")


def parse_required(texts: Sequence[str]) -> ScopeSet:
    """The scopes that a call needs. Whether the key's app has them is judged with the key. Raises InvalidScope."""
    scopes = {shaped(text.strip()) for text in texts}
    if len(scopes) > MAX_SCOPES:
        raise InvalidScope("scopes", f"Use at most {MAX_SCOPES} scopes.")
    well_formed = [scope for scope in scopes if scope]
    if len(well_formed) < len(scopes):
        wrong = next(text for text in texts if shaped(text.strip()) is None)
        raise InvalidScope("scopes", shape_error(wrong))
    return ScopeSet(tuple(sorted(well_formed)))


def shape_error(text: str) -> str:
    """What is wrong with a text that shaped() does not take, and what to write."""
    shown = repr(sanitize(text, 80))
    if text != text.lower() and shaped(text.lower()):
        return f"{shown} is not a scope. Use lower case: {text.lower()}."
    return f"{shown} is not a scope. Use resource:verb or resource:verb:id."


def _lower(upper: Scope, lower: Scope) -> tuple[str, tuple[str, ...]] | None:
    """The verb of `lower` and what that includes, if `upper` includes it; None if it does not."""
    if upper.verb == lower.verb:
        return upper.verb, upper.included or lower.included
    if lower.verb in upper.included:
        return lower.verb, upper.included[: upper.included.index(lower.verb)]
    return None
