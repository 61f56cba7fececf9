"""People, their tokens and their apps at the management API; and what is looked for across apps."""

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
from core.choices import parse_word
from core.clock import now
from core.cursors import PartOfList, cut
from core.schemas import Flag, SearchText
from keys import actions as on_keys
from keys import plaintext
from keys.api.management import seen as key_seen
from keys.api.management_schemas import KeyInfo, KeyLookupRequest, KeyLookupResponse, KeyMatch
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
from portal.gates import apps_of, apps_where, permissions_of
from portal.models import AccessToken
from portal.tokens import lifecycle

MOST_APPS = 500
Archived = Annotated[Flag, Query(False, description="Whether archived ones are shown too.")]
WithStats = Annotated[Flag, Query(True, description="Whether each says how much it holds.")]
OfEnvironment = Annotated[SearchText, Query("", description="live or test. Empty: both.")]
AppName = Annotated[SearchText, Query("", description="The app's name, to be sure.")]


def get_current_user(request: TokenRequest) -> CurrentUser:
    """Who is asking, with what, and how far that goes."""
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
            for app in apps_of(user)[:MOST_APPS]
        ],
    )


def revoke_current_token(request: TokenRequest) -> TokenInfo:
    """End the access token this call is made with."""
    lifecycle.revoke(request.actor, request.token)
    return _token(request.token)


def exchange_code(request: HttpRequest, asked: TokenExchangeRequest) -> TokenIssued:
    """Turn a person's yes in the browser into an access token. Needs none itself."""
    granted = lifecycle.redeem(asked.code, asked.code_verifier)
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
    """The apps the token reaches, newest first."""
    apps = _apps_where(request, on_agents.READ_APP)
    if not include_archived:
        apps = apps.filter(archived_at=None)
    if environment := parse_word(environment, "environment", App.Environment.values):
        apps = apps.filter(environment=environment)
    page, told = cut(apps, part)
    stats = _stats([app.id for app in page]) if include_stats else {}
    return AppPage(items=[AppInfo.of(app, stats.get(app.id)) for app in page], **told)


def delete_app(request: AppRequest, confirm: AppName = "") -> AppInfo:
    """Take an app away for ever; `confirm` is its name. Refused while it has living keys."""
    delete(request.actor, request.app, confirm=confirm)
    return AppInfo.of(request.app)


def look_up_keys(request: TokenRequest, asked: KeyLookupRequest) -> KeyLookupResponse:
    """Which of these are keys of an app whose keys the token may read. Only hashes are sent, and none is kept."""
    wanted = plaintext.by_digest(bytes.fromhex(text) for text in asked.sha256)
    found = ApiKey.objects.with_kin().filter(
        app__in=_apps_where(request, on_keys.READ), digest__in=list(wanted)
    )
    return KeyLookupResponse(
        items=[
            KeyMatch(
                sha256=wanted[bytes(key.digest)].hex(),
                app_id=key.app_id,
                app_name=key.app.name,
                key=_key(key),
            )
            for key in found
        ]
    )


def _apps_where(request: TokenRequest, action: Action) -> QuerySet[App]:
    """The apps that the token may do `action` on."""
    token = request.token
    return apps_where(token.user, lambda held: action.needs in lifecycle.effective_permissions(token, held))


def _key(key: ApiKey) -> KeyInfo:
    return key_seen(key)


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
    """How much each app holds, in three queries however many they are."""
    keys = ApiKey.objects.filter(app_id__in=app_ids).own()
    agents = Agent.objects.filter(app_id__in=app_ids, revoked_at=None)
    living, every, named = _counted(keys.living()), _counted(keys), _counted(agents)
    return {
        app_id: AppStats(
            keys_active=living.get(app_id, 0), keys_total=every.get(app_id, 0), agents=named.get(app_id, 0)
        )
        for app_id in app_ids
    }


def _counted(rows: QuerySet[Any]) -> dict[UUID, int]:
    return dict(rows.order_by().values_list("app_id").annotate(n=Count("id")))
