"""Every line of the management API's map, as something to send, and the permission that the contract asks there."""

from collections.abc import Iterator

READ = {
    "GET /apps": "dashboard_apps:read",
    "GET /apps/<app_id>": "dashboard_apps:read",
    "GET /apps/<app_id>/keys": "dashboard_keys:read",
    "GET /apps/<app_id>/keys/statistics": "dashboard_keys:read",
    "GET /apps/<app_id>/keys/<key_id>": "dashboard_keys:read",
    "GET /apps/<app_id>/keys/<key_id>/callers": "dashboard_audit:read",
    "GET /apps/<app_id>/agents": "dashboard_agents:read",
    "GET /apps/<app_id>/agents/<agent_id>": "dashboard_agents:read",
    "GET /apps/<app_id>/agents/<agent_id>/keys": "dashboard_keys:read",
    "GET /apps/<app_id>/callers": "dashboard_agents:read",
    "GET /apps/<app_id>/callers/<caller_id>": "dashboard_agents:read",
    "GET /apps/<app_id>/audit": "dashboard_audit:read",
    "GET /apps/<app_id>/audit/export": "dashboard_audit:export",
    "GET /apps/<app_id>/audit/sealed": "dashboard_audit:export",
    "GET /apps/<app_id>/audit/integrity": "dashboard_audit:read",
    "GET /apps/<app_id>/audit/threads": "dashboard_audit:read",
    "GET /apps/<app_id>/audit/traces": "dashboard_audit:read",
    "GET /apps/<app_id>/audit/<entry_id>": "dashboard_audit:read",
    "GET /apps/<app_id>/members": "dashboard_members:read",
    "GET /apps/<app_id>/invitations": "dashboard_members:read",
    "POST /lookup": "dashboard_keys:read",
}
CHANGE = {
    "POST /apps": "dashboard_apps:write",
    "PATCH /apps/<app_id>": "dashboard_apps:write",
    "DELETE /apps/<app_id>": "dashboard_apps:delete",
    "POST /apps/<app_id>/archive": "dashboard_apps:write",
    "POST /apps/<app_id>/unarchive": "dashboard_apps:write",
    "POST /apps/<app_id>/keys": "dashboard_keys:write",
    "PATCH /apps/<app_id>/keys/<key_id>": "dashboard_keys:write",
    "POST /apps/<app_id>/keys/<key_id>/narrow": "dashboard_keys:write",
    "POST /apps/<app_id>/keys/<key_id>/rotate": "dashboard_keys:write",
    "POST /apps/<app_id>/keys/<key_id>/deprecate": "dashboard_keys:write",
    "POST /apps/<app_id>/keys/<key_id>/undeprecate": "dashboard_keys:write",
    "POST /apps/<app_id>/keys/<key_id>/revoke": "dashboard_keys:admin",
    "POST /apps/<app_id>/agents": "dashboard_agents:write, dashboard_keys:write",
    "PATCH /apps/<app_id>/agents/<agent_id>": "dashboard_agents:write",
    "POST /apps/<app_id>/agents/<agent_id>/suspend": "dashboard_agents:write",
    "POST /apps/<app_id>/agents/<agent_id>/resume": "dashboard_agents:write",
    "POST /apps/<app_id>/agents/<agent_id>/revoke": "dashboard_agents:admin",
    "POST /apps/<app_id>/agents/<agent_id>/keys": "dashboard_keys:write",
    "PATCH /apps/<app_id>/members/<member_id>": "dashboard_members:write",
    "POST /apps/<app_id>/members/<member_id>/remove": "dashboard_members:write",
    "POST /apps/<app_id>/invitations": "dashboard_members:write",
    "POST /apps/<app_id>/invitations/<invitation_id>/withdraw": "dashboard_members:write",
}
ANY_TOKEN = ("GET /me", "DELETE /me/token", "GET /scopes")
PERMISSION = {**READ, **CHANGE, **dict.fromkeys(ANY_TOKEN, "")}
"""A method and an address, to the permissions a call needs. POST /token needs no token at all."""
BELOW_AN_APP = [line for line in PERMISSION if "<app_id>" in line]
NONE = "00000000-0000-7000-8000-000000000001"


def address(line: str, **known: object) -> tuple[str, str]:
    """The method and the path of `line`, with an id that nothing has wherever none is given."""
    method, _, path = line.partition(" ")
    for name in ("app_id", "key_id", "agent_id", "caller_id", "entry_id", "member_id", "invitation_id"):
        path = path.replace(f"<{name}>", str(known.get(name, NONE)))
    return method, path


def body(line: str) -> dict[str, object] | None:
    """What is sent there if only the gate is asked about: nothing a view would take, where it takes something."""
    return {} if line.startswith(("POST", "PATCH")) else None


def needing(permission: str) -> Iterator[str]:
    """The lines that need `permission`."""
    return (line for line, needs in PERMISSION.items() if permission in needs.split(", "))
