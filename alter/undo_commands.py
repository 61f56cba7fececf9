"""The commands that see to what may have gone wrong: to look whether it was done, and to take back what was."""

import shlex
from collections.abc import Mapping
from typing import Any

UNKNOWN = "It may have been done all the same: look before you try again"
LOOKS = {"keys": "key", "agents": "agent"}
"""Kinds of things that can be shown one by one, and the option that names one."""
LISTS = {
    "members": ("members", "list"),
    "invitations": ("members", "invitations"),
    "export": ("audit", "list", "--action", "audit.export"),
}
MY_TOKENS = "Your access tokens stand in the portal, under your name."


def line(*words: str) -> str:
    """A command to copy into a shell."""
    return shlex.join(["alter", *words])


def look_after(path: str) -> str:
    """How to see whether a request to `path`, below the API's address, was carried out. A sentence."""
    parts = path.strip("/").split("/")
    if parts[0] != "apps":
        return MY_TOKENS
    if len(parts) == 1:
        return f"To see: {line('apps', 'list')}"
    if len(parts) == 2 or parts[2] not in {*LOOKS, *LISTS}:
        return f"To see: {line('apps', 'show', parts[1])}"
    return f"To see: {line(*_words(parts[2], parts[3:]), '--app', parts[1])}"


def revoke_key(app_id: str, key: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that ends a key that was made a moment ago; an agent's may be the only one it has."""
    force = ("--force",) if key.get("agent_id") else ()
    return ("keys", "revoke", "--app", app_id, "--key", str(key["id"]), *force, "--yes")


def revoke_agent(app_id: str, agent: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that ends an agent and its first key."""
    return ("agents", "revoke", "--app", app_id, "--agent", str(agent["id"]), "--yes")


def withdraw(app_id: str, invitation: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that makes an invitation's link useless."""
    return ("members", "withdraw", "--app", app_id, "--invitation", str(invitation["id"]))


def _words(noun: str, rest: list[str]) -> tuple[str, ...]:
    if noun in LISTS:
        return LISTS[noun]
    if noun == "agents" and rest[1:] == ["keys"]:
        return ("agents", "list-keys", "--agent", rest[0])
    if rest and rest[1:] != ["rotate"]:
        return (noun, "show", f"--{LOOKS[noun]}", rest[0])
    return (noun, "list")
