"""What is on record of coming and going: with what someone signed in, what failed, and whether it was new."""

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
from core.text import keepable, visible
from portal import actions
from portal.auth.break_glass import is_break_glass, watchers
from portal.auth.sessions import browser
from portal.error_responses import TooManyTries
from portal.models import Invitation, NotificationKind, User
from portal.notifications.notify import NotificationContent, notify

log = logging.getLogger(__name__)
REMEMBERED = timedelta(days=90)
"""For so long an address and a browser someone has signed in from are not new."""
REFUSED_EVERY = timedelta(minutes=5)
METHODS = {"webauthn": "passkey", "totp": "authenticator app", "recovery_codes": "recovery code"}


@dataclass(slots=True)
class Tries:
    """What was counted of one try."""

    usages: list[ratelimit.RateLimitUsage] = field(default_factory=list)

    def rollback(self) -> None:
        """It was no guess: take it back."""
        for usage in self.usages:
            usage.rollback()


def someone(user: User, request: HttpRequest | None) -> Actor:
    """`user`, acting for themselves."""
    origin = origin_of(request.META, "page") if request else Origin("shell")
    return Actor("person", str(user.pk), user.label, frozenset(), origin)


def let_in(request: HttpRequest, user: User) -> HttpResponse:
    """Sign in someone who has just given their password; what else must be proved is asked for first."""
    record_authentication(request, user, method="password", email=user.email)
    answer: HttpResponse = perform_login(request, user, email_verification=app_settings.EMAIL_VERIFICATION)
    return answer


def passed(request: HttpRequest, user: User) -> None:
    """Record a sign-in; tell its owner if it came from where they have not been seen lately."""
    by = [_method(one) for one in get_authentication_records(request, user)]
    actor = someone(user, request)
    is_new = _is_new(actor)
    is_urgent = is_break_glass(user.email) and "identity provider" not in by
    facts = {"by": by} | ({"break_glass": True} if is_urgent else {})
    event = record(actor, actions.SIGN_IN, facts=facts, **user.about())
    if is_urgent:
        _tell_of_break_glass(user, actor, event)
    if is_new:
        what = browser(actor.origin.user_agent)
        content = NotificationContent(
            NotificationKind.SIGNED_IN,
            f"event:{event.id}",
            f"A new sign-in to your account: {what}, from {actor.origin.ip or 'an unknown address'}.",
            reverse("security"),
            text="If it was not you, end that session, change your password and tell an admin.",
            event_id=event.id,
        )
        notify(content, [user])


def count_try(request: HttpRequest, email: str, invitation: Invitation) -> Tries:
    """Count a password given with an invitation: for its account as at sign-in, for its address, and for the link.

    What is returned takes the count back. Raises TooManyTries.
    """
    tries = Tries()
    for action, key in (("join", f"join:{invitation.pk}"), ("login_failed", email)):
        usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
        if not usage:
            raise TooManyTries
        tries.usages.append(usage)
    return tries


def proved(request: HttpRequest, user: User, by: str) -> None:
    """Record that `user` has proved once more who they are."""
    record(someone(user, request), actions.PROVE, facts={"by": by}, **user.about())


def failed(
    request: HttpRequest, action: Action, user: User | None, why: str, email: str = "", via: str = "page"
) -> None:
    """Record a try that did not get in, or a proof that was none; the server's log has a line of it, too.

    Whoever cannot join by an invitation is no warning: most have mistyped, or come too late.
    """
    email, why = keepable(user.email if user else email, 200), keepable(why, 300)
    stranger = Actor("person", "", email or "someone", frozenset(), origin_of(request.META, via))
    level = logging.INFO if action is actions.FAIL_JOIN else logging.WARNING
    log.log(level, "%s: %s: %s", action.name, visible(email) or "someone", visible(why))
    record(stranger, action, facts={"why": why}, target_kind="person", target_id="", target_label=email)


def failed_again(
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
    if cache.add(f"refused:{named}", True, REFUSED_EVERY.total_seconds()):
        failed(request, action, user, why, email, via)


def tell_owner(
    user: User,
    says: str,
    mark: str,
    more: str = "If it was not you, tell an admin at once.",
    mail_to: str = "",
) -> None:
    """Tell `user` that their way in was changed; `mail_to`: at another address than theirs."""
    content = NotificationContent(
        NotificationKind.ACCOUNT, mark, says, reverse("security"), text=more, mail_to=mail_to
    )
    notify(content, [user])


def _tell_of_break_glass(user: User, actor: Actor, event: Event) -> None:
    """Every admin hears of it: this account is for the day on which the identity provider is down."""
    content = NotificationContent(
        NotificationKind.ACCOUNT,
        f"event:{event.id}:break-glass",
        f"The break-glass account {user.email} signed in from {actor.origin.ip or 'an unknown address'}.",
        reverse("people"),
        text="It is for when the identity provider cannot be reached. If nobody had a reason, close it.",
        event_id=event.id,
    )
    notify(content, watchers())


def _method(told: dict[str, str]) -> str:
    """How django-allauth says it, in our words."""
    if told.get("method") == "mfa":
        return METHODS.get(told.get("type", ""), "a second factor")
    return "identity provider" if told.get("method") == "socialaccount" else told.get("method", "")


def _is_new(actor: Actor) -> bool:
    before = Event.objects.filter(
        app_id=None, action=actions.SIGN_IN.name, actor_id=actor.id, at__gt=now() - REMEMBERED
    )
    seen = list(before.values_list("ip", "user_agent").distinct()[:500])
    same_address = any(str(ip or "") == actor.origin.ip for ip, _ in seen)
    same_browser = any(agent == actor.origin.user_agent for _, agent in seen)
    return bool(seen) and not (same_address and same_browser)
