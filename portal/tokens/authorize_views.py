"""The page on which a person lets a program on their machine act as them: `alter auth login` opens it."""

from typing import cast

from csp.decorators import csp_update
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from audit.requests import PortalRequest
from core.errors import AskAgain, BadRequest, NotAllowed
from portal import permissions
from portal.auth import login_events
from portal.gates import permissions_anywhere, user_of
from portal.roles import with_lower_tiers
from portal.tokens import lifecycle
from portal.tokens.authorize_request import Asked, parse_request


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: PortalRequest) -> HttpResponse:
    """Asks; and takes the answer back to the program. What is refused is on record."""
    try:
        return _answered(request)
    except (BadRequest, NotAllowed) as refusal:
        user = user_of(request)
        why = f"authorization request: {refusal.message}"
        login_events.record_repeated_failure(request, user, why, key=str(user.pk))
        raise


def _answered(request: PortalRequest) -> HttpResponse:
    asked = parse_request(request.POST if request.method == "POST" else request.GET)
    if lifecycle.is_sensitive(asked.permissions) and not request.actor.fresh:
        return _first_prove(request)
    if request.method != "POST":
        return _ask(request, asked)
    if request.POST.get("answer") != "authorize":
        return _back(request, asked, error="access_denied")
    code = lifecycle.authorize(
        user_of(request), name=asked.client, permissions=asked.permissions, challenge=asked.challenge
    )
    return _back(request, asked, code=code)


def _ask(request: PortalRequest, asked: Asked) -> HttpResponse:
    held, wanted = permissions_anywhere(user_of(request)), with_lower_tiers(asked.permissions)
    context = {
        "asked": asked,
        "may": permissions.described(wanted & held),
        "may_not": permissions.described(wanted - held),
    }
    # Chromium holds a form to its page's form-action wherever the answer redirects to.
    let_back = csp_update({"form-action": asked.form_action()})
    return cast(
        HttpResponse,
        let_back(lambda asking: render(asking, "portal/tokens/authorize.html", context))(request),
    )


def _first_prove(request: PortalRequest) -> HttpResponse:
    """Ask before the question is shown: a browser lets no form but that page's own lead to a program."""
    if request.method != "POST":
        raise AskAgain
    told = request.POST.copy()
    for name in ("answer", "csrfmiddlewaretoken"):
        told.pop(name, None)
    return HttpResponseRedirect(f"{request.path}?{told.urlencode()}")


def _back(request: PortalRequest, asked: Asked, **answer: str) -> HttpResponse:
    """Send the browser to the program: by a redirect, or by a page where the form's policy forbids one."""
    to = asked.back(**answer)
    if asked.form_action():
        return HttpResponseRedirect(to)
    page = render(request, "portal/tokens/authorized.html", {"to": to})
    page["Refresh"] = f"0;url={to}"
    return page
