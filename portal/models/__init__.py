"""What the portal itself keeps: people and their roles, tokens, invitations, notices, leak reports, house rules."""

from portal.models.access import AccessToken, Authorization
from portal.models.house import HouseRules
from portal.models.idempotency import IdempotencyRecord
from portal.models.invitations import Invitation
from portal.models.leaks import LeakReport
from portal.models.mails import Mail, MailKind
from portal.models.notices import Notice, NoticeChoice, NoticeKind
from portal.models.people import LONGEST_LABEL, Membership, Role, User, UserManager
from portal.models.tries import Counter, TakenMessage, UsedCode

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
