"""The schemas of an app's scope catalogue in the management API (docs/api.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StrictStr

from core.schemas import Item, Page, RequestSchema, ResponseSchema, Sentence, Text
from keys.catalogue.catalogue import Catalogue, Definition, MintTemplate, Resource
from keys.catalogue.models import CatalogueVersion

REASON = "The reason, saved to the audit log."
MAX_VERSION = 1_000_000
EVEN_IN_USE = "Remove scopes even if active keys hold them. They then grant nothing."
SEEN = "The version that the change was made from. null: whichever is current."
DESCRIPTION = "What it allows, in a sentence of at most 200 characters."


class ScopeInfo(ResponseSchema):
    """A scope that keys of the app may hold."""

    name: str = Field(description="resource:verb.")
    kind: Literal["level", "action"] = Field(description="A level includes the levels before it.")
    description: str = Field(description=DESCRIPTION)
    deprecated: str | None = Field(description="What to use instead. null: the scope is not deprecated.")
    source: Literal["app", "preset", "built-in"] = Field(
        description="Who defines it: the app, the preset alter-sdk, or the portal."
    )
    active_keys: int = Field(description="Active keys that hold it, for any instance.")

    @classmethod
    def from_definition(cls, definition: Definition, kind: Literal["level", "action"], keys: int) -> Self:
        """A definition, and the number of active keys that hold it."""
        return cls(
            name=definition.name,
            kind=kind,
            description=definition.description,
            deprecated=definition.deprecated or None,
            source=definition.source,
            active_keys=keys,
        )


class ScopeResource(ResponseSchema):
    """A resource and its levels."""

    name: str = Field(description="The part of the scope before the colon.")
    description: str = Field(description="What it is.")
    levels: list[str] = Field(description="The verbs, lowest first. Each includes those before it.")
    source: Literal["app", "preset", "built-in"] = Field(description="Who defines it.")

    @classmethod
    def from_resource(cls, resource: Resource) -> Self:
        """A resource as the API shows it."""
        return cls(
            name=resource.name,
            description=resource.description,
            levels=list(resource.verbs),
            source=resource.source,
        )


class MintTemplateInfo(ResponseSchema):
    """A starting point of the mint form."""

    name: str = Field(description="Its name in addresses.")
    label: str = Field(description="Its name on the page.")
    scopes: list[str] = Field(description="The scopes it chooses.")
    expires: str = Field(description="When the key expires: a duration such as 90d, or never.")
    rate_limit_rpm: int | None = Field(description="Requests per minute. null: the app's limit.")

    @classmethod
    def from_template(cls, template: MintTemplate) -> Self:
        """A template as the API shows it."""
        return cls(
            name=template.name,
            label=template.label,
            scopes=list(template.scopes),
            expires=template.expires,
            rate_limit_rpm=template.rate_limit_rpm,
        )


class CatalogueInfo(ResponseSchema):
    """The scopes of an app, at one version."""

    version: int = Field(description="The version, from 1. Keys remember the one they were minted under.")
    preset: bool = Field(description="Whether the scopes of the preset alter-sdk are part of it.")
    resources: list[ScopeResource] = Field(description="Resources with levels, those of the app first.")
    scopes: list[ScopeInfo] = Field(description="Every scope that a key of the app may hold.")
    templates: list[MintTemplateInfo] = Field(description="The starting points of the mint form.")
    document: dict[str, Any] = Field(description="What the app itself defines, as PUT takes it.")

    @classmethod
    def from_catalogue(cls, catalogue: Catalogue, holders: Mapping[str, int]) -> Self:
        """A catalogue, and the number of active keys that hold each scope."""
        actions = {action.name for action in catalogue.actions}
        return cls(
            version=catalogue.version,
            preset=catalogue.has_preset,
            resources=[ScopeResource.from_resource(resource) for resource in catalogue.resources],
            scopes=[
                ScopeInfo.from_definition(
                    definition, "action" if name in actions else "level", holders.get(name, 0)
                )
                for name, definition in catalogue.definitions.items()
            ],
            templates=[MintTemplateInfo.from_template(template) for template in catalogue.templates],
            document=dict(catalogue.document),
        )


class CatalogueVersionInfo(ResponseSchema):
    """A published version of the scopes of an app."""

    version: int = Field(description="The version.")
    published_at: datetime = Field(description="When it was published.")
    published_by: str = Field(description="Who published it.")
    reason: str = Field(description="The reason given.")
    document: dict[str, Any] = Field(description="What the app itself defines.")

    @classmethod
    def from_model(cls, row: CatalogueVersion) -> Self:
        """A version as the API shows it."""
        return cls(
            version=row.version,
            published_at=row.published_at,
            published_by=row.published_by,
            reason=row.reason,
            document=row.document,
        )


class CatalogueVersionPage(Page):
    """Published versions, the newest first. Version 1, which every app begins with, is not among them."""

    items: list[CatalogueVersionInfo] = Field(description="The versions of this page.")


class ScopeUsage(ResponseSchema):
    """Who holds a scope, and who needed it lately."""

    name: str = Field(description="The scope.")
    active_keys: int = Field(description="Active keys that hold it, for any instance.")
    key_prefixes: list[str] = Field(description="The prefixes of at most 20 of them, the newest first.")
    requests: int = Field(
        description="Requests of the last 30 days that needed it, as far as looked through."
    )
    requests_scanned: int = Field(description="Requests that were looked through, the newest first.")
    is_complete: bool = Field(description="Whether all requests of the 30 days were looked through.")
    last_request_at: datetime | None = Field(description="The newest of them.")
    recent_keys: list[str] = Field(description="Names of the keys they were made with, at most 20.")


class Revision(RequestSchema):
    """What every change of the scopes may say beside itself."""

    version: StrictInt | None = Field(default=None, ge=1, le=MAX_VERSION, description=SEEN)
    reason: Sentence | None = Field(default=None, description=REASON)
    even_in_use: StrictBool = Field(default=False, description=EVEN_IN_USE)

    def options(self) -> dict[str, Any]:
        """Keyword arguments of keys.catalogue.lifecycle.edit()."""
        return {"seen": self.version, "reason": self.reason or "", "even_in_use": self.even_in_use}


class CataloguePublishRequest(Revision):
    """All scopes that the app itself defines: what is left out is removed."""

    version: StrictInt = Field(
        ge=1, le=MAX_VERSION, description="The current version, which the document was made from."
    )
    document: dict[str, Any] = Field(description="preset, resources, actions and templates, see docs.")


class ScopeImportRequest(Revision):
    """An OpenAPI document whose scopes are taken over."""

    document: StrictStr = Field(
        min_length=1,
        max_length=1_000_000,
        description="An OpenAPI 3.0 or 3.1 document, as JSON or YAML text.",
    )
    publish: StrictBool = Field(default=False, description="false: only say what would change.")
    scopes: list[Item] | None = Field(
        default=None,
        max_length=1000,
        description="The changes to make, by the name of the scope. null: all but removals.",
    )


class ScopeChangeInfo(ResponseSchema):
    """What the document would change of a scope."""

    name: str = Field(description="The scope.")
    change: Literal["added", "described", "removed"] = Field(
        description="removed: the document does not have it. It is removed only if it is chosen."
    )
    description: str = Field(description="What it would allow.")
    before: str = Field(description="What it allows now.")


class ScopeImportResult(ResponseSchema):
    """What an OpenAPI document would change, and what was published."""

    title: str = Field(description="The title of the document.")
    operations: int = Field(description="Operations in the document.")
    changes: list[ScopeChangeInfo] = Field(description="What would change in the current version.")
    skipped: dict[str, str] = Field(description="Names that are not taken over, with the reason.")
    renamed: dict[str, str] = Field(description="Names of the document, and the names they would have here.")
    unchanged: int = Field(description="Scopes that are the same.")
    published_version: int | None = Field(description="The version that was published. null: none was.")


class PresetRequest(Revision):
    """Whether the scopes of the preset alter-sdk are part of the catalogue."""

    preset: StrictBool = Field(description="true adds them, false removes them.")


class ScopeRequest(Revision):
    """A scope of the app. What is left out stays as it is."""

    description: Sentence | None = Field(default=None, max_length=200, description=DESCRIPTION)
    deprecated: Sentence | None = Field(
        default=None,
        max_length=200,
        description="What to use instead; the scope still works. Empty: not deprecated.",
    )
    position: StrictInt | None = Field(
        default=None,
        ge=0,
        le=9,
        description="The level's place, from the lowest, 0. null: a new level is the highest.",
    )
    kind: Literal["level", "action"] | None = Field(
        default=None, description="null: a level if the resource has levels, else an action."
    )


class ResourceRequest(Revision):
    """A resource of the app. What is left out stays as it is."""

    description: Sentence | None = Field(
        default=None, max_length=200, description="What it is, at most 200 characters."
    )
    levels: list[Text] | None = Field(
        default=None,
        min_length=1,
        max_length=10,
        description="The verbs, lowest first. null: a new resource has read, write and admin.",
    )


class MintTemplateRequest(Revision):
    """A starting point of the mint form."""

    label: Sentence = Field(max_length=60, description="Its name on the page, at most 60 characters.")
    scopes: list[Text] = Field(min_length=1, max_length=100, description="The scopes it chooses.")
    expires: Text = Field(default="90d", description="A duration such as 90d, or never.")
    rate_limit_rpm: StrictInt | None = Field(
        default=None, ge=1, le=100_000, description="Requests per minute. null: the app's limit."
    )
