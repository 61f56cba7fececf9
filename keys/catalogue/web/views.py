"""The pages of an app's scopes: the list, its versions, and a form for each change, which is published at once."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.requests import AppRequest, finished, sent
from core.errors import Refusal
from core.pagination.list_page import Column, ListPage
from keys.catalogue import edits, lifecycle, openapi, usage
from keys.catalogue.catalogue import Catalogue, MintTemplate, Resource
from keys.catalogue.document import CatalogueDocument
from keys.catalogue.lifecycle import ChangeDocument
from keys.catalogue.models import CatalogueVersion
from keys.catalogue.store import by_id, catalogue_of
from keys.catalogue.web import presenters
from keys.catalogue.web.forms import (
    ImportForm,
    ResourceForm,
    RevisionForm,
    ScopeFilterForm,
    ScopeForm,
    TemplateForm,
    resource_values,
    template_values,
)
from keys.errors import ScopeInUse, ScopeNotFound

COLUMNS = (
    Column("scope", "Scope", css="lead"),
    Column("allows", "Allows"),
    Column("keys", "Active keys", css="num"),
    Column("requests", "Requests, 30 days", css="num"),
    Column("actions", "Actions", css="more"),
)
SHOWN_VERSIONS = 5


@require_GET
def scopes(request: AppRequest) -> HttpResponse:
    """What keys of the app may be allowed to do, who holds it, and how that came to be."""
    catalogue, filters = catalogue_of(request.app), ScopeFilterForm(request.GET)
    filters.is_valid()
    q, source = (str(filters.cleaned_data.get(name) or "") for name in ("q", "source"))
    recent = usage.recent_use(request.app)
    rows = presenters.scope_rows(catalogue, usage.count_holders(request.app), recent.by_scope)
    shown = presenters.filtered(rows, q, source)
    versions = CatalogueVersion.objects.filter(app=request.app)
    context = {
        "catalogue": catalogue,
        "list": ListPage.from_query(shown, request.GET, COLUMNS, id="scopes"),
        "filters": filters,
        "filtered": bool(q or source),
        "has_own": any(row.is_own for row in rows),
        "preset_keys": sum(row.keys for row in rows if row.definition.source == "preset"),
        "recent": recent,
        "versions": versions[:SHOWN_VERSIONS],
        "version_count": versions.count(),
    }
    return render(request, "keys/catalogue/scopes.html", context, status=422 if filters.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_resource(request: AppRequest, resource: str = "") -> HttpResponse:
    """A new resource, or the description and levels of one."""
    catalogue = catalogue_of(request.app)
    existing = _own_resource(catalogue, resource) if resource else None
    form = ResourceForm(sent(request), initial=resource_values(catalogue, existing))
    if existing:
        form.fields["name"].disabled = True
    text = f"Resource {existing.name} saved" if existing else "Resource added"
    context = {"title": f"Edit {existing.name}" if existing else "Add resource", "resource": existing}
    return _answer(
        request, form, lambda: partial(_apply_resource, form), text, "keys/catalogue/resource.html", context
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_scope(request: AppRequest, scope: str = "") -> HttpResponse:
    """A new action, or the description and deprecation of a scope."""
    catalogue = catalogue_of(request.app)
    values: dict[str, Any] = {"seen": catalogue.version}
    if scope:
        definition = catalogue.definitions.get(scope)
        if definition is None or definition.source != "app":
            raise ScopeNotFound
        values |= {"name": scope, "description": definition.description, "deprecated": definition.deprecated}
    form = ScopeForm(sent(request), initial=values)
    if scope:
        form.fields["name"].disabled = True
    context = {"title": f"Edit {scope}" if scope else "Add action", "scope": scope}
    text = f"Scope {scope} saved" if scope else "Action added"
    return _answer(
        request, form, lambda: partial(_apply_scope, form), text, "keys/catalogue/scope.html", context
    )


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: AppRequest, scope: str) -> HttpResponse:
    """Take a scope, or a resource with its levels, off, after showing who holds it and who needed it."""
    catalogue = catalogue_of(request.app)
    if ":" in scope:
        names = [scope] if _is_own(catalogue, scope) else []
        change = partial(edits.remove_scope, name=scope)
    else:
        names = [level.name for level in _own_resource(catalogue, scope).levels]
        change = partial(edits.remove_resource, name=scope)
    if not names:
        raise ScopeNotFound
    context: dict[str, Any] = {"scope": scope}
    form = RevisionForm(sent(request), initial={"seen": catalogue.version})
    return _answer(
        request, form, lambda: change, f"{scope} removed", "keys/catalogue/remove.html", context, names
    )


@require_http_methods(["GET", "HEAD", "POST"])
def import_openapi(request: AppRequest) -> HttpResponse:
    """Take scopes over from an OpenAPI document: first what would change, then what was chosen of it is published."""
    catalogue = catalogue_of(request.app)
    form = ImportForm(sent(request), request.FILES or None, initial={"seen": catalogue.version})
    found, in_use, status = None, None, 422 if form.errors else 200
    if form.is_bound and not form.errors:
        try:
            found = openapi.read(catalogue, form.cleaned_data["document"])
            if "publish" in request.POST:
                change = partial(openapi.apply, found=found, chosen=set(request.POST.getlist("change")))
                made = lifecycle.edit(request.actor, request.app, change, **form.options())
                return finished(request, _list_of(request), f"Version {made.version} is current")
        except Refusal as refusal:
            in_use = refusal.details["in_use"] if isinstance(refusal, ScopeInUse) else None
            form.refuse(refusal, _field_of(refusal, form))
            status = refusal.status
    chosen = (
        request.POST.getlist("change") if in_use else found.of_kind("added", "described") if found else []
    )
    context = {"form": form, "found": found, "in_use": in_use, "catalogue": catalogue, "chosen": chosen}
    return render(request, "keys/catalogue/import.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def preset(request: AppRequest) -> HttpResponse:
    """Turn the preset alter-sdk on or off, after showing who holds its scopes."""
    catalogue = catalogue_of(request.app)
    names = [name for name, each in catalogue.definitions.items() if each.source == "preset"]
    context = {"is_on": catalogue.has_preset}
    change = partial(edits.set_preset, enabled=not catalogue.has_preset)
    form = RevisionForm(sent(request), initial={"seen": catalogue.version})
    text = "Preset alter-sdk removed" if catalogue.has_preset else "Preset alter-sdk added"
    return _answer(request, form, lambda: change, text, "keys/catalogue/preset.html", context, names)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_template(request: AppRequest, template: str = "") -> HttpResponse:
    """A new mint template, or a change of one."""
    catalogue = catalogue_of(request.app)
    existing = _template_of(catalogue, template) if template else None
    form = TemplateForm(sent(request), initial=template_values(catalogue, existing))
    if existing:
        form.fields["name"].disabled = True
    context = {"title": f"Edit {existing.label}" if existing else "Add mint template", "template": existing}
    return _answer(
        request,
        form,
        lambda: partial(edits.set_template, template=form.template()),
        "Mint template saved",
        "keys/catalogue/template.html",
        context,
    )


@require_POST
def remove_template(request: AppRequest, template: str) -> HttpResponse:
    """Remove a mint template. Keys are not concerned."""
    lifecycle.edit(request.actor, request.app, partial(edits.remove_template, name=template))
    return finished(request, _list_of(request), f"Mint template {template} removed")


@require_GET
def version(request: AppRequest, version: int) -> HttpResponse:
    """An earlier version, and what publishing it again would change."""
    current = catalogue_of(request.app)
    row = CatalogueVersion.objects.filter(app=request.app, version=version).first()
    if row is None and version != 1:
        raise ScopeNotFound("There is no such version.")
    then = by_id(row.id if row else None)
    difference = lifecycle.compare(current, then)
    context = {
        "row": row,
        "number": version,
        "catalogue": then,
        "current": current,
        "lines": presenters.difference_lines(difference),
        "others": difference.others,
        "removal": presenters.removal_of(request.app, difference.removed),
        "form": RevisionForm(initial={"seen": current.version}),
    }
    return render(request, "keys/catalogue/version.html", context)


@require_POST
def restore(request: AppRequest, version: int) -> HttpResponse:
    """Publish an earlier version again."""
    form = RevisionForm(request.POST)
    form.is_valid()
    options = {"seen": catalogue_of(request.app).version} | (form.options() if form.is_valid() else {})
    lifecycle.restore(request.actor, request.app, version, **options)
    return finished(request, _list_of(request), f"Version {version} published again")


def _answer(
    request: AppRequest,
    form: RevisionForm,
    change: Callable[[], ChangeDocument],
    text: str,
    template: str,
    context: dict[str, Any],
    removing: Sequence[str] = (),
) -> HttpResponse:
    """Publish what the form changes and lead to the list; or the form, with what is wrong.

    `removing` names the scopes that it takes off: who holds them is looked up only for a page that shows it.
    """
    status, in_use = 200, None
    if form.is_bound and form.is_valid():
        try:
            lifecycle.edit(request.actor, request.app, change(), **form.options())
            return finished(request, _list_of(request), text)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            in_use = refusal.details["in_use"] if isinstance(refusal, ScopeInUse) else None
            form.refuse(refusal, _field_of(refusal, form))
            status = refusal.status
    status = 422 if form.errors and status == 200 else status
    context |= {"form": form, "in_use": in_use, "catalogue": catalogue_of(request.app)}
    if removing:
        context["removal"] = presenters.removal_of(request.app, removing)
    return render(request, template, context, status=status)


def _field_of(refusal: Refusal, form: RevisionForm) -> str:
    """The field of the form that a place in the document stands for: `resources.0.levels.1.name` is levels."""
    place = str(getattr(refusal, "field", "")).split(".")
    if "levels" in place and "levels" in form.fields:
        return "levels"
    return next((part for part in reversed(place) if part in form.fields), "")


def _apply_resource(form: ResourceForm, draft: CatalogueDocument) -> None:
    data = form.cleaned_data
    edits.set_resource(draft, data["name"], data["description"], [name for name, _ in data["levels"]])
    for name, description in data["levels"]:
        edits.set_scope(draft, f"{data['name']}:{name}", description=description)


def _apply_scope(form: ScopeForm, draft: CatalogueDocument) -> None:
    data = form.cleaned_data
    is_new = not form.fields["name"].disabled
    edits.set_scope(
        draft,
        data["name"].strip(),
        description=data["description"],
        deprecated=data["deprecated"],
        as_action=True if is_new else None,
    )


def _own_resource(catalogue: Catalogue, name: str) -> Resource:
    resource = catalogue.resource(name)
    if resource is None or resource.source != "app":
        raise ScopeNotFound
    return resource


def _is_own(catalogue: Catalogue, name: str) -> bool:
    definition = catalogue.definitions.get(name)
    return definition is not None and definition.source == "app"


def _template_of(catalogue: Catalogue, name: str) -> MintTemplate:
    for template in catalogue.templates:
        if template.name == name:
            return template
    raise ScopeNotFound(f"There is no mint template “{name}”.")


def _list_of(request: AppRequest) -> str:
    return reverse("scopes", args=[request.app.id])
