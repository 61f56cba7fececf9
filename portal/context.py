"""What every template may count on: the frame, who acts, the app, and the way to the others."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.gates import apps_of
from portal.models import User


def portal(request: HttpRequest) -> dict[str, Any]:
    """`layout`, `actor`, `app`, `apps` and `nav` (which section of the frame is open)."""
    bare = bool(request.headers.get("HX-Request")) and not request.headers.get("HX-Boosted")
    match = request.resolver_match
    return {
        "layout": "bare.html" if bare else "base.html",
        "actor": getattr(request, "actor", None),
        "app": getattr(request, "app", None),
        "apps": SimpleLazyObject(lambda: _apps(request)),
        "nav": (match.url_name or "").partition("-")[0] if match else "",
    }


def _apps(request: HttpRequest) -> list[Any]:
    user = request.user
    return list(apps_of(user).filter(archived_at=None)) if isinstance(user, User) else []
