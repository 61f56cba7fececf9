"""The pages of one's own way in: what protects it, where one is signed in, and being asked again."""

from allauth.mfa.models import Authenticator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from agents.requests import finished
from audit.change import record
from audit.requests import PortalRequest
from portal import actions
from portal.auth import reauthentication, sessions
from portal.auth.login_events import someone
from portal.gates import user_of
from portal.models import PortalPolicy, User


@require_GET
def security(request: PortalRequest) -> HttpResponse:
    """What protects an account, and where it is signed in."""
    user = user_of(request)
    found = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = next((one for one in found if one.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "app_codes": next((one for one in found if one.type == Authenticator.Type.TOTP), None),
        "passkeys": [one for one in found if one.type == Authenticator.Type.WEBAUTHN],
        "codes": codes,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "sessions": sessions.of(user, request.session.session_key),
        "missing": "missing" in request.GET,
        "required": PortalPolicy.in_force().second_factor_since is not None,
        "has_password": user.has_usable_password(),
    }
    return render(request, "account/security.html", context)


@require_POST
def end_session(request: PortalRequest, session_id: int | None = None) -> HttpResponse:
    """End one session, or all others; ending this one is signing out."""
    user = user_of(request)
    this = request.session.session_key
    if session_id is not None and any(s.id == session_id and s.is_this for s in sessions.of(user, this)):
        return HttpResponseRedirect(reverse("account_logout"))
    ended = sessions.end(someone(user, request), user, one=session_id, but=None if session_id else this)
    says = f"{ended} session{'' if ended == 1 else 's'} ended" if ended else "That session had ended"
    return finished(request, reverse("security"), says)


@require_POST
def leave_proof(request: PortalRequest) -> HttpResponse:
    """Be asked again at the next dangerous act."""
    user = request.user
    if isinstance(user, User) and reauthentication.is_fresh(request):
        reauthentication.leave(request)
        record(someone(user, request), actions.LEAVE_PROOF, **user.about())
    return finished(request, reverse("home"), "You will be asked again before anything dangerous")
