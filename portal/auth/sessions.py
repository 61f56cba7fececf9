"""Open sessions: who is signed in where, since when, and the end of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from ipaddress import IPv4Address
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest

from audit.actors import Actor
from audit.change import record
from core.clock import now
from core.text import sanitize
from portal import actions
from portal.models import User
from portal.models.users import note_of

UNKNOWN_ADDRESS = str(IPv4Address(0))
"""Stands for every address that cannot be read: their tries are counted together."""
SEEN_EVERY = timedelta(minutes=5)
BROWSERS = ("Firefox", "Edg", "OPR", "Chrome", "Safari", "curl")
SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux")
WORDS = {"Edg": "Edge", "OPR": "Opera", "Mac OS X": "macOS"}


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One browser that is signed in."""

    id: int
    device: str
    ip: str
    since: datetime
    seen: datetime
    is_this: bool


def open_sessions(user: User, this: str | None = None) -> list[OpenSession]:
    """The open sessions of `user`, the latest first. `this` is the session key of whoever asks."""
    sessions = UserSession.objects.purge_and_list(user)
    rows = [
        OpenSession(
            s.pk,
            device_name(s.user_agent),
            "unknown" if s.ip == UNKNOWN_ADDRESS else s.ip,
            s.created_at,
            s.last_seen_at,
            s.session_key == this,
        )
        for s in sessions
    ]
    return sorted(rows, key=lambda row: (row.is_this, row.seen), reverse=True)


def end(actor: Actor, user: User, *, session_id: int | None = None, except_key: str | None = None) -> int:
    """End one session of `user`, or all but the one with the key `but`; return how many ended."""
    ended = (
        _end(UserSession.objects.filter(user=user, pk=session_id))
        if session_id
        else end_all(user, except_key)
    )
    if ended:
        record(actor, actions.END_SESSION, facts={"sessions": ended}, **user.audit_target())
    return ended


def end_all(user: User, except_key: str | None = None) -> int:
    """End every open session of `user` at once, as part of an act that is on record; return how many ended."""
    return _end(UserSession.objects.filter(user=user).exclude(session_key=except_key or ""))


def note_seen(request: HttpRequest, user: User) -> None:
    """Note that `user` is here, once in five minutes. Not an act: nobody acted."""
    moment = now()
    late = moment - SEEN_EVERY
    if user.last_seen_at is not None and user.last_seen_at > late:
        return
    note_of(user, last_seen_at=moment)
    if not UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=moment):
        UserSession.objects.create_from_request(request)


def device_name(user_agent: str) -> str:
    """`Firefox on Linux`: what a browser says of itself, in short."""
    name = next((name for name in BROWSERS if name in user_agent), "")
    system = next((name for name in SYSTEMS if name in user_agent), "")
    words = " on ".join(WORDS.get(word, word) for word in (name, system) if word)
    return words or sanitize(user_agent, 60) or "Unknown browser"


def _end(chosen: Iterable[Any]) -> int:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    ended = list(chosen)
    for session in ended:
        store(session.session_key).delete()
        session.delete()
    return len(ended)
