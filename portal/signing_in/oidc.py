"""Sign-in at the operator's OpenID Connect provider: who may come in by it, and which roles it means."""

from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from agents.names import person_name
from audit.actors import EVERYTHING, Actor
from audit.change import change
from audit.origins import origin_of
from portal import actions
from portal.models import User
from portal.people import provided
from portal.people.accounts import is_confirmed
from portal.signing_in import attempts
from portal.signing_in.identities import link
from portal.signing_in.openid import UnfitAnswer, require_nonce
from portal.signing_in.policy import is_linked
from portal.signing_in.provider import Provider

CAME = "Someone new came in by the identity provider."


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Hooks that allauth calls."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether someone new may come in: only whom the operator's mapping gives a role."""
        if _provider().roles_of(claims(sociallogin)):
            return True
        why = "nobody here, and no role by the identity provider"
        attempts.failed(request, actions.FAIL_SIGN_IN, None, why, _who(sociallogin))
        return False

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Called for someone new: their account is made as part of an act."""
        user: User = sociallogin.user
        user.email = user.email.lower()
        with change(attempts.someone(user, request), actions.CREATE_PERSON, on=user, reason=CAME) as act:
            act.note(by=_provider().name)
            super().save_user(request, sociallogin, form)
        return user

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Name and address, as the provider says."""
        user: User = super().populate_user(request, sociallogin, data)
        user.name = person_name(str(data.get("name") or ""))
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Called before anybody is let in: links an account to who has its address, or turns them away."""
        require_nonce(sociallogin)
        if sociallogin.state.get("process", AuthProcess.LOGIN) != AuthProcess.LOGIN:
            _turn_away(request, None, "linking by hand", _who(sociallogin))
        known = sociallogin.user if sociallogin.is_existing else None
        if known is None and not _confirmed(sociallogin):
            _turn_away(
                request, None, _unvouched(sociallogin), _who(sociallogin), says=_unvouched(sociallogin)
            )
        found = known or User.objects.filter(email__in=_confirmed(sociallogin)).first()
        if found is None:
            return
        if not found.is_active:
            _turn_away(request, found, "a closed account")
        if known is None:
            _link(request, found, sociallogin)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **told: Any) -> None:
        """Called when the provider said no, or what it sent does not hold."""
        error = told.get("exception")
        if isinstance(error, UnfitAnswer):
            _turn_away(request, None, error.why, error.who, says=error.why)
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


def _confirmed(sociallogin: SocialLogin) -> list[str]:
    """The addresses that the provider vouches for. One that anybody may type would open others' accounts."""
    return [address.email.lower() for address in sociallogin.email_addresses if address.verified]


def _who(sociallogin: SocialLogin) -> str:
    """Whom the provider speaks of: their address, or who they are there."""
    address = next((address.email for address in sociallogin.email_addresses), "")
    return address or f"subject {sociallogin.account.uid}"


def _unvouched(sociallogin: SocialLogin) -> str:
    """Why no address is confirmed, with the claim's name for whoever sets up the provider."""
    told = claims(sociallogin)
    if not sociallogin.email_addresses:
        return "no address: the claim email is missing or is none"
    if "email_verified" not in told:
        return "an address that the identity provider does not vouch for: the claim email_verified is missing"
    return "an address that the identity provider does not vouch for: the claim email_verified is not true"


def _link(request: HttpRequest, user: User, sociallogin: SocialLogin) -> None:
    """Let whoever the provider vouches for have the account of `user`, if its address was ever confirmed here."""
    if is_linked(user):
        _turn_away(request, user, "an account that is linked to another identity")
    if not is_confirmed(user):
        _turn_away(request, user, "an account whose address nobody has confirmed", unconfirmed=True)
    link(request, user, sociallogin)


def _turn_away(
    request: HttpRequest,
    user: User | None,
    why: str,
    email: str = "",
    unconfirmed: bool = False,
    says: str = "",
) -> NoReturn:
    attempts.failed(request, actions.FAIL_SIGN_IN, user, why, email)
    context = {"unconfirmed": unconfirmed, "says": says}
    page = render(request, "socialaccount/authentication_error.html", context, status=403)
    raise ImmediateHttpResponse(page)
