"""Why a call was refused and how to set it right: what the record itself tells, for whoever reads it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from audit.actions import EVERY
from audit.actors import Actor
from audit.models import Call, Event
from audit.search.remedies import Fix, Way, fix_of

A_DAY = timedelta(days=1)
MOST_REFUSALS = 2000
MOST_LIMIT = 100_000
"""The highest number of calls a minute that a key can be given."""
_LIMIT = re.compile(r"more than ([0-9]{1,6}) calls")


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: what it says, where it leads, and whether pressing it does it."""

    says: str
    address: str
    posts: bool = False


@dataclass(frozen=True, slots=True)
class Alike:
    """Refusals of the same key, for the same reason and from the same address, around the same day."""

    count: int
    first_at: datetime
    last_at: datetime
    capped: bool
    """Whether there were too many refusals to look at all of that time."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way out of one refusal, for one reader."""

    says: str
    offers: tuple[Offer, ...]
    message: str
    """What to send to someone who may do it. Empty: the reader may."""
    evidence: Event | None
    """The act that brought the refusal about, or has undone its cause since."""
    alike: Alike | None


def explain(call: Call, actor: Actor, app_name: str, address: str) -> Explanation:
    """How the refusal of `call` is set right. `address` is where this page is, for the message."""
    fix, evidence = fix_of(call), evidence_of(call)
    resumed = evidence is not None and evidence.action == "agent.resume"
    says = "The agent has been resumed since; its keys work again." if resumed else fix.says
    ways = tuple(way for way in fix.ways if not (resumed and way.posts))
    mine = [way for way in ways if not way.act or actor.may(EVERY[way.act])]
    known = facts_of(call, evidence)
    may = resumed or ways[:1] == tuple(mine[:1])
    return Explanation(
        says=says,
        offers=tuple(offer for way in mine if (offer := _offer(way, known))),
        message="" if may else _message(call, fix, app_name, address),
        evidence=evidence,
        alike=alike(call),
    )


def remedy_of(call: Call) -> tuple[str, list[Offer]]:
    """How a refusal that belongs to no app is set right, as far as its own row tells: a sentence, and where to go."""
    fix, known = fix_of(call), facts_of(call, None)
    return fix.says, [offer for way in fix.ways if (offer := _offer(way, known))]


def evidence_of(call: Call) -> Event | None:
    """The act behind a refusal: who revoked the key, suspended the agent, rotated or derived the key."""
    of_key = Event.objects.filter(app_id=call.app_id, key_id=call.key_id).order_by("-at", "-id")
    match call.check_failed:
        case "not revoked":
            return of_key.filter(action="key.revoke").first()
        case "grace not over":
            return of_key.filter(action="key.rotate", facts__has_key="successor").first()
        case "ancestors live":
            return of_key.filter(action="key.derive").first()
        case "agent active":
            acts = ("agent.suspend", "agent.resume", "agent.revoke")
            on_agent = Event.objects.filter(app_id=call.app_id, target_id=str(call.agent_id), action__in=acts)
            return on_agent.order_by("-at", "-id").first()
    return None


def alike(call: Call) -> Alike | None:
    """How often the same was refused from a day before `call` to a day after; of the newest 2,000 refusals."""
    refused = Call.objects.filter(
        app_id=call.app_id, allowed=False, at__range=(call.at - A_DAY, call.at + A_DAY)
    )
    found = refused.order_by("-at").values_list("at", "key_id", "ip", "code")[:MOST_REFUSALS]
    same = [at for at, *rest in found if rest == [call.key_id, call.ip, call.code]]
    if len(same) < 2:
        return None
    return Alike(len(same), same[-1], same[0], capped=len(found) == MOST_REFUSALS)


def facts_of(call: Call, evidence: Event | None) -> dict[str, str]:
    """What the ways of a fix may name. What is not known is left out, and with it the ways that name it."""
    agents_own = call.key_prefix.startswith("alter_key_agent_") and call.agent_id is not None
    limit = _LIMIT.search(call.detail)
    missing = call.detail.removeprefix("lacks ") if call.detail.startswith("lacks ") else ""
    told = evidence.facts if evidence else {}
    known = {
        "app": call.app_id,
        "key": call.key_id,
        "agent": call.agent_id,
        "mint": "agent-key-mint" if agents_own else "key-mint",
        "holder": call.agent_id if agents_own else "-",
        "parent": told.get("parent"),
        "successor": told.get("successor"),
        "ip": call.ip,
        "twice": min(2 * int(limit[1]), MOST_LIMIT) if limit else None,
        "missing": missing,
    }
    return {name: str(value) for name, value in known.items() if value}


def _offer(way: Way, known: Mapping[str, str]) -> Offer | None:
    try:
        names = [name.format_map(known) for name in way.names]
        query = {name: value.format_map(known) for name, value in way.query.items()}
        page = way.page.format_map(known)
    except KeyError:
        return None
    return Offer(way.says, _address(page, names, query), way.posts)


def _address(page: str, names: Sequence[str], query: Mapping[str, str]) -> str:
    """`-` stands for a name that this address does not have."""
    address = reverse(page, args=[name for name in names if name != "-"])
    return f"{address}?{urlencode(query)}" if query else address


def _message(call: Call, fix: Fix, app_name: str, address: str) -> str:
    who = f"{call.key_name or 'A key'} ({call.key_prefix or 'no prefix'})"
    found = f" ({call.detail})" if call.detail else ""
    return (
        f"Ask an admin of {app_name}: {who} called {call.method} {call.path} from {call.ip or 'an unknown address'} "
        f"on {call.at:%-d %b %Y, %H:%M} UTC and was refused with {call.status} {call.code}{found}. "
        f"{fix.says} {address}"
    )
