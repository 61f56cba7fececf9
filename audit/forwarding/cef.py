"""Formats an audit row in the Common Event Format (CEF) for a SIEM."""

from collections.abc import Mapping
from typing import Any

from audit.models import Call, Event
from core.text import escape_controls

_HEADER = str.maketrans({"\\": "\\\\", "|": "\\|"})
_VALUE = str.maketrans({"\\": "\\\\", "=": "\\="})
DENIED, ALLOWED = 5, 2
"""How severe, of ten."""


def line(row: Event | Call, seq: int) -> str:
    """One line: who, what, from where, what came of it, and its id and place in the record."""
    if isinstance(row, Event):
        return _line(
            row.action, f"{row.action} {row.target_label}", ALLOWED, {**_shared(row, seq), **_act(row)}
        )
    name, severity = (f"{row.method} {row.path}", ALLOWED if row.allowed else DENIED)
    return _line(row.code or "call.allowed", name, severity, {**_shared(row, seq), **_call(row)})


def _shared(row: Event | Call, seq: int) -> dict[str, Any]:
    return {
        "rt": int(row.at.timestamp() * 1000),
        "externalId": row.id,
        "src": row.ip,
        "requestClientApplication": row.user_agent,
        "cs1Label": "app",
        "cs1": row.app_id or "none",
        "cs2Label": "key",
        "cs2": row.key_prefix or "none",
        "cs3Label": "request",
        "cs3": row.request_id or "none",
        "cn1Label": "seq",
        "cn1": seq,
    }


def _act(row: Event) -> dict[str, Any]:
    return {"suid": row.actor_id, "suser": row.actor_label, "duid": row.target_id, "reason": row.reason}


def _call(row: Call) -> dict[str, Any]:
    return {
        "requestMethod": row.method,
        "request": row.path,
        "outcome": "allowed" if row.allowed else "denied",
        "reason": row.detail or row.code,
    }


def _line(signature: str, name: str, severity: int, data: Mapping[str, Any]) -> str:
    header = "|".join(
        escape_controls(part).translate(_HEADER)
        for part in ("CEF:0", "alter", "portal", "1", signature, name[:512])
    )
    pairs = (f"{key}={_escaped(str(value))}" for key, value in data.items() if value not in ("", None))
    return f"{header}|{severity}|{' '.join(pairs)}"


def _escaped(value: str) -> str:
    """A value on the line: breaks as the format writes them, other control characters as their numbers."""
    parts = (escape_controls(part).translate(_VALUE) for part in value.replace("\r", "\n").split("\n"))
    return "\\n".join(parts)
