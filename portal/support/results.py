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
    results = [*_kept(session), {"name": name, "until": until, "found": summary(result)}]
    session[_SESSION_KEY] = results[-MAX_RESULTS:]
    return name


def recall_kept(session: SessionBase, name: str) -> dict[str, Any] | None:
    """The result called `name`. None: it has expired, or is of another session."""
    return next((result["found"] for result in _kept(session) if result["name"] == name), None)


def _kept(session: SessionBase) -> list[dict[str, Any]]:
    return [result for result in session.get(_SESSION_KEY, []) if result["until"] > now().timestamp()]
