"""The pages about keys. Each fetches through request.app, reads a form, calls one verb and shows the outcome."""

from dataclasses import replace
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.requests import AppRequest, address_of, finished, sent
from audit.requests import form_status
from audit.search import usage
from core.errors import Refusal
from core.folding import by_name
from core.forms import ReasonForm, refuse_unknown
from core.pagination.list_page import ACTIONS, Column, ListPage
from keys import actions, lifecycle
from keys.deprecated_in_use import still_called
from keys.errors import LastActiveKey
from keys.models import ApiKey
from keys.permissions import Permissions, compare, edit, refuse_gains
from keys.requests import field_of, key_of, portal_address
from keys.rules import require_endable
from keys.web import forms, key_lists, key_rows, presenters
from keys.web.mint_forms import ALSO, PermissionsForm, current_values
from keys.web.snippets import uses

IN_THE_FORM = {"scopes": "more_scopes", "expires_at": "expires_custom"}
"""What a verb complains of, and the field that asks for it."""


@require_GET
def keys(request: AppRequest) -> HttpResponse:
    """The app's keys, those that need attention first."""
    filters = forms.FilterForm(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    matching = key_lists.keys_of(request.app, chosen)
    matching = matching if filters.is_valid() else matching.none()
    page = ListPage.from_query(matching, request.GET, key_columns(), id="keys", selectable=True)
    quota = presenters.quota(request.app)
    context = {
        "filters": filters,
        "filtered": any(chosen.values()) or not filters.is_valid(),
        "tabs": _tabs(quota, chosen.get("status") or ""),
        "list": page if page.sort else replace(page, sort="status"),
        "rows": key_rows.rows(page.rows),
        "quota": quota,
        "still_called": still_called(request.app).count(),
        "first_command": f"alter keys mint --app {request.app.id} --name worker --scopes grants:read",
    }
    return render(request, "keys/keys.html", context, status=form_status(filters))


def key_columns() -> tuple[Column, ...]:
    """The columns of a list of keys."""
    return (
        Column("name", "Key", sort=by_name("name"), css="lead"),
        Column("status", "Status", sort=(key_lists.attention(), key_lists.attention_end()), css="state"),
        Column("scopes", "Scopes"),
        Column("used", "Last used", sort=(key_lists.last_used(),), descending=True),
        Column("days", "7 days", css="minor"),
        Column("expires", "Expires", sort=(key_lists.earliest_end(),)),
        Column("owner", "Owner"),
        ACTIONS,
    )


def _tabs(quota: presenters.Quota, status: str) -> list[tuple[str, str, int, bool]]:
    """The saved states of the list: label, query, how many keys, and whether it is the one shown."""
    counts = (
        ("All", "", quota.total),
        ("Needs attention", "attention", quota.needs_attention),
        ("Active", "all-active", quota.taken),
        ("Expired", "ended", quota.ended),
        ("Revoked", "revoked", quota.revoked),
    )
    return [
        (label, f"?status={name}" if name else "?", count, name == status) for label, name, count in counts
    ]


@require_GET
def key(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Everything about one key."""
    key = key_of(request, key_id)
    row, first = key_rows.rows([key])[0], usage.first_call(key.id)
    return render(
        request,
        "keys/key.html",
        {
            "key": key,
            "row": row,
            "calls": usage.recent_calls(key.id, 8),
            "first_call": first if first and row.use and first.at <= row.use.first_at else None,
            "children": key_rows.rows(key.children.with_kin()[:50]),
            "successor": key.successors.order_by("-created_at").first() if key.grace_ends_at else None,
            "rotation": presenters.rotation_of(key),
            "history": presenters.history(key),
            "rename_form": forms.RenameForm(initial={"name": key.name}),
            "uses": uses(key, portal_address(request)) if key.is_active else (),
        },
    )


@require_GET
def first_call(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Whether a new key has been used; the reveal panel asks until it has."""
    key = key_of(request, key_id)
    arrived = usage.first_call(key.id)
    if arrived is None:
        return HttpResponse(status=204)  # htmx leaves the page as it is, and a screen reader in peace
    return render(request, "keys/_first_call.html", {"key": key, "first_call": arrived})


@require_POST
def rename(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Change what people call a key."""
    key = key_of(request, key_id)
    was, form = key.name, forms.RenameForm(request.POST)
    if form.is_valid():
        try:
            lifecycle.rename(request.actor, key, form.cleaned_data["name"])
        except Refusal as refusal:
            form.refuse(refusal)
    if form.errors:
        context = {"key": key, "rename_form": form}
        return render(request, "keys/rename.html", context, status=form_status(form))
    undo = address_of("key-rename", key)
    return finished(
        request,
        address_of("key", key),
        f"Renamed to {key.name}",
        changed="keys-changed",
        undo=undo,
        undo_value=was,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def permissions(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Edit what a key may do: first shows the gains and losses, then saves what was shown."""
    key = key_of(request, key_id)
    refuse_unknown(request.GET, ALSO)
    form = PermissionsForm(sent(request), initial=current_values(key, request.GET), key=key)
    difference = None
    if request.method == "POST" and form.is_valid():
        try:
            difference = compare(form.catalogue, Permissions.from_model(key), form.permissions())
            if difference.gains:
                refuse_gains(request.actor, key, form.permissions())
            if difference.losses:
                require_endable(request.actor, key)
            if "save" in request.POST and form.cleaned_data["shown"] == difference.digest:
                edit(
                    request.actor,
                    key,
                    form.permissions(),
                    form.cleaned_data["reason"],
                    form.cleaned_data["shown"],
                )
                return finished(request, address_of("key", key), f"Permissions of {key.name} saved")
        except Refusal as refusal:
            form.refuse(refusal, IN_THE_FORM.get(field_of(refusal), ""))
    context = {
        "key": key,
        "row": key_rows.rows([key])[0],
        "form": form,
        "difference": difference,
        "derived": ApiKey.objects.dependent_on(key).active().count(),
    }
    return render(request, "keys/permissions.html", context, status=form_status(form))


@require_POST
def deprecate(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Mark a key as on its way out. One click, and one to undo."""
    key, form = key_of(request, key_id), ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    lifecycle.deprecate(request.actor, key, reason)
    text, undo = f"{key.name} deprecated", address_of("key-undeprecate", key)
    return finished(request, address_of("key", key), text, changed="keys-changed", undo=undo)


@require_POST
def undeprecate(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Take the mark away; during grace, cancel the rotation."""
    key = key_of(request, key_id)
    rotating = key.status == "rotating"
    lifecycle.undeprecate(request.actor, key)
    text = f"{key.name} restored"
    text = "Rotation cancelled. Both keys remain active." if rotating else text
    return finished(request, address_of("key", key), text, changed="keys-changed")


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Revoke a key, after showing the impact."""
    key = key_of(request, key_id)
    request.actor.require(actions.REVOKE, key)
    impact = presenters.impact_of(key)
    form = forms.KeyRevokeForm(sent(request), called=key.name, serious=impact.serious)
    refused = 0
    if request.method == "POST" and form.is_valid():
        try:
            options = {name: form.cleaned_data[name] for name in ("reason", "ticket", "force")}
            act = lifecycle.revoke(request.actor, key, **options)
            there = reverse("receipt", args=[act]) if act else address_of("key", key)
            return finished(request, there, f"{key.name} revoked")
        except LastActiveKey as refusal:
            form.refuse(refusal, "force")
            refused = refusal.status
    context = {"key": key, "form": form, "impact": impact}
    return render(request, "keys/revoke.html", context, status=refused or form_status(form))
