"""Edits what a key may do: shows what it would gain and lose, and widens and narrows it in one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import transaction

from agents.errors import StalePage
from audit.actors import Actor
from audit.change import hold
from keys import lifecycle, networks, rules
from keys.catalogue.catalogue import Catalogue
from keys.catalogue.store import catalogue_of
from keys.delegation import Grant
from keys.models import ApiKey
from keys.networks import Network
from keys.scopes import ScopeSet


class Permissions(NamedTuple):
    """The permissions of a key: what widening and narrowing change."""

    scopes: ScopeSet
    networks: tuple[Network, ...]
    """None: from any IP address."""
    rate_limit_rpm: int
    expires_at: datetime | None

    @classmethod
    def from_model(cls, key: ApiKey) -> "Permissions":
        """Those that `key` has now."""
        return cls(key.scope_set, key.network_list, key.rate_limit, key.expires_at)


class Change(NamedTuple):
    """One thing that a key gains or loses."""

    value: str
    label: str
    """What the value is of, or means."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a key would gain and lose."""

    gains: list[Change]
    losses: list[Change]

    def __bool__(self) -> bool:
        return bool(self.gains or self.losses)

    @property
    def digest(self) -> str:
        """Tells whether what is saved is what was shown."""
        return sha256(repr((self.gains, self.losses)).encode()).hexdigest()[:16]


def compare(catalogue: Catalogue, old: Permissions, new: Permissions) -> Difference:
    """What a key with the permissions `old` gains and loses with `new`. `catalogue` is that of its app."""
    gains = [*_added(catalogue, old, new), *_raised(old, new)]
    return Difference(gains, [*_added(catalogue, new, old), *_lowered(old, new)])


def edit(actor: Actor, key: ApiKey, new: Permissions, reason: str, shown: str) -> None:
    """Give `key` the permissions `new`: what it gains by widening, what it loses by narrowing.

    `shown` is the digest of the difference that was shown. Raises StalePage if it is another by now: whatever somebody
    took away meanwhile is not given back unseen. Widening takes a fresh proof and a reason. Raises what
    lifecycle.widen() and lifecycle.narrow() raise.
    """
    with transaction.atomic(), hold(key):
        old = Permissions.from_model(key)
        difference = compare(catalogue_of(key.app), old, new)
        if difference.digest != shown:
            raise StalePage
        if difference.gains:
            between = _union(old, new)
            lifecycle.widen(actor, key, **between._asdict(), reason=reason)
        if difference.losses:
            lifecycle.narrow(actor, key, **_changed(Permissions.from_model(key), new), reason=reason)


def refuse_gains(actor: Actor, key: ApiKey, new: Permissions) -> None:
    """Raise what lifecycle.widen() would raise of `key`, before anything is saved."""
    rules.refuse_widening(key)
    rules.require_within(actor, None, Grant.of_key(key, new.scopes))


def _union(old: Permissions, new: Permissions) -> Permissions:
    """The least that allows what `old` and `new` allow."""
    gained = old.scopes.missing(new.scopes)
    ranges = () if not old.networks or not new.networks else networks.merge(old.networks, new.networks)
    ends = (old.expires_at, new.expires_at)
    return Permissions(
        ScopeSet(tuple(sorted({*old.scopes, *gained}))),
        ranges,
        max(old.rate_limit_rpm, new.rate_limit_rpm),
        None if None in ends else max(end for end in ends if end),
    )


def _changed(old: Permissions, new: Permissions) -> dict[str, Any]:
    """Of `new` what is not in `old`, as keyword arguments of lifecycle.narrow(); None leaves as it is."""
    values = zip(Permissions._fields, old, new, strict=True)
    return {name: None if value == current else value for name, current, value in values}


def _added(catalogue: Catalogue, old: Permissions, new: Permissions) -> Iterator[Change]:
    """Scopes and IP ranges that `new` allows and `old` does not."""
    for scope in old.scopes.missing(new.scopes):
        yield Change(str(scope), catalogue.describe(scope))
    if old.networks and not new.networks:
        yield Change("Any IP address", "Allowed IPs")
    for network in new.networks:
        if old.networks and not networks.covers(old.networks, (network,)):
            yield Change(str(network), "Allowed IPs")


def _raised(old: Permissions, new: Permissions) -> Iterator[Change]:
    if new.rate_limit_rpm > old.rate_limit_rpm:
        yield _rate(old, new)
    if old.expires_at and (new.expires_at is None or new.expires_at > old.expires_at):
        yield _expiry(new)


def _lowered(old: Permissions, new: Permissions) -> Iterator[Change]:
    if new.rate_limit_rpm < old.rate_limit_rpm:
        yield _rate(old, new)
    if new.expires_at and (old.expires_at is None or new.expires_at < old.expires_at):
        yield _expiry(new)


def _rate(old: Permissions, new: Permissions) -> Change:
    return Change(f"{old.rate_limit_rpm:,} to {new.rate_limit_rpm:,}", "Requests per minute")


def _expiry(new: Permissions) -> Change:
    return Change(f"{new.expires_at:%-d %b %Y, %H:%M} UTC" if new.expires_at else "Never", "Expires")
