"""What a way in must satisfy, said once for all of them: passwords, passkeys, links, sessions, tokens, the provider."""

from enum import Enum

from allauth.account.internal.flows.login import get_authentication_records
from allauth.socialaccount.models import SocialAccount
from django.http import HttpRequest

from core.errors import Refusal
from portal.auth.break_glass import is_break_glass, only_provider
from portal.auth.two_factor import is_missing
from portal.error_responses import OnlyProvider, OwnerNotLinked, SecondFactorRequired
from portal.models import User


class SignInMethod(Enum):
    """How somebody gets in, or is in."""

    OWN = "the portal's own: a password, a passkey alone, a link by mail, an invitation"
    PROVIDER = "the identity provider's word"
    SESSION = "a browser that is signed in"
    TOKEN = "an access token, or a yes that is about to become one"


def unmet(user: User, method: SignInMethod) -> Refusal | None:
    """Why `user` may not come in by `way`. None: they may."""
    if method is SignInMethod.OWN and not may_use_own_ways(user.email):
        return OnlyProvider()
    if method in (SignInMethod.SESSION, SignInMethod.TOKEN) and is_missing(user):
        return SecondFactorRequired()
    if method is SignInMethod.TOKEN and is_shut_out(user):
        return OwnerNotLinked()
    return None


def require(user: User, method: SignInMethod) -> None:
    """Raise OnlyProvider, SecondFactorRequired or OwnerNotLinked unless `user` may come in by `way`."""
    if refusal := unmet(user, method):
        raise refusal


def may_use_own_ways(email: str) -> bool:
    """Whether whoever has this address may come in without the identity provider."""
    return not only_provider() or is_break_glass(email)


def is_linked(user: User) -> bool:
    """Whether somebody at the provider has this account."""
    return bool(SocialAccount.objects.filter(user=user).exists())


def is_shut_out(user: User) -> bool:
    """Whether `user` could not sign in: the provider alone lets in, and has never vouched for them."""
    return not may_use_own_ways(user.email) and not is_linked(user)


def is_of_before(request: HttpRequest, user: User) -> bool:
    """Whether a browser was signed in by a way that is closed now: the provider had not been asked."""
    if may_use_own_ways(user.email):
        return False
    methods = {record.get("method") for record in get_authentication_records(request, user)}
    return "socialaccount" not in methods
