"""The same thing from a terminal: what a form is about to do, as a command and as JSON."""

import json
import shlex
from typing import Any

from agents.models import App


def mint_command(app: App, chosen: dict[str, Any]) -> str:
    """The `alter keys mint` command for what is chosen, one flag a line."""
    values = _values(chosen)
    flags = {
        "--app": str(app.id),
        "--name": values.get("name") or "NAME",
        "--scopes": ",".join(values.get("scopes", [])) or "SCOPES",
        "--cidr": ",".join(values.get("cidr_allowlist", [])),
        "--rate-limit-rpm": str(values.get("rate_limit_rpm", "")),
        "--expires-in": values.get("expires_in", ""),
        "--expires-at": values.get("expires_at", ""),
    }
    given = [f"{flag} {shlex.quote(value)}" for flag, value in flags.items() if value]
    return " \\\n  ".join(["alter keys mint", *given])


def mint_json(chosen: dict[str, Any]) -> str:
    """The request body for what is chosen."""
    return json.dumps(_values(chosen), indent=1, ensure_ascii=False)


def _values(chosen: dict[str, Any]) -> dict[str, Any]:
    scopes, ends, expires = chosen.get("scopes"), chosen.get("expires_at"), chosen.get("expires", "")
    values = {
        "name": chosen.get("name", ""),
        "scopes": scopes.names() if scopes else [],
        "cidr_allowlist": [str(network) for network in chosen.get("network_list") or ()],
        "rate_limit_rpm": chosen.get("rate_limit_rpm"),
        "expires_in": expires if expires not in ("custom", "never") else None,
        "expires_at": ends.isoformat(timespec="minutes") if expires == "custom" and ends else None,
    }
    return {name: value for name, value in values.items() if value}
