"""The portal's models: users and roles, tokens, invitations, notifications, leak reports, the portal policy."""

from portal.models.attempts import Counter, TakenMessage, UsedCode
from portal.models.idempotency import IdempotencyRecord
from portal.models.invitations import Invitation
from portal.models.leaks import LeakReport
from portal.models.notifications import Notification, NotificationKind, NotificationPreference
from portal.models.outbox import Mail, MailKind
from portal.models.policy import PortalPolicy
from portal.models.tokens import AccessToken, Authorization
from portal.models.users import MAX_LABEL, Membership, Role, User, UserManager

__all__ = [
    "MAX_LABEL",
    "AccessToken",
    "Authorization",
    "Counter",
    "PortalPolicy",
    "IdempotencyRecord",
    "Invitation",
    "LeakReport",
    "Mail",
    "MailKind",
    "Membership",
    "Notification",
    "NotificationPreference",
    "NotificationKind",
    "Role",
    "TakenMessage",
    "UsedCode",
    "User",
    "UserManager",
]
