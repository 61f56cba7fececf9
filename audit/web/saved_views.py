"""The pages that save, rename, share and delete searches."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.models import SavedView
from audit.requests import TenantRequest
from audit.search import saved_views
from audit.search.filter_form import FilterForm
from audit.web.saved_view_forms import SaveViewForm, ViewNameForm
from core.errors import Refusal
from core.forms import ValuesForm


@require_http_methods(["GET", "HEAD", "POST"])
def save_view(request: TenantRequest) -> HttpResponse:
    """Keep the filters of the page one comes from under a name."""
    sent = request.method == "POST"
    form = SaveViewForm(request.POST) if sent else SaveViewForm(initial={"query": request.GET.urlencode()})
    status = 422 if form.errors else 200
    if sent and form.is_valid():
        try:
            return _back(request, saved_views.save_view(request.actor, request.app.id, **form.cleaned_data))
        except Refusal as refusal:
            status = _on_form(form, refusal)
    query = FilterForm.from_query(str(form["query"].value() or ""))
    return render(request, "audit/saved_view_save.html", {"form": form, "asked": query}, status=status)


@require_GET
def view(request: TenantRequest, view_id: UUID) -> HttpResponse:
    """One view, and what may be done with it."""
    saved_view = saved_views.view_of(request.actor, request.app.id, view_id)
    return _render(request, saved_view, ViewNameForm(initial={"name": saved_view.name}))


@require_POST
def rename(request: TenantRequest, view_id: UUID) -> HttpResponse:
    """Call it something else."""
    view = saved_views.view_of(request.actor, request.app.id, view_id)
    form = ViewNameForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            saved_views.rename(request.actor, view, form.cleaned_data["name"])
            return _back(request, view)
        except Refusal as refusal:
            status = _on_form(form, refusal)
    return _render(request, view, form, status)


@require_POST
def share(request: TenantRequest, view_id: UUID) -> HttpResponse:
    """Show it to everyone of the app, or to nobody else."""
    view = saved_views.view_of(request.actor, request.app.id, view_id)
    saved_views.share(request.actor, view, request.POST.get("shared") == "yes")
    return HttpResponseRedirect(reverse("view", args=[request.app.id, view.id]))


@require_POST
def end(request: TenantRequest, view_id: UUID) -> HttpResponse:
    """Keep it no longer."""
    view = saved_views.view_of(request.actor, request.app.id, view_id)
    saved_views.end(request.actor, view)
    messages.info(request, f"View {view.name} deleted")
    return HttpResponseRedirect(reverse("audit", args=[request.app.id]))


def _render(request: TenantRequest, view: SavedView, form: ViewNameForm, status: int = 200) -> HttpResponse:
    context = {
        "view": view,
        "form": form,
        "asked": FilterForm.from_query(view.query),
        "is_mine": saved_views.is_mine(request.actor, view),
        "may_end": saved_views.may_end(request.actor, view),
    }
    return render(request, "audit/saved_view.html", context, status=status)


def _back(request: TenantRequest, view: SavedView) -> HttpResponse:
    messages.info(request, f"View {view.name} saved")
    return HttpResponseRedirect(f"{reverse('audit', args=[request.app.id])}?{view.query}")


def _on_form(form: ValuesForm, refusal: Refusal) -> int:
    """Say the refusal on the form; its status is the page's."""
    form.refuse(refusal)
    return refusal.status
