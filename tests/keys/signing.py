"""Signs calls as a program would that holds a key."""

import hashlib
import hmac
import secrets
import time
from urllib.parse import unquote

from keys.admission import signatures


def signed(secret: str, target: str, method: str = "GET", body: bytes = b"", **others: str) -> dict[str, str]:
    """The headers of a call to `target`, signed with `secret`. `others` are signed too, and named with _ for -."""
    headers = {
        **{name.replace("_", "-"): value for name, value in others.items()},
        "X-Alter-Timestamp": str(int(time.time())),
        "X-Alter-Nonce": secrets.token_hex(16),
        "X-Alter-Content-SHA256": hashlib.sha256(body).hexdigest(),
    }
    path, _, query = target.partition("?")
    request = signatures.Request(method, unquote(path), query, body, headers)
    text = signatures.signed_text(request).encode()
    return headers | {"X-Alter-Signature": hmac.digest(signatures.signing_key(secret), text, "sha256").hex()}
