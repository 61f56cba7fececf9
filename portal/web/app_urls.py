"""Where the pages of an app are: its keys, agents, scopes, audit log and settings, and who may see them."""

from django.urls import URLPattern, URLResolver, include, path

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
import keys.web.secret_views as reveal_pages
import keys.web.usage_views as use_pages
import keys.web.views as key_pages
import portal.leaks.views as leak_pages
import portal.support.bulk_views as bulk_pages
import portal.support.views as support_pages
from keys.catalogue.web import views as scope_pages
from keys.web import agent_views as agent_key_pages
from portal.accounts.urls import members
from portal.web.gates import page

keys = [
    path("", page(key_pages.keys, on_keys.READ), name="keys"),
    path("mint/", page(reveal_pages.mint, on_keys.MINT), name="key-mint"),
    path("mint/review/", page(reveal_pages.review, on_keys.MINT), name="key-mint-review"),
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
    path("<uuid:key_id>/rotate/", page(reveal_pages.rotate, on_keys.ROTATE), name="key-rotate"),
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
    path("<uuid:agent_id>/mint/", page(reveal_pages.mint, on_keys.MINT), name="agent-key-mint"),
    path(
        "<uuid:agent_id>/mint/review/", page(reveal_pages.review, on_keys.MINT), name="agent-key-mint-review"
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
