"""Permissions in words: what an access token may do, for whoever decides whether it should."""

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
MEANS = {
    "dashboard_apps:read": "see apps and their settings",
    "dashboard_apps:write": "create, change and archive apps",
    "dashboard_apps:delete": "delete apps",
    "dashboard_keys:read": "see keys, never their secrets",
    "dashboard_keys:write": "mint, rotate, narrow, rename and deprecate keys",
    "dashboard_keys:admin": "revoke keys",
    "dashboard_agents:read": "see agents and callers",
    "dashboard_agents:write": "create, change, suspend and resume agents",
    "dashboard_agents:admin": "revoke agents",
    "dashboard_audit:read": "read the audit log",
    "dashboard_audit:write": "say how long the record is kept and where it is forwarded",
    "dashboard_audit:export": "export the audit log",
    "dashboard_members:read": "see members",
    "dashboard_members:write": "invite members, change and end their roles",
}
READING = [permission for permission in EVERYTHING if permission.endswith(":read")]
READING_AND_WRITING = [permission for permission in EVERYTHING if permission.endswith((":read", ":write"))]


def in_short(permissions: Collection[str]) -> str:
    """`read apps, keys and agents; write keys`: each verb with what it is done to."""
    if set(permissions) == set(EVERYTHING):
        return "everything"
    if set(permissions) == set(READING):
        return "read everything"
    parts = (
        (verb, [says for name, says in RESOURCES.items() if f"{name}:{verb}" in permissions])
        for verb in VERBS
    )
    return "; ".join(f"{verb} {_listed(things)}" for verb, things in parts if things)


def in_full(permissions: Collection[str]) -> list[tuple[str, str]]:
    """Each of them in the table's order, and what it lets one do."""
    return [(permission, means) for permission, means in MEANS.items() if permission in permissions]


@dataclass(frozen=True, slots=True)
class InWords:
    """A permission, what it lets one do, and the roles that hold it, one for each of Role."""

    permission: str
    means: str
    held: tuple[bool, ...]


def roles_in_words() -> list[InWords]:
    """Who may what: every permission of the table, for a page."""
    return [
        InWords(permission, means, tuple(permission in PERMISSIONS[role] for role in Role))
        for permission, means in MEANS.items()
    ]


def _listed(things: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(things[:-1]), things[-1]]))
