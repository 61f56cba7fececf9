"""The lifecycle of a key, one verb a function. Pages, APIs and commands call these and decide nothing.

Locks are taken in one order, app, agent, key, children, so that no two verbs wait for each other.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from agents.actions import REVOKE_AGENT
from agents.lifecycle import require_open
from agents.models import Agent, App
from agents.names import parse_name
from audit.actors import Actor
from audit.change import change, hold
from audit.guard import PendingEvent
from core.clock import now
from core.documents import parse_document
from core.errors import Invalid
from core.text import sanitize
from keys import actions, errors, issuing, rules, successors
from keys.delegation import Authority, Grant
from keys.expiry import check_expiry
from keys.models import ApiKey
from keys.networks import Network
from keys.plaintext import Plaintext
from keys.rules import DEFAULT_GRACE
from keys.scopes import ScopeSet


@dataclass(frozen=True, slots=True)
class Minted:
    """A key and its plaintext, which whoever receives this shows once or drops."""

    key: ApiKey
    plaintext: Plaintext


def mint(
    actor: Actor,
    app: App,
    *,
    scopes: ScopeSet,
    name: str = "",
    agent: Agent | None = None,
    kind: str = "",
    networks: Sequence[Network] = (),
    rate_limit_rpm: int | None = None,
    expires_at: datetime | None = None,
    metadata: dict[str, Any] | None = None,
    within: Authority | None = None,
    reason: str = "",
    idempotency_key: str = "",
) -> Minted:
    """A new key of `app`, or of its `agent`. `kind` "agent" without an agent makes one bound to none.

    An agent's key without a name is numbered: refund-agent-3. `idempotency_key` names the form or request it came
    from: a second use mints nothing. What a derived key mints, as `within` says that one does, ends with it.
    Raises Invalid, AppArchived, AgentNotFound, KeyLimitReached, AgentKeyLimitReached, AlreadyMinted,
    NotYoursToGive, KeyEscalation.
    """
    key = ApiKey(
        app=app,
        agent=agent,
        kind=kind or ("agent" if agent else "app"),
        name=parse_name(name) if name or not agent else "",
        scopes=scopes.names(),
        networks=[str(network) for network in networks],
        rate_limit_rpm=rules.parse_rate_limit(rate_limit_rpm),
        expires_at=check_expiry(expires_at),
        metadata=parse_document(metadata or {}, "metadata"),
        idempotency_key=idempotency_key or None,
    )
    if rules.admits_administration(scopes):
        actor.require_fresh()
    with (
        hold(app),
        hold(agent),
        rules.acting(within),
        change(actor, actions.MINT, on=key, reason=reason) as act,
    ):
        _require_mintable(key)
        rules.refuse_unknown_scopes(app, scopes)
        return Minted(key, issuing.issue_within(actor, key, within, act))


def _require_mintable(key: ApiKey) -> None:
    """Raise unless a new key may be added to its app and agent, which are held. An agent's key gets its name."""
    rules.refuse_second_use(key.app, key.idempotency_key or "")
    require_open(key.app)
    if key.agent:
        rules.require_agent(key.app, key.agent)
        key.name = key.name or f"{key.agent.name}-{key.agent.keys.own().count() + 1}"
    rules.require_capacity(key.app, key.agent)


def rename(actor: Actor, key: ApiKey, name: str) -> None:
    """Change what people call `key`. The secret is untouched. Raises Invalid."""
    name = parse_name(name)
    with change(actor, actions.RENAME, on=key):
        if key.name != name:
            key.name = name
            key.save(update_fields=["name"])


def narrow(
    actor: Actor,
    key: ApiKey,
    *,
    scopes: ScopeSet | None = None,
    networks: Sequence[Network] | None = None,
    rate_limit_rpm: int | None = None,
    expires_at: datetime | None = None,
    reason: str = "",
) -> None:
    """Take something away from `key`; None leaves as it is. Its derived keys follow at their next call.

    Raises NotYoursToEnd, NotNarrower if a new value allows anything the old one did not, Invalid, KeyRevoked.
    """
    with change(actor, actions.NARROW, on=key, reason=reason):
        rules.require_endable(actor, key)
        rules.refuse_revoked(key)
        values = rules.narrower(key, scopes, networks, rate_limit_rpm, check_expiry(expires_at))
        fields = [field for field, value in values.items() if getattr(key, field) != value]
        for field in fields:
            setattr(key, field, values[field])
        if fields:
            key.save(update_fields=fields)


def widen(
    actor: Actor,
    key: ApiKey,
    *,
    scopes: ScopeSet,
    networks: Sequence[Network],
    rate_limit_rpm: int | None,
    expires_at: datetime | None,
    reason: str,
) -> None:
    """Give `key` more: every value as it is to be. No `networks`: from anywhere. No `expires_at`: it lives for ever.

    Raises NotWider if a value takes something away, Invalid without a reason, KeyRevoked, KeyEnded, KeyRotated.
    """
    if not reason.strip():
        raise Invalid("reason", "Enter a reason for the new permissions.")
    with change(actor, actions.WIDEN, on=key, reason=reason):
        rules.refuse_widening(key)
        rules.refuse_unknown_scopes(key.app, scopes)
        values = rules.wider(
            key, scopes, networks, rules.parse_rate_limit(rate_limit_rpm), check_expiry(expires_at)
        )
        rules.require_within(actor, None, Grant.of_key(key, scopes))
        fields = [field for field, value in values.items() if getattr(key, field) != value]
        for field in fields:
            setattr(key, field, values[field])
        if fields:
            key.save(update_fields=fields)


def hand_over(
    actor: Actor, key: ApiKey, owner_id: UUID, owner: str, reason: str = "", batch: UUID | None = None
) -> None:
    """Transfer `key`, and what is derived from it, to the user with this id, whom the log calls `owner`.

    `batch`: the event of several at once.
    """
    actor.require(actions.HAND_OVER, key)
    cause = PendingEvent(key, batch) if batch else None
    with change(actor, actions.HAND_OVER, on=key, reason=reason, cause=cause) as act:
        actor.require(actions.HAND_OVER, key)  # by its owner as it is now
        if key.owner_id != owner_id:
            act.note(owner=owner)
            key.owner_id = owner_id
            key.save(update_fields=["owner_id"])
            for child in ApiKey.objects.filter(parent=key).exclude(owner_id=owner_id).order_by("id"):
                with change(actor, actions.HAND_OVER, on=child, reason=reason, cause=act) as event:
                    event.note(owner=owner)
                    child.owner_id = owner_id
                    child.save(update_fields=["owner_id"])


def deprecate(actor: Actor, key: ApiKey, reason: str = "", batch: UUID | None = None) -> None:
    """Deprecate `key`: it works, and every response says so. `batch`: the event of several. Raises KeyRevoked."""
    actor.require(actions.DEPRECATE)
    cause = PendingEvent(key, batch) if batch else None
    with change(actor, actions.DEPRECATE, on=key, reason=reason, cause=cause):
        rules.refuse_revoked(key)
        if key.deprecated_at is None:
            key.deprecated_at = now()
            key.save(update_fields=["deprecated_at"])


def undeprecate(actor: Actor, key: ApiKey, reason: str = "", within: Authority | None = None) -> None:
    """Take the mark away. During grace this cancels the rotation: both keys stay, if there is a place for both.

    To cancel one hands `key` on anew, as rotating does. Raises KeyRevoked, KeyEnded, KeyLimitReached,
    AgentKeyLimitReached, and then NotYoursToGive, or KeyEscalation if a key asks for it that `key` goes beyond;
    SuccessorInUse or SuccessorNotOwn if `key` asks for it itself and did not lose an answer.
    """
    with (
        hold(key.app),
        hold(key.agent),
        rules.acting(within, key),
        change(actor, actions.UNDEPRECATE, on=key, reason=reason),
    ):
        rules.refuse_revoked(key)
        if key.status == "ended":
            raise errors.KeyEnded
        if key.status == "rotating":
            successors.refuse_old_secret(actor, key)
            rules.require_capacity(key.app, key.agent, without=key)
            key.grace_ends_at = None
            rules.require_within(actor, within, Grant.of_key(key))
        if key.deprecated_at is not None:
            key.deprecated_at = key.grace_ends_at = None
            key.save(update_fields=["deprecated_at", "grace_ends_at"])


ROTATION_LOST = (
    "If you did not save the key, open the replacement and rotate it again, or cancel the rotation."
)


def rotate(
    actor: Actor,
    key: ApiKey,
    *,
    grace: timedelta = DEFAULT_GRACE,
    scopes: ScopeSet | None = None,
    within: Authority | None = None,
    reason: str = "",
    idempotency_key: str = "",
) -> Minted:
    """A new secret for `key`, which is nothing that goes beyond `within` if a key asks for it.

    An app or agent key gets a successor with the same scopes and limits, and works on for `grace`
    (0 to 30 days). One whose successor was revoked gets another, and no longer grace. A derived key keeps
    its id and changes its secret at once. Raises KeyRevoked, KeyEnded, KeyRotated, SuccessorInUse,
    SuccessorNotOwn, KeyEscalation, NotYoursToGive, NotYoursToEnd, GraceLimitReached, AlreadyMinted, Invalid.
    """
    rules.check_grace(grace)
    with (
        hold(key.app),
        hold(key.agent),
        rules.acting(within, key),
        change(actor, actions.ROTATE, on=key, reason=reason) as act,
    ):
        rules.refuse_second_use(key.app, idempotency_key, hint=ROTATION_LOST)
        rules.require_lasting(actor, key, grace, scopes)
        rules.refuse_rotation(key, scopes)
        successors.refuse_old_secret(actor, key)
        if scopes is not None and key.scope_set.missing(scopes):
            actor.require_fresh()
        if key.kind == ApiKey.Kind.DERIVED:
            rules.require_within(actor, within, Grant.of_key(key))
            return Minted(key, issuing.replace_secret(key, idempotency_key))
        successor = issuing.successor(key, scopes, idempotency_key)
        successors.require_successor(actor, within, key, Grant.of_key(successor))
        _begin_grace(key, grace)
        with change(actor, actions.ROTATE, on=successor, reason=reason, cause=act):
            secret = issuing.issue(actor, successor)
        act.note(successor=str(successor.id), successor_prefix=successor.prefix)
        return Minted(successor, secret)


def _begin_grace(key: ApiKey, grace: timedelta) -> None:
    """Deprecate a rotated key, and let it work on for `grace`, or until its present grace is over if that is sooner."""
    if grace:
        rules.require_place_in_grace(key.app, key.agent, without=key)
    ends_at = now() + grace
    key.deprecated_at = key.deprecated_at or now()
    key.grace_ends_at = min(ends_at, key.grace_ends_at or ends_at)
    key.save(update_fields=["deprecated_at", "grace_ends_at"])


def derive(
    actor: Actor,
    parent: ApiKey,
    *,
    scopes: ScopeSet,
    expires_in: timedelta,
    within: ScopeSet | None = None,
    networks: Sequence[Network] = (),
    name: str = "",
    metadata: dict[str, Any] | None = None,
) -> Minted:
    """A short-lived key that may do part of what `parent` may, or of `within`, what this caller may of it.

    Lives no longer than its app allows and than its parent; the true end is in `expires_at`. Raises
    ScopeNotSubset, CidrNotSubset, DerivedMayNotDerive, Invalid, KeyRevoked, KeyEnded.
    """
    moment = now()
    key = ApiKey(
        app=parent.app,
        agent=parent.agent,
        parent=parent,
        kind=ApiKey.Kind.DERIVED,
        name=parse_name(name) if name else f"derived-{moment:%Y%m%d-%H%M%S}",
        scopes=scopes.names(),
        metadata=parse_document(metadata or {}, "metadata"),
    )
    with hold(parent.agent), hold(parent), change(actor, actions.DERIVE, on=key) as act:
        rules.require_derivable(parent)
        rules.refuse_unknown_scopes(parent.app, scopes)
        key.networks = [str(network) for network in networks] or parent.networks
        key.expires_at = rules.derived_end(parent, moment, expires_in)
        rules.require_subset(Authority.of_key(parent, within), rules.alone(key))
        act.note(parent=str(parent.id), parent_prefix=parent.prefix)
        return Minted(key, issuing.issue(actor, key))


def revoke(
    actor: Actor,
    key: ApiKey,
    *,
    reason: str = "",
    ticket: str = "",
    force: bool = False,
    within: Authority | None = None,
    batch: UUID | None = None,
) -> UUID | None:
    """End `key` and everything derived from it, now and for ever; the id of the act. Again: nothing happens, None.

    `ticket` is the number under which someone asked for it; `batch` the act that ends several at once.
    Raises LastActiveKey if its agent would be left without a key, unless `force`; KeyEscalation if
    `key` may do more than `within`; SuccessorInUse or SuccessorNotOwn if the key that `key` replaced asks for it, and
    it is not its own lost answer.
    """
    actor.require(actions.REVOKE, key)
    cause = PendingEvent(key, batch) if batch else None
    with hold(key.agent), change(actor, actions.REVOKE, on=key, reason=reason, cause=cause) as act:
        actor.require(actions.REVOKE, key)  # of a batch, too, and by its owner as it is now
        if key.revoked_at is not None:
            return None
        rules.refuse_stronger(key, within)
        successors.refuse_old_secret(actor, key, ending=True)
        if rules.is_last_active(key):
            if not force:
                raise errors.LastActiveKey
            actor.require_fresh()
            act.note(forced=True)
        if ticket:
            act.note(ticket=parse_ticket(ticket))
        _revoke_with_children(actor, key, act, reason)
        return act.id


def parse_ticket(text: str) -> str:
    """The number of a ticket, as someone else's system writes it. Raises Invalid."""
    ticket = text.strip()
    if len(ticket) > 60 or not ticket.isprintable():
        raise Invalid("ticket", "Use at most 60 printable characters.")
    return sanitize(ticket, 60)


def revoke_agent(actor: Actor, agent: Agent, *, reason: str = "") -> UUID | None:
    """End `agent` and all its keys, now and for ever; the id of the act. It stands here because agents know no keys."""
    with change(actor, REVOKE_AGENT, on=agent, reason=reason) as act:
        if agent.revoked_at is not None:
            return None
        agent.revoked_at = now()
        agent.version += 1
        agent.save(update_fields=["revoked_at", "version"])
        for key in agent.keys.filter(revoked_at=None, parent=None).order_by("id"):
            with _revocation(actor, key, act, reason):
                _revoke_with_children(actor, key, act, reason)
        return act.id


def _revoke_with_children(actor: Actor, key: ApiKey, cause: PendingEvent, reason: str) -> None:
    """Revoke `key`, which is being changed, and all keys that depend on it, each with an event that names `cause`."""
    if key.revoked_at is not None:  # by someone else, while we waited for its lock
        return
    key.revoked_at = now()
    key.save(update_fields=["revoked_at"])
    below = ApiKey.objects.filter(Q(parent=key) | Q(enrolled_by=key), revoked_at=None)
    for child in below.order_by("id"):
        with _revocation(actor, child, cause, reason):
            _revoke_with_children(actor, child, cause, reason)


def _revocation(
    actor: Actor, key: ApiKey, cause: PendingEvent, reason: str
) -> AbstractContextManager[PendingEvent]:
    return change(actor, actions.REVOKE, on=key, reason=reason, cause=cause)
