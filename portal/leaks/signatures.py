"""Whether a message comes from the secret-scanning partner: ECDSA on P-256 over the bytes of its body."""

import base64
import binascii
import hashlib
import json
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.core.cache import cache

from core.clock import now
from core.http_client import fetch
from core.reachable_hosts import UnreachableHost
from core.retry_after import AskedToWait
from portal.error_responses import ReportNotSigned, ScannerKeysMissing

log = logging.getLogger(__name__)
FRESH = timedelta(hours=1)
RETENTION = timedelta(days=7)
"""For so long keys are used that cannot be read anew: an outage over there must not keep reports out."""
ASK_AGAIN = timedelta(minutes=1)
"""Between two readings: whoever makes up names of keys must not make us ask for each."""
MAX_BODY = 64 * 1024
MAX_KEYS = 100
_NAME = re.compile(r"[0-9A-Za-z_-]{1,100}")
_SIGNATURE = re.compile(r"[0-9A-Za-z+/]{8,200}={0,2}")


def key_of(name: str, signature: str) -> EllipticCurvePublicKey:
    """The public key that a message names. Raises ReportNotSigned, ScannerKeysMissing.

    `signature` is looked at first: what has the shape of none is not worth a reading.
    """
    if not _NAME.fullmatch(name) or not _SIGNATURE.fullmatch(signature):
        raise ReportNotSigned
    known = _known(name)
    if name not in known:
        raise ReportNotSigned
    return _loaded(known[name])


def require(key: EllipticCurvePublicKey, signature: str, body: bytes) -> None:
    """Raise ReportNotSigned unless `key` has signed these very bytes."""
    try:
        key.verify(base64.b64decode(signature, validate=True), body, ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error):
        raise ReportNotSigned from None


def _known(name: str) -> Mapping[str, str]:
    """Keys by their names: those read within the hour, or read anew because there is none called `name`."""
    place = f"leaks:keys:{hashlib.sha256(settings.LEAK_KEYS_URL.encode()).hexdigest()[:16]}"
    cached: dict[str, Any] = cache.get(place) or {"at": 0, "keys": {}}
    keys: dict[str, str] = cached["keys"]
    is_fresh = now().timestamp() - cached["at"] < FRESH.total_seconds()
    if (name not in keys or not is_fresh) and cache.add(f"{place}:asked", True, ASK_AGAIN.total_seconds()):
        try:
            keys = _read() or keys
        except AskedToWait as error:
            cache.set(f"{place}:asked", True, max(ASK_AGAIN, error.wait).total_seconds())
        cache.set(place, {"at": now().timestamp(), "keys": keys}, RETENTION.total_seconds())
    if not keys:
        raise ScannerKeysMissing
    return keys


def _read() -> dict[str, str]:
    """The keys as they are published. None if they cannot be read: the log says why. Raises AskedToWait."""
    try:
        document = json.loads(fetch(settings.LEAK_KEYS_URL, {"User-Agent": "alter-portal"}, most=MAX_BODY))
        return {str(key["key_identifier"]): str(key["key"]) for key in document["public_keys"][:MAX_KEYS]}
    except (UnreachableHost, ValueError, KeyError, TypeError) as error:
        log.warning(
            "the keys of the secret scanner cannot be read from %s: %s", settings.LEAK_KEYS_URL, error
        )
        if isinstance(error, AskedToWait):
            raise
        return {}


def _loaded(pem: str) -> EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ReportNotSigned from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ReportNotSigned
    return key
