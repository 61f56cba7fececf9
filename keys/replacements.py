"""The key that a rotating key is replaced by, for lists and single keys alike."""

from collections.abc import Iterable
from uuid import UUID

from keys.models import ApiKey


def replacements(keys: Iterable[ApiKey]) -> dict[UUID, ApiKey]:
    """The newest key that each of these rotates to, by id, if it rotates."""
    rotating = [key.id for key in keys if key.grace_ends_at]
    newest = ApiKey.objects.filter(replaces__in=rotating, revoked_at=None).order_by("created_at")
    return {key.replaces_id: key for key in newest if key.replaces_id} if rotating else {}
