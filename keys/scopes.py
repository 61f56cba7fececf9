"""The value language of scopes: `resource:verb` or `resource:verb:instance` (docs/sdk.md)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.text import sanitize
from keyformat.redaction import redact
from keys.errors import InvalidScope, UnknownScope

VERSION = 1
"""The version of the catalogue below. Each key remembers the one it was minted under."""
MAX_SCOPES = 100
TIERS = ("read", "write", "admin")
RESOURCES = {
    "agents": "agents and their keys",
    "grants": "access granted to users",
    "keys": "keys of this app",
    "secrets": "stored third-party secrets",
    "idp_users": "users of your directory",
    "audit_logs": "events and requests",
    "usage": "usage and limits",
    "providers": "third-party services",
    "approvals": "pending approvals",
}
ACTIONS = {
    "tokens:retrieve": "retrieve a stored token",
    "proxy:execute": "call through the proxy",
    "connect:initiate": "start a connection",
    "keys:derive": "derive short-lived keys",
    "audit:emit": "add to the audit log",
    "spans:emit": "send trace spans",
}
AGENT_DEFAULT = (
    "keys:derive",
    "keys:admin",
    "tokens:retrieve",
    "proxy:execute",
    "connect:initiate",
    "grants:read",
    "audit:emit",
    "spans:emit",
)
"""What a key minted for an agent may do unless told otherwise (docs/sdk.md)."""

_SHAPE = re.compile(
    r"([a-z][a-z0-9_]{0,39}):([a-z][a-z0-9_]{0,39})(?::([A-Za-z0-9][A-Za-z0-9._~@+=/-]{0,127}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One thing a key may do. An empty instance means every instance."""

    resource: str
    verb: str
    instance: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in (self.resource, self.verb, self.instance) if part)

    def of(self, instance: str) -> "Scope":
        """This scope for `instance`, if it is for every one and one is named."""
        return Scope(self.resource, self.verb, instance) if instance and not self.instance else self

    def covers(self, other: "Scope") -> bool:
        """Whether whoever holds this may do all that `other` allows."""
        return (
            self.resource == other.resource
            and self.instance in ("", other.instance)
            and (self.verb == other.verb or _tier(self.verb) > _tier(other.verb) >= 0)
        )

    def meet(self, other: "Scope") -> "Scope | None":
        """The largest scope that both cover, or None if they share nothing."""
        if self.resource != other.resource:
            return None
        if self.instance and other.instance and self.instance != other.instance:
            return None
        verb = self.verb if self.verb == other.verb else _lower(self.verb, other.verb)
        return Scope(self.resource, verb, self.instance or other.instance) if verb else None


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


def parse_scope(text: str) -> Scope:
    """One scope of the catalogue. Raises InvalidScope for its shape, UnknownScope for its words."""
    scope = shaped(text)
    if scope is None:
        shown = repr(sanitize(text, 80))
        raise InvalidScope("scopes", f"{shown} is not a scope. Use resource:verb or resource:verb:id.")
    words = f"{scope.resource}:{scope.verb}"
    if words not in ACTIONS and (scope.resource not in RESOURCES or scope.verb not in TIERS):
        raise UnknownScope("scopes", f"Unknown scope “{words}”.")
    return scope


def shaped(text: str) -> Scope | None:
    """`text` as a scope if it has the shape of one and is no key, in the catalogue or not."""
    match = _SHAPE.fullmatch(text)
    if not match or redact(text) != text:
        return None
    resource, verb, instance = match.groups()
    return Scope(resource, verb, instance or "")


def parse_scopes(texts: Iterable[str]) -> ScopeSet:
    """A set of 1 to 100 scopes. Raises InvalidScope, UnknownScope."""
    scopes = {parse_scope(text.strip()) for text in texts}
    if not scopes:
        raise InvalidScope("scopes", "Choose at least one scope.")
    if len(scopes) > MAX_SCOPES:
        raise InvalidScope("scopes", f"Use at most {MAX_SCOPES} scopes.")
    return ScopeSet(tuple(sorted(scopes)))


def stored_scopes(names: Iterable[str]) -> ScopeSet:
    """The set a row holds. It was parsed when it was written, and a catalogue may have changed since."""
    return ScopeSet(tuple(Scope(*name.split(":", 2)) for name in names))


def everything() -> list[str]:
    """The highest scope of each resource, and every action."""
    return [f"{resource}:admin" for resource in RESOURCES] + list(ACTIONS)


def _tier(verb: str) -> int:
    return TIERS.index(verb) if verb in TIERS else -1


def _lower(first: str, second: str) -> str:
    tier = min(_tier(first), _tier(second))
    return TIERS[tier] if tier >= 0 else ""
