"""The errors of keys, of changes to keys and of calls made with keys. Codes never change: docs/errors.md."""

from collections.abc import Sequence
from typing import Any

from core.errors import Conflict, Invalid, NotFound, Refusal

# ── values ──────────────────────────────────────────────────────────────────────────────────────────


class InvalidScope(Invalid):
    """Not of the shape resource:verb or resource:verb:id."""

    code = "invalid_scope"


class UnknownScope(Invalid):
    """A well-formed scope that the catalogue does not have."""

    code = "unknown_scope"


class ReservedScope(Invalid):
    """A scope of the portal's own, or of the preset, cannot be defined by an app."""

    code = "reserved_scope"


class InvalidCidr(Invalid):
    """Not a CIDR range, or one that allows every IP address."""

    code = "invalid_cidr"


class NotNarrower(Invalid):
    """Narrowing would allow something that was not allowed before."""

    code = "not_narrower"


class NotWider(Invalid):
    """Widening would take something away."""

    code = "not_wider"


class ScopeNotSubset(Invalid):
    """A derived key would hold a scope that its parent lacks."""

    code = "scope_not_subset"
    status = 400


class CidrNotSubset(Invalid):
    """A derived key would be allowed from an IP address that its parent is not."""

    code = "cidr_not_subset"
    status = 400


class DerivedMayNotDerive(Invalid):
    """A derived key would hold keys:derive."""

    code = "invalid_scope_for_derived_key"
    status = 400


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────


class ScopeNotFound(NotFound):
    """The app's catalogue has no such scope, resource, template or version of its own."""

    code = "scope_not_found"
    message = "The app defines no such scope."


class ScopeInUse(Conflict):
    """A scope that would be removed is held by active keys."""

    code = "scope_in_use"
    message = "Active keys hold a scope that this would remove."
    hint = "Deprecate the scope and narrow these keys first, or confirm that the scope will grant nothing."


class StaleCatalogue(Conflict):
    """The scopes were changed by someone else meanwhile."""

    code = "stale_catalogue"
    message = "Someone else published scopes meanwhile. Nothing was changed."
    hint = "Load the current version and make the change again."


class KeyNotFound(NotFound):
    """No such key in this app."""

    code = "key_not_found"
    message = "API key not found."


class KeyLimitReached(Conflict):
    """The app has as many active keys as its limit allows."""

    code = "key_limit_reached"
    message = "Key limit reached."
    hint = "Revoke a key or ask an admin to raise the limit in the app's settings."


class AgentKeyLimitReached(Conflict):
    """The agent has as many active keys as its limit allows."""

    code = "agent_key_limit_reached"
    message = "Key limit of this agent reached."
    hint = "Revoke a key or ask an admin to raise the limit in the app's settings."


class GraceLimitReached(Conflict):
    """The app has as many rotating keys as its limit allows."""

    code = "grace_limit_reached"
    message = "Limit of rotating keys reached."
    hint = "Complete a rotation, wait until a grace period ends, or rotate with a grace period of 0."


class AlreadyMinted(Conflict):
    """The same form was submitted twice. One key was minted, and shown in the response to the first."""

    code = "already_minted"
    message = "Form already submitted. One key was minted and shown once."
    hint = "If you did not save the key, revoke it and mint another."


class KeyRevoked(Conflict):
    """A revoked key is in its final state."""

    code = "key_revoked"
    message = "This key is revoked. This cannot be undone."
    hint = "Mint a replacement."


class KeyEnded(Conflict):
    """The key has expired or its grace period has ended."""

    code = "key_ended"
    message = "This key has expired or its grace period has ended."
    hint = "Mint a replacement."


class KeyRotated(Conflict):
    """The key already has a replacement."""

    code = "key_rotated"
    message = "This key is already rotating."
    hint = "Rotate its replacement, or cancel the rotation first."

    @classmethod
    def by(cls, key: Any, successor: Any) -> "KeyRotated":
        """The error for `key`, with its replacement and what to do if nobody has the secret of that."""
        return cls(
            f"This key is already rotating. Its replacement is {successor.prefix}, id {successor.id}.",
            hint=f"Use the replacement. If its secret was lost, rotate the replacement with a grace period of 0. If "
            f"the rotating key itself requested the rotation, it can revoke the key {successor.id} and rotate "
            f"{key.id} again.",
            successor_id=str(successor.id),
            successor_prefix=successor.prefix,
        )


class SuccessorInUse(Conflict):
    """A rotating key asks for another replacement, or to revoke the one it has, which was used: it was not lost."""

    code = "successor_in_use"
    message = "The replacement of this key is in use. A rotating key cannot revoke it or request another."
    hint = "Use another key with the keys:admin scope, or the portal."


class SuccessorNotOwn(Conflict):
    """A rotating key asks for another replacement, or to revoke the one it has, which somebody else made or changed."""

    code = "successor_not_own"
    message = (
        "The replacement of this key was made or changed by someone else. A rotating key cannot undo that."
    )
    hint = "Use the replacement. To change it, use another key with the keys:admin scope, or the portal."


class KeyEscalation(Refusal):
    """A key would revoke or replace one with more permissions than its own."""

    code = "key_escalation_refused"
    status = 403
    message = "The other key has more permissions than the key of this request."
    hint = "Use a key with the same permissions, or the portal."


class NotYoursToGive(Refusal):
    """A user or an access token would grant a permission that it lacks there."""

    code = "not_yours_to_give"
    status = 403
    message = "You cannot grant permissions that you do not have."
    hint = "Ask someone who has them, or use an access token that does."


class LastActiveKey(Conflict):
    """Revoking the key would leave its agent without an active one."""

    code = "last_active_key"
    message = "This is the agent's only active key."
    hint = "Mint a replacement first, or use force to leave the agent without a key."


# ── calls (docs/errors.md) ───────────────────────────────────────────────────────────────────


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


# ── signed calls (docs/sdk.md, Signing) ──────────────────────────────────────────────────────────

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


# ── what a call says of itself (docs/sdk.md) ───────────────────────────────────


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
