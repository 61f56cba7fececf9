"""Permissions in words, for the pages of roles and access tokens."""

from collections.abc import Collection
from dataclasses import dataclass

from portal.models import Role
from portal.roles import EVERYTHING, PERMISSIONS, TIERS

RESOURCES = {
    "dashboard_apps": "apps",
    "dashboard_keys": "keys",
    "dashboard_agents": "agents",
    "dashboard_audit": "the audit log",
    "dashboard_members": "members",
}
VERBS = (*TIERS, "delete", "export")
DESCRIPTIONS = {
    "dashboard_apps:read": "View apps and settings",
    "dashboard_apps:write": "Create, edit and archive apps",
    "dashboard_apps:delete": "Delete apps",
    "dashboard_keys:read": "View keys (never the secret)",
    "dashboard_keys:write": "Mint, rotate, rename, edit and deprecate keys; revoke and transfer own keys",
    "dashboard_keys:admin": "Revoke and transfer all keys",
    "dashboard_agents:read": "View agents and callers",
    "dashboard_agents:write": "Create, edit, suspend and resume agents",
    "dashboard_agents:admin": "Revoke agents",
    "dashboard_audit:read": "View the audit log, save views",
    "dashboard_audit:write": "Manage retention and webhooks",
    "dashboard_audit:export": "Export the audit log and lists of keys",
    "dashboard_members:read": "View members and users",
    "dashboard_members:write": "Manage members, users and security settings",
}
READING = [permission for permission in EVERYTHING if permission.endswith(":read")]
READING_AND_WRITING = [permission for permission in EVERYTHING if permission.endswith((":read", ":write"))]


def summarize(permissions: Collection[str]) -> str:
    """`Read apps, keys and agents; write keys`: each verb with its resources."""
    if set(permissions) == set(EVERYTHING):
        return "All permissions"
    if set(permissions) == set(READING):
        return "Read only"
    parts = (
        (verb, [label for name, label in RESOURCES.items() if f"{name}:{verb}" in permissions])
        for verb in VERBS
    )
    text = "; ".join(f"{verb} {_listed(things)}" for verb, things in parts if things)
    return text[:1].upper() + text[1:]


def described(permissions: Collection[str]) -> list[tuple[str, str]]:
    """Each permission in the table's order, with its description."""
    return [
        (permission, description)
        for permission, description in DESCRIPTIONS.items()
        if permission in permissions
    ]


@dataclass(frozen=True, slots=True)
class RolePermission:
    """A permission, its description, and whether each role of Role includes it."""

    permission: str
    description: str
    held: tuple[bool, ...]


def role_permissions() -> list[RolePermission]:
    """Every permission and the roles that include it."""
    return [
        RolePermission(permission, description, tuple(permission in PERMISSIONS[role] for role in Role))
        for permission, description in DESCRIPTIONS.items()
    ]


def _listed(things: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(things[:-1]), things[-1]]))
