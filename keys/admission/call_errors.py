"""The errors of calls made with keys. Codes never change: docs/errors.md."""

from collections.abc import Sequence
from typing import Any

from core.errors import Refusal


class CallRefused(Refusal):
    """A request, with a key or without one, that is denied."""

    status = 401

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'ApiKey realm="alter"'} if self.status == 401 else {}


class MissingKey(CallRefused):
    """The request has no key."""

    code = "missing_api_key"
    message = "API key missing."
    hint = "Send it in the header x-api-key."


class KeyInUrl(CallRefused):
    """The request has a key in its URL, where logs store it."""

    code = "key_in_url"
    status = 400
    message = "An API key was sent in the URL, where logs and proxies store it."
    hint = "Send it in the header x-api-key. Revoke this key: treat it as leaked."


class InvalidKey(CallRefused):
    """Mistyped, never issued here, or revoked: the three look the same to a caller."""

    code = "invalid_key"
    message = "Invalid API key."
    hint = "Check that it was copied completely. If it was revoked, mint another in the portal."


class RevokedKey(CallRefused):
    """A revoked key of the agent kind, which the caller is told."""

    code = "key_revoked"
    message = "This API key has been revoked."
    hint = "Mint another key for its agent in the portal."


HOW_TO_SIGN = "Use the alter-sdk client, which signs every request, or see the guide to the runtime API."


class SignatureRequired(CallRefused):
    """The request is not signed, or part of its signature is missing."""

    code = "signature_required"
    message = "This request must be signed with the key."
    hint = HOW_TO_SIGN


class InvalidSignature(CallRefused):
    """The signature does not match the request and the key."""

    code = "invalid_signature"
    message = "The signature does not match the request."
    hint = "Sign the method, path, query, body and headers as they are sent, with the key that is sent."


class TimestampOutOfRange(CallRefused):
    """The request was signed too long ago, or in the future."""

    code = "timestamp_out_of_range"
    message = "The request was not signed within the last five minutes."
    hint = "Correct the clock of the client. server_time is the server's, in Unix seconds."


class ContentHashMismatch(CallRefused):
    """The body differs from the signed one."""

    code = "content_hash_mismatch"
    message = "The body does not match the signature."
    hint = "Hash the bytes that are sent, and check whether a proxy changes them."


class NonceReplayed(CallRefused):
    """The same signed request was sent before."""

    code = "nonce_replayed"
    message = "This signed request was already used."
    hint = "Sign each request again, with a random nonce. If you did not repeat it, check the audit log."


class InvalidScopeConstraint(CallRefused):
    """The list of scopes that a request is narrowed to is malformed."""

    code = "invalid_scope_constraint"
    status = 400
    message = "The header X-Alter-Scope-Constraints is not a list of scopes."
    hint = "Use resource:verb or resource:verb:id, separated by commas, without spaces or wildcards."


class ConstraintNotNarrowing(CallRefused):
    """The request would be narrowed to a permission that its key lacks."""

    code = "constraint_not_narrowing"
    status = 400
    message = "A constraint includes a scope that the key lacks."
    hint = "Constraints can only remove scopes. Nothing was changed."


class InvalidRequestRule(CallRefused):
    """The rule of a request is malformed."""

    code = "invalid_request_rule"
    status = 400
    message = "The header X-Alter-Request-Rule is not a rule."
    hint = "Send unpadded base64url of a JSON object with a string rule_type and an object rule_body."


class CannotMintSubagents(CallRefused):
    """An agent key was used for something that only an app key may do."""

    code = "agent_cannot_mint_subagents"
    status = 403
    message = "Agents can only be managed with an app key. This is an agent key."
    hint = "Use an app key."


class NoUserDirectory(CallRefused):
    """The request names an end user, and the portal has no end users."""

    code = "no_user_directory"
    status = 400
    message = "This portal has no end users."
    hint = "Omit user_token and app_user_id."


class AgentInactive(CallRefused):
    """The key's agent is suspended."""

    code = "agent_inactive"
    message = "The agent of this key is suspended."
    hint = "Resume the agent in the portal."


class AgentRevoked(CallRefused):
    """The key's agent is revoked."""

    code = "agent_revoked"
    message = "The agent of this key has been revoked."


class KeyExpired(CallRefused):
    """The key has expired."""

    code = "key_expired"
    message = "This API key has expired."
    hint = "Mint another in the portal."


class GraceOver(CallRefused):
    """The key was rotated and its grace period has ended."""

    code = "key_rotated_grace_expired"
    message = "This API key was rotated and its grace period has ended."
    hint = "Use its replacement."


class KeyNotActive(CallRefused):
    """The key depends on another one that no longer works."""

    code = "key_not_active"
    message = "The parent of this derived API key no longer works."


class IpNotAllowed(CallRefused):
    """The IP address of the client is outside the key's allowed ranges."""

    code = "ip_not_allowed"
    status = 403
    message = "IP address not allowed for this API key."
    hint = "Use an allowed IP address, or edit the permissions of the key."


class InsufficientScope(CallRefused):
    """The key lacks a required scope."""

    code = "insufficient_scope"
    status = 403
    message = "This API key lacks a required scope."

    def __init__(
        self,
        required: Sequence[str],
        granted: Sequence[str],
        missing: Sequence[str],
        scope_version: int,
        current_scope_version: int,
    ) -> None:
        super().__init__(
            hint=f"Use a key with {', '.join(missing)}, or edit the permissions of this one.",
            required=list(required),
            granted=list(granted),
            missing=list(missing),
            required_any_of=False,
            scope_version=scope_version,
            current_scope_version=current_scope_version,
            scope_version_mismatch=scope_version != current_scope_version,
            documentation_url=None,
        )


class RateLimited(CallRefused):
    """The key exceeded its rate limit."""

    code = "rate_limit_exceeded"
    status = 429
    message = "Rate limit exceeded."

    def __init__(
        self, message: str = "", *, limit: int, retry_after: int, scope: str = "api_key", **details: Any
    ) -> None:
        self.retry_after = retry_after
        super().__init__(
            message,
            hint=f"Try again in {retry_after} seconds.",
            scope=scope,
            limit=limit,
            window_seconds=60,
            retry_after=retry_after,
            **details,
        )

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}
