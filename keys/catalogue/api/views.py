"""Operations on the scope catalogue of an app, in the management API."""

from functools import partial

from agents.requests import AppRequest, ProgramRequest
from core.errors import Invalid
from core.pagination.cursors import PartOfList, paginate
from core.text import sanitize
from keys.api.runtime import describe_catalogue
from keys.api.runtime_schemas import ScopeCatalog
from keys.catalogue import edits, lifecycle, openapi, usage
from keys.catalogue.api.schemas import (
    CatalogueInfo,
    CataloguePublishRequest,
    CatalogueVersionInfo,
    CatalogueVersionPage,
    MintTemplateRequest,
    PresetRequest,
    ResourceRequest,
    Revision,
    ScopeChangeInfo,
    ScopeImportRequest,
    ScopeImportResult,
    ScopeRequest,
    ScopeUsage,
)
from keys.catalogue.builtin import DEFAULT
from keys.catalogue.catalogue import Catalogue
from keys.catalogue.document import MintTemplateDocument
from keys.catalogue.lifecycle import ChangeDocument
from keys.catalogue.models import CatalogueVersion
from keys.catalogue.store import catalogue_of
from keys.errors import ScopeNotFound


def list_default_scopes(request: ProgramRequest) -> ScopeCatalog:
    """The scopes that every app begins with. GET /apps/{app_id}/scopes has those of an app."""
    return describe_catalogue(DEFAULT)


def get_catalogue(request: AppRequest) -> CatalogueInfo:
    """The scopes that keys of this app may hold."""
    return _described(request, catalogue_of(request.app))


def publish_catalogue(request: AppRequest, body: CataloguePublishRequest) -> CatalogueInfo:
    """Replace what the app itself defines, as the next version."""
    published = lifecycle.publish(
        request.actor,
        request.app,
        body.document,
        seen=body.version,
        reason=body.reason or "",
        even_in_use=body.even_in_use,
    )
    return _described(request, published)


def import_scopes(request: AppRequest, body: ScopeImportRequest) -> ScopeImportResult:
    """Take scopes over from an OpenAPI document: first say what would change, then publish what is chosen."""
    catalogue = catalogue_of(request.app)
    found = openapi.read(catalogue, body.document)
    chosen = found.of_kind("added", "described") if body.scopes is None else body.scopes
    if unknown := sorted(set(chosen) - {change.name for change in found.changes}):
        raise Invalid("scopes", f"The document changes no scope “{sanitize(unknown[0], 80)}”.")
    published = None
    if body.publish:
        options = body.options() | {"seen": body.version or catalogue.version}
        change = partial(openapi.apply, found=found, chosen=set(chosen))
        published = lifecycle.edit(request.actor, request.app, change, **options).version
    return ScopeImportResult(
        title=found.title,
        operations=found.operations,
        changes=[
            ScopeChangeInfo(
                name=each.name, change=each.kind, description=each.description, before=each.before
            )
            for each in found.changes
        ],
        skipped=dict(found.skipped),
        renamed=dict(found.renamed),
        unchanged=found.unchanged,
        published_version=published,
    )


def set_preset(request: AppRequest, body: PresetRequest) -> CatalogueInfo:
    """Add or remove the scopes of the preset alter-sdk."""
    return _edit(request, partial(edits.set_preset, enabled=body.preset), body)


def set_scope(request: AppRequest, scope: str, body: ScopeRequest) -> CatalogueInfo:
    """Add a scope, or change its description, deprecation or place."""
    as_action = None if body.kind is None else body.kind == "action"
    change = partial(
        edits.set_scope,
        name=scope,
        description=body.description,
        deprecated=body.deprecated,
        position=body.position,
        as_action=as_action,
    )
    return _edit(request, change, body)


def remove_scope(request: AppRequest, scope: str, body: Revision | None = None) -> CatalogueInfo:
    """Remove a scope. Refused while active keys hold it, unless even_in_use."""
    return _edit(request, partial(edits.remove_scope, name=scope), body)


def set_resource(request: AppRequest, resource: str, body: ResourceRequest) -> CatalogueInfo:
    """Add a resource, or change its description or levels."""
    change = partial(edits.set_resource, name=resource, description=body.description, levels=body.levels)
    return _edit(request, change, body)


def remove_resource(request: AppRequest, resource: str, body: Revision | None = None) -> CatalogueInfo:
    """Remove a resource and its levels. Refused while active keys hold one, unless even_in_use."""
    return _edit(request, partial(edits.remove_resource, name=resource), body)


def set_template(request: AppRequest, template: str, body: MintTemplateRequest) -> CatalogueInfo:
    """Add or replace a mint template."""
    values = body.model_dump(include={"label", "scopes", "expires", "rate_limit_rpm"})
    wanted = MintTemplateDocument(name=template, **values)
    return _edit(request, partial(edits.set_template, template=wanted), body)


def remove_template(request: AppRequest, template: str, body: Revision | None = None) -> CatalogueInfo:
    """Remove a mint template."""
    return _edit(request, partial(edits.remove_template, name=template), body)


def get_usage(request: AppRequest, scope: str) -> ScopeUsage:
    """Who holds a scope, and who needed it lately: what to look at before removing it."""
    if scope not in catalogue_of(request.app).definitions:
        raise ScopeNotFound
    held, recent = usage.holders(request.app, [scope]).get(scope), usage.recent_use(request.app)
    requests = recent.by_scope.get(scope)
    return ScopeUsage(
        name=scope,
        active_keys=held.count if held else 0,
        key_prefixes=[key.prefix for key in held.keys] if held else [],
        requests=requests.count if requests else 0,
        requests_scanned=recent.scanned,
        is_complete=recent.is_complete,
        last_request_at=requests.last_at if requests else None,
        recent_keys=list(requests.key_names) if requests else [],
    )


def list_versions(request: AppRequest, part: PartOfList) -> CatalogueVersionPage:
    """Published versions, the newest first."""
    items, page = paginate(CatalogueVersion.objects.filter(app=request.app), part, "published_at")
    return CatalogueVersionPage(items=[CatalogueVersionInfo.from_model(row) for row in items], **page)


def restore_version(request: AppRequest, version: int, body: Revision | None = None) -> CatalogueInfo:
    """Publish an earlier version again, as the next one."""
    options = (body or Revision()).options()
    seen = options.pop("seen") or catalogue_of(request.app).version
    return _described(request, lifecycle.restore(request.actor, request.app, version, seen=seen, **options))


def _edit(request: AppRequest, change: ChangeDocument, body: Revision | None) -> CatalogueInfo:
    options = (body or Revision()).options()
    return _described(request, lifecycle.edit(request.actor, request.app, change, **options))


def _described(request: AppRequest, catalogue: Catalogue) -> CatalogueInfo:
    return CatalogueInfo.from_catalogue(catalogue, usage.count_holders(request.app))
