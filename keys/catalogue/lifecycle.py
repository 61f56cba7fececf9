"""Publishes versions of an app's scope catalogue. Every change, of one scope or of all, is one publish()."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.models import App
from audit.actors import Actor
from audit.change import change
from core.text import sanitize
from keys.catalogue import actions, document, store, usage
from keys.catalogue.catalogue import Catalogue, Definition
from keys.catalogue.document import CatalogueDocument
from keys.catalogue.models import CatalogueVersion
from keys.errors import ScopeInUse, ScopeNotFound, StaleCatalogue

ChangeDocument = Callable[[CatalogueDocument], None]
"""Changes a draft in place: keys/catalogue/edits.py."""
MAX_NAMES_IN_EVENT = 50
"""Scopes of a kind that an event names; the versions hold them all."""


@dataclass(frozen=True, slots=True)
class CatalogueDiff:
    """What one version of a catalogue changes in another: names of scopes."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    """Those whose description, place among the levels, or deprecation differs."""
    others: bool = False
    """Whether anything else differs: descriptions of resources, templates."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.others)

    def facts(self) -> dict[str, Any]:
        """What an event tells of it: at most MAX_NAMES_IN_EVENT names of each kind, and how many there are."""
        names = {"added": self.added, "removed": self.removed, "changed": self.changed}
        first = {kind: list(all_[:MAX_NAMES_IN_EVENT]) for kind, all_ in names.items() if all_}
        counts = {
            f"{kind}_count": len(all_) for kind, all_ in names.items() if len(all_) > MAX_NAMES_IN_EVENT
        }
        return first | counts


def compare(old: Catalogue, new: Catalogue) -> CatalogueDiff:
    """What `new` changes in `old`."""
    before, after = _described(old), _described(new)
    changed = tuple(name for name, what in after.items() if name in before and before[name] != what)
    return CatalogueDiff(
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        changed,
        old.document != new.document,
    )


def publish(
    actor: Actor,
    app: App,
    wanted: Mapping[str, Any],
    *,
    seen: int,
    reason: str = "",
    even_in_use: bool = False,
) -> Catalogue:
    """Make `wanted`, a document as in keys/catalogue/document.py, the next version of the app's catalogue.

    `seen` is the version it was made from. Nothing new publishes nothing. Raises Invalid, InvalidScope, ReservedScope,
    StaleCatalogue if there is another version by now, and ScopeInUse, unless `even_in_use`, if active keys hold a scope
    that would be removed: such a scope then grants nothing.
    """
    with change(actor, actions.PUBLISH, on=app, reason=reason) as event:
        current = store.catalogue_of(app)
        if seen != current.version:
            raise StaleCatalogue(current_version=current.version)
        new = document.read(wanted, current.version + 1)
        difference = compare(current, new)
        if not difference:
            return current
        if not even_in_use:
            refuse_in_use(app, difference.removed)
        row = CatalogueVersion.objects.create(
            app=app,
            version=new.version,
            document=dict(new.document),
            published_by=sanitize(actor.label, 200),
            reason=sanitize(reason, 500),
        )
        app.catalogue_id = row.id
        app.save(update_fields=["catalogue_id"])
        event.note(version=new.version, **difference.facts())
    return new


def edit(
    actor: Actor,
    app: App,
    change_document: ChangeDocument,
    *,
    seen: int | None = None,
    reason: str = "",
    even_in_use: bool = False,
) -> Catalogue:
    """Publish the present version as `change_document` changes it. `seen`: as in publish(); None: whichever is present.

    Templates lose the scopes that are gone, and go with their last one.
    """
    app.refresh_from_db(fields=["catalogue_id"])
    current = store.catalogue_of(app)
    draft = document.of(current)
    change_document(draft)
    document.trim_templates(draft, current)
    seen = current.version if seen is None else seen
    return publish(actor, app, draft.model_dump(), seen=seen, reason=reason, even_in_use=even_in_use)


def refuse_in_use(app: App, names: tuple[str, ...]) -> None:
    """Raise ScopeInUse, which names the keys, if active keys of `app` hold one of `names`."""
    held = usage.holders(app, names)
    if held:
        raise ScopeInUse(
            in_use={name: holders.count for name, holders in held.items()},
            keys=sorted({key.prefix for holders in held.values() for key in holders.keys})[: usage.MAX_SHOWN],
        )


def restore(
    actor: Actor, app: App, version: int, *, seen: int, reason: str = "", even_in_use: bool = False
) -> Catalogue:
    """Publish an earlier version again, as the next one. Raises ScopeNotFound if there is none."""
    if version == 1:
        wanted: Mapping[str, Any] = CatalogueDocument().model_dump()
    elif row := CatalogueVersion.objects.filter(app=app, version=version).first():
        wanted = row.document
    else:
        raise ScopeNotFound("There is no such version.")
    return publish(actor, app, wanted, seen=seen, reason=reason, even_in_use=even_in_use)


def _described(catalogue: Catalogue) -> dict[str, tuple[Definition, tuple[str, ...]]]:
    """Each scope with all that may change of it: its definition, and the levels that it includes."""
    return {
        name: (definition, catalogue.parse_scope(name).included)
        for name, definition in catalogue.definitions.items()
    }
