"""What an OpenID Connect provider answers, read strictly: who it is, which address, and to which question."""

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from allauth.account.internal.emailkit import valid_email_or_none
from allauth.account.models import EmailAddress
from allauth.socialaccount import app_settings
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponseBase

from portal.auth.claims import is_true, sanitize, text_of
from portal.auth.openid_documents import Answers
from portal.auth.provider_client import UnfitAnswer

MAX_EMAIL = 254


class OpenID(OpenIDConnectProvider):  # type: ignore[misc]
    """The provider as django-allauth asks it, with a nonce; no claim is taken for what it is not."""

    oauth2_adapter_class = Answers

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponseBase:
        """Send a browser there, with a nonce that comes back in the signed answer (OpenID Connect Core, 3.1.2.1)."""
        nonce = secrets.token_urlsafe(32)
        auth_params = kwargs.pop("auth_params", None)
        params = dict(self.get_auth_params() if auth_params is None else auth_params) | {"nonce": nonce}
        response: HttpResponseBase
        try:
            response = super().redirect(
                request, process, next_url, data, auth_params=params, nonce=nonce, **kwargs
            )
        except UnfitAnswer as error:
            response = render_authentication_error(request, self, exception=error)
        return response

    def extract_uid(self, data: Mapping[str, Any]) -> str:
        """The subject. Raises UnfitAnswer unless there is one, and one only."""
        parts = parts_of(data)
        if not parts:
            raise UnfitAnswer("no ID token in the response")
        who = next((text for part in parts if (text := text_of(part.get("email")))), "")
        subjects = [part.get("sub") for part in parts]
        for subject in subjects:
            if not isinstance(subject, str) or not subject.strip() or not subject.isprintable():
                raise UnfitAnswer("no subject: the claim sub is missing, empty or not a string", who)
            if len(subject) > app_settings.UID_MAX_LENGTH:
                raise UnfitAnswer("the subject (sub) is too long", who)
        if len(set(subjects)) > 1:
            raise UnfitAnswer("subject mismatch: the claim sub differs between userinfo and ID token", who)
        return str(subjects[0])

    def extract_extra_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """All of it, as a database can keep it."""
        sanitized: dict[str, Any] = sanitize(dict(data))
        return sanitized

    def extract_common_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Name and address, if they are text."""
        claims = merged(data)
        return {"email": email_of(claims), "name": text_of(claims.get("name"))}

    def extract_email_addresses(self, data: Mapping[str, Any]) -> list[EmailAddress]:
        """The address, and whether it is vouched for: where the ID token and userinfo name the same, by both."""
        email = email_of(merged(data))
        naming = [part for part in parts_of(data) if text_of(part.get("email")).lower() == email.lower()]
        words = [part["email_verified"] for part in naming if part.get("email_verified") is not None]
        verified = bool(words) and all(map(is_true, words))
        return [EmailAddress(email=email, verified=verified, primary=True)] if email else []


def parts_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What userinfo and the ID token say, those that are there."""
    parts = (data.get("userinfo"), data.get("id_token"))
    return [part for part in parts if isinstance(part, dict)]


def merged(data: Mapping[str, Any]) -> dict[str, Any]:
    """Both as one: userinfo counts more, and a claim that is null there is none."""
    claims: dict[str, Any] = {}
    for part in reversed(parts_of(data)):
        claims |= {name: claim for name, claim in part.items() if claim is not None}
    return claims


def email_of(claims: Mapping[str, Any]) -> str:
    """The address in the claim `email`; empty if that is none."""
    email = text_of(claims.get("email"))
    return str(valid_email_or_none(email) or "") if len(email) <= MAX_EMAIL else ""


def require_nonce(sociallogin: SocialLogin) -> None:
    """Raise UnfitAnswer unless the ID token answers the question that this browser was sent with."""
    sent = sociallogin.state.get("nonce")
    received = (sociallogin.account.extra_data.get("id_token") or {}).get("nonce")
    if (
        not sent
        or not isinstance(received, str)
        or not hmac.compare_digest(sent.encode(), received.encode(errors="replace"))
    ):
        who = sociallogin.user.email if sociallogin.user else ""
        raise UnfitAnswer("nonce mismatch: the ID token lacks the nonce that was sent", who)
