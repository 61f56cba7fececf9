"""What the portal tells of: the fields of each kind of thing, so that --fields is checked before anything is done."""

from typing import Any

from alter.output import Column, Row, Shape, day, moment


def _text(name: str) -> Any:
    return lambda row: "" if row.get(name) is None else str(row[name])


def _listed(name: str) -> Any:
    return lambda row: ", ".join(row.get(name) or ())


def _at(name: str, never: str = "") -> Any:
    return lambda row: moment(row.get(name), never=never)


def _on(name: str, never: str = "") -> Any:
    return lambda row: day(row.get(name), never=never)


def _short(prefix: str) -> str:
    return prefix.removeprefix("alter_key_")


def _what(row: Row) -> str:
    """What an entry of the log is about: `key.mint worker`, `401 GET /verify`."""
    if row["kind"] == "event":
        return f"{row['action']} {row['target_label']}"
    return f"{row['status']} {row['method']} {row['path']}"


def _who(row: Row) -> str:
    if row["kind"] == "event":
        return str(row["actor_label"])
    return row["caller"] or row["key_name"] or _short(row["key_prefix"]) or "unknown key"


KEY = Shape(
    "keys",
    (
        "id",
        "name",
        "key_prefix",
        "fingerprint",
        "kind",
        "key_type",
        "status",
        "app_id",
        "agent_id",
        "scopes",
        "scope_version",
        "cidr_allowlist",
        "rate_limit_rpm",
        "effective_rate_limit_rpm",
        "rate_limit_source",
        "metadata",
        "generation",
        "parent_key_id",
        "replaces_key_id",
        "enrolled_by_key_id",
        "minted_by",
        "created_at",
        "expires_at",
        "deprecated_at",
        "grace_ends_at",
        "revoked_at",
        "last_used_at",
        "last_denied_at",
    ),
    (
        Column("ID", _text("id")),
        Column("NAME", _text("name"), 12),
        Column("KEY", lambda row: _short(row["key_prefix"])),
        Column("STATUS", _text("status")),
        Column("EXPIRES", _on("expires_at", "never")),
        Column("LAST USED", _at("last_used_at", "never")),
        Column("LAST DENIED", _at("last_denied_at", "never")),
        Column("SCOPES", _listed("scopes")),
    ),
    always=4,
)
MINTED = Shape("keys", (*KEY.fields, "api_key", "hint"))
STATISTICS = Shape("statistics", ("active", "rotated_in_grace", "total", "max_allowed"))
KEY_CALLER = Shape(
    "callers",
    ("ip", "user_agent", "calls", "last_at"),
    (
        Column("ADDRESS", lambda row: row["ip"] or "unknown"),
        Column("CLIENT", _text("user_agent"), 12),
        Column("CALLS", _text("calls")),
        Column("LAST SEEN", _at("last_at")),
    ),
    always=4,
)
AGENT = Shape(
    "agents",
    (
        "id",
        "app_id",
        "name",
        "display_name",
        "type",
        "status",
        "scopes",
        "scopes_pending",
        "scopes_applies_at",
        "policy",
        "metadata",
        "version",
        "created_at",
        "last_used_at",
        "last_denied_at",
        "keys_active",
        "rate_limit_per_minute",
        "parent_agent_id",
        "stored_legacy_managed_secret_names",
    ),
    (
        Column("ID", _text("id")),
        Column("NAME", _text("name"), 12),
        Column("TYPE", _text("type")),
        Column("STATUS", _text("status")),
        Column("KEYS", _text("keys_active")),
        Column("LAST USED", _at("last_used_at", "never")),
        Column("LAST DENIED", _at("last_denied_at", "never")),
    ),
    always=4,
)
AGENT_CREATED = Shape("agents", (*AGENT.fields, "key_id", "api_key", "hint"))
CALLER = Shape(
    "callers",
    ("id", "label", "type", "created_at", "last_seen_at", "calls"),
    (
        Column("ID", _text("id")),
        Column("LABEL", _text("label"), 12),
        Column("TYPE", _text("type")),
        Column("CALLS", _text("calls")),
        Column("LAST SEEN", _at("last_seen_at", "never")),
    ),
)
APP = Shape(
    "apps",
    (
        "id",
        "name",
        "description",
        "website_url",
        "environment",
        "max_keys",
        "max_keys_per_agent",
        "rate_limit_rpm",
        "max_derived_hours",
        "signing",
        "on_leaked_app_key",
        "on_leaked_agent_key",
        "on_leaked_derived_key",
        "archived_at",
        "created_at",
        "version",
        "stats",
    ),
    (
        Column("ID", _text("id")),
        Column("NAME", _text("name"), 12),
        Column("STATE", lambda row: "archived" if row.get("archived_at") else str(row["environment"])),
        Column("KEYS", lambda row: str(row["stats"]["keys_active"]) if row.get("stats") else ""),
        Column("AGENTS", lambda row: str(row["stats"]["agents"]) if row.get("stats") else ""),
        Column("CREATED", _on("created_at")),
    ),
)
_RECORDED = (
    "kind",
    "id",
    "at",
    "app_id",
    "key_id",
    "key_prefix",
    "key_name",
    "agent_id",
    "agent_name",
    "via",
    "ip",
    "user_agent",
    "request_id",
    "caller",
    "caller_type",
    "caller_id",
    "context",
    "trace_id",
)
_EVENT = (
    "action",
    "actor_kind",
    "actor_id",
    "actor_label",
    "target_kind",
    "target_id",
    "target_label",
    "reason",
    "cause_id",
    "changes",
    "facts",
)
_CALL = ("method", "path", "status", "allowed", "code", "check_failed", "detail", "scopes", "took_us")
ENTRY = Shape(
    "entries",
    (*_RECORDED, *_EVENT, *_CALL),
    (
        Column("ID", _text("id"), 11),
        Column("AT (UTC)", _at("at")),
        Column("WHAT", _what, 14),
        Column("WHO", _who, 8),
        Column("CODE", _text("code")),
        Column("ADDRESS", _text("ip")),
        Column("REASON", _text("reason")),
    ),
    always=5,
)
EXPLAINED = Shape("entries", (*ENTRY.fields, "checks", "fix"))
GATHERED = Shape(
    "entries",
    ("id", "calls", "denied", "first_at", "last_at", "callers"),
    (
        Column("ID", _text("id"), 32),
        Column("CALLS", _text("calls")),
        Column("DENIED", _text("denied")),
        Column("LAST (UTC)", _at("last_at")),
        Column("FIRST (UTC)", _at("first_at")),
        Column("CALLERS", _listed("callers")),
    ),
    always=4,
)
FINDING = Shape(
    "findings",
    ("what", "says", "note", "kind", "seq", "row_id", "checkpoint"),
    (
        Column("WHAT", _text("what")),
        Column("WHERE", lambda row: f"{row['kind'] or ''} {row['seq'] or ''}".strip()),
        Column("CHECKPOINT", _text("checkpoint")),
        Column("SAYS", _text("says"), 20),
        Column("ROW", _text("row_id")),
    ),
    always=4,
)
INVITATION = Shape(
    "invitations",
    ("id", "email", "role", "everywhere", "invited_by", "expires_at"),
    (
        Column("ID", _text("id")),
        Column("EMAIL", lambda row: row["email"] or "(whoever has the link)", 12),
        Column("ROLE", _text("role")),
        Column("BY", _text("invited_by"), 12),
        Column("ENDS", _on("expires_at")),
    ),
)
INVITED = Shape("invitations", ("id", "email", "role", "everywhere", "invited_by", "expires_at", "link"))
MEMBER = Shape(
    "members",
    (
        "id",
        "user_id",
        "email",
        "name",
        "role",
        "everywhere",
        "created_at",
        "last_seen_at",
        "second_factor",
    ),
    (
        Column("EMAIL", _text("email"), 12),
        Column("NAME", _text("name"), 12),
        Column("ROLE", _text("role")),
        Column("WHERE", lambda row: "every app" if row["everywhere"] else "this app"),
        Column("SINCE", _on("created_at")),
        Column("SEEN", _on("last_seen_at")),
        Column("ID", _text("id")),
    ),
)
SIGNED_IN = Shape("sign-ins", ("base_url", "source", "user", "token", "permissions_everywhere", "apps"))
CHECK = Shape("checks", ("check", "result", "detail", "advice"))
EXPOSED = Shape(
    "keys",
    ("file", "line", "key_prefix", "fingerprint", "state", "key_id", "key_name", "app_id", "app_name"),
    (
        Column("STATE", _text("state")),
        Column("KEY", _text("key_prefix")),
        Column("WHERE", lambda row: f"{row['file']}:{row['line']}"),
        Column("NAME", _text("key_name")),
        Column("APP", _text("app_name")),
    ),
)
