"""The ways in. A gate turns who is asking into request.actor, and an app id in the address into request.app.

portal/urls.py and the maps it includes name a gate on every line. Views behind one decide nothing about who may.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, TypeGuard, cast
from urllib.parse import quote, urlsplit
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from agents.errors import AppNotFound
from agents.models import App
from agents.requests import AppRequest, sent_to
from audit.actions import Action
from audit.actors import Actor, Origin
from audit.requests import PortalRequest
from core.folding import code_point_order
from keyformat.redaction import cut_to_prefix
from portal.auth import drafts, policy, reauthentication, sessions
from portal.auth.policy import SignInMethod
from portal.error_responses import MissingToken
from portal.models import PortalPolicy, User
from portal.models.users import own_row
from portal.program_paths import is_program
from portal.roles import PERMISSIONS
from portal.web.redirects import safe_next


class _SignedIn(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


View = Callable[..., HttpResponseBase]
OPEN = Action("portal.open", "", "opened")
SAFE_METHODS = ("GET", "HEAD")


def page(view: View, action: Action) -> View:
    """A page for a signed-in person who may do `action`, on the app in the address if it names one."""

    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if (cut := _without_keys(request)) is not None:
            return HttpResponseRedirect(cut)
        if not _is_in(request):
            return _to_sign_in(request)
        app_id = kwargs.pop("app_id", None)
        known = cast(AppRequest, request)
        request.user.is_fresh = reauthentication.is_fresh(request)
        sessions.note_seen(request, request.user)
        app = app_of(request.user, app_id) if app_id else None
        known.actor = person(request.user, app, known.origin)
        if app:
            known.app = app
        if policy.unmet(request.user, SignInMethod.SESSION):
            return sent_to(request, f"{reverse('security')}?missing")
        # To look is no danger: the proof is asked for when something is sent.
        known.actor.require_on_own(replace(action, again=False) if request.method in SAFE_METHODS else action)
        user = request.user
        response = drafts.with_draft(request, user, lambda: view(known, *args, **kwargs))
        drafts.note_reader(request, response, user)
        return response

    gate.action = action  # type: ignore[attr-defined]
    return gate


def signed_in(view: View) -> View:
    """A page for anyone who is signed in; what it shows is cut to what they may see."""
    return page(view, OPEN)


def own(view: View) -> View:
    """A page of someone's own way in: for anyone who is signed in, with or without the second factor they must have."""

    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _is_in(request):
            return _to_sign_in(request)
        known = cast(PortalRequest, request)
        request.user.is_fresh = reauthentication.is_fresh(request)
        known.actor = person(request.user, None, known.origin)
        user = request.user
        response = view(request, *args, **kwargs)
        drafts.note_reader(request, response, user)
        return response

    gate.action = OPEN  # type: ignore[attr-defined]
    return gate


def docs_page(view: View) -> View:
    """A page of the docs: for anyone who is signed in, and for everyone where the portal policy says so."""
    for_users = signed_in(view)

    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User) and PortalPolicy.in_force().public_docs:
            return view(request, *args, **kwargs)
        return for_users(request, *args, **kwargs)

    gate.action = OPEN  # type: ignore[attr-defined]
    return gate


def open_to_all(view: View) -> View:
    """A page that needs no one to be signed in. Said aloud, so that no page is open by omission."""

    @wraps(view)
    def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    gate.action = None  # type: ignore[attr-defined]
    return gate


def user_of(request: HttpRequest) -> User:
    """The person behind a gate."""
    return own_row(cast(User, request.user))


def apps_of(user: User) -> QuerySet[App]:
    """The apps `user` has a role on."""
    there = App.objects.filter(deleted_at=None).order_by(*code_point_order("sameness"))
    if any(m.app_id is None for m in user.roles):
        return there
    return there.filter(id__in=[m.app_id for m in user.roles])


def app_of(user: User, app_id: UUID) -> App:
    """One of them. Raises AppNotFound for a stranger's as for none."""
    app = apps_of(user).filter(id=app_id).first()
    if app is None:
        raise AppNotFound
    return app


def permissions_of(user: User, app: App | None) -> frozenset[str]:
    """What `user` may do on `app`; for None, on every app."""
    app_ids = (None, app.id) if app else (None,)
    roles = (m.role for m in user.roles if m.app_id in app_ids)
    return frozenset[str]().union(*(PERMISSIONS[role] for role in roles))


def permissions_anywhere(user: User) -> frozenset[str]:
    """What `user` may do on one app or another."""
    return frozenset[str]().union(*(PERMISSIONS[m.role] for m in user.roles))


def apps_where(user: User, may: Callable[[frozenset[str]], bool]) -> QuerySet[App]:
    """The apps of `user` where `may` says yes to what their role there allows."""
    app_ids = [m.app_id for m in user.roles if may(PERMISSIONS[m.role])]
    there = apps_of(user)
    return there if None in app_ids else there.filter(id__in=[place for place in app_ids if place])


def apps_allowing(user: User, action: Action) -> QuerySet[App]:
    """The apps where `user` may do `action`, if only to what they own."""
    return apps_where(user, lambda held: not held.isdisjoint({action.needs, action.owner_needs}))


def person(user: User, app: App | None, origin: Origin) -> Actor:
    """`user` as the actor of a request, with the permissions that hold for its app."""
    return Actor(
        kind="person",
        id=str(user.pk),
        label=user.label,
        permissions=permissions_of(user, app),
        origin=origin,
        app_id=app.id if app else None,
        fresh=user.is_fresh,
    )


def _is_in(request: HttpRequest) -> TypeGuard[_SignedIn]:
    """Whether somebody is signed in, and by a way that is open. Who came by one that was closed since is signed out."""
    if isinstance(request.user, User) and policy.is_of_before(request, request.user):
        get_adapter().logout(request)
    return isinstance(request.user, User)


def _without_keys(request: HttpRequest) -> str | None:
    """The same address with pasted keys cut to their prefixes, for history keeps it. None: it holds none."""
    query = request.META.get("QUERY_STRING", "")
    cut = cut_to_prefix(query)
    return f"{request.path}?{cut}" if request.method == "GET" and cut != query.strip() else None


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The sign-in page, with the way back; a form that was sent is kept for it. A program is told what it lacks."""
    if is_program(request):
        raise MissingToken(
            hint="Pages are for browsers. Programs use /api/v1/ with an access token: see /docs/api/."
        )
    if request.headers.get("HX-Request"):
        back = _path_of(request.headers.get("HX-Current-URL", "")) or "/"
    else:
        back = cut_to_prefix(request.get_full_path())
    response = sent_to(request, f"{reverse('account_login')}?next={quote(back)}")
    if request.method == "POST":
        drafts.keep(request, response, urlsplit(back).path)
    return response


def _path_of(url: str) -> str:
    """The path of the page that htmx says it is on; nothing if that is none of ours."""
    try:
        return safe_next(cut_to_prefix(urlsplit(url).path))
    except ValueError:
        return ""
