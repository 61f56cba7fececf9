"""The gate of the management API: an access token becomes the actor, cut to what its owner may do there now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest

from agents.faces import AppRequest, id_of
from audit.actions import Action
from audit.actors import Actor, Origin
from audit.clock import now
from audit.origins import origin_of
from keys import throttle
from keys.refusals import RateLimited
from keys.throttle import Allowance
from portal import tokens
from portal.gates import app_of, permissions_of
from portal.models import AccessToken
from portal.refusals import MissingToken

COMMAND = "alter-cli/"
"""How the `alter` command's User-Agent begins: what it does is recorded as done with it."""


class TokenRequest(AppRequest):
    """A request below /api/v1/."""

    token: AccessToken
    allowance: Allowance


def let_in(request: HttpRequest, action: Action, named: Mapping[str, Any]) -> None:
    """Put on `request` who acts, and the app its address names.

    Raises MissingToken, InvalidToken, TokenExpired, RateLimited, AppNotFound, NotAllowed.
    """
    known = cast(TokenRequest, request)
    known.origin = _origin(request)
    known.token = tokens.recognise(_presented(request))
    known.allowance = _charge(known.token)
    app = app_of(known.token.user, id_of(str(named["app_id"]))) if "app_id" in named else None
    if app:
        known.app = app
    known.actor = Actor(
        kind="token",
        id=str(known.token.id),
        label=f"{known.token.user.label} ({known.token.name})",
        permissions=tokens.may(known.token, permissions_of(known.token.user, app)),
        origin=known.origin,
        app_id=app.id if app else None,
    )
    known.actor.require(action)


def _origin(request: HttpRequest) -> Origin:
    origin = origin_of(request.META, "api")
    return replace(origin, via="cli") if origin.user_agent.startswith(COMMAND) else origin


def _presented(request: HttpRequest) -> str:
    scheme, _, token = str(request.META.get("HTTP_AUTHORIZATION", "")).strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise MissingToken
    return token.strip()


def _charge(token: AccessToken) -> Allowance:
    allowance = throttle.charge(token.id, settings.API_RATE_LIMIT_RPM, now())
    if not allowance.granted:
        raise RateLimited(limit=allowance.limit, retry_after=allowance.retry_after)
    return allowance
