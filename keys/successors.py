"""What the old secret of a rotated key may still do to what took its place: mend a lost answer, and nothing else."""

from collections.abc import Iterator
from uuid import UUID

from audit.actors import Actor
from audit.models import Event
from audit.search.usage import use_of
from keys import errors, rules
from keys.delegation import Authority, Grant
from keys.models import ApiKey


def refuse_old_secret(actor: Actor, key: ApiKey, *, ending: bool = False) -> None:
    """Raise unless a key in grace that acts on `key`, itself or a later one of its line, mends an answer it lost.

    It may if it made the successor itself, nobody else has touched that since, and nobody has called with it. In every
    other case the old secret is in hands that it should have left. To end itself (`ending`) it may always. Raises
    SuccessorNotOwn, SuccessorInUse.
    """
    if actor.kind != "key":
        return
    for old in _rotated(UUID(actor.id)):
        if (old == key and not ending) or old.pk in _replaced_by(key):
            _refuse_unless_lost(actor, old)


def require_successor(actor: Actor, authority: Authority | None, key: ApiKey, grant: Grant) -> None:
    """Raise KeyEscalation or NotYoursToGive if the new secret of `key`, worth `grant`, is more than may be handed on.

    A key in grace ends with it, and so hands on nothing that outlives it; but the successor whose answer it lost was
    worth more than itself, and another in its place may be worth as much as that.
    """
    if authority and authority.key == key and key.grace_ends_at and (newest := _newest(key)):
        authority = Authority.of_key(newest, authority.scopes)
    rules.require_within(actor, authority, grant)


def _refuse_unless_lost(actor: Actor, old: ApiKey) -> None:
    if (newest := _newest(old)) is None:
        return
    events = Event.objects.filter(key_id=newest.pk)
    own_events = events.filter(actor_kind="key", actor_id=actor.id)
    if not own_events.exists() or own_events.count() != events.count():
        raise errors.SuccessorNotOwn
    if use_of(newest.pk):
        raise errors.SuccessorInUse


def _rotated(key_id: UUID) -> list[ApiKey]:
    """The key that acts and those it stands on, if they are in grace."""
    rotated: list[ApiKey] = []
    key = ApiKey.objects.with_kin().filter(pk=key_id).first()
    while key:
        rotated += [key] if key.grace_ends_at else []
        key = key.above
    return rotated


def _newest(key: ApiKey) -> ApiKey | None:
    return key.successors.with_kin().order_by("-created_at", "-id").first()


def _replaced_by(key: ApiKey) -> Iterator[UUID]:
    """The keys in whose place `key` came, the latest first."""
    before = key.replaces
    while before:
        yield before.pk
        before = before.replaces
