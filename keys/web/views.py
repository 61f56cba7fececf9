"""The pages about keys. Each fetches through request.app, reads a form, calls one verb and shows the outcome."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.requests import AppRequest, address_of, finished, sent
from audit.search import usage
from core.errors import Refusal
from core.forms import ReasonForm, refuse_unknown
from core.pagination import ListPage
from keys import lifecycle
from keys.deprecated_in_use import still_called
from keys.errors import LastActiveKey
from keys.requests import field_of, key_of, portal_address
from keys.web import forms, presenters
from keys.web.mint_forms import NarrowForm, WidenForm, narrowing_values
from keys.web.snippets import uses

IN_THE_FORM = {"scopes": "more_scopes", "expires_at": "expires_custom"}
"""What a verb complains of, and the field that asks for it."""


@require_GET
def keys(request: AppRequest) -> HttpResponse:
    """The app's keys, those that need attention first."""
    filters = forms.FilterForm(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    found = presenters.keys_of(request.app, chosen)
    shown = ListPage.from_query(found if filters.is_valid() else found.none(), request.GET)
    filtered = any(chosen.values()) or not filters.is_valid()
    return render(
        request,
        "keys/keys.html",
        {
            "filters": filters,
            "filtered": filtered,
            "list": shown,
            "rows": presenters.rows(shown.rows),
            "quota": presenters.quota(request.app),
            "still_called": still_called(request.app).count(),
        },
        status=200 if filters.is_valid() else 422,
    )


@require_GET
def key(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Everything about one key."""
    found = key_of(request, key_id)
    row, first = presenters.rows([found])[0], usage.first_call(found.id)
    return render(
        request,
        "keys/key.html",
        {
            "key": found,
            "row": row,
            "calls": usage.recent_calls(found.id, 8),
            "first_call": first if first and row.use and first.at <= row.use.first_at else None,
            "children": presenters.rows(found.children.with_kin()[:50]),
            "successor": found.successors.order_by("-created_at").first(),
            "rotation": presenters.rotation_of(found),
            "history": presenters.history(found),
            "rename_form": forms.RenameForm(initial={"name": found.name}),
            "uses": uses(found, portal_address(request)) if found.is_living else (),
        },
    )


@require_GET
def first_call(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Whether a new key has been used; the reveal panel asks until it has."""
    found = key_of(request, key_id)
    arrived = usage.first_call(found.id)
    if arrived is None:
        return HttpResponse(status=204)  # htmx leaves the page as it is, and a screen reader in peace
    return render(request, "keys/_first_call.html", {"key": found, "first_call": arrived})


@require_POST
def rename(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Change what people call a key."""
    found = key_of(request, key_id)
    was, form = found.name, forms.RenameForm(request.POST)
    if form.is_valid():
        try:
            lifecycle.rename(request.actor, found, form.cleaned_data["name"])
        except Refusal as refusal:
            form.refuse(refusal)
    if form.errors:
        return render(request, "keys/rename.html", {"key": found, "rename_form": form}, status=422)
    undo = address_of("key-rename", found)
    return finished(
        request,
        address_of("key", found),
        f"Renamed to {found.name}",
        changed="keys-changed",
        undo=undo,
        undo_value=was,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def narrow(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Take scopes, addresses, calls or time away from a key."""
    found = key_of(request, key_id)
    form = NarrowForm(sent(request), initial=narrowing_values(found))
    if request.method == "POST" and form.is_valid():
        try:
            lifecycle.narrow(request.actor, found, **form.choices())
            return finished(request, address_of("key", found), f"{found.name} is narrowed")
        except Refusal as refusal:
            form.refuse(refusal, IN_THE_FORM.get(field_of(refusal), ""))
    status = 422 if form.errors else 200
    return render(request, "keys/narrow.html", {"key": found, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def widen(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Give a key more: first what it would come to, then the deed."""
    found = key_of(request, key_id)
    refuse_unknown(request.GET, ("also_scopes",))
    form = WidenForm(sent(request), initial=narrowing_values(found, request.GET.get("also_scopes", "")))
    gains: list[presenters.Gain] = []
    if request.method == "POST" and form.is_valid():
        choices = form.choices()
        try:
            if "sure" in request.POST:
                lifecycle.widen(request.actor, found, **choices)
                return finished(request, address_of("key", found), f"{found.name} may do more now")
            gains = presenters.gains(found, choices)
        except Refusal as refusal:
            form.refuse(refusal, IN_THE_FORM.get(field_of(refusal), ""))
    status = 422 if form.errors else 200
    context = {"key": found, "form": form, "gains": gains, "asked": form.is_bound and not form.errors}
    return render(request, "keys/widen.html", context, status=status)


@require_POST
def deprecate(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Mark a key as on its way out. One click, and one to undo."""
    found, form = key_of(request, key_id), ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    lifecycle.deprecate(request.actor, found, reason)
    text, undo = f"{found.name} is deprecated", address_of("key-undeprecate", found)
    return finished(request, address_of("key", found), text, changed="keys-changed", undo=undo)


@require_POST
def undeprecate(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Take the mark away; during grace, cancel the rotation."""
    found = key_of(request, key_id)
    rotating = found.status == "grace"
    lifecycle.undeprecate(request.actor, found)
    text = f"{found.name} is no longer deprecated"
    text = "The rotation is cancelled: both keys go on working" if rotating else text
    return finished(request, address_of("key", found), text, changed="keys-changed")


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: AppRequest, key_id: UUID) -> HttpResponse:
    """End a key, after showing what stops with it."""
    found = key_of(request, key_id)
    impact = presenters.impact_of(found)
    form = forms.KeyRevokeForm(sent(request), called=found.name, serious=impact.serious)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            asked = {name: form.cleaned_data[name] for name in ("reason", "ticket", "force")}
            act = lifecycle.revoke(request.actor, found, **asked)
            there = reverse("receipt", args=[act]) if act else address_of("key", found)
            return finished(request, there, f"{found.name} is revoked")
        except LastActiveKey as refusal:
            form.refuse(refusal, "force")
            status = refusal.status
    status = 422 if form.errors and status == 200 else status
    return render(request, "keys/revoke.html", {"key": found, "form": form, "impact": impact}, status=status)
