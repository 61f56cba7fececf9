"""Role to permissions: one table. Nothing here implies anything else, so that support may end a key and not mint one.

An access token is asked for in tiers that do nest (docs/decisions/0002).
"""

from portal.models import Role

DEVELOPER = frozenset(
    {
        "dashboard_apps:read",
        "dashboard_keys:read",
        "dashboard_keys:write",
        "dashboard_agents:read",
        "dashboard_agents:write",
        "dashboard_audit:read",
    }
)
SUPPORT = frozenset(
    {
        "dashboard_apps:read",
        "dashboard_keys:read",
        "dashboard_keys:admin",
        "dashboard_agents:read",
        "dashboard_audit:read",
    }
)
ADMIN = (
    DEVELOPER
    | SUPPORT
    | {
        "dashboard_apps:write",
        "dashboard_agents:admin",
        "dashboard_audit:export",
        "dashboard_members:read",
        "dashboard_members:write",
    }
)
PERMISSIONS: dict[str, frozenset[str]] = {
    Role.DEVELOPER: DEVELOPER,
    Role.SUPPORT: SUPPORT,
    Role.ADMIN: ADMIN,
}
