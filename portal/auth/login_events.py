"""Records sign-ins and failed attempts, and notifies the owner of a sign-in from a new device."""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.utils import perform_login
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from audit.actions import Action
from audit.actors import Actor, Origin
from audit.change import record
from audit.models import Event
from audit.origins import origin_of
from core.clock import now
from core.text import escape_controls, sanitize
from portal import actions
from portal.auth.break_glass import is_break_glass, watchers
from portal.auth.sessions import device_name
from portal.error_responses import TooManyTries
from portal.models import Invitation, NotificationKind, User
from portal.notifications.notify import NotificationContent, notify

log = logging.getLogger(__name__)
LOOKBACK = timedelta(days=90)
"""For so long an address and a browser someone has signed in from are not new."""
REPEAT_INTERVAL = timedelta(minutes=5)
METHODS = {"webauthn": "passkey", "totp": "authenticator app", "recovery_codes": "recovery code"}


@dataclass(slots=True)
class CountedAttempts:
    """What was counted of one try."""

    usages: list[ratelimit.RateLimitUsage] = field(default_factory=list)

    def rollback(self) -> None:
        """It was no guess: take it back."""
        for usage in self.usages:
            usage.rollback()


def acting(user: User, request: HttpRequest | None) -> Actor:
    """`user`, acting for themselves."""
    origin = origin_of(request.META, "page") if request else Origin("shell")
    return Actor("person", str(user.pk), user.label, frozenset(), origin)


def complete_sign_in(request: HttpRequest, user: User) -> HttpResponse:
    """Sign in someone who has just given their password; what else must be proved is asked for first."""
    record_authentication(request, user, method="password", email=user.email)
    answer: HttpResponse = perform_login(request, user, email_verification=app_settings.EMAIL_VERIFICATION)
    return answer


def record_sign_in(request: HttpRequest, user: User) -> None:
    """Record a sign-in; tell its owner if it came from where they have not been seen lately."""
    by = [_method_name(entry) for entry in get_authentication_records(request, user)]
    actor = acting(user, request)
    is_new_device = _is_new_device(actor)
    is_urgent = is_break_glass(user.email) and "identity provider" not in by
    facts = {"by": by} | ({"break_glass": True} if is_urgent else {})
    event = record(actor, actions.SIGN_IN, facts=facts, **user.audit_target())
    if is_urgent:
        _notify_break_glass(user, actor, event)
    if is_new_device:
        what = device_name(actor.origin.user_agent)
        content = NotificationContent(
            NotificationKind.SIGNED_IN,
            f"event:{event.id}",
            f"New sign-in to your account: {what}, from {actor.origin.ip or 'an unknown IP address'}",
            reverse("security"),
            text="If this was not you, sign out that session, change your password and contact an admin.",
            event_id=event.id,
        )
        notify(content, [user])


def count_attempt(request: HttpRequest, email: str, invitation: Invitation) -> CountedAttempts:
    """Count a password given with an invitation: for its account as at sign-in, for its address, and for the link.

    What is returned takes the count back. Raises TooManyTries.
    """
    tries = CountedAttempts()
    for action, key in (("join", f"join:{invitation.pk}"), ("login_failed", email)):
        usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
        if not usage:
            raise TooManyTries
        tries.usages.append(usage)
    return tries


def record_proof(request: HttpRequest, user: User, by: str) -> None:
    """Record that `user` has proved once more who they are."""
    record(acting(user, request), actions.PROVE, facts={"by": by}, **user.audit_target())


def record_failure(
    request: HttpRequest, action: Action, user: User | None, why: str, email: str = "", via: str = "page"
) -> None:
    """Record a try that did not get in, or a proof that was none; the server's log has a line of it, too.

    Whoever cannot join by an invitation is no warning: most have mistyped, or come too late.
    """
    email, why = sanitize(user.email if user else email, 200), sanitize(why, 300)
    stranger = Actor("person", "", email or "someone", frozenset(), origin_of(request.META, via))
    level = logging.INFO if action is actions.FAIL_JOIN else logging.WARNING
    log.log(level, "%s: %s: %s", action.name, escape_controls(email) or "someone", escape_controls(why))
    record(stranger, action, facts={"why": why}, target_kind="person", target_id="", target_label=email)


def record_repeated_failure(
    request: HttpRequest,
    user: User | None,
    why: str,
    email: str = "",
    *,
    key: str,
    via: str = "page",
    action: Action = actions.FAIL_SIGN_IN,
) -> None:
    """Record a refusal that repeats by itself, once within REFUSED_EVERY for the same `key` and cause."""
    named = hashlib.sha256(f"{key} {why}".encode(errors="replace")).hexdigest()
    if cache.add(f"refused:{named}", True, REPEAT_INTERVAL.total_seconds()):
        record_failure(request, action, user, why, email, via)


def notify_owner(
    user: User,
    title: str,
    dedupe_key: str,
    text: str = "If this was not you, contact an admin immediately.",
    mail_to: str = "",
) -> None:
    """Tell `user` that their way in was changed; `mail_to`: at another address than theirs."""
    content = NotificationContent(
        NotificationKind.ACCOUNT, dedupe_key, title, reverse("security"), text=text, mail_to=mail_to
    )
    notify(content, [user])


def _notify_break_glass(user: User, actor: Actor, event: Event) -> None:
    """Every admin hears of it: this account is for the day on which the identity provider is down."""
    content = NotificationContent(
        NotificationKind.ACCOUNT,
        f"event:{event.id}:break-glass",
        f"Break-glass account {user.email} signed in from {actor.origin.ip or 'an unknown IP address'}",
        reverse("users"),
        text="It is for outages of the identity provider. If this was not expected, deactivate the account.",
        event_id=event.id,
    )
    notify(content, watchers())


def _method_name(authentication: dict[str, str]) -> str:
    """How django-allauth says it, in our words."""
    if authentication.get("method") == "mfa":
        return METHODS.get(authentication.get("type", ""), "two-factor authentication")
    return (
        "identity provider"
        if authentication.get("method") == "socialaccount"
        else authentication.get("method", "")
    )


def _is_new_device(actor: Actor) -> bool:
    before = Event.objects.filter(
        app_id=None, action=actions.SIGN_IN.name, actor_id=actor.id, at__gt=now() - LOOKBACK
    )
    seen = list(before.values_list("ip", "user_agent").distinct()[:500])
    same_address = any(str(ip or "") == actor.origin.ip for ip, _ in seen)
    same_browser = any(agent == actor.origin.user_agent for _, agent in seen)
    return bool(seen) and not (same_address and same_browser)
