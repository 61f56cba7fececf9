"""What a verb makes sure of before it acts. Each raises the refusal that says what to do instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agents.lifecycle import require_alive
from agents.models import MOST_CALLS_A_MINUTE, Agent, App
from agents.refusals import AgentNotFound
from audit.refusals import Invalid
from keys import networks, refusals
from keys.models import ApiKey
from keys.networks import Network
from keys.scopes import VERSION, Scope, ScopeSet

LONGEST_GRACE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Means:
    """What a key that acts may do itself. It may not come by more through another key."""

    key_id: UUID
    scopes: ScopeSet
    networks: Sequence[Network] = ()
    ends: datetime | None = None


def parse_rate_limit(calls: int | None) -> int | None:
    """Calls a minute, 1 to 100000; None for the app's own limit. Raises Invalid."""
    if calls is not None and not 1 <= calls <= MOST_CALLS_A_MINUTE:
        raise Invalid("rate_limit_rpm", f"Choose from 1 to {MOST_CALLS_A_MINUTE:,} calls a minute.")
    return calls


def check_grace(grace: timedelta) -> None:
    """Raise Invalid unless `grace` is 0 to 30 days."""
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        raise Invalid("grace", "Choose a grace period from none to 30 days.")


def refuse_second_use(app: App, once: str) -> None:
    """Raise AlreadyMinted if the form `once` has made a key."""
    if once and (made := ApiKey.objects.filter(app=app, once=once).first()):
        raise refusals.AlreadyMinted(key_id=str(made.id))


def require_place(app: App, agent: Agent | None) -> None:
    """Raise KeyLimitReached or AgentKeyLimitReached if there is no room for one more. The caller holds both."""
    if app.keys.own().living().count() >= app.max_keys:
        raise refusals.KeyLimitReached(limit=app.max_keys)
    if agent and agent.keys.own().filter(revoked_at=None).count() >= app.max_keys_per_agent:
        raise refusals.AgentKeyLimitReached(limit=app.max_keys_per_agent)


def require_agent(app: App, agent: Agent) -> None:
    """Raise AgentNotFound unless `agent` lives, and in `app`."""
    if agent.app_id != app.id:
        raise AgentNotFound
    require_alive(agent)


def refuse_revoked(key: ApiKey) -> None:
    """Raise KeyRevoked if `key` is in its final state."""
    if key.revoked_at is not None:
        raise refusals.KeyRevoked


def refuse_rotation(key: ApiKey, scopes: ScopeSet | None) -> None:
    """Raise KeyRevoked, KeyEnded or KeyRotated if `key` is past a new secret, Invalid if it takes no `scopes`."""
    if key.parent_id and scopes is not None:
        raise Invalid("scopes", "A derived key keeps its scopes. Narrow it instead.")
    refuse_revoked(key)
    if not key.is_living:
        raise refusals.KeyEnded
    if key.grace_ends_at is not None:
        raise refusals.KeyRotated


def refuse_stronger(key: ApiKey, within: Means | None) -> None:
    """Raise KeyEscalation if `key`, unless it is the acting key itself, holds a scope that `within` lacks."""
    if within is None or within.key_id == key.id:
        return
    if more := within.scopes.missing(key.scope_set):
        raise refusals.KeyEscalation(missing=more.names())


def refuse_escalation(key: ApiKey, within: Means | None) -> None:
    """Raise KeyEscalation if a new secret of `key` would be worth more than `within`: scopes, reach or life."""
    if within is None:
        return
    more = within.scopes.missing(key.scope_set)
    farther = within.networks and not (key.networks and networks.covers(within.networks, key.network_list))
    longer = within.ends and (key.expires_at is None or key.expires_at > within.ends)
    if more or (within.key_id != key.id and (farther or longer)):
        raise refusals.KeyEscalation(missing=more.names())


def is_last_active(key: ApiKey) -> bool:
    """Whether `key` is the one living key its agent has left. The caller holds the agent."""
    if key.agent is None or key.parent_id or not key.is_living or key.agent.revoked_at:
        return False
    return not key.agent.keys.own().living().exclude(pk=key.pk).exists()


def narrower(
    key: ApiKey,
    scopes: ScopeSet | None,
    ranges: Sequence[Network] | None,
    rate_limit_rpm: int | None,
    expires_at: datetime | None,
) -> dict[str, Any]:
    """The new column values, after making sure that none of them allows more. Raises NotNarrower."""
    wanted: dict[str, Any] = {}
    if scopes is not None:
        wanted["scopes"] = _narrower_scopes(key, scopes).names()
    if ranges is not None:
        wanted["networks"] = [str(network) for network in _narrower_networks(key, ranges)]
    if parse_rate_limit(rate_limit_rpm) is not None:
        wanted["rate_limit_rpm"] = _narrower_rate(key, rate_limit_rpm)
    if expires_at is not None:
        wanted["expires_at"] = _narrower_end(key, expires_at)
    return wanted


def _narrower_scopes(key: ApiKey, scopes: ScopeSet) -> ScopeSet:
    if more := key.scope_set.missing(scopes):
        raise refusals.NotNarrower("scopes", f"The key does not hold {more}; narrowing only takes away.")
    return scopes


def _narrower_networks(key: ApiKey, ranges: Sequence[Network]) -> Sequence[Network]:
    if key.networks and (not ranges or not networks.covers(key.network_list, ranges)):
        raise refusals.NotNarrower("networks", f"Stay inside {', '.join(key.networks)}.")
    return ranges


def _narrower_rate(key: ApiKey, rate_limit_rpm: int | None) -> int | None:
    if key.parent_id:
        raise refusals.NotNarrower("rate_limit_rpm", "A derived key spends its parent's calls: narrow that.")
    if rate_limit_rpm and rate_limit_rpm > key.rate_limit:
        raise refusals.NotNarrower("rate_limit_rpm", f"It has {key.rate_limit} a minute; choose no more.")
    return rate_limit_rpm


def _narrower_end(key: ApiKey, expires_at: datetime) -> datetime:
    if key.expires_at and expires_at > key.expires_at:
        raise refusals.NotNarrower("expires_at", "Choose no later moment than the present one.")
    return expires_at


def wider(
    key: ApiKey,
    scopes: ScopeSet,
    ranges: Sequence[Network],
    rate_limit_rpm: int | None,
    expires_at: datetime | None,
) -> dict[str, Any]:
    """The new column values, after making sure that none of them takes anything away. Raises NotWider."""
    if less := scopes.missing(key.scope_set):
        raise refusals.NotWider(
            "scopes", f"It holds {less} now. Widening only adds; to take away, narrow it."
        )
    if ranges and not (key.networks and networks.covers(ranges, key.network_list)):
        raise refusals.NotWider("networks", f"Keep {', '.join(key.networks) or 'it open to every address'}.")
    if rate_limit_rpm is not None and rate_limit_rpm < key.rate_limit:
        raise refusals.NotWider("rate_limit_rpm", f"It has {key.rate_limit} a minute; choose no fewer.")
    if expires_at is not None and (key.expires_at is None or expires_at < key.expires_at):
        raise refusals.NotWider("expires_at", "Choose no earlier moment than the present one.")
    return {
        "scopes": scopes.names(),
        "networks": [str(network) for network in ranges],
        "rate_limit_rpm": key.rate_limit_rpm if rate_limit_rpm == key.rate_limit else rate_limit_rpm,
        "expires_at": expires_at,
    }


def refuse_widening(key: ApiKey) -> None:
    """Raise KeyRevoked, KeyEnded, KeyRotated or Invalid unless `key` may be given more."""
    refuse_revoked(key)
    if key.parent_id:
        raise Invalid("scopes", "A derived key holds what its parent handed it. Derive another.")
    if not key.is_living:
        raise refusals.KeyEnded
    if key.grace_ends_at is not None:
        raise refusals.KeyRotated


def admits_administration(scopes: ScopeSet) -> bool:
    """Whether a key with `scopes` may administer more than its own keys, which every agent's key may."""
    return any(scope.verb == "admin" and scope.resource != "keys" for scope in scopes)


def require_derivable(parent: ApiKey) -> None:
    """Raise unless `parent` may hand out a narrower key now. The caller holds it."""
    refuse_revoked(parent)
    if not parent.is_living:
        raise refusals.KeyEnded
    if parent.parent_id or not parent.scope_set.covers(Scope("keys", "derive")):
        raise refusals.InsufficientScope(
            required=["keys:derive"],
            granted=parent.scopes,
            missing=["keys:derive"],
            scope_version=parent.scope_version,
            current_scope_version=VERSION,
        )


def require_subset(
    parent: ApiKey, scopes: ScopeSet, within: ScopeSet | None, ranges: Sequence[Network]
) -> None:
    """Raise unless `scopes` and `ranges` lie inside what the parent, or this caller of it, may."""
    if any((scope.resource, scope.verb) == ("keys", "derive") for scope in scopes):
        raise refusals.DerivedMayNotDerive("scopes", "A derived key cannot derive: leave out keys:derive.")
    held = parent.scope_set.meet(within) if within is not None else parent.scope_set
    if more := held.missing(scopes):
        raise refusals.ScopeNotSubset("scopes", f"The caller does not hold {more}.")
    if parent.networks and ranges and not networks.covers(parent.network_list, ranges):
        raise refusals.CidrNotSubset("networks", f"Stay inside {', '.join(parent.networks)}.")


def derived_end(parent: ApiKey, moment: datetime, lifetime: timedelta) -> datetime:
    """When a key derived now ends: after `lifetime` or what its app allows, and before its parent. Raises Invalid."""
    if lifetime <= timedelta(0):
        raise Invalid("expires_in", "Choose at least one second.")
    longest = timedelta(hours=parent.app.max_derived_hours)
    ends = (moment + min(lifetime, longest), parent.expires_at, parent.grace_ends_at)
    return min(end for end in ends if end is not None)
