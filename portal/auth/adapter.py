"""Hooks into django-allauth's sign-in: nobody signs up without an invitation, and sign-ins are recorded."""

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
from portal.auth.login_events import acting, notify_owner
from portal.auth.policy import SignInMethod
from portal.auth.sessions import UNKNOWN_ADDRESS
from portal.error_responses import OnlyProvider
from portal.mail import outbox
from portal.models import MailKind, User
from portal.web.redirects import safe_next

MESSAGES = {
    "account_inactive": "Account deactivated",
    "email_password_mismatch": "Incorrect email or password",
    "enter_current_password": "Enter your current password.",
    "incorrect_code": "Incorrect code",
    "incorrect_password": "Incorrect password",
    "invalid_login": "Incorrect email or password",
    "invalid_password_reset": "This link is no longer valid.",
    "rate_limited": "Too many requests. Try again later.",
    "too_many_login_attempts": "Too many failed attempts. Try again in 5 minutes.",
}
"""django-allauth's errors in our words."""
PROOF_METHODS = {
    "mfa_reauthenticate": "Use a code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}
NOTIFICATIONS = {
    "account/email/password_changed": "Password changed",
    "account/email/password_reset": "Password reset",
    "account/email/password_set": "Password set",
}
"""What allauth would send a mail about, and what its owner is told instead."""
MAIL_KINDS = {
    "account/email/password_reset_key": MailKind.PASSWORD_RESET,
    "account/email/unknown_account": MailKind.NO_ACCOUNT,
    "account/email/email_confirmation": MailKind.CONFIRM_EMAIL,
    "account/email/email_confirmation_signup": MailKind.CONFIRM_EMAIL,
}
"""The mails that allauth sends here, and what each is in the outbox."""


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Hooks that allauth calls."""

    error_messages = DefaultAccountAdapter.error_messages | MESSAGES

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people come by invitation."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Who is counted. What cannot be read is one caller, and never the proxy that handed it on."""
        return str(client_address(request.META) or UNKNOWN_ADDRESS)

    def is_safe_url(self, url: str) -> bool:
        """Whether to go on there: a page of this portal."""
        return bool(safe_next(url))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Let a mail go out by the outbox: no request waits for a mail server, and none fails with it."""
        user = context.get("user")
        outbox.put(MAIL_KINDS[template_prefix], email, user=user, origin=portal_origin(self.request))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By what tries are counted: the account, whatever host the request named."""
        return str(credentials.get("email") or credentials.get("username") or "").strip().lower()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Called before a password is looked at; too many tries end there, and are on record once in five minutes."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            email = self._get_login_attempts_cache_key(request, **credentials)
            login_events.record_repeated_failure(request, None, "too many attempts", email, key=email)
            raise

    def respond_email_verification_sent(self, request: HttpRequest, user: User | None) -> Any:
        """Called for who has proved who they are, and whose address nobody has confirmed."""
        if user:
            login_events.record_failure(request, actions.FAIL_SIGN_IN, user, "email not confirmed")
        return super().respond_email_verification_sent(request, user)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Called for a password; where the provider alone lets in, all but one account get the same refusal."""
        user = super().authenticate(request, **credentials)
        if only_provider() and not (user and is_break_glass(user.email)):
            if user:
                login_events.record_failure(request, actions.FAIL_SIGN_IN, user, "password sign-in is off")
            raise OnlyProvider
        return user

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Called before a person is let in, by whatever way."""
        social = (kwargs.get("signal_kwargs") or {}).get("sociallogin")
        if refusal := policy.unmet(user, SignInMethod.PROVIDER if social else SignInMethod.OWN):
            login_events.record_failure(request, actions.FAIL_SIGN_IN, user, "sign-in method is off")
            raise refusal
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> Any:
        """Called once a person is in."""
        if sociallogin := (kwargs.get("signal_kwargs") or {}).get("sociallogin"):
            claims = oidc.claims(sociallogin)
            reauthentication.date_provider_proof(request, claims)
            oidc.bring_roles(request, user, claims)
        login_events.record_sign_in(request, user)
        return super().post_login(request, user, **kwargs)

    def logout(self, request: HttpRequest) -> None:
        """Called before a person is out."""
        if isinstance(request.user, User):
            record(acting(request.user, request), actions.SIGN_OUT, **request.user.audit_target())
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Called for a wrong password and for an unknown address alike."""
        email = str(credentials.get("email") or credentials.get("username") or "")
        login_events.record_failure(
            request, actions.FAIL_SIGN_IN, None, "wrong password or unknown email", email
        )
        super().authentication_failed(request, **credentials)

    def reauthenticate(self, user: User, password: str) -> bool:
        """Called for a password given as a proof."""
        proved = bool(super().reauthenticate(user, password))
        if proved:
            login_events.record_proof(context.request, user, "password")
        else:
            login_events.record_failure(context.request, actions.FAIL_PROOF, user, "wrong password")
        return proved

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """By what someone may prove who they are: not by a password that would not let them in."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        allowed = policy.may_use_own_ways(user.email)
        return [
            method | {"description": PROOF_METHODS.get(method["id"], method["description"])}
            for method in methods
            if allowed or method["id"] != "reauthenticate"
        ]

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Called when someone has opened the link that was sent to their address."""
        confirmed = bool(super().confirm_email(request, email_address))
        if confirmed:
            user = email_address.user
            record(acting(user, request), actions.CONFIRM_OWN_EMAIL, **user.audit_target())
        return confirmed

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether allauth asks for a proof, too: it does when we would."""
        return not reauthentication.is_fresh(context.request)

    def set_password(self, user: User, password: str) -> None:
        """Called for a change and for a reset; the new password is hashed and never kept."""
        policy.require(user, SignInMethod.OWN)
        account_changes.set_password(acting(user, self.request), user, password)

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """Called when the way in was changed: its owner is told as they chose to be. Factors: factors.recorded()."""
        if text := NOTIFICATIONS.get(template_prefix):
            sessions.end_all(user, except_key=context.request.session.session_key)
            notify_owner(user, text, f"password:{new_id()}")
