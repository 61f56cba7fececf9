"""The pages of a person's own access tokens: what there is, a new one shown once, and the end of one."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from agents.requests import finished, sent, shown_once
from audit.models import Event
from audit.requests import PortalRequest
from core.errors import NotFound, Refusal
from core.folding import by_name, contains_folded
from core.forms import ReasonForm
from core.pagination.list_page import ACTIONS, Column, ListPage
from core.portal_origin import portal_origin
from portal import permissions
from portal.models import AccessToken
from portal.tokens import lifecycle
from portal.tokens.forms import MintTokenForm, TokenFilterForm
from portal.tokens.lifecycle import Issued
from portal.web.gates import permissions_anywhere, user_of

MAX_ACTIVITY = 10
COLUMNS = (
    Column("token", "Token", sort=by_name("name"), css="lead"),
    Column("status", "Status", css="state"),
    Column("permissions", "Permissions"),
    Column("used", "Last used", sort=("last_used_at",), descending=True),
    Column("expires", "Expires", sort=("expires_at",)),
    Column("created", "Created", sort=("created_at",), descending=True),
    ACTIONS,
)


@require_GET
def own(request: PortalRequest) -> HttpResponse:
    """The signed-in user's tokens, newest first, and their recent activity."""
    filters = TokenFilterForm(request.GET)
    held, rows = (
        permissions_anywhere(user_of(request)),
        user_of(request).access_tokens.select_related("parent"),
    )
    text = filters.cleaned_data["q"].strip() if filters.is_valid() else ""
    matching = rows.filter(contains_folded(text, "name", "prefix")) if text else rows
    page = ListPage.from_query(
        matching if filters.is_valid() else rows.none(), request.GET, COLUMNS, id="tokens", sort="-created"
    )
    events = Event.objects.filter(
        target_kind="access token", target_id__in=[str(token.id) for token in page.rows]
    )
    context = {
        "tokens": [
            (token, permissions.summarize(lifecycle.effective_permissions(token, held)))
            for token in page.rows
        ],
        "list": page,
        "filters": filters,
        "filtered": bool(text) or not filters.is_valid(),
        "events": events.order_by("-at", "-id")[:MAX_ACTIVITY],
        "login_command": f"alter auth login --base-url {_base_url(request)}",
    }
    return render(request, "portal/tokens/tokens.html", context, status=200 if filters.is_valid() else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def mint(request: PortalRequest) -> HttpResponse:
    """The form, and in answer to a good one the token: the only time it is anywhere."""
    held = permissions_anywhere(user_of(request))
    form = MintTokenForm(sent(request), held=held, initial={"once": uuid4().hex})
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            return _reveal(request, lifecycle.issue(request.actor, user_of(request), **form.choices()))
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"form": form, "held": permissions.described(held)}
    return render(request, "portal/tokens/mint.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: PortalRequest, token_id: UUID) -> HttpResponse:
    """End one of a person's own tokens."""
    token = _token(request, token_id)
    form = ReasonForm(sent(request))
    if form.is_bound and form.is_valid():
        lifecycle.revoke(request.actor, token, form.cleaned_data["reason"])
        return finished(request, reverse("tokens"), f"Token {token.name} revoked")
    context = {"token": token, "form": form}
    return render(request, "portal/tokens/revoke.html", context, status=422 if form.errors else 200)


def _reveal(request: PortalRequest, issued: Issued) -> HttpResponse:
    """The page that shows a token's plaintext. It is in this response and nowhere else."""
    context: dict[str, Any] = {
        "token": issued.token,
        "may": permissions.described(
            lifecycle.effective_permissions(issued.token, permissions_anywhere(user_of(request)))
        ),
        "fingerprint": issued.plaintext.fingerprint,
        "plaintext": issued.plaintext.take(),
        "base_url": _base_url(request),
    }
    return shown_once(request, render(request, "portal/tokens/minted.html", context))


def _token(request: PortalRequest, token_id: UUID) -> AccessToken:
    """One of the person's own. Raises NotFound for a stranger's as for none."""
    token = user_of(request).access_tokens.filter(id=token_id).first()
    if token is None:
        raise NotFound
    return token


def _base_url(request: PortalRequest) -> str:
    """What programs are told to call."""
    return portal_origin(request)
