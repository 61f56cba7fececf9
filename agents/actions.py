"""What can be done to apps and agents, and the permission each needs."""

from audit.actions import action

READ_APP = action("app.read", "dashboard_apps:read", "read")
CREATE_APP = action("app.create", "dashboard_apps:write", "created app")
UPDATE_APP = action("app.update", "dashboard_apps:write", "updated app", again=True)
ARCHIVE_APP = action("app.archive", "dashboard_apps:write", "archived app")
DELETE_APP = action("app.delete", "dashboard_apps:delete", "deleted app")
UNARCHIVE_APP = action("app.unarchive", "dashboard_apps:write", "restored app")

READ_AGENTS = action("agent.read", "dashboard_agents:read", "read", scope="agents:read")
CREATE_AGENT = action("agent.create", "dashboard_agents:write", "created agent", scope="agents:write")
UPDATE_AGENT = action("agent.update", "dashboard_agents:write", "updated agent", scope="agents:write")
SUSPEND_AGENT = action("agent.suspend", "dashboard_agents:write", "suspended agent", scope="agents:write")
RESUME_AGENT = action("agent.resume", "dashboard_agents:write", "resumed agent", scope="agents:write")
REVOKE_AGENT = action("agent.revoke", "dashboard_agents:admin", "revoked agent", scope="agents:write")
