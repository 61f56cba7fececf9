"""What is on record of coming and going: with what someone signed in, what failed, and whether it was new."""

from datetime import timedelta

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from audit.actions import Action
from audit.actors import Actor, Origin
from audit.change import record
from audit.clock import now
from audit.models import Event
from audit.origins import origin_of
from audit.text import keepable
from portal import actions
from portal.models import NoticeKind, User
from portal.notices.tell import News, tell
from portal.signing_in.sessions import about, browser

REMEMBERED = timedelta(days=90)
"""For so long an address and a browser someone has signed in from are not new."""
METHODS = {"webauthn": "passkey", "totp": "authenticator app", "recovery_codes": "recovery code"}


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
    event = record(actor, actions.SIGN_IN, facts={"by": by}, **about(user))
    if is_new:
        what = browser(actor.origin.user_agent)
        news = News(
            NoticeKind.SIGNED_IN,
            f"event:{event.id}",
            f"A new sign-in to your account: {what}, from {actor.origin.ip or 'an unknown address'}.",
            reverse("security"),
            more="If it was not you, end that session, change your password and tell an admin.",
            event_id=event.id,
        )
        tell(news, [user])


def proved(request: HttpRequest, user: User, by: str) -> None:
    """Record that `user` has proved once more who they are."""
    record(someone(user, request), actions.PROVE, facts={"by": by}, **about(user))


def failed(request: HttpRequest, action: Action, user: User | None, why: str, email: str = "") -> None:
    """Record a try that did not get in, or a proof that was none."""
    email = keepable(user.email if user else email, 200)
    stranger = Actor("person", "", email or "someone", frozenset(), origin_of(request.META, "page"))
    record(stranger, action, facts={"why": why}, target_kind="person", target_id="", target_label=email)


def tell_owner(
    user: User, says: str, mark: str, more: str = "If it was not you, tell an admin at once."
) -> None:
    """Tell `user` that their way in was changed."""
    tell(News(NoticeKind.ACCOUNT, mark, says, reverse("security"), more=more), [user])


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
