"""What every template may count on: the frame, who acts, the app, and the way to the others."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from audit.actions import READ_UPKEEP
from portal.gates import apps_of, permissions_of
from portal.models import User


def portal(request: HttpRequest) -> dict[str, Any]:
    """`layout`, `actor`, `app`, `apps`, `nav` (which section of the frame is open) and `keeps_record`."""
    bare = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-Boosted")
    match = request.resolver_match
    return {
        "layout": "bare.html" if bare else "base.html",
        "actor": getattr(request, "actor", None),
        "app": getattr(request, "app", None),
        "apps": SimpleLazyObject(lambda: _apps(request)),
        "keeps_record": SimpleLazyObject(lambda: _keeps_record(request)),
        "nav": (match.url_name or "").partition("-")[0] if match else "",
    }


def _apps(request: HttpRequest) -> list[Any]:
    user = request.user
    return list(apps_of(user).filter(archived_at=None)) if isinstance(user, User) else []


def _keeps_record(request: HttpRequest) -> bool:
    """Whether they say how long the record is kept: that takes a role on every app, whichever one they look at."""
    user = request.user
    return isinstance(user, User) and READ_UPKEEP.needs in permissions_of(user, None)
