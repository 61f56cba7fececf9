"""Every line of the management API's map, as something to send, and the permission that the contract asks there."""

from collections.abc import Iterator

READ = {
    "GET /apps": "dashboard_apps:read",
    "GET /apps/<app_id>": "dashboard_apps:read",
    "GET /apps/<app_id>/keys": "dashboard_keys:read",
    "GET /apps/<app_id>/keys/statistics": "dashboard_keys:read",
    "GET /apps/<app_id>/keys/<key_id>": "dashboard_keys:read",
    "GET /apps/<app_id>/keys/<key_id>/callers": "dashboard_audit:read",
    "GET /apps/<app_id>/scopes": "dashboard_keys:read",
    "GET /apps/<app_id>/scopes/versions": "dashboard_keys:read",
    "GET /apps/<app_id>/scopes/<scope>/usage": "dashboard_audit:read",
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
    "GET /apps/<app_id>/leaks": "dashboard_keys:read",
    "GET /apps/<app_id>/views": "dashboard_audit:read",
    "GET /apps/<app_id>/views/<view_id>": "dashboard_audit:read",
    "GET /users": "dashboard_members:read",
    "GET /users/<user_id>": "dashboard_members:read",
    "GET /members": "dashboard_members:read",
    "GET /invitations": "dashboard_members:read",
    "GET /policy": "dashboard_members:write",
    "GET /retention": "dashboard_audit:write",
    "GET /webhooks": "dashboard_audit:write",
    "GET /webhooks/<webhook_id>": "dashboard_audit:write",
    "GET /webhooks/<webhook_id>/deliveries": "dashboard_audit:write",
    "GET /failed-deliveries": "dashboard_audit:write",
    "POST /lookup": "dashboard_keys:read",
}
CHANGE = {
    "POST /apps": "dashboard_apps:write",
    "PATCH /apps/<app_id>": "dashboard_apps:write",
    "DELETE /apps/<app_id>": "dashboard_apps:delete",
    "POST /apps/<app_id>/archive": "dashboard_apps:write",
    "POST /apps/<app_id>/unarchive": "dashboard_apps:write",
    "PUT /apps/<app_id>/scopes": "dashboard_apps:write",
    "POST /apps/<app_id>/scopes/import": "dashboard_apps:write",
    "PUT /apps/<app_id>/scopes/preset": "dashboard_apps:write",
    "POST /apps/<app_id>/scopes/versions/<version>/restore": "dashboard_apps:write",
    "PUT /apps/<app_id>/scopes/resources/<resource>": "dashboard_apps:write",
    "POST /apps/<app_id>/scopes/resources/<resource>/remove": "dashboard_apps:write",
    "PUT /apps/<app_id>/scopes/templates/<template>": "dashboard_apps:write",
    "POST /apps/<app_id>/scopes/templates/<template>/remove": "dashboard_apps:write",
    "PUT /apps/<app_id>/scopes/<scope>": "dashboard_apps:write",
    "POST /apps/<app_id>/scopes/<scope>/remove": "dashboard_apps:write",
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
    "POST /apps/<app_id>/invitations/<invitation_id>/cancel": "dashboard_members:write",
    "POST /apps/<app_id>/invitations/<invitation_id>/resend": "dashboard_members:write",
    "POST /apps/<app_id>/keys/<key_id>/widen": "dashboard_keys:write",
    "POST /apps/<app_id>/keys/<key_id>/ask": "dashboard_keys:read",
    "POST /apps/<app_id>/views": "dashboard_audit:read",
    "PATCH /apps/<app_id>/views/<view_id>": "dashboard_audit:read",
    "POST /apps/<app_id>/views/<view_id>/delete": "dashboard_audit:read",
    "POST /users/<user_id>/remove": "dashboard_members:write",
    "POST /users/<user_id>/sign-out": "dashboard_members:write",
    "POST /users/<user_id>/deactivate": "dashboard_members:write",
    "POST /users/<user_id>/reactivate": "dashboard_members:write",
    "PATCH /members/<member_id>": "dashboard_members:write",
    "POST /members/<member_id>/remove": "dashboard_members:write",
    "POST /invitations": "dashboard_members:write",
    "POST /invitations/<invitation_id>/resend": "dashboard_members:write",
    "POST /invitations/<invitation_id>/cancel": "dashboard_members:write",
    "PATCH /policy": "dashboard_members:write",
    "PATCH /retention/<kind>": "dashboard_audit:write",
    "POST /webhooks": "dashboard_audit:write, dashboard_audit:export",
    "POST /webhooks/<webhook_id>/pause": "dashboard_audit:write",
    "POST /webhooks/<webhook_id>/resume": "dashboard_audit:write",
    "POST /webhooks/<webhook_id>/test": "dashboard_audit:write",
    "POST /webhooks/<webhook_id>/rotate": "dashboard_audit:write",
    "POST /webhooks/<webhook_id>/delete": "dashboard_audit:write",
    "POST /failed-deliveries/retry": "dashboard_audit:write",
    "POST /failed-deliveries/discard": "dashboard_audit:write",
    "POST /failed-deliveries/<delivery_id>/retry": "dashboard_audit:write",
    "POST /failed-deliveries/<delivery_id>/discard": "dashboard_audit:write",
}
ANY_TOKEN = (
    "GET /me",
    "DELETE /me/token",
    "GET /scopes",
    "GET /tokens",
    "GET /notifications",
    "POST /notifications/read",
)
OF_ITS_OWNER = (
    "POST /tokens",
    "POST /tokens/<token_id>/revoke",
    "POST /notifications/<notification_id>/read",
)
"""What any token may do to what is its owner's, if there is such a thing."""
PERMISSION = {**READ, **CHANGE, **dict.fromkeys((*ANY_TOKEN, *OF_ITS_OWNER), "")}
"""A method and an address, to the permissions a call needs. POST /token needs no token at all."""
BELOW_AN_APP = [line for line in PERMISSION if "<app_id>" in line]
ANYWHERE = ("GET /apps", "POST /lookup")
"""For these a role on one app is enough, and the answer is cut to it."""
OF_THE_PORTAL = [
    line for line, needs in PERMISSION.items() if needs and "<app_id>" not in line and line not in ANYWHERE
]
"""For these it takes a role on every app."""
SAID: dict[str, dict[str, object]] = {
    "widen": {"reason": "It does."},
    "ask": {"message": "Is it yours?"},
    "scopes": {"version": 1, "document": {}},
    "preset": {"preset": True},
    "import": {"document": "none"},
    "<template>": {"label": "Nightly", "scopes": ["keys:read"]},
}
"""What has to be said before it is looked what it is about."""
NAMES = (
    *("app_id", "key_id", "agent_id", "caller_id", "entry_id", "member_id", "invitation_id", "view_id"),
    *("user_id", "token_id", "notification_id", "webhook_id", "delivery_id"),
)
VALUES = {
    "kind": "event",
    "scope": "orders:write",
    "resource": "refunds",
    "template": "nightly",
    "version": "1",
}
"""What stands in a path and is no id: the same in every line."""
NONE = "00000000-0000-7000-8000-000000000001"


def address(line: str, **known: object) -> tuple[str, str]:
    """The method and the path of `line`, with an id that nothing has wherever none is given."""
    method, _, path = line.partition(" ")
    for name in NAMES:
        path = path.replace(f"<{name}>", str(known.get(name, NONE)))
    for name, value in VALUES.items():
        path = path.replace(f"<{name}>", str(known.get(name, value)))
    return method, path


def body(line: str) -> dict[str, object] | None:
    """What is sent there if only the gate is asked about: nothing a view would take, where it takes something."""
    verb = line.rpartition("/")[2]
    return SAID.get(verb, {}) if line.startswith(("POST", "PATCH", "PUT")) else None


def needing(permission: str) -> Iterator[str]:
    """The lines that need `permission`."""
    return (line for line, needs in PERMISSION.items() if permission in needs.split(", "))
