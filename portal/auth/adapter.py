"""Our word in django-allauth's sign-in: no one signs up by themselves, and coming and going is recorded."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from audit.change import record
from core.addresses import client_address
from core.ids import new_id
from core.portal_origin import portal_origin
from portal import actions
from portal.accounts import account_changes
from portal.auth import login_events, oidc, policy, reauthentication, sessions
from portal.auth.break_glass import is_break_glass, only_provider
from portal.auth.login_events import someone, tell_owner
from portal.auth.policy import Way
from portal.auth.sessions import UNKNOWN
from portal.error_responses import OnlyProvider
from portal.mail import outbox
from portal.models import MailKind, User
from portal.redirects import safe_next

TOLD = {
    "account/email/password_changed": "Your password was changed.",
    "account/email/password_reset": "Your password was reset.",
    "account/email/password_set": "A password was set for your account.",
}
"""What allauth would send a mail about, and what its owner is told instead."""
KINDS = {
    "account/email/password_reset_key": MailKind.PASSWORD_RESET,
    "account/email/unknown_account": MailKind.NO_ACCOUNT,
    "account/email/email_confirmation": MailKind.CONFIRM_EMAIL,
    "account/email/email_confirmation_signup": MailKind.CONFIRM_EMAIL,
}
"""The mails that allauth sends here, and what each is in the outbox."""


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Hooks that allauth calls."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people come by invitation."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Who is counted. What cannot be read is one caller, and never the proxy that handed it on."""
        return str(client_address(request.META) or UNKNOWN)

    def is_safe_url(self, url: str) -> bool:
        """Whether to go on there: a page of this portal."""
        return bool(safe_next(url))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Let a mail go out by the outbox: no request waits for a mail server, and none fails with it."""
        user = context.get("user")
        outbox.put(KINDS[template_prefix], email, user=user, origin=portal_origin(self.request))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By what tries are counted: the account, whatever host the request named."""
        return str(credentials.get("email") or credentials.get("username") or "").strip().lower()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Called before a password is looked at; too many tries end there, and are on record once in five minutes."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            email = self._get_login_attempts_cache_key(request, **credentials)
            login_events.failed_again(request, None, "too many tries", email, key=email)
            raise

    def respond_email_verification_sent(self, request: HttpRequest, user: User | None) -> Any:
        """Called for who has proved who they are, and whose address nobody has confirmed."""
        if user:
            login_events.failed(request, actions.FAIL_SIGN_IN, user, "an address that is not confirmed yet")
        return super().respond_email_verification_sent(request, user)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Called for a password; where the provider alone lets in, all but one account get the same refusal."""
        user = super().authenticate(request, **credentials)
        if only_provider() and not (user and is_break_glass(user.email)):
            if user:
                login_events.failed(
                    request, actions.FAIL_SIGN_IN, user, "a way in that is closed: a password"
                )
            raise OnlyProvider
        return user

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Called before a person is let in, by whatever way."""
        social = (kwargs.get("signal_kwargs") or {}).get("sociallogin")
        if refusal := policy.unmet(user, Way.PROVIDER if social else Way.OWN):
            login_events.failed(request, actions.FAIL_SIGN_IN, user, "a way in that is closed")
            raise refusal
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Called once a person is in."""
        if sociallogin := (kwargs.get("signal_kwargs") or {}).get("sociallogin"):
            told = oidc.claims(sociallogin)
            reauthentication.note_proved_there(request, told)
            oidc.bring_roles(request, user, told)
        login_events.passed(request, user)
        return super().post_login(request, user, **kwargs)

    def logout(self, request: HttpRequest) -> None:
        """Called before a person is out."""
        if isinstance(request.user, User):
            record(someone(request.user, request), actions.SIGN_OUT, **request.user.about())
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Called for a wrong password and for an unknown address alike."""
        email = str(credentials.get("email") or credentials.get("username") or "")
        login_events.failed(
            request, actions.FAIL_SIGN_IN, None, "a wrong password or an unknown address", email
        )
        super().authentication_failed(request, **credentials)

    def reauthenticate(self, user: User, password: str) -> bool:
        """Called for a password given as a proof."""
        proved = bool(super().reauthenticate(user, password))
        if proved:
            login_events.proved(context.request, user, "password")
        else:
            login_events.failed(context.request, actions.FAIL_PROOF, user, "a wrong password")
        return proved

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """By what someone may prove who they are: not by a password that would not let them in."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        allowed = policy.may_use_own_ways(user.email)
        return [way for way in ways if allowed or way["id"] != "reauthenticate"]

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Called when someone has opened the link that was sent to their address."""
        confirmed = bool(super().confirm_email(request, email_address))
        if confirmed:
            user = email_address.user
            record(someone(user, request), actions.CONFIRM_OWN_EMAIL, **user.about())
        return confirmed

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether allauth asks for a proof, too: it does when we would."""
        return not reauthentication.is_fresh(context.request)

    def set_password(self, user: User, password: str) -> None:
        """Called for a change and for a reset; the new password is hashed and never kept."""
        policy.require(user, Way.OWN)
        account_changes.set_password(someone(user, self.request), user, password)

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """Called when the way in was changed: its owner is told as they chose to be. Factors: factors.recorded()."""
        if says := TOLD.get(template_prefix):
            sessions.end_all(user, but=context.request.session.session_key)
            tell_owner(user, says, f"password:{new_id()}")
