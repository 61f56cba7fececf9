"""Explains a denied call on the log's pages: how to fix it, what caused it, and how often it happened.

The audit log knows no keys. The app that judges calls registers what it knows of its checks, with `register()`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from django.urls import reverse

from audit.actions import EVERY
from audit.actors import Actor
from audit.models import Call, Event

LOOKBACK = timedelta(days=1)
MAX_DENIED_CALLS = 2000
"""Denied calls that are searched for similar ones."""
REQUIREMENTS: dict[str, str] = {}
"""What each check requires, by its id, in the order of the checks."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to where something is fixed. `{key}` and the like stand for the values of a Diagnosis."""

    says: str
    action: str
    """The name of the action it leads to, hence who may follow it. Empty: everyone who reads the log."""
    page: str
    """The name of its URL."""
    names: tuple[str, ...] = ()
    """The arguments of that URL, in order."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Initial values of a form there."""
    posts: bool = False
    """Whether following it performs the action."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """How to fix one kind of denial."""

    says: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known of one denied call."""

    remedy: Remedy
    values: Mapping[str, str]
    """What links may name. A link that needs another value is left out."""
    cause: Event | None = None
    """The event that caused the denial, or has resolved it since."""
    is_resolved: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: its label, its address, and whether pressing it performs the action."""

    says: str
    address: str
    posts: bool = False


@dataclass(frozen=True, slots=True)
class Alike:
    """Denials of the same key, for the same reason and from the same address, within a day."""

    count: int
    first_at: datetime
    last_at: datetime
    capped: bool
    """Whether there were more denials than were searched."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one reader can fix one denial."""

    says: str
    offers: tuple[Offer, ...]
    message: str
    """A message to an admin. Empty: the reader can fix it."""
    evidence: Event | None
    """The event that caused the denial, or has resolved it since."""
    alike: Alike | None


class Diagnose(Protocol):
    """Diagnoses a denied call. Without `search_cause` it reads nothing but the call's own row."""

    def __call__(self, call: Call, *, search_cause: bool) -> Diagnosis: ...


_diagnose: list[Diagnose] = []


def register(requirements: Mapping[str, str], diagnose: Diagnose) -> None:
    """Let an app explain the calls that it judges: what each check requires, and the diagnosis of a denial."""
    REQUIREMENTS.update(requirements)
    _diagnose[:] = [diagnose]


def explain(call: Call, actor: Actor, app_name: str, address: str) -> Explanation:
    """The explanation of a denied `call` for `actor`. `address` is that of this page, for the message."""
    diagnosis = _diagnose[0](call, search_cause=True)
    links = diagnosis.remedy.links
    permitted = [link for link in links if not link.action or actor.may(EVERY[link.action])]
    can_fix = diagnosis.is_resolved or links[:1] == tuple(permitted[:1])
    return Explanation(
        says=diagnosis.remedy.says,
        offers=_offers(permitted, diagnosis.values),
        message="" if can_fix else _message(call, diagnosis.remedy, app_name, address),
        evidence=diagnosis.cause,
        alike=alike(call),
    )


def remedy_of(call: Call) -> tuple[str, Sequence[Offer]]:
    """How to fix a denial, as far as its own row tells: a sentence, and links."""
    diagnosis = _diagnose[0](call, search_cause=False)
    return diagnosis.remedy.says, _offers(diagnosis.remedy.links, diagnosis.values)


def alike(call: Call) -> Alike | None:
    """How often the same was denied from a day before `call` to a day after; of the newest 2,000 denials."""
    denied = Call.objects.filter(
        app_id=call.app_id, allowed=False, at__range=(call.at - LOOKBACK, call.at + LOOKBACK)
    )
    newest = denied.order_by("-at").values_list("at", "key_id", "ip", "code")[:MAX_DENIED_CALLS]
    same = [at for at, *reason in newest if reason == [call.key_id, call.ip, call.code]]
    if len(same) < 2:
        return None
    return Alike(len(same), same[-1], same[0], capped=len(newest) == MAX_DENIED_CALLS)


def _offers(links: Sequence[Link], values: Mapping[str, str]) -> tuple[Offer, ...]:
    return tuple(offer for link in links if (offer := _offer(link, values)))


def _offer(link: Link, values: Mapping[str, str]) -> Offer | None:
    try:
        names = [name.format_map(values) for name in link.names]
        query = {name: value.format_map(values) for name, value in link.query.items()}
        page = link.page.format_map(values)
    except KeyError:
        return None
    return Offer(link.says, _address(page, names, query), link.posts)


def _address(page: str, names: Sequence[str], query: Mapping[str, str]) -> str:
    """The URL of `page`. A name of `-` is one that this URL does not have."""
    address = reverse(page, args=[name for name in names if name != "-"])
    return f"{address}?{urlencode(query)}" if query else address


def _message(call: Call, remedy: Remedy, app_name: str, address: str) -> str:
    key = f"{call.key_name or 'A key'} ({call.key_prefix or 'no prefix'})"
    detail = f" ({call.detail})" if call.detail else ""
    return (
        f"To an admin of {app_name}: {key} called {call.method} {call.path} from "
        f"{call.ip or 'an unknown IP address'} on {call.at:%-d %b %Y, %H:%M} UTC and was denied with "
        f"{call.status} {call.code}{detail}. {remedy.says} {address}"
    )
