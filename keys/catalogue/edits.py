"""Changes of one thing in the document of a catalogue: a scope, a resource, the preset, a mint template.

Each takes the draft that lifecycle.edit() publishes, and changes it in place.
"""

from collections.abc import Sequence

from core.errors import Invalid
from keys.catalogue import builtin
from keys.catalogue.document import (
    ActionDocument,
    CatalogueDocument,
    LevelDocument,
    MintTemplateDocument,
    ResourceDocument,
    build,
)
from keys.errors import ScopeNotFound


def set_resource(
    draft: CatalogueDocument, name: str, description: str | None = None, levels: Sequence[str] | None = None
) -> None:
    """Add the resource `name`, or change its description and the names of its levels, lowest first.

    Levels keep their descriptions by name. A new resource without `levels` has read, write and admin.
    """
    resource = _resource(draft, name)
    if resource is None:
        resource = ResourceDocument(name=name, levels=[LevelDocument(name=level) for level in builtin.LEVELS])
        draft.resources.append(resource)
    if description is not None:
        resource.description = description
    if levels is not None:
        existing = {level.name: level for level in resource.levels}
        resource.levels = [existing.get(level) or LevelDocument(name=level) for level in levels]


def remove_resource(draft: CatalogueDocument, name: str) -> None:
    """Remove the resource `name` with its levels. Its actions stay. Raises ScopeNotFound."""
    resource = _resource(draft, name)
    if resource is None:
        raise ScopeNotFound(f"The app defines no resource “{name}”.")
    draft.resources.remove(resource)


def set_scope(
    draft: CatalogueDocument,
    name: str,
    *,
    description: str | None = None,
    deprecated: str | None = None,
    position: int | None = None,
    as_action: bool | None = None,
) -> None:
    """Add the scope `resource:verb`, or change what is given of it; None leaves as it is.

    A new scope is a level of its resource if that has levels, else an action, unless `as_action` says which. A new
    level stands at `position` from the lowest, 0, or is the highest. `deprecated` is what to use instead; empty takes
    the mark away. Raises Invalid for a position out of range, or one of an action.
    """
    level = _level(draft, name)
    action = next((action for action in draft.actions if action.name == name), None)
    if level is None and action is None:
        level, action = _add_scope(draft, name, as_action)
    elif as_action is not None and as_action != (action is not None):
        raise Invalid(
            "kind", "A level does not become an action, or an action a level. Remove the scope first."
        )
    for part in (level, action):
        if part is not None:
            part.description = part.description if description is None else description
            part.deprecated = part.deprecated if deprecated is None else deprecated
    if position is not None:
        _move(draft, name, level, position)


def sort_levels(draft: CatalogueDocument, name: str) -> None:
    """Put the usual levels of the resource `name` in their order, read before write before admin; others follow."""
    if resource := _resource(draft, name):
        usual = {level: place for place, level in enumerate(builtin.LEVELS)}
        resource.levels.sort(key=lambda level: usual.get(level.name, len(usual)))


def remove_scope(draft: CatalogueDocument, name: str) -> None:
    """Remove the scope `resource:verb`, and its resource with the last level. Raises ScopeNotFound."""
    level = _level(draft, name)
    action = next((action for action in draft.actions if action.name == name), None)
    if action is not None:
        draft.actions.remove(action)
    elif level is not None and (resource := _resource(draft, name.partition(":")[0])):
        resource.levels.remove(level)
        if not resource.levels:
            draft.resources.remove(resource)
    else:
        raise ScopeNotFound(f"The app defines no scope “{name}”.")


def set_preset(draft: CatalogueDocument, enabled: bool) -> None:
    """Turn the preset "alter-sdk" on or off."""
    draft.preset = enabled


def set_template(draft: CatalogueDocument, template: MintTemplateDocument) -> None:
    """Add a mint template, or replace the one of its name. The first one of its own ends the default ones' turn."""
    templates = _templates(draft)
    names = [each.name for each in templates]
    if template.name in names:
        templates[names.index(template.name)] = template
    else:
        templates.append(template)
    draft.templates = templates


def remove_template(draft: CatalogueDocument, name: str) -> None:
    """Remove the mint template `name`. Raises ScopeNotFound."""
    templates = _templates(draft)
    if name not in {each.name for each in templates}:
        raise ScopeNotFound(f"There is no mint template “{name}”.")
    draft.templates = [each for each in templates if each.name != name]


def _templates(draft: CatalogueDocument) -> list[MintTemplateDocument]:
    """Its own templates, or the default ones written out."""
    if draft.templates is not None:
        return draft.templates
    return [
        MintTemplateDocument(
            name=each.name,
            label=each.label,
            scopes=list(each.scopes),
            expires=each.expires,
            rate_limit_rpm=each.rate_limit_rpm,
        )
        for each in build(draft, builtin.FIRST_VERSION).templates
    ]


def _resource(draft: CatalogueDocument, name: str) -> ResourceDocument | None:
    return next((resource for resource in draft.resources if resource.name == name), None)


def _level(draft: CatalogueDocument, name: str) -> LevelDocument | None:
    resource, _, verb = name.partition(":")
    levels = (found := _resource(draft, resource)) and found.levels or []
    return next((level for level in levels if level.name == verb), None)


def _add_scope(
    draft: CatalogueDocument, name: str, as_action: bool | None
) -> tuple[LevelDocument | None, ActionDocument | None]:
    resource_name, _, verb = name.partition(":")
    resource = _resource(draft, resource_name)
    if as_action or (as_action is None and resource is None):
        action = ActionDocument(name=name)
        draft.actions.append(action)
        return None, action
    if resource is None:
        resource = ResourceDocument(name=resource_name)
        draft.resources.append(resource)
    level = LevelDocument(name=verb)
    resource.levels.append(level)
    return level, None


def _move(draft: CatalogueDocument, name: str, level: LevelDocument | None, position: int) -> None:
    resource = _resource(draft, name.partition(":")[0])
    if level is None or resource is None:
        raise Invalid("position", "Only a level has a position. An action has none.")
    if not 0 <= position < len(resource.levels):
        raise Invalid("position", f"Choose 0, the lowest, to {len(resource.levels) - 1}, the highest.")
    resource.levels.remove(level)
    resource.levels.insert(position, level)
