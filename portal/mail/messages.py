"""Subject and text of each kind of mail. Sign-in links are made here when the mail is sent, and never stored."""

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from portal.accounts.invitation_links import secret_of
from portal.accounts.lifecycle import is_waiting
from portal.auth import policy
from portal.models import Mail, MailKind
from portal.notifications import email as notifications


class NotWanted(Exception):
    """A message that must not go out any more; the text says why."""


def letter_of(mail: Mail) -> EmailMessage:
    """The message. Raises NotWanted."""
    subject, body = _KINDS[MailKind(mail.kind)](mail)
    return EmailMessage(subject, body, None, [mail.address])


def _notifications(mail: Mail) -> tuple[str, str]:
    user = mail.user
    wanted = [
        notification
        for notification in mail.notifications.order_by("at", "id")
        if user and notifications.concerns(user, notification)
    ]
    if not wanted:
        raise NotWanted("The recipient no longer has access.")
    return notifications.subject_of(wanted), notifications.body_of(wanted)


def _invitation(mail: Mail) -> tuple[str, str]:
    invitation = mail.invitation
    if invitation is None or not is_waiting(invitation):
        raise NotWanted("The invitation was used, was cancelled or has expired.")
    secret = secret_of(invitation)
    if secret is None:
        raise NotWanted("PORTAL_SECRET_KEY has changed: resend the invitation on the Members page.")
    app = invitation.app or "all apps"
    link = _origin(mail) + reverse("join", args=[secret])
    text = f"{invitation.invited_by} invited you to the key portal as {invitation.get_role_display()} of {app}.\n\n"
    text += f"Accept the invitation:\n\n{link}\n\n"
    text += "The link works once and expires in 7 days. Anyone with this link can join: do not forward it.\n"
    return "Invitation to the key portal", text


def _password_reset(mail: Mail) -> tuple[str, str]:
    user = mail.user
    if user is None or not user.is_active or not policy.may_use_own_ways(user.email):
        raise NotWanted("The account is deactivated, or password sign-in is off.")
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return _rendered(mail, "password_reset_key", password_reset_url=path.replace("UID-KEY", quote(key)))


def _no_account(mail: Mail) -> tuple[str, str]:
    return _rendered(mail, "unknown_account")


def _confirm_email(mail: Mail) -> tuple[str, str]:
    address = EmailAddress.objects.filter(user=mail.user, email__iexact=mail.address, verified=False).first()
    if address is None:
        raise NotWanted("The email address was already confirmed, or no account uses it.")
    path = reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])
    return _rendered(mail, "email_confirmation", activate_url=path)


def _rendered(mail: Mail, name: str, **paths: str) -> tuple[str, str]:
    """Subject and text by the templates of django-allauth's names; paths become links."""
    origin = _origin(mail)
    portal = urlsplit(origin).netloc
    context = {"portal": portal, "email": mail.address, "user": mail.user}
    context |= {name: origin + path for name, path in paths.items()}
    subject = " ".join(render_to_string(f"account/email/{name}_subject.txt", context).split())
    return f"[{portal}] {subject}", render_to_string(f"account/email/{name}_message.txt", context).strip()


def _origin(mail: Mail) -> str:
    return str(settings.ORIGIN or mail.origin)


_KINDS: dict[MailKind, Callable[[Mail], tuple[str, str]]] = {
    MailKind.NOTIFICATIONS: _notifications,
    MailKind.INVITATION: _invitation,
    MailKind.PASSWORD_RESET: _password_reset,
    MailKind.NO_ACCOUNT: _no_account,
    MailKind.CONFIRM_EMAIL: _confirm_email,
}
