"""The map of the product. Every line says where, who may (the gate and its action), and what answers."""

import allauth.mfa.base.views as factor_pages
import allauth.mfa.recovery_codes.views as code_pages
import allauth.mfa.totp.views as totp_pages
import allauth.mfa.webauthn.views as passkey_pages
import allauth.socialaccount.views as provider_views
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

import agents.actions as on_agents
import agents.web.views as agent_pages
import audit.actions as on_audit
import audit.web.entries as entry_pages
import audit.web.exports as export_pages
import audit.web.integrity as seal_pages
import audit.web.log as audit_pages
import audit.web.saved_views as view_pages
import keys.actions as on_keys
import keys.catalogue.actions as on_scopes
import keys.web.agent_bulk_views as agent_bulk_pages
import keys.web.overview_views as overview_pages
import keys.web.secret_views as secret_pages
import keys.web.usage_views as use_pages
import keys.web.views as key_pages
import portal.accounts.member_views as member_pages
import portal.accounts.user_views as user_pages
import portal.actions as on_portal
import portal.audit_settings.portal_log_views as log_pages
import portal.audit_settings.views as record_pages
import portal.auth.views as security_pages
import portal.docs.views as docs_pages
import portal.leaks.views as leak_pages
import portal.mail.views as mail_pages
import portal.notifications.views as notification_pages
import portal.policy.views as policy_pages
import portal.support.bulk_views as bulk_pages
import portal.support.views as support_pages
import portal.tokens.authorize_views as authorize_pages
import portal.tokens.views as token_pages
import portal.views as portal_pages
from keys.admission import gateway
from keys.catalogue.web import views as scope_pages
from keys.web import agent_views as agent_key_pages
from portal.api import management, runtime, runtime_routes, witness
from portal.auth import openid_documents
from portal.auth.two_factor import recorded
from portal.leaks import api as leak_programs
from portal.program_paths import VERIFY
from portal.web.gates import docs_page, open_to_all, own, page, signed_in

to_security = RedirectView.as_view(pattern_name="security")
factors = [  # django-allauth's pages, which keep the record by recorded()
    path("", own(to_security), name="mfa_index"),
    path("authenticate/", open_to_all(factor_pages.authenticate), name="mfa_authenticate"),
    path("reauthenticate/", own(factor_pages.reauthenticate), name="mfa_reauthenticate"),
    path("totp/activate/", own(recorded(totp_pages.activate_totp)), name="mfa_activate_totp"),
    path("totp/deactivate/", own(recorded(totp_pages.deactivate_totp)), name="mfa_deactivate_totp"),
    path("recovery-codes/", own(code_pages.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/generate/",
        own(recorded(code_pages.generate_recovery_codes)),
        name="mfa_generate_recovery_codes",
    ),
    path("webauthn/", own(to_security), name="mfa_list_webauthn"),
    path("webauthn/login/", open_to_all(passkey_pages.login_webauthn), name="mfa_login_webauthn"),
    path("webauthn/add/", own(recorded(passkey_pages.add_webauthn)), name="mfa_add_webauthn"),
    path(
        "webauthn/reauthenticate/",
        own(passkey_pages.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "webauthn/keys/<int:pk>/edit/", own(recorded(passkey_pages.edit_webauthn)), name="mfa_edit_webauthn"
    ),
    path(
        "webauthn/keys/<int:pk>/remove/",
        own(recorded(passkey_pages.remove_webauthn)),
        name="mfa_remove_webauthn",
    ),
]
provider_pages = [  # what is left of django-allauth's own: nobody signs up or connects accounts by hand
    path(
        "login/cancelled/", open_to_all(provider_views.login_cancelled), name="socialaccount_login_cancelled"
    ),
    path("login/error/", open_to_all(provider_views.login_error), name="socialaccount_login_error"),
    path("signup/", open_to_all(portal_pages.not_here), name="socialaccount_signup"),
    path("", own(to_security), name="socialaccount_connections"),
]

keys = [
    path("", page(key_pages.keys, on_keys.READ), name="keys"),
    path("mint/", page(secret_pages.mint, on_keys.MINT), name="key-mint"),
    path("mint/review/", page(secret_pages.review, on_keys.MINT), name="key-mint-review"),
    path("bulk/", page(bulk_pages.bulk_keys, on_keys.READ), name="keys-bulk"),
    path("deprecated/", page(use_pages.deprecated, on_audit.READ), name="keys-deprecated"),
    path("<uuid:key_id>/", page(key_pages.key, on_keys.READ), name="key"),
    path("<uuid:key_id>/use/", page(use_pages.key, on_audit.READ), name="key-use"),
    path("<uuid:key_id>/first-call/", page(key_pages.first_call, on_keys.READ), name="key-first-call"),
    path("<uuid:key_id>/rename/", page(key_pages.rename, on_keys.RENAME), name="key-rename"),
    path(
        "<uuid:key_id>/permissions/",
        page(key_pages.permissions, on_keys.NARROW),
        name="key-permissions",
    ),
    path("<uuid:key_id>/deprecate/", page(key_pages.deprecate, on_keys.DEPRECATE), name="key-deprecate"),
    path(
        "<uuid:key_id>/undeprecate/", page(key_pages.undeprecate, on_keys.UNDEPRECATE), name="key-undeprecate"
    ),
    path("<uuid:key_id>/rotate/", page(secret_pages.rotate, on_keys.ROTATE), name="key-rotate"),
    path("<uuid:key_id>/ask/", page(support_pages.ask, on_keys.ASK), name="key-ask"),
    path("<uuid:key_id>/revoke/", page(key_pages.revoke, on_keys.REVOKE), name="key-revoke"),
]

agents = [
    path("", page(agent_pages.agents, on_agents.READ_AGENTS), name="agents"),
    path("new/", page(agent_pages.create, on_agents.CREATE_AGENT), name="agent-create"),
    path("suspend/", page(agent_bulk_pages.suspend, on_agents.SUSPEND_AGENT), name="agents-suspend"),
    path("resume/", page(agent_bulk_pages.resume, on_agents.RESUME_AGENT), name="agents-resume"),
    path("revoke/", page(agent_bulk_pages.revoke, on_agents.REVOKE_AGENT), name="agents-revoke"),
    path("<uuid:agent_id>/", page(agent_key_pages.agent, on_agents.READ_AGENTS), name="agent"),
    path("<uuid:agent_id>/use/", page(use_pages.agent, on_audit.READ), name="agent-use"),
    path("<uuid:agent_id>/rename/", page(agent_pages.rename, on_agents.UPDATE_AGENT), name="agent-rename"),
    path(
        "<uuid:agent_id>/suspend/", page(agent_pages.suspend, on_agents.SUSPEND_AGENT), name="agent-suspend"
    ),
    path("<uuid:agent_id>/resume/", page(agent_pages.resume, on_agents.RESUME_AGENT), name="agent-resume"),
    path(
        "<uuid:agent_id>/revoke/", page(agent_key_pages.revoke, on_agents.REVOKE_AGENT), name="agent-revoke"
    ),
    path("<uuid:agent_id>/mint/", page(secret_pages.mint, on_keys.MINT), name="agent-key-mint"),
    path(
        "<uuid:agent_id>/mint/review/", page(secret_pages.review, on_keys.MINT), name="agent-key-mint-review"
    ),
]

audit = [
    path("", page(audit_pages.timeline, on_audit.READ), name="audit"),
    path("events/<uuid:event_id>/seal/", page(seal_pages.event_seal, on_audit.READ), name="audit-event-seal"),
    path("calls/<uuid:call_id>/seal/", page(seal_pages.call_seal, on_audit.READ), name="audit-call-seal"),
    path(
        "events/<uuid:event_id>/seal/proof/",
        page(seal_pages.event_proof, on_audit.READ),
        name="audit-event-proof",
    ),
    path(
        "calls/<uuid:call_id>/seal/proof/",
        page(seal_pages.call_proof, on_audit.READ),
        name="audit-call-proof",
    ),
    path("integrity/", page(seal_pages.check, on_audit.READ), name="audit-integrity"),
    path(
        "integrity/checkpoints/",
        page(seal_pages.download_checkpoints, on_audit.READ),
        name="audit-checkpoints",
    ),
    path("export/", page(export_pages.export, on_audit.EXPORT), name="audit-export"),
    path("events/<uuid:event_id>/", page(entry_pages.event, on_audit.READ), name="audit-event"),
    path("calls/<uuid:call_id>/", page(entry_pages.call, on_audit.READ), name="audit-call"),
    path("live/", page(audit_pages.live, on_audit.READ), name="audit-live"),
    path("views/save/", page(view_pages.save_view, on_audit.SAVE_VIEW), name="view-save"),
    path("views/<uuid:view_id>/", page(view_pages.view, on_audit.READ), name="view"),
    path("views/<uuid:view_id>/rename/", page(view_pages.rename, on_audit.RENAME_VIEW), name="view-rename"),
    path("views/<uuid:view_id>/share/", page(view_pages.share, on_audit.SHARE_VIEW), name="view-share"),
    path("views/<uuid:view_id>/end/", page(view_pages.end, on_audit.END_VIEW), name="view-end"),
]

users = [
    path("", page(user_pages.users, on_portal.READ_PEOPLE), name="users"),
    path("roles/", page(user_pages.roles, on_portal.READ_PEOPLE), name="user-roles"),
    path("<uuid:user_id>/", page(user_pages.user, on_portal.READ_PEOPLE), name="user"),
    path("<uuid:user_id>/remove/", page(user_pages.remove, on_portal.END), name="user-remove"),
    path(
        "<uuid:user_id>/sign-out/",
        page(user_pages.sign_out, on_portal.SIGN_OUT_PERSON),
        name="user-sign-out",
    ),
    path("<uuid:user_id>/reset-2fa/", page(user_pages.reset, on_portal.RESET_FACTORS), name="user-reset-2fa"),
    path(
        "<uuid:user_id>/deactivate/",
        page(user_pages.deactivate, on_portal.DEACTIVATE),
        name="user-deactivate",
    ),
    path(
        "<uuid:user_id>/reactivate/",
        page(user_pages.reactivate, on_portal.REACTIVATE),
        name="user-reactivate",
    ),
    path(
        "<uuid:user_id>/confirm-email/",
        page(user_pages.confirm_email, on_portal.CONFIRM_EMAIL),
        name="user-confirm-email",
    ),
    path("<uuid:user_id>/email/", page(user_pages.change_email, on_portal.CHANGE_EMAIL), name="user-email"),
]

members = [
    path("", page(member_pages.members, on_portal.READ_MEMBERS), name="members"),
    path("invite/", page(member_pages.invite, on_portal.INVITE), name="member-invite"),
    path("invitations/", page(member_pages.invitations, on_portal.READ_MEMBERS), name="member-invitations"),
    path(
        "invitations/<uuid:invitation_id>/cancel/",
        page(member_pages.withdraw, on_portal.WITHDRAW),
        name="member-withdraw",
    ),
    path(
        "invitations/<uuid:invitation_id>/resend/",
        page(member_pages.resend, on_portal.INVITE),
        name="member-resend",
    ),
    path(
        "<uuid:membership_id>/role/",
        page(member_pages.change_role, on_portal.CHANGE_ROLE),
        name="member-role",
    ),
    path("<uuid:membership_id>/remove/", page(member_pages.end_membership, on_portal.END), name="member-end"),
]

scopes = [
    path("", page(scope_pages.scopes, on_keys.READ), name="scopes"),
    path("new/", page(scope_pages.edit_scope, on_scopes.PUBLISH), name="scope-new"),
    path("import/", page(scope_pages.import_openapi, on_scopes.PUBLISH), name="scopes-import"),
    path("preset/", page(scope_pages.preset, on_scopes.PUBLISH), name="scopes-preset"),
    path("resources/new/", page(scope_pages.edit_resource, on_scopes.PUBLISH), name="scope-resource-new"),
    path(
        "resources/<str:resource>/",
        page(scope_pages.edit_resource, on_scopes.PUBLISH),
        name="scope-resource",
    ),
    path("templates/new/", page(scope_pages.edit_template, on_scopes.PUBLISH), name="scope-template-new"),
    path(
        "templates/<str:template>/",
        page(scope_pages.edit_template, on_scopes.PUBLISH),
        name="scope-template",
    ),
    path(
        "templates/<str:template>/remove/",
        page(scope_pages.remove_template, on_scopes.PUBLISH),
        name="scope-template-remove",
    ),
    path("versions/<int:version>/", page(scope_pages.version, on_keys.READ), name="scopes-version"),
    path(
        "versions/<int:version>/restore/",
        page(scope_pages.restore, on_scopes.PUBLISH),
        name="scopes-restore",
    ),
    path("<str:scope>/", page(scope_pages.edit_scope, on_scopes.PUBLISH), name="scope-edit"),
    path("<str:scope>/remove/", page(scope_pages.remove, on_scopes.PUBLISH), name="scope-remove"),
]

app: list[URLPattern | URLResolver] = [
    path("", page(overview_pages.app, on_agents.READ_APP), name="app"),
    path("keys/", include(keys)),
    path("scopes/", include(scopes)),
    path("agents/", include(agents)),
    path("audit/", include(audit)),
    path("members/", include(members)),
    path("leaks/", page(leak_pages.of_app, on_keys.READ), name="leaks"),
    path("settings/", page(agent_pages.settings, on_agents.UPDATE_APP), name="app-settings"),
    path("archive/", page(agent_pages.archive, on_agents.ARCHIVE_APP), name="app-archive"),
    path("unarchive/", page(agent_pages.unarchive, on_agents.UNARCHIVE_APP), name="app-unarchive"),
]

audit_settings = [
    path("", page(record_pages.record, on_audit.READ_UPKEEP), name="audit-settings"),
    path("portal-log/", page(log_pages.log, on_audit.READ_UPKEEP), name="portal-log"),
    path(
        "retention/<str:kind>/", page(record_pages.retain, on_audit.RETAIN), name="audit-settings-retention"
    ),
    path("webhooks/", page(record_pages.webhooks, on_audit.READ_UPKEEP), name="webhooks"),
    path(
        "webhooks/new/",
        page(record_pages.create, on_audit.CREATE_WEBHOOK),
        name="webhook-create",
    ),
    path(
        "webhooks/<uuid:webhook_id>/",
        page(record_pages.webhook, on_audit.READ_UPKEEP),
        name="webhook",
    ),
    path(
        "webhooks/<uuid:webhook_id>/pause/",
        page(record_pages.pause, on_audit.PAUSE_WEBHOOK),
        name="webhook-pause",
    ),
    path(
        "webhooks/<uuid:webhook_id>/resume/",
        page(record_pages.resume, on_audit.RESUME_WEBHOOK),
        name="webhook-resume",
    ),
    path(
        "webhooks/<uuid:webhook_id>/test/",
        page(record_pages.test, on_audit.TEST_WEBHOOK),
        name="webhook-test",
    ),
    path(
        "webhooks/<uuid:webhook_id>/rotate/",
        page(record_pages.rotate, on_audit.ROTATE_WEBHOOK),
        name="webhook-rotate",
    ),
    path(
        "webhooks/<uuid:webhook_id>/delete/",
        page(record_pages.delete, on_audit.DELETE_WEBHOOK),
        name="webhook-delete",
    ),
    path(
        "witnessed/<str:source>/",
        page(record_pages.witnessed, on_audit.READ_UPKEEP),
        name="audit-settings-witnessed",
    ),
    path(
        "failed-deliveries/",
        page(record_pages.failed_deliveries, on_audit.READ_UPKEEP),
        name="failed-deliveries",
    ),
    path(
        "failed-deliveries/retry/",
        page(record_pages.retry, on_audit.RETRY_DELIVERY),
        name="failed-deliveries-retry",
    ),
    path(
        "failed-deliveries/discard/",
        page(record_pages.discard, on_audit.DISCARD_DELIVERY),
        name="failed-deliveries-discard",
    ),
    path(
        "failed-deliveries/<uuid:delivery_id>/retry/",
        page(record_pages.retry, on_audit.RETRY_DELIVERY),
        name="failed-delivery-retry",
    ),
    path(
        "failed-deliveries/<uuid:delivery_id>/discard/",
        page(record_pages.discard, on_audit.DISCARD_DELIVERY),
        name="failed-delivery-discard",
    ),
]

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
    path("join/<str:secret>/", open_to_all(member_pages.join), name="join"),
    path("account/tokens/", signed_in(token_pages.own), name="tokens"),
    path("account/tokens/mint/", signed_in(token_pages.mint), name="token-mint"),
    path("account/tokens/<uuid:token_id>/revoke/", signed_in(token_pages.revoke), name="token-revoke"),
    path("authorize/", signed_in(authorize_pages.authorize), name="authorize"),
    path("account/profile/", signed_in(user_pages.profile), name="profile"),
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
