"""The pages about keys. Each fetches through request.app, reads a form, calls one verb and shows the outcome."""

import secrets
from typing import Any
from uuid import UUID, uuid4

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.faces import AppRequest, finished, sent
from agents.models import Agent
from agents.refusals import AgentNotFound
from audit import usage
from audit.refusals import Refusal
from keys import forms, lifecycle, present
from keys.lifecycle import Minted
from keys.models import ApiKey
from keys.presets import PURPOSES
from keys.refusals import KeyNotFound, LastActiveKey
from keys.snippets import mint_command

A_PAGE = 50


@require_GET
def keys(request: AppRequest) -> HttpResponse:
    """The app's keys, those that need attention first."""
    filters = forms.FilterForm(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    page = Paginator(present.keys_of(request.app, chosen), A_PAGE).get_page(request.GET.get("page"))
    filtered = any(chosen.values())
    return render(
        request,
        "keys/keys.html",
        {
            "filters": filters,
            "filtered": filtered,
            "page": page,
            "rows": present.rows(page.object_list),
            "quota": present.quota(request.app),
            "query": _without_page(request),
        },
        status=200 if filters.is_valid() else 422,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def mint(request: AppRequest, agent_id: UUID | None = None) -> HttpResponse:
    """The form, and in answer to a good one the plaintext: the only time it is anywhere."""
    agent = _agent(request, agent_id) if agent_id else None
    if request.method != "POST":
        values = forms.starting_values(request.GET, _like(request))
        return _mint_page(request, forms.MintForm(initial=values), agent, values)
    form = forms.MintForm(request.POST)
    if form.is_valid():
        try:
            minted = lifecycle.mint(request.actor, request.app, agent=agent, **form.choices())
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            form.refuse(refusal)
            return _mint_page(request, form, agent, status=refusal.status, refusal=refusal)
        return _reveal(request, minted)
    return _mint_page(request, form, agent, status=422)


@require_POST
def review(request: AppRequest, agent_id: UUID | None = None) -> HttpResponse:
    """The review pane for what is typed so far; nothing is minted, nothing need be complete."""
    agent = _agent(request, agent_id) if agent_id else None
    form = forms.MintForm(request.POST)
    form.is_valid()
    return render(request, "keys/_review.html", _reviewed(request, form, agent, {}))


@require_GET
def key(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Everything about one key."""
    found = _key(request, key_id)
    return render(
        request,
        "keys/key.html",
        {
            "key": found,
            "row": present.rows([found])[0],
            "calls": usage.recent_calls(found.id, 8),
            "first_call": usage.first_call(found.id),
            "children": present.rows(
                found.children.select_related("app", "agent", "parent", "replaces")[:50]
            ),
            "successor": found.successors.order_by("-created_at").first(),
            "rotation": present.rotation_of(found),
            "history": present.history(found),
            "rename_form": forms.RenameForm(initial={"name": found.name}),
            "verify_url": request.build_absolute_uri(reverse("verify")),
        },
    )


@require_GET
def first_call(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Whether a new key has been used; the reveal panel asks until it has."""
    found = _key(request, key_id)
    arrived = usage.first_call(found.id)
    if arrived is None:
        return HttpResponse(status=204)  # htmx leaves the page as it is, and a screen reader in peace
    return render(request, "keys/_first_call.html", {"key": found, "first_call": arrived})


@require_POST
def rename(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Change what people call a key."""
    found = _key(request, key_id)
    was, form = found.name, forms.RenameForm(request.POST)
    if form.is_valid():
        try:
            lifecycle.rename(request.actor, found, form.cleaned_data["name"])
        except Refusal as refusal:
            form.refuse(refusal)
    if form.errors:
        return render(request, "keys/rename.html", {"key": found, "rename_form": form}, status=422)
    undo = _to("key-rename", found)
    return finished(
        request,
        _to("key", found),
        f"Renamed to {found.name}",
        changed="keys-changed",
        undo=undo,
        undo_value=was,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def narrow(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Take scopes, addresses, calls or time away from a key."""
    found = _key(request, key_id)
    form = forms.NarrowForm(sent(request), initial=forms.narrowing_values(found))
    if request.method == "POST" and form.is_valid():
        try:
            lifecycle.narrow(request.actor, found, **form.choices())
            return finished(request, _to("key", found), f"{found.name} is narrowed")
        except Refusal as refusal:
            form.refuse(
                refusal, {"scopes": "more_scopes", "expires_at": "expires_custom"}.get(_field(refusal), "")
            )
    status = 422 if form.errors else 200
    return render(request, "keys/narrow.html", {"key": found, "form": form}, status=status)


@require_POST
def deprecate(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Mark a key as on its way out. One click, and one to undo."""
    found, form = _key(request, key_id), forms.ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    lifecycle.deprecate(request.actor, found, reason)
    text, undo = f"{found.name} is deprecated", _to("key-undeprecate", found)
    return finished(request, _to("key", found), text, changed="keys-changed", undo=undo)


@require_POST
def undeprecate(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Take the mark away; during grace, cancel the rotation."""
    found = _key(request, key_id)
    rotating = found.status == "grace"
    lifecycle.undeprecate(request.actor, found)
    text = f"{found.name} is no longer deprecated"
    text = "The rotation is cancelled: both keys go on working" if rotating else text
    return finished(request, _to("key", found), text, changed="keys-changed")


@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: AppRequest, key_id: UUID) -> HttpResponse:
    """A new secret, shown once; the old one works on for as long as was chosen."""
    found = _key(request, key_id)
    form = forms.RotateForm(sent(request), initial={"once": uuid4().hex, "grace": "7d"})
    status = 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            minted = lifecycle.rotate(
                request.actor, found, grace=data["period"], reason=data["reason"], once=data["once"]
            )
            return _reveal(request, minted, old=found)
        except Refusal as refusal:
            form.refuse(refusal, "grace_custom" if _field(refusal) else "")
            status = refusal.status
    status = 422 if form.errors and status == 200 else status
    context = {"key": found, "form": form, "impact": present.impact_of(found)}
    return render(request, "keys/rotate.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: AppRequest, key_id: UUID) -> HttpResponse:
    """End a key, after showing what stops with it."""
    found = _key(request, key_id)
    impact = present.impact_of(found)
    form = forms.RevokeForm(sent(request), key=found, serious=impact.serious)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            lifecycle.revoke(
                request.actor, found, reason=form.cleaned_data["reason"], force=form.cleaned_data["force"]
            )
            return finished(request, _to("key", found), f"{found.name} is revoked")
        except LastActiveKey as refusal:
            form.refuse(refusal, "force")
            status = refusal.status
    status = 422 if form.errors and status == 200 else status
    return render(request, "keys/revoke.html", {"key": found, "form": form, "impact": impact}, status=status)


def _reveal(request: AppRequest, minted: Minted, old: ApiKey | None = None) -> HttpResponse:
    """The page that shows a plaintext. It is in this response and nowhere else (security.md section 6)."""
    response = render(
        request,
        "keys/minted.html",
        {
            "key": minted.key,
            "old": old,
            "fingerprint": minted.plaintext.fingerprint,
            "plaintext": minted.plaintext.take(),
            "verify_url": request.build_absolute_uri(reverse("verify")),
        },
    )
    # A changed cookie is what makes browsers drop even a no-store page from their back/forward cache.
    response.set_cookie(
        "revealed",
        secrets.token_hex(8),
        max_age=3600,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def _mint_page(
    request: AppRequest,
    form: forms.MintForm,
    agent: Agent | None,
    values: dict[str, Any] | None = None,
    status: int = 200,
    refusal: Refusal | None = None,
) -> HttpResponse:
    reviewed = _reviewed(request, form, agent, values or {})
    context = {"form": form, "purposes": PURPOSES, "refusal": refusal, **reviewed}
    return render(request, "keys/mint.html", context, status=status)


def _reviewed(
    request: AppRequest, form: forms.MintForm, agent: Agent | None, values: dict[str, Any]
) -> dict[str, Any]:
    """What the review pane shows, from a sent form or from a fresh one's starting values."""
    if not form.is_bound:
        form = forms.MintForm(values)
        form.is_valid()
    chosen = form.cleaned_data
    return {
        "agent": agent,
        "chosen": chosen,
        "can": present.can(chosen.get("scopes")),
        "cannot": present.cannot(chosen.get("scopes")),
        "namesakes": present.others_called(request.app, chosen.get("name", "")),
        "quota": present.quota(request.app),
        "command": mint_command(request.app, agent, chosen),
    }


def _key(request: AppRequest, key_id: UUID) -> ApiKey:
    """A key of this app. Raises KeyNotFound for a stranger's as for none."""
    found = ApiKey.objects.filter(app=request.app, id=key_id).select_related(
        "app", "agent", "parent", "replaces"
    )
    if (key := found.first()) is None:
        raise KeyNotFound
    return key


def _agent(request: AppRequest, agent_id: UUID) -> Agent:
    agent = Agent.objects.filter(app=request.app, id=agent_id).first()
    if agent is None:
        raise AgentNotFound
    return agent


def _like(request: AppRequest) -> ApiKey | None:
    """The key a mint form is to be like: `?from=<key id>`."""
    try:
        return _key(request, UUID(request.GET.get("from", "")))
    except (ValueError, KeyNotFound):
        return None


def _to(name: str, key: ApiKey) -> str:
    return reverse(name, args=[key.app_id, key.id])


def _field(refusal: Refusal) -> str:
    return str(getattr(refusal, "field", ""))


def _without_page(request: AppRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
