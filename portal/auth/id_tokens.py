"""Whether an ID token holds: signed by the provider, for us, now (OpenID Connect Core, 3.1.3.7)."""

from collections.abc import Callable, Mapping
from typing import Any

import jwt

from portal.auth.claims import described, text_of
from portal.auth.provider_client import UnfitAnswer

SHARED = ("HS256", "HS384", "HS512")
"""Signed with the client's secret, which the provider and the portal alone know."""
PUBLIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
MAX_SKEW = 60
"""Seconds that the provider's clock may be off."""
MAX_KEYS = 50


def verify(
    token: Any, *, issuer: str, client_id: str, secret: str, read_keys: Callable[[], Mapping[str, Any]]
) -> dict[str, Any]:
    """The claims of `token`. `read_keys` returns the provider's published keys. Raises UnfitAnswer."""
    if not isinstance(token, str) or not token:
        raise UnfitAnswer(f"the ID token (id_token) is {described(token)}")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm in SHARED:
            return _decode(token, secret, algorithm, issuer, client_id)
        if algorithm not in PUBLIC:
            raise UnfitAnswer(f"the ID token’s signature algorithm (alg) is {described(algorithm)}")
        return _by_published(token, header, _usable(read_keys(), header.get("kid")), issuer, client_id)
    except (jwt.PyJWTError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnfitAnswer(f"the ID token is invalid: {error}") from None


def _by_published(
    token: str, header: Mapping[str, Any], keys: list[jwt.PyJWK], issuer: str, client_id: str
) -> dict[str, Any]:
    for key in keys:
        try:
            return _decode(token, key.key, str(header["alg"]), issuer, client_id)
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError, TypeError):
            continue  # another of the published keys may be the one
    raise UnfitAnswer("the ID token is not signed with a key published by the provider (jwks_uri)")


def _decode(token: str, key: Any, algorithm: str, issuer: str, client_id: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        issuer=issuer,
        audience=client_id,
        leeway=MAX_SKEW,
        options={"require": ["iss", "aud", "exp"], "verify_sub": False},
    )
    _require_ours(claims, client_id)
    return claims


def _require_ours(claims: Mapping[str, Any], client_id: str) -> None:
    """Raise UnfitAnswer for a token that is for others besides us, or was asked for by another (items 3 to 5)."""
    audience, azp, who = claims["aud"], claims.get("azp"), text_of(claims.get("email"))
    if any(value != client_id for value in (audience if isinstance(audience, list) else [audience])):
        raise UnfitAnswer(
            "the ID token has other audiences: the claim aud names more than PORTAL_OIDC_CLIENT_ID", who
        )
    if azp is not None and azp != client_id:
        raise UnfitAnswer(
            f"the ID token was issued to another client: the claim azp is {described(azp)}", who
        )


def _usable(published: Mapping[str, Any], kid: Any) -> list[jwt.PyJWK]:
    """The keys for signatures, and of them those that `kid` names if it names any."""
    jwks = published.get("keys")
    if not isinstance(jwks, list):
        raise UnfitAnswer(f"the provider’s keys (jwks_uri) are {described(jwks)}")
    keys = [key for jwk in jwks[:MAX_KEYS] if isinstance(jwk, dict) and (key := _read(jwk))]
    return [key for key in keys if kid is None or key.key_id in (None, kid)]


def _read(jwk: dict[str, Any]) -> jwt.PyJWK | None:
    """A key as PyJWT reads it. None: it is for something else, or of a kind nobody here knows."""
    if jwk.get("use") not in (None, "sig"):
        return None
    try:
        key = jwt.PyJWK(jwk)
    except (jwt.PyJWTError, TypeError, ValueError, KeyError, AttributeError):
        return None
    return None if key.key_type == "oct" else key
