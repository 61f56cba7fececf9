"""Fills the fields of the scope matrix: from the scopes of a key, or from a mint template of the app's catalogue."""

from collections.abc import Iterable
from typing import Any

from keys.catalogue.catalogue import Catalogue, MintTemplate

LEVEL_PREFIX = "scope_"
"""What the name of a resource's field begins with. A level is no secret, whatever the resource is called."""


def template_fields(catalogue: Catalogue, template: MintTemplate) -> dict[str, Any]:
    """A template as values of the mint form. Everything in it can be changed before minting."""
    fields = as_fields(catalogue, template.scopes)
    return fields | {"expires": template.expires, "rate_limit_rpm": template.rate_limit_rpm}


def as_fields(catalogue: Catalogue, scopes: Iterable[str]) -> dict[str, Any]:
    """Scopes as values of the matrix: levels, actions, and the rest written out."""
    fields: dict[str, Any] = {LEVEL_PREFIX + resource.name: "none" for resource in catalogue.resources}
    levels = {level.name for resource in catalogue.resources for level in resource.levels}
    actions = {action.name for action in catalogue.actions}
    fields |= {"actions": [], "more_scopes": ""}
    more: list[str] = []
    for scope in scopes:
        resource, _, level = scope.partition(":")
        if scope in actions:
            fields["actions"].append(scope)
        elif scope in levels and fields[LEVEL_PREFIX + resource] == "none":
            fields[LEVEL_PREFIX + resource] = level
        else:
            more.append(scope)
    return fields | {"more_scopes": ", ".join(more)}
