"""Keeps a form that was sent after its session had ended, until its page is opened again after sign-in.

It travels in a signed cookie: who is not signed in makes no rows. Passwords, codes and other secrets are left out.
"""

from collections.abc import Callable

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponseBase, QueryDict

from core.forms import draft
from portal.auth.reauthentication import without_secrets

COOKIE = "draft"
MAX_AGE = 15 * 60
MAX_LENGTH = 3_500
"""Characters of the cookie. Browsers keep up to 4,096 bytes."""
RESTORED = "Your session expired before the form was sent. Check the form and send it again."


def keep(request: HttpRequest, response: HttpResponseBase, path: str) -> None:
    """Let `response` keep the form that `request` sent, for the page at `path`."""
    fields = without_secrets(request.POST).urlencode()
    value = signing.dumps({"path": path, "form": fields}, salt=COOKIE, compress=True)
    if fields and len(value) <= MAX_LENGTH:
        secure = request.is_secure()
        response.set_cookie(COOKIE, value, max_age=MAX_AGE, httponly=True, samesite="Lax", secure=secure)


def with_draft(request: HttpRequest, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What `view` answers; a form on the page that is kept for it has the kept values, once."""
    fields = _kept_for(request) if request.method == "GET" else None
    if fields is None:
        return view()
    messages.info(request, RESTORED)
    token = draft.set(fields)
    try:
        response = view()
    finally:
        draft.reset(token)
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def _kept_for(request: HttpRequest) -> QueryDict | None:
    """The form that is kept for the page that is asked for."""
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    return QueryDict(kept["form"]) if kept["path"] == request.path_info else None
