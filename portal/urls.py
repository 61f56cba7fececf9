"""The map of the product. Every line says where, who may (the gate and its action), and what answers.

A room with many pages has a map of its own, which is included here.
"""

from django.urls import include, path

import agents.actions as on_agents
import agents.web.views as agent_pages
import portal.accounts.member_views as people_pages
import portal.accounts.user_views as person_pages
import portal.actions as on_portal
import portal.auth.views as security_pages
import portal.docs.views as docs_pages
import portal.leaks.views as leak_pages
import portal.mail.views as mail_pages
import portal.notifications.views as notification_pages
import portal.policy.views as policy_pages
import portal.support.views as support_pages
import portal.tokens.authorize_views as authorize_pages
import portal.tokens.views as token_pages
import portal.views as portal_pages
from keys.admission import gateway
from portal.accounts.urls import users
from portal.api import management, runtime, runtime_routes, witness
from portal.audit_settings.urls import audit_settings
from portal.auth import openid_documents
from portal.auth.urls import factors, provider_pages
from portal.leaks import api as leak_programs
from portal.program_paths import VERIFY
from portal.web.app_urls import app
from portal.web.gates import docs_page, open_to_all, own, page, signed_in

urlpatterns = [
    path("", signed_in(portal_pages.home), name="home"),
    path("apps/new/", page(agent_pages.create_app, on_agents.CREATE_APP), name="app-new"),
    path("apps/<uuid:app_id>/", include(app)),
    path("settings/audit-log/", include(audit_settings)),
    path("users/", include(users)),
    path("mail/", page(mail_pages.undelivered, on_portal.READ_MAIL), name="mail"),
    path(
        "mail/<uuid:mail_id>/again/",
        page(mail_pages.send_again, on_portal.SEND_MAIL_AGAIN),
        name="mail-send-again",
    ),
    path("settings/security/", page(policy_pages.policy, on_portal.CHANGE_POLICY), name="policy"),
    path("lookup/", signed_in(support_pages.lookup), name="lookup"),
    path("lookup/revoke/", signed_in(support_pages.revoke_many), name="lookup-revoke"),
    path(
        "lookup/tokens/<uuid:token_id>/revoke/",
        page(support_pages.revoke_token, on_portal.END_FOUND_TOKEN),
        name="lookup-token-revoke",
    ),
    path("notifications/", signed_in(notification_pages.notifications), name="notifications"),
    path("notifications/read/", signed_in(notification_pages.read_all), name="notifications-read"),
    path("notifications/<uuid:notification_id>/", signed_in(notification_pages.follow), name="notification"),
    path("account/notifications/", signed_in(notification_pages.preferences), name="notification-settings"),
    path("receipts/<uuid:event_id>/", signed_in(support_pages.receipt), name="receipt"),
    path("search/", signed_in(portal_pages.search), name="search"),
    path("shortcuts/", signed_in(portal_pages.shortcuts), name="shortcuts"),
    path("docs/", docs_page(docs_pages.docs), name="docs"),
    path("docs/sdk-api/", docs_page(docs_pages.reference), name="docs-reference"),
    path("docs/api-reference/", docs_page(docs_pages.api_reference), name="docs-api-reference"),
    path("docs/gateways/<str:gateway_file>", docs_page(docs_pages.gateway_file), name="docs-gateway-file"),
    path("docs/<slug:slug>/", docs_page(docs_pages.guide), name="guide"),
    path("join/<str:secret>/", open_to_all(people_pages.join), name="join"),
    path("account/tokens/", signed_in(token_pages.own), name="tokens"),
    path("account/tokens/mint/", signed_in(token_pages.mint), name="token-mint"),
    path("account/tokens/<uuid:token_id>/revoke/", signed_in(token_pages.revoke), name="token-revoke"),
    path("authorize/", signed_in(authorize_pages.authorize), name="authorize"),
    path("account/profile/", signed_in(person_pages.profile), name="profile"),
    path("account/security/", own(security_pages.security), name="security"),
    path("account/security/sessions/end/", own(security_pages.end_session), name="sessions-end"),
    path(
        "account/security/sessions/<int:session_id>/end/", own(security_pages.end_session), name="session-end"
    ),
    path("account/again/leave/", own(security_pages.leave_proof), name="proof-leave"),
    path("account/2fa/", include(factors)),
    path(
        "account/oidc/<str:provider_id>/login/",
        open_to_all(openid_documents.login),
        name="openid_connect_login",
    ),
    path(
        "account/oidc/<str:provider_id>/login/callback/",
        open_to_all(openid_documents.callback),
        name="openid_connect_callback",
    ),
    path("account/3rdparty/", include(provider_pages)),
    path("account/email/", open_to_all(portal_pages.not_here)),  # addresses are changed by admins
    path("account/", include("allauth.account.urls")),
    path("leaks/report/", open_to_all(leak_pages.report), name="leak-report"),
    path("leaks/report", open_to_all(leak_programs.report), name="leak-report-json"),
    path("leaks/scanner", open_to_all(leak_programs.scanner), name="leak-scanner"),
    path("leaks/rules/<str:file>", open_to_all(leak_pages.scanner_rules), name="leak-rules"),
    path("witness", open_to_all(witness.witness), name="witness"),
    path(VERIFY[1:], open_to_all(gateway.verify), name="verify"),
    path("sdk/openapi.json", open_to_all(runtime.document), name="sdk-document"),
    path(
        "sdk/", runtime_routes.api.urls
    ),  # its own map, with a key as the gate of every line: portal/api/runtime_routes.py
    path("api/v1/openapi.json", open_to_all(management.document), name="api-document"),
    path(
        "api/v1/", management.api.urls
    ),  # its own map, with an access token as the gate of every line: portal/api/management.py
    path("healthz", open_to_all(portal_pages.healthz), name="healthz"),
]

handler400 = "portal.error_responses.bad_request"
handler403 = "portal.error_responses.not_allowed"
handler404 = "portal.error_responses.not_found"
handler500 = "portal.error_responses.server_error"
