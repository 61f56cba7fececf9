"""Signs checkpoints with Ed25519. The private key is in the data folder, never in the database."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from audit.integrity.checking import trust
from audit.integrity.checking.trust import Trust
from audit.integrity.checking.trust import is_signed as is_signed
from audit.integrity.sealing import pinned_keys
from audit.models import SealKey


def sign(message: bytes) -> bytes:
    """The signature of the portal's present key, 64 bytes."""
    return _private(settings.SEAL_KEY).sign(message)


def public_key() -> bytes:
    """The public half of the present key, 32 bytes."""
    return _private(settings.SEAL_KEY).public_key().public_bytes_raw()


def key_id(public: bytes | None = None) -> str:
    """What a key is called in checkpoints. None: the present key."""
    return trust.key_id(public or public_key())


def known() -> Trust:
    """The keys that checkpoints of this portal may be signed by: the present one, and those it leads back to.

    Nothing is trusted because it stands in the database.
    """
    return pinned_keys.trusted(public_key())


def store_public_key() -> None:
    """Keep the public half of the present key with the checkpoints, to be read, and outside, to be trusted."""
    pinned_keys.begin(public_key())
    SealKey.objects.get_or_create(id=key_id(), defaults={"public": public_key()})


@lru_cache(maxsize=4)
def _private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)
