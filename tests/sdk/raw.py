"""Requests made by hand, for what the client never sends. The signing here is written apart from the portal's."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from django.test import Client

Headers = dict[str, str]
IDENTITY = ("X-Alter-Caller", "X-Alter-Caller-Type", "X-Alter-Actor-ID", "X-Alter-Context")
LINES = ("caller", "caller-type", "actor-id", "actor-context")


def packed(body: Any) -> bytes:
    """A body as the client writes it; bytes stay as they are."""
    return body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()


def sign(
    secret: str,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    moment: int | None = None,
    nonce: str = "",
    second_form: bool = True,
) -> Headers:
    """All headers of a signed request. `headers` are those it says more with; they are signed where they can be."""
    told = dict(headers or {})
    stamp, nonce = str(int(time.time()) if moment is None else moment), nonce or secrets.token_hex(16)
    digest = hashlib.sha256(body).hexdigest()
    constraints, rule = told.get("X-Alter-Scope-Constraints", ""), told.get("X-Alter-Request-Rule", "")
    lines = [method, _canonical(target), stamp, nonce, digest, constraints]
    lines += [f"request-rule:{rule}"] if rule else []
    identity = [f"{line}:{told[name]}" for line, name in zip(LINES, IDENTITY, strict=True) if told.get(name)]
    signature = _mac(secret, "\n".join([*lines, *(identity if second_form else ())]))
    return {
        "x-api-key": secret,
        **told,
        "X-Alter-Timestamp": stamp,
        "X-Alter-Nonce": nonce,
        "X-Alter-Content-SHA256": digest,
        "X-Alter-Signature": signature,
        **({"X-Alter-Signature-V2": signature} if identity and second_form else {}),
    }


def send(
    method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None, **meta: Any
) -> Any:
    """The portal's answer to a request that is sent as it stands."""
    kind = "application/json" if body else ""
    told = {name: value for name, value in (headers or {}).items() if name.lower() != "content-type"}
    kind = dict(headers or {}).get("Content-Type", kind)
    client = Client(raise_request_exception=False)
    return client.generic(method, target, body, content_type=kind, headers=told, **meta)


def call(secret: str, method: str, target: str, body: Any = b"", **headers: str) -> Any:
    """The answer to a request that is signed as it should be. `headers` are written Idempotency_Key="one"."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    data = packed(body)
    return send(method, target, data, sign(secret, method, target, data, told))


def error(response: Any) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return response.status_code, response.json()["error"]


def _canonical(target: str) -> str:
    path, _, query = target.partition("?")
    pairs = sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
    return unquote(path) + (f"?{urlencode(pairs, errors='surrogateescape')}" if query else "")


def _mac(secret: str, text: str) -> str:
    key = hmac.new(secret.encode(), b"alter-signing-v1", hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
