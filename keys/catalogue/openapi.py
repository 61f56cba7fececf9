"""Takes scopes over from an OpenAPI document: first what would change, then only the changes that were chosen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import Invalid
from keys.catalogue import builtin, edits
from keys.catalogue.catalogue import Catalogue
from keys.catalogue.document import CatalogueDocument
from keys.openapi_import import preview, reader
from keys.openapi_import.document import DescriptionError
from keys.openapi_import.preview import Existing

MAX_DESCRIPTION = 200
Kind = Literal["added", "described", "removed"]


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """One thing that the document would change."""

    name: str
    kind: Kind
    description: str
    """What it would allow, or what it allows if it would be removed."""
    before: str = ""
    """What it allows by the present version."""


@dataclass(frozen=True, slots=True)
class ScopeImport:
    """What a document says about scopes, beside what the catalogue has."""

    title: str
    version: str
    operations: int
    changes: tuple[ScopeChange, ...]
    skipped: Mapping[str, str]
    """Names that are not taken over, each with the reason."""
    renamed: Mapping[str, str]
    """Names as the document writes them, and as they would be kept."""
    unchanged: int

    def of_kind(self, *kinds: Kind) -> list[str]:
        """The names of the changes of these kinds."""
        return [change.name for change in self.changes if change.kind in kinds]


def read(catalogue: Catalogue, document: bytes | str) -> ScopeImport:
    """What `document` would change in the app's own scopes. Raises Invalid, which names the place in it."""
    try:
        description = reader.read(document)
    except DescriptionError as error:
        place = f"{error.pointer}: " if error.pointer else ""
        raise Invalid("document", f"{place}{error.message}") from None
    own = {name: each.description for name, each in catalogue.definitions.items() if each.source == "app"}
    found = preview.proposal(description, Existing(own))
    used = {scope for route in description.routes for rule in route.security for scope in rule}
    names = {name: found.renamed_scopes.get(name, name) for name in sorted(used | set(description.scopes))}
    skipped = {
        name: "The portal cannot keep this name. Use resource:verb." for name, to in names.items() if not to
    }
    wanted = {to: description.scopes.get(name, "")[:MAX_DESCRIPTION] for name, to in names.items() if to}
    for name in list(wanted):
        if why := _why_not(catalogue, name):
            skipped[name] = why
            del wanted[name]
    return ScopeImport(
        description.title,
        description.version,
        len(description.routes),
        tuple(_changes(own, wanted)),
        skipped,
        {name: to for name, to in names.items() if to and name != to and to in wanted},
        sum(own.get(name) == says for name, says in wanted.items()),
    )


def apply(draft: CatalogueDocument, found: ScopeImport, chosen: Collection[str]) -> None:
    """Make those changes of `found` in `draft` whose names are `chosen`."""
    for change in found.changes:
        if change.name not in chosen:
            continue
        if change.kind == "removed":
            edits.remove_scope(draft, change.name)
        elif change.kind == "described":
            edits.set_scope(draft, change.name, description=change.description)
        else:
            verb = change.name.partition(":")[2]
            is_level = verb in builtin.LEVELS
            edits.set_scope(draft, change.name, description=change.description, as_action=not is_level)
            if is_level:
                edits.sort_levels(draft, change.name.partition(":")[0])


def _changes(own: Mapping[str, str], wanted: Mapping[str, str]) -> list[ScopeChange]:
    added = [ScopeChange(name, "added", says) for name, says in wanted.items() if name not in own]
    described = [
        ScopeChange(name, "described", says, own[name])
        for name, says in wanted.items()
        if name in own and says and own[name] != says
    ]
    removed = [ScopeChange(name, "removed", says) for name, says in own.items() if name not in wanted]
    return added + described + removed


def _why_not(catalogue: Catalogue, name: str) -> str:
    """Why the app cannot define `name`; empty if it can."""
    if name.count(":") > 1:
        return "It names an instance. Scopes of a catalogue stand for every instance."
    owner = builtin.taken_by(name, catalogue.has_preset)
    if owner == "built-in":
        return (
            f"It is a built-in scope of the portal. Use another name in the document, for example api-{name}."
        )
    if owner == "preset":
        return "It is part of the preset alter-sdk. Turn the preset off, or use another name."
    return ""
