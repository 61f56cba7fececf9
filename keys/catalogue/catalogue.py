"""Catalogue: one version of the scopes that keys of an app may hold, and the order of their levels. Immutable."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

from keys.errors import InvalidScope, UnknownScope
from keys.scopes import MAX_SCOPES, Scope, ScopeSet, shape_error, shaped

Source = Literal["app", "preset", "built-in"]
"""Who defined a scope: the app, the preset "alter-sdk", or the portal."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A scope that may be granted, without an instance."""

    name: str
    """`resource:verb`."""
    description: str = ""
    deprecated: str = ""
    """What to use instead, as a sentence. Empty: it is not deprecated."""
    source: Source = "app"


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of thing with levels of access, lowest first: each level includes those before it."""

    name: str
    description: str
    levels: tuple[Definition, ...]
    source: Source = "app"

    @property
    def verbs(self) -> tuple[str, ...]:
        """The levels' names, lowest first."""
        return tuple(level.name.partition(":")[2] for level in self.levels)


@dataclass(frozen=True, slots=True)
class MintTemplate:
    """A starting point of the mint form. Everything in it can be changed before minting."""

    name: str
    label: str
    scopes: tuple[str, ...]
    expires: str = "90d"
    rate_limit_rpm: int | None = None


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The scopes of an app at one version. Compared by identity: a version never changes."""

    version: int
    resources: tuple[Resource, ...]
    actions: tuple[Definition, ...]
    templates: tuple[MintTemplate, ...] = ()
    has_preset: bool = True
    """Whether the preset "alter-sdk" is part of it."""
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The app's own part, as it is stored (keys/catalogue/document.py)."""

    @cached_property
    def definitions(self) -> Mapping[str, Definition]:
        """Every scope by its name, levels before actions."""
        levels = (level for resource in self.resources for level in resource.levels)
        return {definition.name: definition for definition in (*levels, *self.actions)}

    @cached_property
    def _included_verbs(self) -> Mapping[str, tuple[str, ...]]:
        """The name of each level, and the verbs of the levels below it."""
        return {
            level.name: resource.verbs[:place]
            for resource in self.resources
            for place, level in enumerate(resource.levels)
        }

    def parse_scope(self, text: str) -> Scope:
        """One scope. Raises InvalidScope for its shape, UnknownScope if the catalogue does not have it."""
        scope = shaped(text)
        if scope is None:
            raise InvalidScope("scopes", shape_error(text))
        if scope.name not in self.definitions:
            raise self.unknown_scope(scope)
        return self._with_levels(scope)

    def parse(self, texts: Iterable[str]) -> ScopeSet:
        """A set of 1 to MAX_SCOPES scopes. Raises InvalidScope, UnknownScope."""
        scopes = {self.parse_scope(text.strip()) for text in texts}
        if not scopes:
            raise InvalidScope("scopes", "Choose at least one scope.")
        if len(scopes) > MAX_SCOPES:
            raise InvalidScope("scopes", f"Use at most {MAX_SCOPES} scopes.")
        return ScopeSet(tuple(sorted(scopes)))

    def stored(self, names: Iterable[str]) -> ScopeSet:
        """The set that a row holds. It was parsed when it was written; what is no longer here covers itself alone."""
        return ScopeSet(tuple(self._with_levels(Scope.from_name(name)) for name in names))

    def unknown(self, scopes: Iterable[Scope]) -> Scope | None:
        """The first of `scopes` that the catalogue does not have."""
        definitions = self.definitions
        for scope in scopes:
            if scope.name not in definitions:
                return scope
        return None

    def unknown_scope(self, scope: Scope) -> UnknownScope:
        """The error for a scope that the catalogue does not have, with the nearest names that it has."""
        nearest = get_close_matches(scope.name, self.definitions, n=3, cutoff=0.6)
        advice = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
        return UnknownScope("scopes", f"Unknown scope “{scope.name}”.{advice}")

    def describe(self, scope: Scope) -> str:
        """What `scope` allows, in words; empty for one that is no longer here."""
        definition = self.definitions.get(scope.name)
        return definition.description if definition else ""

    def deprecated(self, scopes: Iterable[Scope]) -> list[Definition]:
        """The definitions of those of `scopes` that are deprecated, each once."""
        names = dict.fromkeys(scope.name for scope in scopes)
        known = (self.definitions.get(name) for name in names)
        return [definition for definition in known if definition and definition.deprecated]

    def highest(self) -> list[str]:
        """The highest level of each resource, and every action: all there is."""
        levels = [resource.levels[-1].name for resource in self.resources if resource.levels]
        return levels + [action.name for action in self.actions]

    def known(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of `names` that are scopes of this catalogue."""
        return tuple(name for name in names if (scope := shaped(name)) and scope.name in self.definitions)

    def resource(self, name: str) -> Resource | None:
        """The resource of this name, or None."""
        return next((resource for resource in self.resources if resource.name == name), None)

    def _with_levels(self, scope: Scope) -> Scope:
        included = self._included_verbs.get(scope.name, ())
        return Scope(scope.resource, scope.verb, scope.instance, included) if included else scope
