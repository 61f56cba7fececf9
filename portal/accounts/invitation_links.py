"""The link of an invitation: its secret can be made again by the portal, so it need not be kept to be mailed."""

import base64
import hashlib
import hmac
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac

from core.portal_origin import absolute
from portal.models import Invitation


def link_of(request: HttpRequest, secret: str) -> str:
    """The address of an invitation's link."""
    return absolute(request, reverse("join", args=[secret]))


def derive_secret(invitation_id: UUID) -> str:
    """The secret of the invitation with this id: 32 bytes that only who has PORTAL_SECRET_KEY can make."""
    made = salted_hmac("portal.accounts.invitation", str(invitation_id), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def secret_of(invitation: Invitation) -> str | None:
    """The secret of `invitation`. None: it was made with another PORTAL_SECRET_KEY, or before secrets were derived."""
    secret = derive_secret(invitation.pk)
    return secret if hmac.compare_digest(digest_of(secret), bytes(invitation.digest)) else None


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
