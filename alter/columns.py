"""How each kind of object is printed: its fields, by which --fields is checked, and the columns of its table."""

from alter.cells import at, listed, on, text
from alter.output import Column, Row, Shape, day, moment
from alter.response_fields import FIELDS


def _key_rotation(row: Row) -> str:
    """As on the page of keys: what a key rotates to, and until when its secret works."""
    if row["status"] != "rotating":
        return ""
    to = f" to {row['replaced_by_key_prefix'][-8:]}" if row["replaced_by_key_prefix"] else ""
    return f"{row['name']}: Rotating{to}, old secret ends {moment(row['grace_ends_at'])} UTC."


def _key_expiry(row: Row) -> str:
    """The day on which a key stops working: its expiry, or the end of its rotation."""
    return day(min(filter(None, (row["expires_at"], row["grace_ends_at"])), default=None), never="never")


def _short(prefix: str) -> str:
    return prefix.removeprefix("alter_key_")


def _scope_description(row: Row) -> str:
    """What a scope allows, and that it is deprecated."""
    return f"Deprecated: {row['deprecated']}" if row["deprecated"] else str(row["description"])


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
        Column("ID", text("id")),
        Column("NAME", text("name"), 12),
        Column("KEY", lambda row: _short(row["key_prefix"])),
        Column("STATUS", text("status")),
        Column("EXPIRES", _key_expiry),
        Column("LAST USED", at("last_used_at", "never")),
        Column("LAST DENIED", at("last_denied_at", "never")),
        Column("SCOPES", listed("scopes")),
    ),
    min_columns=4,
    note=_key_rotation,
)
MINTED = Shape("keys", FIELDS["KeyMinted"], shown_once="api_key")
STATISTICS = Shape("statistics", FIELDS["KeyStatistics"])
KEY_CALLER = Shape(
    "callers",
    FIELDS["KeyCaller"],
    (
        Column("IP", lambda row: row["ip"] or "unknown"),
        Column("CLIENT", text("user_agent"), 12),
        Column("REQUESTS", text("calls")),
        Column("LAST SEEN", at("last_at")),
    ),
    min_columns=4,
)
AGENT = Shape(
    "agents",
    FIELDS["AgentDetail"],
    (
        Column("ID", text("id")),
        Column("NAME", text("name"), 12),
        Column("TYPE", text("type")),
        Column("STATUS", text("status")),
        Column("KEYS", text("keys_active")),
        Column("LAST USED", at("last_used_at", "never")),
        Column("LAST DENIED", at("last_denied_at", "never")),
    ),
    min_columns=4,
)
AGENT_CREATED = Shape("agents", FIELDS["AgentCreated"], shown_once="api_key")
CALLER = Shape(
    "callers",
    FIELDS["CallerInfo"],
    (
        Column("ID", text("id")),
        Column("NAME", text("label"), 12),
        Column("TYPE", text("type")),
        Column("REQUESTS", text("calls")),
        Column("LAST SEEN", at("last_seen_at", "never")),
    ),
)
APP = Shape(
    "apps",
    FIELDS["AppInfo"],
    (
        Column("ID", text("id")),
        Column("NAME", text("name"), 12),
        Column("STATUS", lambda row: "archived" if row.get("archived_at") else str(row["environment"])),
        Column("KEYS", lambda row: str(row["stats"]["keys_active"]) if row.get("stats") else ""),
        Column("AGENTS", lambda row: str(row["stats"]["agents"]) if row.get("stats") else ""),
        Column("CREATED", on("created_at")),
    ),
)
APP_OVERVIEW = Shape("apps", (*FIELDS["AppInfo"], "keys"))
ENTRY = Shape(
    "entries",
    FIELDS["AuditEntry"],
    (
        Column("ID", text("id"), 11),
        Column("TIME (UTC)", at("at")),
        Column("ACTION", _what, 14),
        Column("ACTOR", _who, 8),
        Column("CODE", text("code")),
        Column("IP", text("ip")),
        Column("REASON", text("reason")),
    ),
    min_columns=5,
)
EXPLAINED = Shape("entries", FIELDS["AuditEntryDetail"])
CALL_GROUP = Shape(
    "groups",
    FIELDS["CallGroup"],
    (
        Column("ID", text("id"), 32),
        Column("REQUESTS", text("calls")),
        Column("DENIED", text("denied")),
        Column("LAST (UTC)", at("last_at")),
        Column("FIRST (UTC)", at("first_at")),
        Column("CALLERS", listed("callers")),
    ),
    min_columns=4,
)
FINDING = Shape(
    "findings",
    FIELDS["FindingInfo"],
    (
        Column("FINDING", text("code")),
        Column("ENTRY", lambda row: f"{row['kind'] or ''} {row['seq'] or ''}".strip()),
        Column("CHECKPOINT", text("checkpoint")),
        Column("DETAILS", text("message"), 20),
        Column("ENTRY ID", text("row_id")),
    ),
    min_columns=4,
)
INVITATION = Shape(
    "invitations",
    FIELDS["InvitationInfo"],
    (
        Column("ID", text("id")),
        Column("EMAIL", lambda row: row["email"] or "(anyone with the link)", 12),
        Column("ROLE", text("role")),
        Column("INVITED BY", text("invited_by"), 12),
        Column("EXPIRES", on("expires_at")),
    ),
)
INVITED = Shape("invitations", FIELDS["InvitationCreated"], shown_once="link")
MEMBER = Shape(
    "members",
    FIELDS["MemberInfo"],
    (
        Column("EMAIL", text("email"), 12),
        Column("NAME", text("name"), 12),
        Column("ROLE", text("role")),
        Column("APPS", lambda row: "all apps" if row["everywhere"] else "this app"),
        Column("SINCE", on("created_at")),
        Column("LAST SEEN", on("last_seen_at")),
        Column("ID", text("id")),
    ),
)
SCOPE = Shape(
    "scopes",
    FIELDS["ScopeInfo"],
    (
        Column("SCOPE", text("name")),
        Column("KEYS", text("active_keys")),
        Column("DESCRIPTION", _scope_description, 12),
        Column("KIND", text("kind")),
        Column("SOURCE", text("source")),
    ),
    min_columns=3,
)
SCOPE_DETAIL = Shape(
    "scopes",
    tuple(dict.fromkeys((*FIELDS["ScopeInfo"], *FIELDS["ScopeUsage"], *FIELDS["ScopeResource"]))),
)
SCOPE_DOCUMENT = Shape("scopes", ("version", "document"))
SCOPE_CHANGE = Shape("scopes", ("version", "previous_version", "preset", "added", "changed", "removed"))
SCOPE_VERSION = Shape(
    "versions",
    FIELDS["CatalogueVersionInfo"],
    (
        Column("VERSION", text("version")),
        Column("PUBLISHED (UTC)", at("published_at")),
        Column("BY", text("published_by"), 12),
        Column("REASON", text("reason"), 12),
    ),
    min_columns=2,
)
SIGNED_IN = Shape("sign-ins", ("base_url", "source", *FIELDS["CurrentUser"]))
CHECK = Shape("checks", ("check", "result", "detail", "advice"))
EXPOSED = Shape(
    "keys",
    ("file", "line", "key_prefix", "fingerprint", "state", "key_id", "key_name", "app_id", "app_name"),
    (
        Column("STATUS", text("state")),
        Column("KEY", text("key_prefix")),
        Column("FILE", lambda row: f"{row['file']}:{row['line']}"),
        Column("NAME", text("key_name")),
        Column("APP", text("app_name")),
    ),
)
