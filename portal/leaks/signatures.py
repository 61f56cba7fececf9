"""Whether a secret-scanning partner really signed a report: ECDSA P-256 over the raw body, as GitHub does.

https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program
"""

import base64
import binascii
import json
import logging
from typing import Any

import httpx2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.core.cache import cache

log = logging.getLogger(__name__)
KEYS, ASKED = "leak-keys", "leak-keys-asked"
AN_HOUR, A_MINUTE = 3600, 60
LARGEST = 256 * 1024


def holds(body: bytes, identifier: str, signature: str) -> bool:
    """Whether `signature` (base64) is that of `body` under the published key `identifier`."""
    pem = _key(identifier)
    if not pem or not signature:
        return False
    try:
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            return False
        key.verify(base64.b64decode(signature, validate=True), body, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _key(identifier: str) -> str:
    """The published key of that name, as PEM. Asked for once an hour, and once a minute for one that is new."""
    known: dict[str, str] = cache.get(KEYS) or {}
    if identifier in known or not cache.add(ASKED, True, A_MINUTE):
        return known.get(identifier, "")
    if known := _fetch():
        cache.set(KEYS, known, AN_HOUR)
    return known.get(identifier, "")


def _fetch() -> dict[str, str]:
    try:
        answer = httpx2.get(settings.LEAK_KEYS_URL, timeout=10, follow_redirects=False)
        answer.raise_for_status()
        told: Any = json.loads(answer.content[:LARGEST])
        return {str(one["key_identifier"]): str(one["key"]) for one in told["public_keys"]}
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        log.warning("the keys of secret-scanning partners could not be read: %s", type(error).__name__)
        return {}
