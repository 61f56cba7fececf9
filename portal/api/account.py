"""The current user, apps and the key lookup in the management API."""

from typing import Annotated, Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from ninja import Query

from agents import actions as on_agents
from agents.api.management_schemas import AppInfo, AppPage, AppStats
from agents.lifecycle import delete_app as delete
from agents.models import Agent, App
from agents.requests import AppRequest
from audit.actions import Action
from audit.actors import Actor
from audit.origins import origin_of
from core.choices import parse_choice
from core.clock import now
from core.pagination.cursors import PartOfList, paginate
from core.schemas import Flag, SearchText
from keys import actions as on_keys
from keys import plaintext
from keys.api.management import describe_key
from keys.api.management_schemas import KeyLookupRequest, KeyLookupResponse, KeyMatch
from keys.models import ApiKey
from portal.api.account_schemas import (
    AccessibleApp,
    CurrentUser,
    TokenExchangeRequest,
    TokenInfo,
    TokenIssued,
    UserSummary,
)
from portal.api.token_auth import TokenRequest
from portal.models import AccessToken
from portal.tokens import lifecycle
from portal.web.gates import apps_of, apps_where, permissions_of

MAX_APPS = 500
Archived = Annotated[Flag, Query(False, description="Include archived apps.")]
OfEnvironment = Annotated[SearchText, Query("", description="live or test. Empty: both.")]
WithStats = Annotated[Flag, Query(True, description="Include the numbers of keys and agents.")]
AppName = Annotated[SearchText, Query("", description="The app's name, as a confirmation.")]


def get_current_user(request: TokenRequest) -> CurrentUser:
    """The user and the token of this request, with its permissions."""
    token, user = request.token, request.token.user
    return CurrentUser(
        user=UserSummary(id=user.id, email=user.email, name=user.name),
        token=_token(token),
        permissions_everywhere=sorted(lifecycle.effective_permissions(token, permissions_of(user, None))),
        apps=[
            AccessibleApp(
                id=app.id,
                name=app.name,
                permissions=sorted(lifecycle.effective_permissions(token, permissions_of(user, app))),
            )
            for app in apps_of(user)[:MAX_APPS]
        ],
    )


def revoke_current_token(request: TokenRequest) -> TokenInfo:
    """Revoke the token of this request."""
    lifecycle.revoke(request.actor, request.token)
    return _token(request.token)


def exchange_code(request: HttpRequest, body: TokenExchangeRequest) -> TokenIssued:
    """Exchange the code of a sign-in in the browser for an access token. Needs no token."""
    granted = lifecycle.redeem(body.code, body.code_verifier)
    origin = origin_of(request.META, "cli")
    actor = Actor("person", str(granted.user.pk), granted.user.label, frozenset(), origin)
    issued = lifecycle.issue(
        actor,
        granted.user,
        name=granted.name,
        permissions=granted.permissions,
        expires_at=now() + lifecycle.CLI_TOKEN_LIFETIME,
        spelled_out=True,
    )
    token = issued.token
    return TokenIssued(
        token=issued.plaintext.take(),
        id=token.id,
        name=token.name,
        permissions=token.permissions,
        expires_at=token.expires_at,
    )


def list_apps(
    request: TokenRequest,
    part: PartOfList,
    include_archived: Archived = False,
    include_stats: WithStats = True,
    environment: OfEnvironment = "",
) -> AppPage:
    """The apps that the token can access, newest first."""
    apps = _apps_where(request, on_agents.READ_APP)
    if not include_archived:
        apps = apps.filter(archived_at=None)
    if environment := parse_choice(environment, "environment", App.Environment.values):
        apps = apps.filter(environment=environment)
    items, page = paginate(apps, part)
    stats = _stats([app.id for app in items]) if include_stats else {}
    return AppPage(items=[AppInfo.from_model(app, stats.get(app.id)) for app in items], **page)


def delete_app(request: AppRequest, confirm: AppName = "") -> AppInfo:
    """Delete an app permanently. `confirm` is its name. An app with active keys cannot be deleted."""
    delete(request.actor, request.app, confirm=confirm)
    return AppInfo.from_model(request.app)


def look_up_keys(request: TokenRequest, body: KeyLookupRequest) -> KeyLookupResponse:
    """Find keys by SHA-256 in all apps whose keys the token may read. Hashes are not stored."""
    wanted = plaintext.by_digest(bytes.fromhex(text) for text in body.sha256)
    keys = ApiKey.objects.with_kin().filter(
        app__in=_apps_where(request, on_keys.READ), digest__in=list(wanted)
    )
    return KeyLookupResponse(
        items=[
            KeyMatch(
                sha256=wanted[bytes(key.digest)].hex(),
                app_id=key.app_id,
                app_name=key.app.name,
                key=describe_key(key),
            )
            for key in keys
        ]
    )


def _apps_where(request: TokenRequest, action: Action) -> QuerySet[App]:
    """The apps on which the token may do `action`."""
    token = request.token
    return apps_where(token.user, lambda held: action.needs in lifecycle.effective_permissions(token, held))


def _token(token: AccessToken) -> TokenInfo:
    return TokenInfo(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        permissions=token.permissions,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )


def _stats(app_ids: list[UUID]) -> dict[UUID, AppStats]:
    """The numbers of keys and agents of each app, in three queries for all."""
    keys = ApiKey.objects.filter(app_id__in=app_ids).own()
    agents = Agent.objects.filter(app_id__in=app_ids, revoked_at=None)
    active, total, in_use = _count_by_app(keys.active()), _count_by_app(keys), _count_by_app(agents)
    return {
        app_id: AppStats(
            keys_active=active.get(app_id, 0), keys_total=total.get(app_id, 0), agents=in_use.get(app_id, 0)
        )
        for app_id in app_ids
    }


def _count_by_app(rows: QuerySet[Any]) -> dict[UUID, int]:
    return dict(rows.order_by().values_list("app_id").annotate(n=Count("id")))
