"""The same thing from a terminal: what the mint form is about to do, as a command."""

import shlex
from typing import Any

from agents.models import Agent, App


def mint_command(app: App, agent: Agent | None, chosen: dict[str, Any]) -> str:
    """The shell command that mints what is chosen, one flag a line."""
    scopes, ends, expires = chosen.get("scopes"), chosen.get("expires_at"), chosen.get("expires", "")
    flags = {
        "--app": str(app.id),
        "--agent": str(agent.id) if agent else "",
        "--name": chosen.get("name") or "NAME",
        "--scopes": ",".join(scopes.names()) if scopes else "SCOPES",
        "--cidr": ",".join(str(network) for network in chosen.get("network_list") or ()),
        "--rate-limit-rpm": str(chosen.get("rate_limit_rpm") or ""),
        "--expires-in": expires if expires not in ("custom", "never") else "",
        "--expires-at": ends.isoformat(timespec="minutes") if expires == "custom" and ends else "",
    }
    given = [f"{flag} {shlex.quote(value)}" for flag, value in flags.items() if value]
    return " \\\n  ".join([".venv/bin/python manage.py mint_key", *given])
