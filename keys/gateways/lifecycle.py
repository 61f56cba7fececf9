"""The life of a gateway: created, rotated, retired."""

import re
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from audit.actors import Actor
from audit.change import change
from core.clock import now
from core.errors import Invalid
from keys import plaintext
from keys.gateways import actions
from keys.gateways.directory import directory
from keys.gateways.errors import GatewayExists, GatewayNotFound
from keys.gateways.models import Gateway, GatewayUse
from keys.models import Pepper
from keys.plaintext import Plaintext

OVERLAP = timedelta(hours=1)
MAX_OVERLAP = timedelta(days=30)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A gateway and the secret it was given, to be taken once."""

    gateway: Gateway
    plaintext: Plaintext


def find(name: str) -> Gateway:
    """The gateway in use by this name. Raises GatewayNotFound."""
    gateway = Gateway.objects.filter(name=name, retired_at=None).first()
    if gateway is None:
        raise GatewayNotFound
    return gateway


def create(actor: Actor, name: str, pair: str) -> Issued:
    """A new gateway that writes the `pair` of headers, "original" or "forwarded". Raises Invalid, GatewayExists."""
    if not _NAME.fullmatch(name):
        raise Invalid("name", "Use 1 to 40 lower-case letters, digits and hyphens, beginning with no hyphen.")
    if pair not in Gateway.Pair.values:
        raise Invalid("pair", "Say original or forwarded.")
    gateway, secret = Gateway(name=name, pair=pair), plaintext.generate("gateway")
    try:
        with change(actor, actions.CREATE, on=gateway):
            _give(gateway, secret)
            gateway.save(force_insert=True)
            transaction.on_commit(directory.forget)
    except IntegrityError:
        raise GatewayExists from None
    return Issued(gateway, secret)


def rotate(actor: Actor, gateway: Gateway, *, overlap: timedelta = OVERLAP) -> Issued:
    """Give `gateway` a new secret; the one it has is taken for `overlap` longer, and no other.

    Raises Invalid, GatewayNotFound.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise Invalid("overlap", f"Take at most {MAX_OVERLAP.days} days.")
    secret = plaintext.generate("gateway")
    with change(actor, actions.ROTATE, on=gateway):
        _require_in_use(gateway)
        gateway.previous_digest, gateway.previous_pepper = gateway.digest, gateway.pepper
        gateway.rotated_at = now()
        gateway.previous_ends_at = gateway.rotated_at + overlap
        _give(gateway, secret)
        gateway.save()
        GatewayUse.objects.filter(gateway=gateway).update(previous_seen_at=F("seen_at"), seen_at=None)
        transaction.on_commit(directory.forget)
    return Issued(gateway, secret)


def retire(actor: Actor, gateway: Gateway) -> None:
    """End `gateway`: neither of its secrets counts any more. That is final. Raises GatewayNotFound."""
    with change(actor, actions.RETIRE, on=gateway):
        _require_in_use(gateway)
        gateway.retired_at = now()
        gateway.save(update_fields=["retired_at"])
        transaction.on_commit(directory.forget)


def _require_in_use(gateway: Gateway) -> None:
    """Raise GatewayNotFound if somebody else has retired it meanwhile."""
    if gateway.retired_at:
        raise GatewayNotFound


def _give(gateway: Gateway, secret: Plaintext) -> None:
    gateway.prefix = secret.prefix
    gateway.digest, gateway.pepper = secret.digest(), Pepper.note_current()
