"""The page on which a person lets a program on their machine act as them: `alter auth login` opens it."""

from typing import cast

from csp.decorators import csp_update
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from audit.requests import PortalRequest
from core.errors import BadRequest, NotAllowed, ReauthenticationRequired
from portal import permissions
from portal.auth import login_events
from portal.roles import with_lower_tiers
from portal.tokens import lifecycle
from portal.tokens.authorize_request import AuthorizationRequest, parse_request
from portal.web.gates import permissions_anywhere, user_of


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: PortalRequest) -> HttpResponse:
    """Asks; and takes the answer back to the program. What is refused is on record."""
    try:
        return _authorize(request)
    except (BadRequest, NotAllowed) as refusal:
        user = user_of(request)
        why = f"authorization request: {refusal.message}"
        login_events.record_repeated_failure(request, user, why, key=str(user.pk))
        raise


def _authorize(request: PortalRequest) -> HttpResponse:
    auth_request = parse_request(request.POST if request.method == "POST" else request.GET)
    if lifecycle.is_sensitive(auth_request.permissions) and not request.actor.fresh:
        return _request_proof_first(request)
    if request.method != "POST":
        return _show_request(request, auth_request)
    if request.POST.get("answer") != "authorize":
        return _redirect(request, auth_request, error="access_denied")
    code = lifecycle.authorize(
        user_of(request),
        name=auth_request.client,
        permissions=auth_request.permissions,
        challenge=auth_request.challenge,
    )
    return _redirect(request, auth_request, code=code)


def _show_request(request: PortalRequest, auth_request: AuthorizationRequest) -> HttpResponse:
    held, requested = permissions_anywhere(user_of(request)), with_lower_tiers(auth_request.permissions)
    context = {
        "auth_request": auth_request,
        "may": permissions.described(requested & held),
        "may_not": permissions.described(requested - held),
    }
    # Chromium holds a form to its page's form-action wherever the answer redirects to.
    allow_redirect = csp_update({"form-action": auth_request.form_action()})
    return cast(
        HttpResponse,
        allow_redirect(lambda inner: render(inner, "portal/tokens/authorize.html", context))(request),
    )


def _request_proof_first(request: PortalRequest) -> HttpResponse:
    """Ask before the question is shown: a browser lets no form but that page's own lead to a program."""
    if request.method != "POST":
        raise ReauthenticationRequired
    fields = request.POST.copy()
    for name in ("answer", "csrfmiddlewaretoken"):
        fields.pop(name, None)
    return HttpResponseRedirect(f"{request.path}?{fields.urlencode()}")


def _redirect(request: PortalRequest, auth_request: AuthorizationRequest, **answer: str) -> HttpResponse:
    """Send the browser to the program: by a redirect, or by a page where the form's policy forbids one."""
    url = auth_request.redirect_url(**answer)
    if auth_request.form_action():
        return HttpResponseRedirect(url)
    page = render(request, "portal/tokens/authorized.html", {"url": url})
    page["Refresh"] = f"0;url={url}"
    return page
