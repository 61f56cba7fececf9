"""Our word in django-allauth's sign-in: no one signs up by themselves, and coming and going is recorded."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.http import HttpRequest

from audit.change import record
from audit.ids import new_id
from portal import actions
from portal.models import User
from portal.signing_in import again, attempts, oidc, sessions
from portal.signing_in.attempts import someone, tell_owner

TOLD = {
    "account/email/password_changed": "Your password was changed.",
    "account/email/password_reset": "Your password was reset.",
    "account/email/password_set": "A password was set for your account.",
}
"""What allauth would send a mail about, and what its owner is told instead."""


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Hooks that allauth calls."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people come by invitation."""
        return False

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Called once a person is in."""
        if sociallogin := (kwargs.get("signal_kwargs") or {}).get("sociallogin"):
            oidc.bring_roles(request, user, oidc.claims(sociallogin))
        attempts.passed(request, user)
        return super().post_login(request, user, **kwargs)

    def logout(self, request: HttpRequest) -> None:
        """Called before a person is out."""
        if isinstance(request.user, User):
            record(someone(request.user, request), actions.SIGN_OUT, **sessions.about(request.user))
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Called for a wrong password and for an unknown address alike."""
        email = str(credentials.get("email") or credentials.get("username") or "")
        attempts.failed(request, actions.FAIL_SIGN_IN, None, "a wrong password or an unknown address", email)
        super().authentication_failed(request, **credentials)

    def reauthenticate(self, user: User, password: str) -> bool:
        """Called for a password given as a proof."""
        proved = bool(super().reauthenticate(user, password))
        if proved:
            attempts.proved(context.request, user, "password")
        else:
            attempts.failed(context.request, actions.FAIL_PROOF, user, "a wrong password")
        return proved

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether allauth asks for a proof, too: it does when we would."""
        return not again.is_fresh(context.request)

    def set_password(self, user: User, password: str) -> None:
        """Called for a change and for a reset; the new password is hashed and never kept."""
        super().set_password(user, password)
        record(someone(user, self.request), actions.CHANGE_PASSWORD, **sessions.about(user))

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """Called when the way in was changed: its owner is told as they chose to be. Factors: factors.recorded()."""
        if says := TOLD.get(template_prefix):
            sessions.end_all(user, but=context.request.session.session_key)
            tell_owner(user, says, f"password:{new_id()}")
