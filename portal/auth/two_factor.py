"""Second factors: codes of an app, passkeys, recovery codes. django-allauth has the rules; here is our word in them."""

import base64
import hashlib
from collections.abc import Callable, Set
from functools import wraps
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from audit.actors import Actor
from audit.change import record
from core.errors import ReauthenticationRequired
from core.portal_origin import portal_origin
from portal import actions
from portal.auth import reauthentication, sessions, totp_codes
from portal.auth.login_events import acting, notify_owner
from portal.models import PortalPolicy, User

NAMES = {
    Authenticator.Type.TOTP: "authenticator app",
    Authenticator.Type.WEBAUTHN: "passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Hooks that allauth calls."""

    def encrypt(self, text: str) -> str:
        """Seeds are kept under a key made of the portal's own: a stolen database holds nothing to sign in with."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The counterpart."""
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Whom a passkey is for: the host, under the product's name."""
        host = urlsplit(portal_origin(context.request)).hostname
        return {"id": host or "localhost", "name": "alter key portal"}

    def generate_authenticator_name(self, user: User, type: Any) -> str:
        """What a new passkey is called, until its owner says otherwise."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}"


def factors_of(user: User) -> list[str]:
    """The second factors of `user`, in words. Recovery codes alone do not count."""
    return factor_names([user]).get(user.pk, [])


def factor_names(users: Any) -> dict[UUID, list[str]]:
    """The second factors of each of `users` that has any, in words, by user id."""
    owned = Authenticator.objects.filter(user__in=users).exclude(type=Authenticator.Type.RECOVERY_CODES)
    names: dict[UUID, list[str]] = {}
    for user_id, factor_type in owned.order_by("type").values_list("user_id", "type").distinct():
        names.setdefault(user_id, []).append(NAMES[Authenticator.Type(factor_type)])
    return names


def has_factor(user: User) -> bool:
    """Whether `user` has a second factor."""
    return bool(factors_of(user))


def is_missing(user: User) -> bool:
    """Whether everyone must have a second factor, and `user` has none."""
    return PortalPolicy.in_force().second_factor_since is not None and not has_factor(user)


def with_factor(users: Any) -> set[Any]:
    """The ids of those of `users` that have one."""
    owned = Authenticator.objects.filter(user__in=users).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return set(owned.values_list("user_id", flat=True))


def reset_factors(actor: Actor, user: User, reason: str = "") -> None:
    """Take every second factor of `user` away, for whoever has lost theirs; their sessions end, and they are told."""
    with transaction.atomic():
        names = factors_of(user)
        event = record(
            actor, actions.RESET_FACTORS, reason=reason, facts={"had": names}, **user.audit_target()
        )
        Authenticator.objects.filter(user=user).delete()
        sessions.end_all(user)
        more = "You were signed out everywhere. Sign in with your password and set up 2FA again."
        notify_owner(user, "Two-factor authentication (2FA) reset by an admin", f"event:{event.id}", more)


def recorded(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """`view`, a page of django-allauth's, in one transaction with the record of what it did to factors."""

    @wraps(view)
    def audited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or not isinstance(request.user, User):
            return view(request, *args, **kwargs)
        if not reauthentication.is_fresh(request):
            # django-allauth does not ask those who have nothing but the identity provider.
            raise ReauthenticationRequired
        with transaction.atomic():
            before = _snapshot(request.user)
            answer = view(request, *args, **kwargs)
            if (after := _snapshot(request.user)) != before:
                _use_up(request, after.keys() - before.keys())
                _record(request, request.user, before, after)
        return answer

    return audited


def _snapshot(user: User) -> dict[int, tuple[str, str]]:
    """Each factor's kind and name."""
    rows = Authenticator.objects.filter(user=user)
    return {row.pk: (row.type, getattr(row.wrap(), "name", "")) for row in rows}


def _record(
    request: HttpRequest, user: User, before: dict[int, tuple[str, str]], after: dict[int, tuple[str, str]]
) -> None:
    """An act for each that came, went or was renamed. What went takes the other sessions along."""
    added = [(after[pk], "") for pk in after.keys() - before.keys()]
    removed = [("", before[pk]) for pk in before.keys() - after.keys()]
    renamed = [(after[pk], before[pk]) for pk in after.keys() & before.keys() if after[pk] != before[pk]]
    for after_value, before_value in [*added, *removed, *renamed]:
        factor_type, name = after_value or before_value
        action = _ACTIONS[bool(after_value), bool(before_value)]
        what = NAMES[Authenticator.Type(factor_type)]
        event = record(
            acting(user, request), action, facts={"factor": what, "name": name}, **user.audit_target()
        )
        if factor_type != Authenticator.Type.RECOVERY_CODES:
            notify_owner(
                user,
                f"{what[:1].upper()}{what[1:]} {name}".strip() + f" {_SAYS[action.name]}",
                f"event:{event.id}",
            )
    if removed:
        sessions.end_all(user, except_key=request.session.session_key)


def _use_up(request: HttpRequest, added: Set[int]) -> None:
    """The code by which an authenticator app was set up signs nobody in."""
    for app in Authenticator.objects.filter(pk__in=added, type=Authenticator.Type.TOTP):
        totp_codes.use(app, request.POST.get("code", ""))


_ACTIONS = {
    (True, False): actions.ENROL_FACTOR,
    (False, True): actions.REMOVE_FACTOR,
    (True, True): actions.RENAME_FACTOR,
}
_SAYS = {
    actions.ENROL_FACTOR.name: "set up",
    actions.REMOVE_FACTOR.name: "removed",
    actions.RENAME_FACTOR.name: "renamed",
}


def _cipher() -> Fernet:
    key = hashlib.sha256(b"second factors:" + str(settings.SECRET_KEY).encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
