"""Sign-in at the operator's OpenID Connect provider: who may come in by it, and which roles it means."""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from audit.actors import EVERYTHING, Actor
from audit.origins import origin_of
from portal import actions
from portal.models import User
from portal.people import provided
from portal.signing_in import attempts
from portal.signing_in.provider import Provider


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Hooks that allauth calls."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether someone new may come in: only whom the operator's mapping gives a role."""
        return bool(_provider().roles_of(claims(sociallogin))) and _is_confirmed(sociallogin)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Name and address, as the provider says."""
        user: User = super().populate_user(request, sociallogin, data)
        user.name = str(data.get("name") or "")[:80]
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Called before someone known is let in: turned away if their account is closed."""
        user = sociallogin.user
        if user.pk and not user.is_active:
            _turn_away(request, user, "a closed account")

    def on_authentication_error(self, request: HttpRequest, provider: Any, **told: Any) -> None:
        """Called when the provider said no, or what it sent does not hold."""
        attempts.failed(request, actions.FAIL_SIGN_IN, None, "the identity provider's answer")


def claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """What the provider says of a person."""
    told = sociallogin.account.extra_data
    return {**(told.get("id_token") or {}), **(told.get("userinfo") or {})}


def bring_roles(request: HttpRequest, user: User, told: dict[str, Any]) -> None:
    """Give `user` the roles that `told` means, where the mapping decides them, and take away the others there."""
    provider = _provider()
    label = f"{provider.name} (identity provider)"
    actor = Actor("provider", provider.issuer[:64], label, EVERYTHING, origin_of(request.META, "page"))
    with transaction.atomic():
        provided.bring(actor, user, provider.roles_of(told), provider.places)


def _provider() -> Provider:
    provider: Provider | None = settings.PROVIDER
    if provider is None:
        raise RuntimeError("there is no identity provider")
    return provider


def _is_confirmed(sociallogin: SocialLogin) -> bool:
    """Whether the provider vouches for the address. An address that anybody may type would open others' accounts."""
    return any(address.verified for address in sociallogin.email_addresses)


def _turn_away(request: HttpRequest, user: User | None, why: str) -> None:
    attempts.failed(request, actions.FAIL_SIGN_IN, user, why)
    raise ImmediateHttpResponse(render(request, "socialaccount/authentication_error.html", status=403))
