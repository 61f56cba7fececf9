"""Shows times in UTC or in the time zone of the reader's cookie; URLs and data are in UTC."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import ParamSpec
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "zone"
_NAMES = frozenset(available_timezones())
"""Read from disk once: it takes milliseconds."""
_PICKED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
P = ParamSpec("P")


def parse_zone(name: str) -> ZoneInfo | None:
    """The time zone of that name. None: there is none."""
    return ZoneInfo(name) if name in _NAMES else None


def in_readers_zone(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """The page shows its times in the time zone that the cookie names."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = args[0]
        zone = parse_zone(request.COOKIES.get(COOKIE, "")) if isinstance(request, HttpRequest) else None
        with timezone.override(zone or UTC):
            return view(*args, **kwargs)

    return wrapper


def to_utc(query: Mapping[str, str]) -> dict[str, str]:
    """Filters whose times were picked in the time zone `zone`, with these times in UTC and without it."""
    values = {name: query[name] for name in query}
    zone = parse_zone(values.pop(COOKIE, ""))
    for name in ("since", "until"):
        text = values.get(name, "")
        if zone and _PICKED.fullmatch(text):
            try:
                picked = datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
            except (ValueError, OverflowError):
                continue  # no such day; the form says so
            values[name] = f"{picked:%Y-%m-%d %H:%M:%S}"
    return values
