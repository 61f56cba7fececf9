"""Gives keys their secrets: a new row, a successor, a derived key in place. For the verbs of keys/lifecycle.py."""

from uuid import UUID

from django.db import IntegrityError, transaction

from audit.actors import Actor
from audit.guard import PendingEvent
from keys import plaintext, rules
from keys.catalogue.store import catalogue_of
from keys.delegation import Authority, Grant
from keys.models import ApiKey, Pepper
from keys.plaintext import Plaintext
from keys.scopes import ScopeSet


def successor(key: ApiKey, scopes: ScopeSet | None, idempotency_key: str) -> ApiKey:
    return ApiKey(
        app=key.app,
        agent=key.agent,
        enrolled_by=key.enrolled_by,
        replaces=key,
        shared_bucket=key.bucket,
        kind=key.kind,
        name=key.name,
        scopes=key.scopes if scopes is None else scopes.names(),
        networks=key.networks,
        rate_limit_rpm=key.rate_limit_rpm,
        expires_at=key.expires_at,
        metadata=key.metadata,
        idempotency_key=idempotency_key or None,
    )


def issue_within(actor: Actor, key: ApiKey, within: Authority | None, act: PendingEvent) -> Plaintext:
    """Issue a new key that exceeds nothing its maker holds, and ends with its maker if that is a derived key.

    A rate limit of the making key holds for both together, or minting would multiply it.
    """
    rules.require_within(actor, within, Grant.of_key(key))
    if within and within.key and within.own_rate is not None:
        key.shared_bucket = within.key.bucket
    if within and within.key and within.key.above:
        key.enrolled_by = within.key
        act.note(enrolled_by=str(within.key.id), enrolled_by_prefix=within.key.prefix)
    return issue(actor, key)


def issue(actor: Actor, key: ApiKey) -> Plaintext:
    """Give a new row its secret and save it. Raises AlreadyMinted if its form was sent twice at the same moment."""
    secret = plaintext.generate(key.kind)
    _store_secret(key, secret)
    key.scope_version = catalogue_of(key.app).version
    key.minted_by, key.owner_id = actor.label, _owner(actor, key)
    try:
        with transaction.atomic():
            key.save()
    except IntegrityError:
        rules.refuse_second_use(key.app, key.idempotency_key or "")
        raise
    return secret


def _owner(actor: Actor, key: ApiKey) -> UUID | None:
    """The owner of a new key: that of the key it comes from, also if that has none, or the user who mints it."""
    if before := key.replaces or key.parent:
        return before.owner_id
    return UUID(actor.user_id) if actor.user_id else None


def replace_secret(key: ApiKey, idempotency_key: str) -> Plaintext:
    """Give a derived key a new secret in place; the old one stops at once."""
    secret = plaintext.generate(key.kind)
    _store_secret(key, secret)
    key.generation += 1
    key.idempotency_key = idempotency_key or key.idempotency_key
    key.save(update_fields=["prefix", "fingerprint", "digest", "pepper", "generation", "idempotency_key"])
    return secret


def _store_secret(key: ApiKey, secret: Plaintext) -> None:
    key.prefix, key.fingerprint = secret.prefix, secret.fingerprint
    key.digest, key.pepper = secret.digest(), Pepper.note_current()
