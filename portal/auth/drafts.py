"""Keeps a form that was sent after its session had ended, until the user who filled it in is back on its page.

It travels in a signed cookie: who is not signed in makes no rows. A second cookie says who was last shown a page in
this browser; the CSRF token changes with each sign-in, so no older page can send a form. Passwords, codes and other
secrets are left out, and keys within a text are cut to their prefixes.
"""

from collections.abc import Callable

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponseBase, QueryDict

from core.forms import draft
from portal.auth.reauthentication import without_secrets
from portal.models import User

COOKIE = "draft"
READER = "reader"
"""The cookie that says who was last shown a page in this browser. Nobody is signed in by it."""
MAX_AGE = 15 * 60
MAX_LENGTH = 3_500
"""Characters of the cookie. Browsers keep up to 4,096 bytes."""
RESTORED = "Your session expired before the form was sent. Check the form and send it again."


def note_reader(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Let the browser know that `user` is shown a page, and forget the form of another user."""
    reader = _signed(user)
    if request.COOKIES.get(READER) != reader:
        response.set_cookie(READER, reader, httponly=True, samesite="Lax", secure=request.is_secure())
        if COOKIE in request.COOKIES:
            response.delete_cookie(COOKIE, samesite="Lax")


def keep(request: HttpRequest, response: HttpResponseBase, path: str) -> None:
    """Let `response` keep the form that `request` sent, for the page at `path` and the user who was shown it."""
    reader, fields = request.COOKIES.get(READER, ""), without_secrets(request.POST)
    draft = {"path": path, "form": fields.urlencode(), "reader": reader}
    value = signing.dumps(draft, salt=COOKIE, compress=True)
    if fields and reader and len(value) <= MAX_LENGTH:
        secure = request.is_secure()
        response.set_cookie(COOKIE, value, max_age=MAX_AGE, httponly=True, samesite="Lax", secure=secure)


def with_draft(request: HttpRequest, user: User, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What `view` answers `user`; a form on the page that is kept for them has the kept values, once."""
    fields = _kept_for(request, user) if request.method == "GET" else None
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


def _kept_for(request: HttpRequest, user: User) -> QueryDict | None:
    """The form that is kept for `user` and the page that is asked for."""
    try:
        draft = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    is_theirs = draft.get("reader") == _signed(user) and draft["path"] == request.path
    return QueryDict(draft["form"]) if is_theirs else None


def _signed(user: User) -> str:
    return signing.Signer(salt=READER).sign(str(user.pk))
