"""What a verb makes sure of before it acts. Each raises the refusal that says what to do instead."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from agents.errors import AgentNotFound
from agents.lifecycle import require_alive
from agents.models import MAX_RATE_LIMIT_RPM, Agent, App
from audit.actors import Actor
from audit.change import hold
from core.errors import Invalid, Refusal
from keys import actions, errors
from keys.admission import call_errors
from keys.catalogue.store import catalogue_of
from keys.delegation import Authority, Excess, Fences, Grant, within
from keys.models import ApiKey
from keys.networks import Network
from keys.scopes import Scope, ScopeSet

MAX_GRACE = timedelta(days=30)
DEFAULT_GRACE = timedelta(days=7)


@contextmanager
def acting(authority: Authority | None, *on: ApiKey) -> Iterator[None]:
    """Hold the key that acts, if one does, and the keys it acts `on`: older ones first, as every verb does.

    Raises InvalidKey if the acting key has ended since its call was let in.
    """
    acting_key = authority.key if authority else None
    with ExitStack() as locks:
        for key in sorted({key.pk: key for key in (acting_key, *on) if key}.values(), key=lambda key: key.pk):
            locks.enter_context(hold(key))
        if acting_key and not acting_key.is_active:
            raise call_errors.InvalidKey
        yield


def refuse_unknown_scopes(app: App, scopes: ScopeSet) -> None:
    """Raise UnknownScope if the catalogue of `app`, which is held, does not have one of `scopes` any more."""
    catalogue = catalogue_of(app)
    if unknown := catalogue.unknown(scopes):
        raise catalogue.unknown_scope(unknown)


def parse_rate_limit(calls: int | None) -> int | None:
    """Calls a minute, 1 to 100000; None for the app's own limit. Raises Invalid."""
    if calls is not None and not 1 <= calls <= MAX_RATE_LIMIT_RPM:
        raise Invalid("rate_limit_rpm", f"Choose 1 to {MAX_RATE_LIMIT_RPM:,} requests per minute.")
    return calls


def check_grace(grace: timedelta) -> None:
    """Raise Invalid unless `grace` is 0 to 30 days."""
    if not timedelta(0) <= grace <= MAX_GRACE:
        raise Invalid("grace", "Choose a grace period of 0 to 30 days.")


def require_lasting(actor: Actor, key: ApiKey, grace: timedelta, scopes: ScopeSet | None) -> None:
    """Raise NotYoursToEnd if rotating ends or lessens the use of a key that `actor` may not revoke."""
    is_lasting = grace >= DEFAULT_GRACE and key.kind != ApiKey.Kind.DERIVED
    is_whole = scopes is None or not scopes.missing(key.scope_set)
    if not (is_lasting and is_whole):
        require_endable(actor, key)


def require_endable(actor: Actor, key: ApiKey) -> None:
    """Raise NotYoursToEnd if `key` has an owner and `actor` may not revoke it: to lessen its use needs as much.

    A key that acts is judged by what it holds: keys/delegation.py.
    """
    if actor.kind != "key" and key.owner_id and not actor.may(actions.REVOKE, key):
        raise errors.NotYoursToEnd


def refuse_second_use(app: App, idempotency_key: str, *, hint: str = "") -> None:
    """Raise AlreadyMinted if the form `idempotency_key` has made a key; `hint` is the way on if it was not kept."""
    if idempotency_key and (
        existing := ApiKey.objects.filter(app=app, idempotency_key=idempotency_key).first()
    ):
        raise errors.AlreadyMinted(hint=hint, key_id=str(existing.id))


def require_capacity(app: App, agent: Agent | None, without: ApiKey | None = None) -> None:
    """Raise KeyLimitReached or AgentKeyLimitReached if there is no room for one more beside those that live.

    `without` is an active key that does not count: the one that is to stay. The caller holds both.
    """
    beside = ~Q(pk=without.pk) if without else Q()
    if app.keys.own().active().filter(beside).count() >= app.max_keys:
        raise errors.KeyLimitReached(limit=app.max_keys)
    if agent and agent.keys.own().active().filter(beside).count() >= app.max_keys_per_agent:
        raise errors.AgentKeyLimitReached(limit=app.max_keys_per_agent)


def require_place_in_grace(app: App, agent: Agent | None, without: ApiKey | None = None) -> None:
    """Raise GraceLimitReached if as many keys are in grace as may be: as many as may live. The caller holds both.

    Rotating needs no place under the limit, or nobody could rotate at the limit. So at most twice the limit works.
    `without` is a key that may be in grace already.
    """
    beside = ~Q(pk=without.pk) if without else Q()
    if app.keys.own().in_grace().filter(beside).count() >= app.max_keys:
        raise errors.GraceLimitReached(limit=app.max_keys)
    if agent and agent.keys.own().in_grace().filter(beside).count() >= app.max_keys_per_agent:
        raise errors.GraceLimitReached(
            "Limit of rotating keys of this agent reached.", limit=app.max_keys_per_agent
        )


def require_agent(app: App, agent: Agent) -> None:
    """Raise AgentNotFound unless `agent` is not revoked and belongs to `app`."""
    if agent.app_id != app.id:
        raise AgentNotFound
    require_alive(agent)


def refuse_revoked(key: ApiKey) -> None:
    """Raise KeyRevoked if `key` is in its final state."""
    if key.revoked_at is not None:
        raise errors.KeyRevoked


def refuse_rotation(key: ApiKey, scopes: ScopeSet | None) -> None:
    """Raise KeyRevoked, KeyEnded or KeyRotated if `key` is past a new secret, Invalid if it takes no `scopes`."""
    if key.parent_id and scopes is not None:
        raise Invalid("scopes", "Rotating does not change the scopes of a derived key. Narrow it instead.")
    refuse_revoked(key)
    if not key.is_active:
        raise errors.KeyEnded
    if key.grace_ends_at is not None and (successor := key.active_successor()):
        raise errors.KeyRotated.by(key, successor)


def require_within(actor: Actor, authority: Authority | None, grant: Grant) -> None:
    """Raise KeyEscalation, or NotYoursToGive for people, if `grant` is more than whoever acts may hand on.

    `authority` is that of the key that acts, which is held; None: a person, or the shell, acts.
    """
    if authority is None:
        require(Authority.of_actor(actor), grant)
    elif excess := within(authority.renewed(), grant):
        raise escalation(excess)


def require_resumable(actor: Actor, authority: Authority, agent: Agent) -> None:
    """Raise KeyEscalation if `agent` is suspended and one of its keys may do more than the key that would resume it.

    The caller holds the agent.
    """
    if agent.suspended_at is not None:
        for key in agent.keys.own().active().with_kin():
            require_within(actor, authority, Grant.of_key(key))


def require(authority: Authority, grant: Grant) -> None:
    """Raise NotYoursToGive if `grant` is more than a person with this `authority` holds."""
    if excess := within(authority, grant):
        message = f"You cannot grant {excess.says}: you do not have it."
        if excess.what == "app":
            message = "You have this permission on one app only, so you cannot grant it on others."
        raise errors.NotYoursToGive(message, missing=list(excess.missing))


def escalation(excess: Excess) -> Refusal:
    """A key's way of hearing that it would hand on more than it has."""
    return errors.KeyEscalation(missing=list(excess.missing), exceeds=excess.what)


def refuse_stronger(key: ApiKey, authority: Authority | None) -> None:
    """Raise KeyEscalation if `key`, unless it is the acting key itself, holds a scope that `authority` lacks.

    Ending a key hands nothing on, so place, rate and time are not asked for.
    """
    if authority is None or authority.key == key:
        return
    if excess := within(Authority(scopes=authority.scopes), Grant(scopes=key.scope_set)):
        raise escalation(excess)


def is_last_active(key: ApiKey) -> bool:
    """Whether `key` is the one active key its agent has left. The caller holds the agent."""
    if key.agent is None or key.parent_id or not key.is_active or key.agent.revoked_at:
        return False
    return not key.agent.keys.own().active().exclude(pk=key.pk).exists()


def narrower(
    key: ApiKey,
    scopes: ScopeSet | None,
    ranges: Sequence[Network] | None,
    rate_limit_rpm: int | None,
    expires_at: datetime | None,
) -> dict[str, Any]:
    """The new column values, after making sure that none of them allows more. Raises NotNarrower."""
    if parse_rate_limit(rate_limit_rpm) is not None and key.above:
        raise errors.NotNarrower(
            "rate_limit_rpm", "This key shares the rate limit of its parent. Change that one instead."
        )
    current = alone(key)
    new = Grant(
        current.scopes if scopes is None else scopes,
        fences=current.fences if ranges is None else fence(ranges),
        rate=current.rate if rate_limit_rpm is None else rate_limit_rpm,
        ends=current.ends if expires_at is None else expires_at,
    )
    _no_wider(Authority(current.scopes, fences=current.fences, rate=current.rate, ends=current.ends), new)
    values = {
        "scopes": None if scopes is None else scopes.names(),
        "networks": None if ranges is None else [str(network) for network in ranges],
        "rate_limit_rpm": rate_limit_rpm,
        "expires_at": expires_at,
    }
    return {field: value for field, value in values.items() if value is not None}


def _no_wider(current: Authority, grant: Grant) -> None:
    """Raise NotNarrower, which names the value, if `grant` allows what was not `current` before."""
    excess = within(current, grant)
    messages = {
        "scopes": "The key does not have {}. Narrowing can only remove.",
        "networks": "Choose ranges inside {}.",
        "rate_limit_rpm": "Choose at most {}, the current limit.",
        "expires_at": "Choose a time no later than the current expiry, {}.",
    }
    if excess:
        raise errors.NotNarrower(excess.what, messages[excess.what].format(excess.says))


def wider(
    key: ApiKey,
    scopes: ScopeSet,
    ranges: Sequence[Network],
    rate_limit_rpm: int | None,
    expires_at: datetime | None,
) -> dict[str, Any]:
    """The new column values, after making sure that none of them takes anything away. Raises NotWider."""
    rate = key.rate_limit if rate_limit_rpm is None else rate_limit_rpm  # none of its own: its app's
    after = Authority(scopes, fences=fence(ranges), rate=rate, ends=expires_at)
    if excess := within(after, alone(key)):
        messages = {
            "scopes": f"The key has {excess.says}. Widening can only add.",
            "networks": f"Keep {', '.join(key.networks) or 'all IP addresses allowed'}.",
            "rate_limit_rpm": f"Choose at least {key.rate_limit}, the current limit.",
            "expires_at": "Choose a time no earlier than the current expiry.",
        }
        raise errors.NotWider(excess.what, messages[excess.what])
    return {
        "scopes": scopes.names(),
        "networks": [str(network) for network in ranges],
        "rate_limit_rpm": key.rate_limit_rpm if rate_limit_rpm == key.rate_limit else rate_limit_rpm,
        "expires_at": expires_at,
    }


def alone(key: ApiKey) -> Grant:
    """What `key` is worth by its own columns, whatever it stands on."""
    fences = fence(key.network_list)
    return Grant(key.scope_set, app_id=key.app_id, fences=fences, rate=key.rate_limit, ends=key.expires_at)


def fence(ranges: Sequence[Network]) -> Fences:
    """Ranges as one fence; none of them: no fence."""
    return (tuple(ranges),) if ranges else ()


def refuse_widening(key: ApiKey) -> None:
    """Raise KeyRevoked, KeyEnded, KeyRotated or Invalid unless `key` may be given more."""
    refuse_revoked(key)
    if key.parent_id:
        raise Invalid("scopes", "A derived key cannot be widened. Derive another.")
    if key.enrolled_by_id:
        raise Invalid("scopes", "A key that was minted with a derived key cannot be widened. Mint another.")
    if not key.is_active:
        raise errors.KeyEnded
    if key.grace_ends_at is not None:
        successor = key.active_successor()
        raise errors.KeyRotated.by(key, successor) if successor else errors.KeyRotated


def admits_administration(scopes: ScopeSet) -> bool:
    """Whether a key with `scopes` may administer more than its own keys, which every agent's key may."""
    return any(scope.verb == "admin" and scope.resource != "keys" for scope in scopes)


def require_derivable(parent: ApiKey) -> None:
    """Raise unless `parent` may hand out a narrower key now. The caller holds it."""
    refuse_revoked(parent)
    if not parent.is_active:
        raise errors.KeyEnded
    if parent.above or not parent.scope_set.covers(Scope("keys", "derive")):
        raise call_errors.InsufficientScope(
            required=["keys:derive"],
            granted=parent.scopes,
            missing=["keys:derive"],
            scope_version=parent.scope_version,
            current_scope_version=catalogue_of(parent.app).version,
        )


def require_subset(authority: Authority, grant: Grant) -> None:
    """Raise unless a derived key, worth `grant`, lies inside what this caller of its parent may do."""
    if any((scope.resource, scope.verb) == ("keys", "derive") for scope in grant.scopes):
        raise errors.DerivedMayNotDerive("scopes", "A derived key cannot derive. Remove keys:derive.")
    if (excess := within(authority, grant)) is None:
        return
    if excess.what == "scopes":
        raise errors.ScopeNotSubset("scopes", f"The caller does not have {excess.says}.")
    if excess.what == "networks":
        raise errors.CidrNotSubset("networks", f"Choose ranges inside {excess.says}.")
    raise escalation(excess)


def derived_end(parent: ApiKey, moment: datetime, lifetime: timedelta) -> datetime:
    """When a key derived now ends: after `lifetime` or what its app allows, and before its parent. Raises Invalid."""
    if lifetime <= timedelta(0):
        raise Invalid("expires_in", "Choose at least one second.")
    longest = timedelta(hours=parent.app.max_derived_hours)
    ends = (moment + min(lifetime, longest), parent.expires_at, parent.grace_ends_at)
    return min(end for end in ends if end is not None)
