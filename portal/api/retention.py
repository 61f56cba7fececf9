"""Retention periods in the management API."""

from audit.requests import PortalRequest
from audit.retention import policy
from audit.retention.policy import MAX_DAYS, RetentionPeriod
from core.errors import NotFound
from portal.api.audit_settings_schemas import RetentionInfo, RetentionList, RetentionUpdateRequest


def list_retention(request: PortalRequest) -> RetentionList:
    """The retention period of each kind of row."""
    return RetentionList(items=[_describe(period) for period in policy.in_force()])


def change_retention(request: PortalRequest, kind: str, body: RetentionUpdateRequest) -> RetentionInfo:
    """Set the retention period of one kind of row. Older rows are deleted within the hour, for good."""
    _find(kind)
    policy.set_retention(request.actor, kind, body.days, body.reason)
    return _describe(_find(kind))


def _find(kind: str) -> RetentionPeriod:
    if (period := next((row for row in policy.in_force() if row.kind == kind), None)) is None:
        raise NotFound("Retention period not found.", hint="GET /api/v1/retention lists them.")
    return period


def _describe(period: RetentionPeriod) -> RetentionInfo:
    values = {"kind": period.kind, "days": period.days, "min_days": period.min_days, "max_days": MAX_DAYS}
    return RetentionInfo.model_validate(values)
