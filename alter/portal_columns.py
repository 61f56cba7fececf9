"""How what belongs to the whole portal is printed: users, tokens, webhooks, notifications, audit log settings."""

from alter.cells import at, listed, on, text
from alter.output import Column, Row, Shape
from alter.response_fields import FIELDS


def _roles(row: Row) -> str:
    """The roles of a user: `admin of all apps`, `developer of 2 apps`."""
    held = [role["role"] for role in row["roles"] if role["app_id"]]
    everywhere = [f"{role['role']} of all apps" for role in row["roles"] if not role["app_id"]]
    counted = [
        f"{name} of {held.count(name)} app{'s'[: held.count(name) - 1]}" for name in dict.fromkeys(held)
    ]
    return ", ".join(everywhere + counted)


def _delivery_state(row: Row) -> str:
    """What has become of a delivery."""
    for field in ("discarded_at", "delivered_at", "failed_at"):
        if row[field]:
            return field.removesuffix("_at")
    return "pending"


def _delivery_error(row: Row) -> str:
    return str(row["last_error"] or row["last_status"] or "")


USER = Shape(
    "users",
    FIELDS["UserInfo"],
    (
        Column("ID", text("id"), 11),
        Column("EMAIL", text("email"), 12),
        Column("STATUS", lambda row: "active" if row["is_active"] else "deactivated"),
        Column("2FA", lambda row: "on" if row["two_factor_enabled"] else "off"),
        Column("LAST SEEN", on("last_seen_at", "never")),
        Column("ROLES", _roles),
    ),
)
USER_DETAIL = Shape("users", FIELDS["UserDetail"])
SIGNED_OUT = Shape("users", FIELDS["SessionsEnded"])
TOKEN = Shape(
    "tokens",
    FIELDS["TokenDetail"],
    (
        Column("ID", text("id"), 11),
        Column("NAME", text("name"), 12),
        Column("STATUS", text("status")),
        Column("EXPIRES", on("expires_at", "never")),
        Column("LAST USED", at("last_used_at", "never")),
        Column("PERMISSIONS", listed("permissions")),
    ),
)
TOKEN_MINTED = Shape("tokens", FIELDS["TokenMinted"], shown_once="token")
WEBHOOK = Shape(
    "webhooks",
    FIELDS["WebhookInfo"],
    (
        Column("ID", text("id"), 11),
        Column("NAME", text("name"), 8),
        Column("STATE", text("state")),
        Column("FAILED", text("failed_deliveries")),
        Column("SENDS", text("sends")),
        Column("URL", text("url")),
    ),
)
WEBHOOK_SECRET = Shape("webhooks", FIELDS["WebhookSecret"], shown_once="secret")
DELIVERY = Shape(
    "deliveries",
    FIELDS["DeliveryInfo"],
    (
        Column("ID", text("id"), 11),
        Column("STATE", _delivery_state),
        Column("ENTRIES", lambda row: "test" if row["is_test"] else str(row["rows"])),
        Column("ATTEMPTS", text("attempts")),
        Column("ERROR", _delivery_error, 12),
        Column("CREATED (UTC)", at("created_at")),
    ),
)
DELIVERIES_CHANGED = Shape("deliveries", FIELDS["DeliveryCount"])
NOTIFICATION = Shape(
    "notifications",
    FIELDS["NotificationInfo"],
    (
        Column("ID", text("id"), 11),
        Column("READ", lambda row: "yes" if row["read_at"] else "no"),
        Column("TITLE", text("title"), 12),
        Column("TIME (UTC)", at("at")),
        Column("KIND", text("kind")),
    ),
)
NOTIFICATIONS_READ = Shape("notifications", FIELDS["NotificationsRead"])
MATCH = Shape(
    "keys",
    FIELDS["KeyMatch"],
    (
        Column("KEY", lambda row: str(row["key"]["key_prefix"]).removeprefix("alter_key_")),
        Column("STATUS", lambda row: str(row["key"]["status"])),
        Column("NAME", lambda row: str(row["key"]["name"]), 12),
        Column("APP", text("app_name"), 8),
        Column("SHA-256", lambda row: str(row["sha256"])[:8]),
        Column("ID", lambda row: str(row["key"]["id"])),
    ),
)
POLICY = Shape("settings", FIELDS["PolicyInfo"])
RETENTION = Shape(
    "periods",
    FIELDS["RetentionInfo"],
    (
        Column("KIND", text("kind")),
        Column("DAYS", lambda row: "kept indefinitely" if row["days"] is None else str(row["days"])),
        Column("MINIMUM", text("min_days")),
        Column("MAXIMUM", text("max_days")),
    ),
)
