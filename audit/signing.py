"""Signs the record's checkpoints with Ed25519. The private key is in the data folder, never in the database."""

from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from audit.models import SealKey


def sign(message: bytes) -> bytes:
    """The signature of the portal's present key, 64 bytes."""
    return _private(settings.SEAL_KEY).sign(message)


def public_key() -> bytes:
    """The public half of the present key, 32 bytes."""
    return _private(settings.SEAL_KEY).public_key().public_bytes_raw()


def key_id(public: bytes | None = None) -> str:
    """What a key is called in checkpoints: 16 hex digits of its hash. None: the present key."""
    return sha256(public or public_key()).hexdigest()[:16]


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` of `message` was made with the private half of `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def make_known() -> None:
    """Keep the public half of the present key where checkpoints are, unless it is there."""
    SealKey.objects.get_or_create(id=key_id(), defaults={"public": public_key()})


@lru_cache(maxsize=4)
def _private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)
