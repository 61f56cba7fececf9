"""What the pages of an app's scopes show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.models import App
from keys.catalogue import usage
from keys.catalogue.catalogue import Catalogue, Definition, Source
from keys.catalogue.lifecycle import CatalogueDiff
from keys.catalogue.usage import RecentRequests


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """A scope in the list."""

    definition: Definition
    place: str
    """`Level 2, includes read` or `Action`."""
    resource: str
    keys: int
    recent: RecentRequests | None
    requests: int

    @property
    def name(self) -> str:
        """`resource:verb`."""
        return self.definition.name

    @property
    def is_own(self) -> bool:
        """Whether the app itself defines it."""
        return self.definition.source == "app"


def scope_rows(
    catalogue: Catalogue, holders: Mapping[str, int], recent: Mapping[str, RecentRequests]
) -> list[ScopeRow]:
    """Every scope of a catalogue: levels by resource, lowest first, then actions."""
    places = {
        level.name: f"Level {number}" + (f", includes {resource.verbs[number - 2]}" if number > 1 else "")
        for resource in catalogue.resources
        for number, level in enumerate(resource.levels, 1)
    }
    return [
        ScopeRow(
            definition,
            places.get(name, "Action"),
            name.partition(":")[0],
            holders.get(name, 0),
            recent.get(name),
            recent[name].count if name in recent else 0,
        )
        for name, definition in catalogue.definitions.items()
    ]


def filtered(rows: Sequence[ScopeRow], q: str, source: Source | str) -> list[ScopeRow]:
    """Those that contain `q` in their name or description, whatever the case, and are of `source`, if one is given."""
    wanted = q.strip().casefold()
    return [
        row
        for row in rows
        if (not source or row.definition.source == source)
        and (not wanted or wanted in f"{row.name} {row.definition.description}".casefold())
    ]


@dataclass(frozen=True, slots=True)
class Removal:
    """What removing some scopes would do: who holds them, and who needed them lately."""

    names: tuple[str, ...]
    held: Mapping[str, usage.Holders]
    recent: Mapping[str, RecentRequests]
    scanned: int
    is_complete: bool

    @property
    def keys(self) -> int:
        """How often one of them is held."""
        return sum(holders.count for holders in self.held.values())


def removal_of(app: App, names: Sequence[str]) -> Removal:
    """What removing `names` from the scopes of `app` would do."""
    recent = usage.recent_use(app)
    return Removal(
        tuple(names),
        usage.holders(app, names),
        {name: recent.by_scope[name] for name in names if name in recent.by_scope},
        recent.scanned,
        recent.is_complete,
    )


def difference_lines(difference: CatalogueDiff) -> list[tuple[str, str]]:
    """Each scope that differs, with how: for the page of a version."""
    return [
        *(("Added", name) for name in difference.added),
        *(("Removed", name) for name in difference.removed),
        *(("Changed", name) for name in difference.changed),
    ]
