"""How long the record is kept, at the management API."""

from audit.requests import PortalRequest
from audit.retention import policy
from audit.retention.policy import MOST_DAYS, Kept
from core.errors import NotFound
from portal.api.audit_settings_schemas import RetentionChange, RetentionInfo, Retentions


def list_retention(request: PortalRequest) -> Retentions:
    """How long each kind of row is kept now."""
    return Retentions(items=[_describe(kept) for kept in policy.in_force()])


def change_retention(request: PortalRequest, kind: str, asked: RetentionChange) -> RetentionInfo:
    """How long rows of one kind are kept from now on. What is older goes with the next purge, for ever."""
    _find(kind)
    policy.set_retention(request.actor, kind, asked.days, asked.reason)
    return _describe(_find(kind))


def _find(kind: str) -> Kept:
    if (kept := next((one for one in policy.in_force() if one.kind == kind), None)) is None:
        raise NotFound
    return kept


def _describe(kept: Kept) -> RetentionInfo:
    values = {"kind": kept.kind, "days": kept.days, "min_days": kept.fewest, "max_days": MOST_DAYS}
    return RetentionInfo.model_validate(values)
