"""What a message of each kind says. Links that let someone in are made here, when it is sent, and kept nowhere."""

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
        one for one in mail.notifications.order_by("at", "id") if user and notifications.concerns(user, one)
    ]
    if not wanted:
        raise NotWanted("It does not concern its reader any more.")
    return notifications.subject_of(wanted), notifications.body_of(wanted)


def _invitation(mail: Mail) -> tuple[str, str]:
    invitation = mail.invitation
    if invitation is None or not is_waiting(invitation):
        raise NotWanted("The invitation was used, withdrawn or is too old.")
    secret = secret_of(invitation)
    if secret is None:
        raise NotWanted("PORTAL_SECRET_KEY has changed since: make a new link on the Members page.")
    where = invitation.app or "every app"
    link = _origin(mail) + reverse("join", args=[secret])
    text = f"{invitation.invited_by} invites you to the key portal as {invitation.role} of {where}.\n\n{link}\n\n"
    text += "The link works once, for a week. Whoever has it can use it: do not pass it on.\n"
    return "Your invitation to the key portal", text


def _password_reset(mail: Mail) -> tuple[str, str]:
    user = mail.user
    if user is None or not user.is_active or not policy.may_use_own_ways(user.email):
        raise NotWanted("The account is closed, or passwords let nobody in.")
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return _rendered(mail, "password_reset_key", password_reset_url=path.replace("UID-KEY", quote(key)))


def _no_account(mail: Mail) -> tuple[str, str]:
    return _rendered(mail, "unknown_account")


def _confirm_email(mail: Mail) -> tuple[str, str]:
    found = EmailAddress.objects.filter(user=mail.user, email__iexact=mail.address, verified=False).first()
    if found is None:
        raise NotWanted("The address was confirmed, or is nobody's any more.")
    path = reverse("account_confirm_email", args=[EmailConfirmationHMAC(found).key])
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
