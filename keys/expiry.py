"""When a key may end: ahead, and not beyond ten years."""

from datetime import datetime, timedelta

from core.clock import now
from core.durations import MAX_DURATION
from core.errors import Invalid


def check_expiry(moment: datetime | None, field: str = "expires_at") -> datetime | None:
    """`moment` if it lies ahead, and at most ten years. None stays None: no expiry. Raises Invalid."""
    if moment is None:
        return None
    if moment <= now():
        raise Invalid(field, "Choose a time in the future.")
    if moment - now() > MAX_DURATION + timedelta(days=1):
        raise Invalid(field, "Choose a time within ten years, or no expiry.")
    return moment
