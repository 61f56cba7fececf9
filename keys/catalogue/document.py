"""The document of a catalogue version: what an app defines itself, as JSON. Reads, checks and writes it.

    {"preset": true,
     "resources": [{"name": "orders", "description": "Orders",
                    "levels": [{"name": "read", "description": "List and read orders", "deprecated": ""}]}],
     "actions": [{"name": "refunds:create", "description": "Refund an order", "deprecated": ""}],
     "templates": [{"name": "ci", "label": "CI job", "scopes": ["orders:read"], "expires": "1h",
                    "rate_limit_rpm": null}]}

Levels go from low to high, and each includes those before it. A resource without levels gets read, write and admin.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.models import MAX_RATE_LIMIT_RPM
from core.durations import parse_duration
from core.errors import Invalid
from core.text import sanitize
from keys.catalogue import builtin
from keys.catalogue.catalogue import Catalogue, Definition, MintTemplate, Resource
from keys.errors import InvalidScope, ReservedScope
from keys.scopes import MAX_SCOPES, shaped

MAX_RESOURCES = 200
MAX_LEVELS = 10
MAX_ACTIONS = 300
MAX_TEMPLATES = 20
EXPIRY_CHOICES = ("1h", "7d", "30d", "90d", "never")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
Sentence = Annotated[str, Field(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LevelDocument(_Part):
    """A level of a resource."""

    name: str
    description: Sentence = ""
    deprecated: Sentence = ""


class ResourceDocument(_Part):
    """A resource with its levels, lowest first."""

    name: str
    description: Sentence = ""
    levels: list[LevelDocument] = Field(default_factory=list, max_length=MAX_LEVELS)


class ActionDocument(_Part):
    """A scope that stands alone: `resource:verb`."""

    name: str
    description: Sentence = ""
    deprecated: Sentence = ""


class MintTemplateDocument(_Part):
    """A starting point of the mint form."""

    name: str
    label: Annotated[str, Field(min_length=1, max_length=60)]
    scopes: list[str] = Field(min_length=1, max_length=MAX_SCOPES)
    expires: str = "90d"
    rate_limit_rpm: Annotated[int, Field(ge=1, le=MAX_RATE_LIMIT_RPM)] | None = None


class CatalogueDocument(_Part):
    """All that an app defines."""

    preset: bool = True
    resources: list[ResourceDocument] = Field(default_factory=list, max_length=MAX_RESOURCES)
    actions: list[ActionDocument] = Field(default_factory=list, max_length=MAX_ACTIONS)
    templates: list[MintTemplateDocument] | None = Field(default=None, max_length=MAX_TEMPLATES)


def read(document: Mapping[str, Any], version: int) -> Catalogue:
    """The catalogue that a document describes. Raises Invalid, InvalidScope or ReservedScope, which name the place."""
    try:
        parsed = CatalogueDocument.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Invalid(_place(first["loc"]), f"{first['msg']}.") from None
    catalogue = build(parsed, version)
    _check_templates(catalogue)
    return catalogue


def build(parsed: CatalogueDocument, version: int) -> Catalogue:
    """The catalogue of a document whose values have the right types. Raises InvalidScope, ReservedScope."""
    resources = [_resource(f"resources.{place}", each) for place, each in enumerate(parsed.resources)]
    actions = [_action(f"actions.{place}", each) for place, each in enumerate(parsed.actions)]
    _refuse_twice(resources, actions)
    _refuse_taken(parsed.preset, resources, actions)
    preset = (builtin.PRESET_RESOURCES, builtin.PRESET_ACTIONS) if parsed.preset else ((), ())
    all_resources = (*resources, *builtin.BUILT_IN_RESOURCES, *preset[0])
    all_actions = (*actions, *builtin.BUILT_IN_ACTIONS, *preset[1])
    without_templates = Catalogue(version, all_resources, all_actions)
    return Catalogue(
        version,
        all_resources,
        all_actions,
        _default_templates(without_templates)
        if parsed.templates is None
        else tuple(_template(each) for each in parsed.templates),
        parsed.preset,
        parsed.model_dump(),
    )


def of(catalogue: Catalogue) -> CatalogueDocument:
    """The document of a catalogue, to be changed and published as the next version."""
    return CatalogueDocument.model_validate(dict(catalogue.document))


def trim_templates(draft: CatalogueDocument, before: Catalogue) -> None:
    """Take scopes that were in `before` and are gone out of the templates, and templates that are left with none.

    What never was a scope stays, for read() to complain about.
    """
    if draft.templates is None:
        return
    catalogue = build(draft, builtin.FIRST_VERSION)
    for template in draft.templates:
        kept = set(template.scopes) - set(before.known(template.scopes)) | set(
            catalogue.known(template.scopes)
        )
        template.scopes = [scope for scope in template.scopes if scope in kept]
    draft.templates = [template for template in draft.templates if template.scopes]


def _resource(place: str, resource: ResourceDocument) -> Resource:
    name = _name(f"{place}.name", resource.name)
    levels = resource.levels or [LevelDocument(name=level) for level in builtin.LEVELS]
    definitions = tuple(
        Definition(
            f"{name}:{_name(f'{place}.levels.{number}.name', level.name)}",
            _sentence(level.description),
            _sentence(level.deprecated),
        )
        for number, level in enumerate(levels)
    )
    return Resource(name, _sentence(resource.description), definitions)


def _action(place: str, action: ActionDocument) -> Definition:
    scope = shaped(action.name)
    if scope is None or scope.instance:
        lower = action.name.lower()
        advice = (
            f"Use lower case: {lower}." if lower != action.name and shaped(lower) else "Use resource:verb."
        )
        raise InvalidScope(
            f"{place}.name", f"{sanitize(action.name, 80)!r} is not the name of an action. {advice}"
        )
    return Definition(action.name, _sentence(action.description), _sentence(action.deprecated))


def _template(template: MintTemplateDocument) -> MintTemplate:
    return MintTemplate(
        template.name,
        _sentence(template.label),
        tuple(template.scopes),
        template.expires,
        template.rate_limit_rpm,
    )


def _default_templates(catalogue: Catalogue) -> tuple[MintTemplate, ...]:
    """Those every app begins with, as far as `catalogue` has their scopes."""
    known = [
        MintTemplate(each.name, each.label, catalogue.known(each.scopes), each.expires, each.rate_limit_rpm)
        for each in builtin.TEMPLATES
    ]
    return tuple(each for each in known if each.scopes)


def _check_templates(catalogue: Catalogue) -> None:
    names: set[str] = set()
    for place, template in enumerate(catalogue.templates):
        _name(f"templates.{place}.name", template.name)
        if template.name in names:
            raise Invalid(f"templates.{place}.name", f"“{template.name}” occurs twice.")
        names.add(template.name)
        if template.expires not in EXPIRY_CHOICES:
            parse_duration(template.expires, f"templates.{place}.expires")
        for scope in template.scopes:
            catalogue.parse_scope(scope)


def _refuse_twice(resources: list[Resource], actions: list[Definition]) -> None:
    """Raise InvalidScope for a resource or a scope that is defined twice."""
    seen: set[str] = set()
    names = [(f"resources.{place}.name", resource.name) for place, resource in enumerate(resources)]
    names += [
        (f"resources.{place}.levels.{number}.name", level.name)
        for place, resource in enumerate(resources)
        for number, level in enumerate(resource.levels)
    ]
    names += [(f"actions.{place}.name", action.name) for place, action in enumerate(actions)]
    for place, name in names:
        if name in seen:
            raise InvalidScope(place, f"“{name}” is defined twice. Remove one.")
        seen.add(name)


def _refuse_taken(has_preset: bool, resources: list[Resource], actions: list[Definition]) -> None:
    """Raise ReservedScope for a name that belongs to the portal, or to the preset if that is on."""
    own = [(f"resources.{place}.name", resource.name) for place, resource in enumerate(resources)]
    own += [(f"actions.{place}.name", action.name) for place, action in enumerate(actions)]
    for place, name in own:
        owner = builtin.taken_by(name, has_preset)
        if owner == "built-in":
            raise ReservedScope(
                place,
                f"“{name}” is a built-in scope of the portal. Use another name, for example api-{name}.",
            )
        if owner == "preset":
            raise ReservedScope(
                place, f"“{name}” is part of the preset alter-sdk. Turn the preset off, or use another name."
            )


def _name(place: str, name: str) -> str:
    if _NAME.fullmatch(name):
        return name
    lower = name.lower()
    advice = (
        f"Use lower case: {lower}."
        if lower != name and _NAME.fullmatch(lower)
        else ("Use 1 to 40 of a to z, 0 to 9, _ and -, starting with a letter.")
    )
    raise InvalidScope(place, f"{sanitize(name, 80)!r} is not a name. {advice}")


def _sentence(text: str) -> str:
    return sanitize(text.strip(), 200)


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "document"
