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
from core.text import sanitize
from portal import actions
from portal.accounts import provider_roles
from portal.accounts.account_changes import is_confirmed
from portal.auth import login_events
from portal.auth.claims import described
from portal.auth.identities import link
from portal.auth.openid_claims import merged, require_nonce
from portal.auth.policy import is_linked
from portal.auth.provider_client import ProviderSession, ProviderUnreachable, UnfitAnswer
from portal.config.identity_provider import Provider
from portal.models import User

CAME = "First sign-in through the identity provider."


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Hooks that allauth calls."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether someone new may come in: only whom the operator's mapping gives a role."""
        if not _provider().roles_of(claims(sociallogin)):
            why = f"no account, and no role from the identity provider{_roleless(claims(sociallogin))}"
            _turn_away(request, None, why, _who(sociallogin), roleless=True)
        return True

    def get_requests_session(self) -> ProviderSession:
        """How the provider is asked."""
        return ProviderSession()

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Called for someone new: their account is made as part of an act."""
        user: User = sociallogin.user
        user.email = user.email.lower()
        with change(login_events.acting(user, request), actions.CREATE_PERSON, on=user, reason=CAME) as act:
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
            _turn_away(request, None, "account linking is off", _who(sociallogin))
        known = sociallogin.user if sociallogin.is_existing else None
        if known is None and not _confirmed(sociallogin):
            _turn_away(
                request, None, _unvouched(sociallogin), _who(sociallogin), says=_unvouched(sociallogin)
            )
        user = known or User.objects.filter(email__in=_confirmed(sociallogin)).first()
        if user is None:
            return
        if not user.is_active:
            _turn_away(request, user, "account deactivated")
        if known is None:
            _link(request, user, sociallogin)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **told: Any) -> None:
        """Called when the provider said no, or what it sent does not hold."""
        error = told.get("exception")
        if isinstance(error, ProviderUnreachable):
            _turn_away(request, None, error.why, error.who, unreachable=error.why)
        if isinstance(error, UnfitAnswer):
            _turn_away(request, None, error.why, error.who, says=error.why)
        login_events.record_failure(request, actions.FAIL_SIGN_IN, None, _error_of(request))


def claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """What the provider says of a person."""
    return merged(sociallogin.account.extra_data)


def bring_roles(request: HttpRequest, user: User, claims: dict[str, Any]) -> None:
    """Give `user` the roles that `claims` mean, where the mapping decides them, and take away the others there."""
    provider = _provider()
    label = f"{provider.name} (identity provider)"
    actor = Actor("provider", provider.issuer[:64], label, EVERYTHING, origin_of(request.META, "page"))
    with transaction.atomic():
        provider_roles.bring(
            actor, user, provider.roles_of(claims), provider.places, provider.missing(claims)
        )


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
    values = claims(sociallogin)
    if not sociallogin.email_addresses:
        odd = "" if values.get("email") is None else ", not an email address"
        return f"no email: the claim email is {described(values.get('email'))}{odd}"
    verified = values.get("email_verified")
    is_said = "missing" if verified is None else f"not true: it is {described(verified)}"
    return f"email not verified by the identity provider: the claim email_verified is {is_said}"


def _roleless(claims: dict[str, Any]) -> str:
    """Why someone has no role, if it is that the provider does not send what the mapping reads."""
    if not _provider().mapped:
        return ": PORTAL_OIDC_ROLES names none"
    missing = _provider().missing(claims)
    return f": {missing}" if missing else ""


def _error_of(request: HttpRequest) -> str:
    """What a browser brought back in place of an answer."""
    error = sanitize(request.GET.get("error", ""), 60)
    more = sanitize(request.GET.get("error_description", ""), 120)
    if not error:
        return "sign-in response does not match this browser’s request, or has expired"
    return f"the identity provider said {error}{f': {more}' if more else ''}"


def _link(request: HttpRequest, user: User, sociallogin: SocialLogin) -> None:
    """Let whoever the provider vouches for have the account of `user`, if its address was ever confirmed here."""
    if is_linked(user):
        _turn_away(request, user, "account linked to another identity")
    if not is_confirmed(user):
        _turn_away(request, user, "account email not confirmed", unconfirmed=True)
    link(request, user, sociallogin)


def _turn_away(
    request: HttpRequest, user: User | None, why: str, email: str = "", **context: str | bool
) -> NoReturn:
    """Leave it on record, and show the page of it; `context` says what the page explains."""
    login_events.record_failure(request, actions.FAIL_SIGN_IN, user, why, email)
    status = 502 if context.get("unreachable") else 403
    page = render(request, "socialaccount/authentication_error.html", context | {"why": why}, status=status)
    raise ImmediateHttpResponse(page)
