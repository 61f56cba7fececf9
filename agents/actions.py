"""What can be done to apps and agents, and the permission each needs."""

from audit.actions import action

READ_APP = action("app.read", "dashboard_apps:read", "read")
CREATE_APP = action("app.create", "dashboard_apps:write", "created")
UPDATE_APP = action("app.update", "dashboard_apps:write", "updated", again=True)
ARCHIVE_APP = action("app.archive", "dashboard_apps:write", "archived")
DELETE_APP = action("app.delete", "dashboard_apps:delete", "deleted")
UNARCHIVE_APP = action("app.unarchive", "dashboard_apps:write", "restored")

READ_AGENTS = action("agent.read", "dashboard_agents:read", "read", scope="agents:read")
CREATE_AGENT = action("agent.create", "dashboard_agents:write", "created", scope="agents:write")
UPDATE_AGENT = action("agent.update", "dashboard_agents:write", "updated", scope="agents:write")
SUSPEND_AGENT = action("agent.suspend", "dashboard_agents:write", "suspended", scope="agents:write")
RESUME_AGENT = action("agent.resume", "dashboard_agents:write", "resumed", scope="agents:write")
REVOKE_AGENT = action("agent.revoke", "dashboard_agents:admin", "revoked", scope="agents:write")
