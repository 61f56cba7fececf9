"""Role to permissions: one table. Nothing here implies anything else, so that support may end a key and not mint one.

An access token is asked for in tiers that do nest (docs/decisions/0002).
"""

from collections.abc import Iterable

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
        "dashboard_apps:delete",
        "dashboard_agents:admin",
        "dashboard_audit:write",
        "dashboard_audit:export",
        "dashboard_members:read",
        "dashboard_members:write",
    }
)
EVERYTHING = sorted(ADMIN)
"""Every permission there is, for whoever asks for all."""
TIERS = ("read", "write", "admin")

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.DEVELOPER: DEVELOPER,
    Role.SUPPORT: SUPPORT,
    Role.ADMIN: ADMIN,
}


def with_lower_tiers(permissions: Iterable[str]) -> frozenset[str]:
    """What asking for `permissions` asks for: admin of a thing includes write, and write includes read."""
    requested = set(permissions)
    for permission in permissions:
        resource, _, tier = permission.rpartition(":")
        if tier in TIERS:
            requested |= {f"{resource}:{lower}" for lower in TIERS[: TIERS.index(tier)]}
    return frozenset(requested)
