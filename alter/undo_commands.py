"""Commands for hints: to check whether a change was made, and to undo it."""

import shlex
from collections.abc import Mapping
from typing import Any

UNCONFIRMED = "The change may have been made: check before you try again"
SHOW_OPTIONS = {"keys": "key", "agents": "agent"}
"""Resources with a show command, and the option that takes the id."""
LIST_COMMANDS = {
    "members": ("members", "list"),
    "invitations": ("members", "invitations"),
    "scopes": ("scopes", "list"),
    "export": ("audit", "list", "--action", "audit.export"),
}

PORTAL_COMMANDS = {
    "users": ("users", "list"),
    "tokens": ("tokens", "list"),
    "token": ("tokens", "list"),
    "me": ("tokens", "list"),
    "notifications": ("notifications", "list"),
    "webhooks": ("webhooks", "list"),
    "failed-deliveries": ("webhooks", "failed"),
    "policy": ("policy", "show"),
    "retention": ("retention", "list"),
}
"""By the first part of a path outside an app."""


def line(*words: str) -> str:
    """A command line to copy into a shell."""
    return shlex.join(["alter", *words])


def how_to_check(path: str) -> str:
    """How to check whether a request to `path`, relative to /api/v1, was carried out. A sentence."""
    parts = path.strip("/").split("/")
    if parts[0] != "apps":
        words = PORTAL_COMMANDS.get(parts[0], ("api", "GET", f"/{parts[0]}"))
        return f"To check: {line(*words)}"
    if len(parts) == 1:
        return f"To check: {line('apps', 'list')}"
    if len(parts) == 2 or parts[2] not in {*SHOW_OPTIONS, *LIST_COMMANDS}:
        return f"To check: {line('apps', 'show', parts[1])}"
    return f"To check: {line(*_words(parts[2], parts[3:]), '--app', parts[1])}"


def revoke_key(app_id: str, key: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that revokes a new key; an agent's may be its only one."""
    force = ("--force",) if key.get("agent_id") else ()
    return ("keys", "revoke", "--app", app_id, "--key", str(key["id"]), *force, "--yes")


def revoke_agent(app_id: str, agent: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that revokes an agent and its first key."""
    return ("agents", "revoke", "--app", app_id, "--agent", str(agent["id"]), "--yes")


def cancel_invitation(app_id: str, invitation: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that cancels an invitation."""
    return ("members", "cancel", "--app", app_id, "--invitation", str(invitation["id"]))


def revoke_token(token: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that revokes a new access token."""
    return ("tokens", "revoke", str(token["id"]), "--yes")


def delete_webhook(webhook: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that deletes a new webhook."""
    return ("webhooks", "delete", str(webhook["id"]), "--yes")


def _words(noun: str, rest: list[str]) -> tuple[str, ...]:
    if noun in LIST_COMMANDS:
        return LIST_COMMANDS[noun]
    if noun == "agents" and rest[1:] == ["keys"]:
        return ("agents", "list-keys", "--agent", rest[0])
    if rest and rest[1:] != ["rotate"]:
        return (noun, "show", f"--{SHOW_OPTIONS[noun]}", rest[0])
    return (noun, "list")
