"""Results of key lookups, kept in the session for a while, so that Back leads to them."""

from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from core.clock import now
from portal.support.lookup import LookupResult, summary

RETENTION = timedelta(minutes=30)
MAX_RESULTS = 5
_SESSION_KEY = "desk_results"


def keep(session: SessionBase, result: LookupResult) -> str:
    """Keep `result` by its ids; return its name for the URL."""
    name = token_urlsafe(12)
    until = (now() + RETENTION).timestamp()
    kept = [*_kept(session), {"name": name, "until": until, "found": summary(result)}]
    session[_SESSION_KEY] = kept[-MAX_RESULTS:]
    return name


def recall_kept(session: SessionBase, name: str) -> dict[str, Any] | None:
    """The result called `name`. None: it has expired, or is of another session."""
    return next((one["found"] for one in _kept(session) if one["name"] == name), None)


def _kept(session: SessionBase) -> list[dict[str, Any]]:
    return [one for one in session.get(_SESSION_KEY, []) if one["until"] > now().timestamp()]
