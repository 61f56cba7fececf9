"""The gate of the management API: an access token becomes the actor, cut to what its owner may do there now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest

from agents.models import App
from agents.requests import AppRequest, id_of
from audit.actions import Action
from audit.actors import Actor, Origin
from audit.origins import origin_of
from core.clock import now
from core.text import HTTP_WHITESPACE
from keys.admission import rate_limit
from keys.admission.call_errors import RateLimited
from keys.admission.rate_limit import Allowance
from portal.auth import login_events
from portal.error_responses import (
    InvalidToken,
    MissingToken,
    OwnerNotLinked,
    SecondFactorRequired,
    TokenExpired,
)
from portal.models import MAX_LABEL, AccessToken
from portal.tokens import lifecycle
from portal.web.gates import app_of, permissions_anywhere, permissions_of

COMMAND = "alter-cli/"
"""How the `alter` command's User-Agent begins: what it does is recorded as done with it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a token must be allowed to do for a call to be let in."""

    actions: tuple[Action, ...]
    anywhere: bool = False
    """Whether one app is enough: the answer is cut to the apps where it may."""

    @property
    def permissions(self) -> list[str]:
        """The permissions that takes, each once."""
        return list(dict.fromkeys(action.needs for action in self.actions if action.needs))


class TokenRequest(AppRequest):
    """A request below /api/v1/."""

    token: AccessToken
    allowance: Allowance


def let_in(request: HttpRequest, needs: Needs, path_parameters: Mapping[str, Any]) -> None:
    """Put on `request` who acts, and the app its address names.

    Raises MissingToken, InvalidToken, TokenExpired, RateLimited, AppNotFound, NotAllowed.
    """
    known = cast(TokenRequest, request)
    known.origin = _origin(request)
    known.token = _recognised(request)
    _charge(known)
    user = known.token.user
    app = app_of(user, id_of(str(path_parameters["app_id"]))) if "app_id" in path_parameters else None
    if app:
        known.app = app
    known.actor = _actor(known, permissions_of(user, app), app)
    acting = _actor(known, permissions_anywhere(user), None) if needs.anywhere else known.actor
    for action in needs.actions:
        acting.require_on_own(action)


def _recognised(request: HttpRequest) -> AccessToken:
    """The token that was presented. One of ours that is refused is on record, once in five minutes."""
    presented = _presented(request)
    try:
        return lifecycle.authenticate(presented)
    except (InvalidToken, TokenExpired, SecondFactorRequired, OwnerNotLinked) as refusal:
        if token := lifecycle.find_token(presented):
            why = f"the access token {token.name}: {refusal.message}"
            login_events.record_repeated_failure(
                request, token.user, why, key=str(token.pk), via=_origin(request).via
            )
        raise


def _actor(request: TokenRequest, permissions: frozenset[str], app: App | None) -> Actor:
    """The token as an actor, where its owner holds `permissions`."""
    return Actor(
        kind="token",
        id=str(request.token.id),
        label=f"{request.token.user.label} ({request.token.name})"[:MAX_LABEL],
        permissions=lifecycle.effective_permissions(request.token, permissions),
        origin=request.origin,
        app_id=app.id if app else None,
        owner_id=str(request.token.user_id),
    )


def _origin(request: HttpRequest) -> Origin:
    origin = origin_of(request.META, "api")
    return origin._replace(via="cli") if origin.user_agent.startswith(COMMAND) else origin


def _presented(request: HttpRequest) -> str:
    header = str(request.META.get("HTTP_AUTHORIZATION", "")).strip(HTTP_WHITESPACE)
    scheme, _, token = header.partition(" ")
    token = token.strip(HTTP_WHITESPACE)
    if scheme.lower() != "bearer" or not token:
        raise MissingToken
    return token


def _charge(request: TokenRequest) -> None:
    """Spend a call of the token's allowance. One that another made spends that one's: making more earns no more."""
    bucket = request.token.parent_id or request.token.id
    allowance = rate_limit.charge(bucket, settings.API_RATE_LIMIT_RPM, now())
    request.allowance = allowance  # told with every answer, the refusal too
    if not allowance.granted:
        raise RateLimited(
            "This access token has made its calls for now.",
            limit=allowance.limit,
            retry_after=allowance.retry_after,
            scope="access_token",
        )
