"""How each kind of object is printed: its fields, by which --fields is checked, and the columns of its table."""

from typing import Any

from alter.output import Column, Row, Shape, day, moment
from alter.response_fields import FIELDS


def _text(name: str) -> Any:
    return lambda row: "" if row.get(name) is None else str(row[name])


def _listed(name: str) -> Any:
    return lambda row: ", ".join(row.get(name) or ())


def _at(name: str, never: str = "") -> Any:
    return lambda row: moment(row.get(name), never=never)


def _on(name: str, never: str = "") -> Any:
    return lambda row: day(row.get(name), never=never)


def _key_status(row: Row) -> str:
    """As on the page of keys: a key in its grace period is rotating."""
    return "rotating" if row["status"] == "grace" else str(row["status"])


def _key_expiry(row: Row) -> str:
    """The day on which a key stops working: its expiry, or the end of its rotation."""
    return day(min(filter(None, (row["expires_at"], row["grace_ends_at"])), default=None), never="never")


def _short(prefix: str) -> str:
    return prefix.removeprefix("alter_key_")


def _what(row: Row) -> str:
    """What an entry is about: `key.mint worker`, `401 GET /verify`."""
    if row["kind"] == "event":
        return f"{row['action']} {row['target_label']}"
    return f"{row['status']} {row['method']} {row['path']}"


def _who(row: Row) -> str:
    if row["kind"] == "event":
        return str(row["actor_label"])
    return row["caller"] or row["key_name"] or _short(row["key_prefix"]) or "unknown key"


KEY = Shape(
    "keys",
    FIELDS["KeyInfo"],
    (
        Column("ID", _text("id")),
        Column("NAME", _text("name"), 12),
        Column("KEY", lambda row: _short(row["key_prefix"])),
        Column("STATUS", _key_status),
        Column("EXPIRES", _key_expiry),
        Column("LAST USED", _at("last_used_at", "never")),
        Column("LAST DENIED", _at("last_denied_at", "never")),
        Column("SCOPES", _listed("scopes")),
    ),
    min_columns=4,
)
MINTED = Shape("keys", FIELDS["KeyMinted"])
STATISTICS = Shape("statistics", FIELDS["KeyStatistics"])
KEY_CALLER = Shape(
    "callers",
    FIELDS["KeyCaller"],
    (
        Column("IP", lambda row: row["ip"] or "unknown"),
        Column("CLIENT", _text("user_agent"), 12),
        Column("REQUESTS", _text("calls")),
        Column("LAST SEEN", _at("last_at")),
    ),
    min_columns=4,
)
AGENT = Shape(
    "agents",
    FIELDS["AgentDetail"],
    (
        Column("ID", _text("id")),
        Column("NAME", _text("name"), 12),
        Column("TYPE", _text("type")),
        Column("STATUS", _text("status")),
        Column("KEYS", _text("keys_active")),
        Column("LAST USED", _at("last_used_at", "never")),
        Column("LAST DENIED", _at("last_denied_at", "never")),
    ),
    min_columns=4,
)
AGENT_CREATED = Shape("agents", FIELDS["AgentCreated"])
CALLER = Shape(
    "callers",
    FIELDS["CallerInfo"],
    (
        Column("ID", _text("id")),
        Column("NAME", _text("label"), 12),
        Column("TYPE", _text("type")),
        Column("REQUESTS", _text("calls")),
        Column("LAST SEEN", _at("last_seen_at", "never")),
    ),
)
APP = Shape(
    "apps",
    FIELDS["AppInfo"],
    (
        Column("ID", _text("id")),
        Column("NAME", _text("name"), 12),
        Column("STATUS", lambda row: "archived" if row.get("archived_at") else str(row["environment"])),
        Column("KEYS", lambda row: str(row["stats"]["keys_active"]) if row.get("stats") else ""),
        Column("AGENTS", lambda row: str(row["stats"]["agents"]) if row.get("stats") else ""),
        Column("CREATED", _on("created_at")),
    ),
)
ENTRY = Shape(
    "entries",
    FIELDS["AuditEntry"],
    (
        Column("ID", _text("id"), 11),
        Column("TIME (UTC)", _at("at")),
        Column("ACTION", _what, 14),
        Column("ACTOR", _who, 8),
        Column("CODE", _text("code")),
        Column("IP", _text("ip")),
        Column("REASON", _text("reason")),
    ),
    min_columns=5,
)
EXPLAINED = Shape("entries", FIELDS["AuditEntryDetail"])
CALL_GROUP = Shape(
    "groups",
    FIELDS["CallGroup"],
    (
        Column("ID", _text("id"), 32),
        Column("REQUESTS", _text("calls")),
        Column("DENIED", _text("denied")),
        Column("LAST (UTC)", _at("last_at")),
        Column("FIRST (UTC)", _at("first_at")),
        Column("CALLERS", _listed("callers")),
    ),
    min_columns=4,
)
FINDING = Shape(
    "findings",
    FIELDS["FindingInfo"],
    (
        Column("FINDING", _text("code")),
        Column("ENTRY", lambda row: f"{row['kind'] or ''} {row['seq'] or ''}".strip()),
        Column("CHECKPOINT", _text("checkpoint")),
        Column("DETAILS", _text("message"), 20),
        Column("ENTRY ID", _text("row_id")),
    ),
    min_columns=4,
)
INVITATION = Shape(
    "invitations",
    FIELDS["InvitationInfo"],
    (
        Column("ID", _text("id")),
        Column("EMAIL", lambda row: row["email"] or "(anyone with the link)", 12),
        Column("ROLE", _text("role")),
        Column("INVITED BY", _text("invited_by"), 12),
        Column("EXPIRES", _on("expires_at")),
    ),
)
INVITED = Shape("invitations", FIELDS["InvitationCreated"])
MEMBER = Shape(
    "members",
    FIELDS["MemberInfo"],
    (
        Column("EMAIL", _text("email"), 12),
        Column("NAME", _text("name"), 12),
        Column("ROLE", _text("role")),
        Column("APPS", lambda row: "all apps" if row["everywhere"] else "this app"),
        Column("SINCE", _on("created_at")),
        Column("LAST SEEN", _on("last_seen_at")),
        Column("ID", _text("id")),
    ),
)
SIGNED_IN = Shape("sign-ins", ("base_url", "source", *FIELDS["CurrentUser"]))
CHECK = Shape("checks", ("check", "result", "detail", "advice"))
EXPOSED = Shape(
    "keys",
    ("file", "line", "key_prefix", "fingerprint", "state", "key_id", "key_name", "app_id", "app_name"),
    (
        Column("STATUS", _text("state")),
        Column("KEY", _text("key_prefix")),
        Column("FILE", lambda row: f"{row['file']}:{row['line']}"),
        Column("NAME", _text("key_name")),
        Column("APP", _text("app_name")),
    ),
)
