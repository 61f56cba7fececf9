"""The delegation law: what someone hands on is within what they hold. One function, within(), decides for every verb.

Two currencies: a key hands on scopes, bounded in place, rate and time; a person, or their access token, hands on
permissions, which hold on one app or on every app. Mint, derive, enrol, rotate, narrow, widen, undeprecate, invite,
join, change of role, token and authorize all ask here, and say no in words of their own.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Literal, Self
from uuid import UUID

from audit.actors import EVERYTHING, Actor
from keys import networks
from keys.models import ApiKey
from keys.networks import Network
from keys.scopes import Scope, ScopeSet

Fences = tuple[tuple[Network, ...], ...]
"""Lists of ranges; a caller must be in one range of each. None at all: from anywhere."""
NOTHING = ScopeSet(())
OPENS = {
    "agents:read": "dashboard_agents:read",
    "agents:write": "dashboard_agents:write",
    "agents:admin": "dashboard_agents:write",
}
"""Scopes by which a key does what a person needs a permission for, beyond that of handling keys.

Whatever its kind: here an agent's key manages no agents, but a service that asks /verify for these scopes lets it."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What somebody holds. None: without bounds. `app_id` is the one app that `permissions` hold on."""

    scopes: ScopeSet | None = None
    permissions: Container[str] = EVERYTHING
    app_id: UUID | None = None
    fences: Fences = ()
    rate: int | None = None
    ends: datetime | None = None
    key: ApiKey | None = None
    """The key that acts, if one does: it must still live when the act is done."""

    @classmethod
    def of_actor(cls, actor: Actor) -> Self:
        """A person's or an access token's: their permissions. The shell and the portal itself may do everything."""
        if actor.kind == "key":
            raise TypeError("a key's authority is that of its row: Authority.of_key()")
        return cls(permissions=actor.permissions, app_id=actor.app_id)

    @classmethod
    def of_key(cls, key: ApiKey, content_with: ScopeSet | None = None) -> Self:
        """What a call with `key` may do, if it is content with some scopes: no more than any key it stands on."""
        grant = Grant.of_key(key)
        scopes = grant.scopes if content_with is None else grant.scopes.meet(content_with)
        return cls(scopes, app_id=key.app_id, fences=grant.fences, rate=grant.rate, ends=grant.ends, key=key)

    def renewed(self) -> "Authority":
        """The same by the acting key's row as it is now: it may have been narrowed since its call was let in."""
        return Authority.of_key(self.key, self.scopes) if self.key else self

    @property
    def own_rate(self) -> int | None:
        """Calls a minute that were set for the key that acts, or for the first of its line; None: its app's."""
        return self.key.root.rate_limit_rpm if self.key else None

    @property
    def reach(self) -> tuple[Network, ...]:
        """The ranges it reaches from. Nothing: from anywhere, or, behind fences that share no address, nowhere."""
        return _reach(self.fences)


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody wishes to hand on. None: without bounds."""

    scopes: ScopeSet = NOTHING
    permissions: frozenset[str] = frozenset()
    app_id: UUID | None = None
    fences: Fences = ()
    rate: int | None = None
    ends: datetime | None = None

    @classmethod
    def of_key(cls, key: ApiKey, scopes: ScopeSet | None = None) -> Self:
        """What whoever has the secret of `key` can do with it, if it holds `scopes` instead of its own."""
        line = list(_line(key))
        scope_sets = [
            scopes if scopes is not None else key.scope_set,
            *(each_key.scope_set for each_key in line[1:]),
        ]
        ends = [end for each_key in line for end in (each_key.expires_at, each_key.grace_ends_at) if end]
        effective = reduce(ScopeSet.meet, scope_sets[1:], scope_sets[0])
        return cls(
            scopes=effective,
            permissions=opened_by(effective),
            app_id=key.app_id,
            fences=tuple(each_key.network_list for each_key in line if each_key.networks),
            rate=key.rate_limit,
            ends=min(ends, default=None),
        )


What = Literal["permissions", "app", "scopes", "networks", "rate_limit_rpm", "expires_at"]


@dataclass(frozen=True, slots=True)
class Excess:
    """The first thing in which a grant goes beyond an authority."""

    what: What
    says: str
    missing: tuple[str, ...] = ()
    """The scopes or permissions that are not held."""


def within(authority: Authority, grant: Grant) -> Excess | None:
    """The first thing by which `grant` is more than `authority`; None if it is within it in every way."""
    if authority.app_id is not None and grant.app_id != authority.app_id:
        return Excess("app", "that is held on one app only")
    if missing := tuple(
        sorted(permission for permission in grant.permissions if permission not in authority.permissions)
    ):
        return Excess("permissions", ", ".join(missing), missing)
    if authority.scopes is not None and (more := authority.scopes.missing(grant.scopes)):
        return Excess("scopes", str(more), tuple(more.names()))
    for fence in authority.fences:
        if not grant.fences or not networks.covers(fence, _reach(grant.fences)):
            return Excess("networks", ", ".join(map(str, fence)))
    if authority.rate is not None and (grant.rate is None or grant.rate > authority.rate):
        return Excess("rate_limit_rpm", f"{authority.rate} calls a minute")
    if authority.ends is not None and (grant.ends is None or grant.ends > authority.ends):
        return Excess("expires_at", f"{authority.ends:%Y-%m-%d %H:%M} UTC")
    return None


def opened_by(scopes: ScopeSet) -> frozenset[str]:
    """The permissions that a person needs for what an a key with `scopes` may do to agents."""
    return frozenset(needed for name, needed in OPENS.items() if _touches(scopes, name))


def _touches(scopes: ScopeSet, name: str) -> bool:
    """Whether one of `scopes` covers `name`, for one agent or for all."""
    wanted = Scope.from_name(name)
    return any(scope.covers(wanted.of(scope.instance)) for scope in scopes)


def _line(key: ApiKey) -> Iterator[ApiKey]:
    """`key`, and all that it stands on."""
    above: ApiKey | None = key
    while above:
        yield above
        above = above.above


def _reach(fences: Fences) -> tuple[Network, ...]:
    return reduce(networks.meet, fences) if fences else ()
