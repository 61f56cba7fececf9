"""What the portal itself keeps: people and their roles, tokens, invitations, notices, leak reports, house rules."""

from portal.models.attempts import Counter, TakenMessage, UsedCode
from portal.models.idempotency import IdempotencyRecord
from portal.models.invitations import Invitation
from portal.models.leaks import LeakReport
from portal.models.notifications import Notice, NoticeChoice, NoticeKind
from portal.models.outbox import Mail, MailKind
from portal.models.policy import HouseRules
from portal.models.tokens import AccessToken, Authorization
from portal.models.users import LONGEST_LABEL, Membership, Role, User, UserManager

__all__ = [
    "LONGEST_LABEL",
    "AccessToken",
    "Authorization",
    "Counter",
    "HouseRules",
    "IdempotencyRecord",
    "Invitation",
    "LeakReport",
    "Mail",
    "MailKind",
    "Membership",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "Role",
    "TakenMessage",
    "UsedCode",
    "User",
    "UserManager",
]
