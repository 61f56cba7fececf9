"""What an OpenID Connect provider answers, read strictly: who it is, which address, and to which question."""

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount import app_settings
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponseBase


class UnfitAnswer(OAuth2Error):  # type: ignore[misc]
    """The provider vouched, and what it said cannot be taken: why, in words, and who it is said of."""

    def __init__(self, why: str, who: str = "") -> None:
        super().__init__(why)
        self.why, self.who = why, who


class OpenID(OpenIDConnectProvider):  # type: ignore[misc]
    """The provider as django-allauth asks it, with a nonce; no claim is taken for what it is not."""

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponseBase:
        """Send a browser there, with a nonce that comes back in the signed answer (OpenID Connect Core, 3.1.2.1)."""
        nonce = secrets.token_urlsafe(32)
        asked = kwargs.pop("auth_params", None)
        params = dict(self.get_auth_params() if asked is None else asked) | {"nonce": nonce}
        answer: HttpResponseBase = super().redirect(
            request, process, next_url, data, auth_params=params, nonce=nonce, **kwargs
        )
        return answer

    def extract_uid(self, data: Mapping[str, Any]) -> str:
        """The subject. Raises UnfitAnswer unless there is one, and one only."""
        userinfo, id_token = data.get("userinfo"), data.get("id_token")
        parts = [part for part in (userinfo, id_token) if part is not None]
        if not parts or not all(isinstance(part, dict) for part in parts):
            raise UnfitAnswer("an answer without an ID token, or that is no object")
        who = next((text for part in parts if (text := text_of(part.get("email")))), "")
        subjects = [part.get("sub") for part in parts]
        for subject in subjects:
            if not isinstance(subject, str) or not subject.strip() or not subject.isprintable():
                raise UnfitAnswer("no subject: the claim sub is missing, empty or no text", who)
            if len(subject) > app_settings.UID_MAX_LENGTH:
                raise UnfitAnswer("a subject (sub) that is too long", who)
        if len(set(subjects)) > 1:
            raise UnfitAnswer("two subjects: the claim sub differs between userinfo and ID token", who)
        return str(subjects[0])

    def extract_common_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Name and address, if they are text."""
        return {name: text_of(value) for name, value in super().extract_common_fields(data).items()}

    def extract_email_addresses(self, data: Mapping[str, Any]) -> list[EmailAddress]:
        """The address, and whether it is vouched for."""
        told = data.get("userinfo") or data.get("id_token") or {}
        email = text_of(told.get("email"))
        verified = is_true(told.get("email_verified"))
        return [EmailAddress(email=email, verified=verified, primary=True)] if email else []


def require_nonce(sociallogin: SocialLogin) -> None:
    """Raise UnfitAnswer unless the ID token answers the question that this browser was sent with."""
    sent = sociallogin.state.get("nonce")
    told = (sociallogin.account.extra_data.get("id_token") or {}).get("nonce")
    if not sent or not isinstance(told, str) or not hmac.compare_digest(sent.encode(), told.encode()):
        who = sociallogin.user.email if sociallogin.user else ""
        raise UnfitAnswer("an answer to another question: the ID token lacks the nonce that was sent", who)


def is_true(claim: Any) -> bool:
    """Whether a claim says yes: `true`, or the text "true", as some providers have it. Anything else does not."""
    return claim is True or (isinstance(claim, str) and claim.strip().lower() == "true")


def text_of(claim: Any) -> str:
    """A claim that is text; nothing for any other."""
    return claim if isinstance(claim, str) else ""
