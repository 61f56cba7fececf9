"""The pages of one's own way in: what protects it, where one is signed in, and being asked again."""

from allauth.mfa.models import Authenticator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from agents.requests import finished
from audit.change import record
from audit.requests import PortalRequest
from core.pagination.list_page import ACTIONS, Column
from portal import actions
from portal.auth import reauthentication, sessions
from portal.auth.login_events import acting
from portal.models import PortalPolicy, User
from portal.web.gates import user_of

SESSION_COLUMNS = (*Column.from_labels("Device, IP address, Signed in, Last active"), ACTIONS)


@require_GET
def security(request: PortalRequest) -> HttpResponse:
    """What protects an account, and where it is signed in."""
    user = user_of(request)
    authenticators = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = next(
        (session_id for session_id in authenticators if session_id.type == Authenticator.Type.RECOVERY_CODES),
        None,
    )
    context = {
        "app_codes": next(
            (session_id for session_id in authenticators if session_id.type == Authenticator.Type.TOTP), None
        ),
        "passkeys": [
            session_id for session_id in authenticators if session_id.type == Authenticator.Type.WEBAUTHN
        ],
        "codes": codes,
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "session_columns": SESSION_COLUMNS,
        "sessions": sessions.open_sessions(user, request.session.session_key),
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
    if session_id is not None and any(
        s.id == session_id and s.is_this for s in sessions.open_sessions(user, this)
    ):
        return HttpResponseRedirect(reverse("account_logout"))
    ended = sessions.end(
        acting(user, request), user, session_id=session_id, except_key=None if session_id else this
    )
    message = f"{ended} session{'' if ended == 1 else 's'} signed out" if ended else "Session already ended"
    return finished(request, reverse("security"), message)


@require_POST
def leave_proof(request: PortalRequest) -> HttpResponse:
    """Be asked again at the next dangerous act."""
    user = request.user
    if isinstance(user, User) and reauthentication.is_fresh(request):
        reauthentication.lock(request)
        record(acting(user, request), actions.LEAVE_PROOF, **user.audit_target())
    return finished(request, reverse("home"), "Sensitive actions locked")
