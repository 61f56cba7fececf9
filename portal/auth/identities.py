"""Linking an account to who somebody is at the identity provider: whatever let in before ends with it.

Whoever made the account need not be who the provider vouches for, so nothing of theirs survives: password, factors,
sessions, access tokens, authorizations that wait (docs/decisions/0037).
"""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest

from audit.actors import Actor
from audit.change import change
from portal import actions
from portal.auth import sessions
from portal.auth.login_events import acting, notify_owner
from portal.auth.two_factor import factors_of
from portal.models import AccessToken, Authorization, User
from portal.tokens import lifecycle

WHY = "Account linked to the identity provider."
MORE = (
    "Earlier sign-in methods were removed. Sign in there from now on, and set up 2FA and access tokens again."
)


def link(request: HttpRequest, user: User, sociallogin: SocialLogin) -> None:
    """Let `user` be who signs in by `sociallogin`, which vouches for their confirmed address."""
    actor = acting(user, request)
    with change(actor, actions.LINK_IDENTITY, on=user, reason=WHY) as act:
        act.note(**end_ways_in(actor, user, WHY))
        user.set_unusable_password()
        user.save(update_fields=["password"])
        sociallogin.account.user = user
        sociallogin.account.save()
        sociallogin.user = user
        subject = "Account linked to the identity provider"
        notify_owner(user, subject, f"event:{act.id}", MORE)


def end_ways_in(actor: Actor, user: User, why: str) -> dict[str, object]:
    """End everything but the password that lets in as `user`; return what that was, for the record."""
    had = factors_of(user)
    Authenticator.objects.filter(user=user).delete()
    waiting, _ = Authorization.objects.filter(user=user).delete()
    ended = list(AccessToken.objects.filter(lifecycle.active_tokens(), user=user))
    for token in ended:
        lifecycle.revoke(actor, token, why)
    return {
        "factors": had,
        "authorizations": waiting,
        "access_tokens": len(ended),
        "sessions": sessions.end_all(user),
    }
