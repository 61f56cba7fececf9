"""The management API, /api/v1/…: the map of its operations (docs/api.md). The `alter` command uses it.

Every line has the method, the path, the view, the response schema, and the action, which knows the permission.
Authentication is in portal/api/token_auth.py.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from ninja import Router

import agents.actions as on_agents
import audit.actions as on_audit
import keys.actions as on_keys
import keys.catalogue.actions as on_scopes
import portal.actions as on_portal
from agents.api import management as agents
from agents.api.management_schemas import (
    AgentCreated,
    AgentDetail,
    AgentPage,
    AppInfo,
    AppPage,
    CallerInfo,
    CallerPage,
)
from audit.actions import Action
from audit.api import log as audit
from audit.api.integrity import IntegrityStep, check_integrity
from audit.api.schemas import AuditEntryDetail, AuditEntryPage, CallGroupList, SealedEntryPage
from audit.export.exporter import FORMATS
from core.errors import PayloadTooLarge
from keys.admission.runtime_auth import is_too_large
from keys.api import management as keys
from keys.api.management_schemas import (
    KeyCallerList,
    KeyInfo,
    KeyLookupResponse,
    KeyMinted,
    KeyPage,
    KeyStatistics,
)
from keys.api.runtime_schemas import ScopeCatalog
from keys.api.widening import widen_key
from keys.catalogue.api import views as catalogue
from keys.catalogue.api.schemas import (
    CatalogueInfo,
    CatalogueVersionPage,
    ScopeImportResult,
    ScopeUsage,
)
from portal.api import account as account
from portal.api import json_responses, portal_wide, token_auth
from portal.api import members as members
from portal.api import saved_views as views
from portal.api.account_schemas import (
    CurrentUser,
    InvitationCreated,
    InvitationInfo,
    InvitationList,
    MemberInfo,
    MemberList,
    TokenInfo,
    TokenIssued,
)
from portal.api.leaks import LeakPage, list_leaks
from portal.api.lookup import KeyOwnersContacted, contact_key_owner
from portal.api.saved_views import ViewInfo, ViewPage
from portal.api.token_auth import Needs
from portal.error_responses import OnPagesAlone

PREFIX, DOCUMENT = "/api/v1/", "/api/v1/openapi.json"
ABOUT = """Manage apps, API keys, agents, members and audit logs from scripts. Each request is authenticated with a
personal access token, `Authorization: Bearer alter_pat_…`. A token has permissions, limited by its owner's role.
Errors are one flat object with a permanent code."""
ANY_TOKEN = Action("api.call", "", "called")
"""For what any valid token may do."""

ON_PAGES_ALONE = re.compile(r"/api/v1/(users/[^/]+/(email|confirm-email|reset-2fa)|notifications/settings)")
"""Paths of what can be done on pages only; docs/api.md says why."""
NEEDS: dict[str, dict[str, Needs | None]] = {}
"""A path as Django's resolver writes it, to its methods, to what a request needs. None: open to all."""
router = Router()


class Token(json_responses.Gated):
    """The authentication scheme of the OpenAPI document."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A personal access token, created in the portal or with alter auth login."


def route(
    method: str,
    path: str,
    view: Callable[..., Any],
    response_schema: Any,
    needs: Action | Needs | None,
    *statuses: int,
) -> None:
    """Add an operation that answers with `response_schema` and one of `statuses`, 200 by default."""
    needs = Needs((needs,)) if isinstance(needs, Action) else needs
    NEEDS.setdefault(json_responses.pattern("api/v1", path), {})[method] = needs
    extra = {"x-alter-permission": ", ".join(needs.permissions) if needs else ""}
    view = json_responses.below("app_id", view) if "{app_id}" in path else view
    auth = Token() if needs else None
    json_responses.add(router, method, path, view, response_schema, auth, statuses or (200,), extra)


def all_of(*actions: Action) -> Needs:
    """For what needs the permissions of several actions."""
    return Needs(actions)


def on_any_app(action: Action) -> Needs:
    """For what reads all apps on which the token may."""
    return Needs((action,), anywhere=True)


APP = "/apps/{app_id}"
KEYS, KEY = APP + "/keys", APP + "/keys/{key_id}"
AGENTS, AGENT = APP + "/agents", APP + "/agents/{agent_id}"
AUDIT = APP + "/audit"

route("GET", "/me", account.get_current_user, CurrentUser, ANY_TOKEN)
route("DELETE", "/me/token", account.revoke_current_token, TokenInfo, ANY_TOKEN)
route("POST", "/token", account.exchange_code, TokenIssued, None, 201)
route("GET", "/scopes", catalogue.list_default_scopes, ScopeCatalog, ANY_TOKEN)
route("POST", "/lookup", account.look_up_keys, KeyLookupResponse, on_any_app(on_keys.READ))

route("GET", "/apps", account.list_apps, AppPage, on_any_app(on_agents.READ_APP))
route("POST", "/apps", agents.create_app, AppInfo, on_agents.CREATE_APP, 201)
route("GET", APP, agents.get_app, AppInfo, on_agents.READ_APP)
route("PATCH", APP, agents.update_app, AppInfo, on_agents.UPDATE_APP)
route("DELETE", APP, account.delete_app, AppInfo, on_agents.DELETE_APP)
route("POST", APP + "/archive", agents.archive_app, AppInfo, on_agents.ARCHIVE_APP)
route("POST", APP + "/unarchive", agents.unarchive_app, AppInfo, on_agents.UNARCHIVE_APP)

SCOPES = APP + "/scopes"
route("GET", SCOPES, catalogue.get_catalogue, CatalogueInfo, on_keys.READ)
route("PUT", SCOPES, catalogue.publish_catalogue, CatalogueInfo, on_scopes.PUBLISH)
route("POST", SCOPES + "/import", catalogue.import_scopes, ScopeImportResult, on_scopes.PUBLISH)
route("PUT", SCOPES + "/preset", catalogue.set_preset, CatalogueInfo, on_scopes.PUBLISH)
route("GET", SCOPES + "/versions", catalogue.list_versions, CatalogueVersionPage, on_keys.READ)
route(
    "POST",
    SCOPES + "/versions/{version}/restore",
    catalogue.restore_version,
    CatalogueInfo,
    on_scopes.PUBLISH,
)
route("PUT", SCOPES + "/resources/{resource}", catalogue.set_resource, CatalogueInfo, on_scopes.PUBLISH)
route(
    "POST",
    SCOPES + "/resources/{resource}/remove",
    catalogue.remove_resource,
    CatalogueInfo,
    on_scopes.PUBLISH,
)
route("PUT", SCOPES + "/templates/{template}", catalogue.set_template, CatalogueInfo, on_scopes.PUBLISH)
route(
    "POST",
    SCOPES + "/templates/{template}/remove",
    catalogue.remove_template,
    CatalogueInfo,
    on_scopes.PUBLISH,
)
route("PUT", SCOPES + "/{scope}", catalogue.set_scope, CatalogueInfo, on_scopes.PUBLISH)
route("POST", SCOPES + "/{scope}/remove", catalogue.remove_scope, CatalogueInfo, on_scopes.PUBLISH)
route("GET", SCOPES + "/{scope}/usage", catalogue.get_usage, ScopeUsage, on_audit.READ)

route("GET", KEYS, keys.list_keys, KeyPage, on_keys.READ)
route("POST", KEYS, keys.mint_key, KeyMinted, on_keys.MINT, 201, 200)
route("GET", KEYS + "/statistics", keys.key_statistics, KeyStatistics, on_keys.READ)
route("GET", KEY, keys.get_key, KeyInfo, on_keys.READ)
route("GET", KEY + "/callers", keys.list_key_callers, KeyCallerList, on_audit.READ)
route("PATCH", KEY, keys.rename_key, KeyInfo, on_keys.RENAME)
route("POST", KEY + "/narrow", keys.narrow_key, KeyInfo, on_keys.NARROW)
route("POST", KEY + "/widen", widen_key, KeyInfo, on_keys.WIDEN)
route("POST", KEY + "/ask", contact_key_owner, KeyOwnersContacted, on_keys.ASK)
route("POST", KEY + "/rotate", keys.rotate_key, KeyMinted, on_keys.ROTATE, 201, 200)
route("POST", KEY + "/deprecate", keys.deprecate_key, KeyInfo, on_keys.DEPRECATE)
route("POST", KEY + "/undeprecate", keys.undeprecate_key, KeyInfo, on_keys.UNDEPRECATE)
route("POST", KEY + "/revoke", keys.revoke_key, KeyInfo, on_keys.REVOKE)

route("GET", AGENTS, agents.list_agents, AgentPage, on_agents.READ_AGENTS)
route("POST", AGENTS, keys.create_agent, AgentCreated, all_of(on_agents.CREATE_AGENT, on_keys.MINT), 201, 200)
route("GET", AGENT, agents.get_agent, AgentDetail, on_agents.READ_AGENTS)
route("PATCH", AGENT, agents.update_agent, AgentDetail, on_agents.UPDATE_AGENT)
route("POST", AGENT + "/suspend", agents.suspend_agent, AgentDetail, on_agents.SUSPEND_AGENT)
route("POST", AGENT + "/resume", agents.resume_agent, AgentDetail, on_agents.RESUME_AGENT)
route("POST", AGENT + "/revoke", keys.revoke_agent, AgentDetail, on_agents.REVOKE_AGENT)
route("GET", AGENT + "/keys", keys.list_agent_keys, KeyPage, on_keys.READ)
route("POST", AGENT + "/keys", keys.mint_agent_key, KeyMinted, on_keys.MINT, 201, 200)

route("GET", APP + "/callers", agents.list_callers, CallerPage, on_agents.READ_AGENTS)
route("GET", APP + "/callers/{caller_id}", agents.get_caller, CallerInfo, on_agents.READ_AGENTS)

route("GET", AUDIT, audit.list_entries, AuditEntryPage, on_audit.READ)
route("GET", AUDIT + "/export", audit.export_entries, str, on_audit.EXPORT)
route("GET", AUDIT + "/sealed", audit.pull_entries, SealedEntryPage, on_audit.EXPORT)
route("GET", AUDIT + "/integrity", check_integrity, IntegrityStep, on_audit.READ)
route("GET", AUDIT + "/threads", audit.list_threads, CallGroupList, on_audit.READ)
route("GET", AUDIT + "/traces", audit.list_traces, CallGroupList, on_audit.READ)
route("GET", AUDIT + "/{entry_id}", audit.get_entry, AuditEntryDetail, on_audit.READ)

route("GET", APP + "/leaks", list_leaks, LeakPage, on_keys.READ)

VIEWS, VIEW = APP + "/views", APP + "/views/{view_id}"
route("GET", VIEWS, views.list_views, ViewPage, on_audit.READ)
route("POST", VIEWS, views.save_view, ViewInfo, on_audit.SAVE_VIEW, 201, 200)
route("GET", VIEW, views.get_view, ViewInfo, on_audit.READ)
route("PATCH", VIEW, views.change_view, ViewInfo, all_of(on_audit.RENAME_VIEW, on_audit.SHARE_VIEW))
route("POST", VIEW + "/delete", views.delete_view, ViewInfo, on_audit.END_VIEW)

MEMBER = APP + "/members/{member_id}"
INVITATIONS = APP + "/invitations"
route("GET", APP + "/members", members.list_members, MemberList, on_portal.READ_MEMBERS)
route("PATCH", MEMBER, members.change_role, MemberInfo, on_portal.CHANGE_ROLE)
route("POST", MEMBER + "/remove", members.remove_member, MemberInfo, on_portal.END)
route("GET", INVITATIONS, members.list_invitations, InvitationList, on_portal.READ_MEMBERS)
route("POST", INVITATIONS, members.invite_member, InvitationCreated, on_portal.INVITE, 201, 200)
route(
    "POST",
    INVITATIONS + "/{invitation_id}/resend",
    members.resend_invitation,
    InvitationCreated,
    on_portal.INVITE,
    201,
)
route(
    "POST",
    INVITATIONS + "/{invitation_id}/cancel",
    members.cancel_invitation,
    InvitationInfo,
    on_portal.WITHDRAW,
)

portal_wide.add(route, ANY_TOKEN)

api = json_responses.make("alter management API", "1", ABOUT, "api")
api.add_router("", router)


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of this API."""
    document = json_responses.document(api, PREFIX)
    # An export is not JSON: its media types are listed.
    export = document["paths"][f"{PREFIX[:-1]}{AUDIT}/export"]["get"]
    export["responses"][200]["content"] = {
        export_format.media: {"schema": {"type": "string"}} for export_format in FORMATS.values()
    }
    return document


@cache
def query_names() -> dict[tuple[str, str], frozenset[str]]:
    """The query parameters of each operation."""
    return json_responses.query_names(openapi(), PREFIX[1:-1])


def document(request: HttpRequest) -> HttpResponseBase:
    """GET /api/v1/openapi.json, for anyone."""
    return json_responses.show(request, openapi())


def serve(request: HttpRequest) -> HttpResponseBase:
    """The response to a request below /api/."""
    response = json_responses.guarded(request, document if request.path_info == DOCUMENT else _carry_out)
    if allowance := getattr(request, "allowance", None):
        for name, value in allowance.headers().items():
            response[name] = value
    return response


def _carry_out(request: HttpRequest) -> HttpResponseBase:
    if ON_PAGES_ALONE.fullmatch(request.path_info):
        token_auth.let_in(request, Needs((ANY_TOKEN,)), {})
        raise OnPagesAlone
    match, needs = json_responses.find(request, NEEDS)
    if is_too_large(request.META):
        raise PayloadTooLarge
    if needs:
        token_auth.let_in(request, needs, match.kwargs)
    json_responses.require_names(request, query_names()[match.route, str(request.method)])
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response
