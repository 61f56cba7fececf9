"""What every template may count on: the frame, who acts, the app, and the way to the others."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from audit.actions import EVERY, READ_UPKEEP
from audit.integrity.checking import alarms
from audit.models import Alarm
from portal.auth import reauthentication
from portal.models import User
from portal.web.gates import apps_of, permissions_anywhere, permissions_of

MAX_ALARMS = 5


@cache
def _asking() -> frozenset[str]:
    """The permissions of what may be asked about again."""
    return frozenset(action.needs for action in EVERY.values() if action.again)


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
        "alarms": SimpleLazyObject(lambda: _alarms(request)),
        "unread": SimpleLazyObject(lambda: _unread(request)),
        "proved_until": SimpleLazyObject(lambda: _proved_until(request)),
        "takes_reports": settings.LEAK_INTAKE,
        "only_provider": bool(settings.PROVIDER and settings.PROVIDER.only),
        "nav": (match.url_name or "").partition("-")[0] if match else "",
    }


def _unread(request: HttpRequest) -> str:
    """How many notifications wait to be read: 3, or 9+. Empty: none."""
    user = request.user
    waiting = (
        user.notifications.filter(read_at=None, shown=True)[:10].count() if isinstance(user, User) else 0
    )
    return "9+" if waiting > 9 else str(waiting or "")


def _proved_until(request: HttpRequest) -> Any:
    """Until when dangerous acts are not asked about: told to those alone who may do one."""
    user = request.user
    if not isinstance(user, User) or _asking().isdisjoint(permissions_anywhere(user)):
        return None
    return reauthentication.proved_until(request)


def _apps(request: HttpRequest) -> list[Any]:
    user = request.user
    return list(apps_of(user).filter(archived_at=None)) if isinstance(user, User) else []


def _alarms(request: HttpRequest) -> list[Alarm]:
    """What is wrong with what proves the record, for those who answer for it."""
    return list(alarms.open_alarms()[:MAX_ALARMS]) if _keeps_record(request) else []


def _keeps_record(request: HttpRequest) -> bool:
    """Whether they say how long the record is kept: that takes a role on every app, whichever one they look at."""
    user = request.user
    return isinstance(user, User) and READ_UPKEEP.needs in permissions_of(user, None)
