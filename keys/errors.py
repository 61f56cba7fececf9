"""The ways a key, a change to a key, or a call with a key is refused. Codes are for ever: docs/errors.md."""

from collections.abc import Sequence
from typing import Any

from core.errors import Conflict, Invalid, NotFound, Refusal

# ── values ──────────────────────────────────────────────────────────────────────────────────────────


class InvalidScope(Invalid):
    """Not of the shape resource:verb or resource:verb:id."""

    code = "invalid_scope"


class UnknownScope(Invalid):
    """Of the right shape, and not in the catalogue."""

    code = "unknown_scope"


class InvalidCidr(Invalid):
    """Not a range of addresses, or one that allows everyone."""

    code = "invalid_cidr"


class NotNarrower(Invalid):
    """Narrowing was asked for, and the new value allows something the old one did not."""

    code = "not_narrower"


class NotWider(Invalid):
    """Widening was asked for, and the new value takes something away."""

    code = "not_wider"


class ScopeNotSubset(Invalid):
    """A derived key was to hold a scope that its parent does not."""

    code = "scope_not_subset"
    status = 400


class CidrNotSubset(Invalid):
    """A derived key was to be used from where its parent may not."""

    code = "cidr_not_subset"
    status = 400


class DerivedMayNotDerive(Invalid):
    """A derived key was to hold keys:derive."""

    code = "invalid_scope_for_derived_key"
    status = 400


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────


class KeyNotFound(NotFound):
    """No such key in this app."""

    code = "key_not_found"
    message = "This app has no such key."


class KeyLimitReached(Conflict):
    """The app holds as many living keys as it may."""

    code = "key_limit_reached"
    message = "This app holds as many living keys as it may."
    hint = "Revoke one that is no longer used, or let an admin raise the number in the app's settings."


class AgentKeyLimitReached(Conflict):
    """The agent holds as many keys as it may."""

    code = "agent_key_limit_reached"
    message = "This agent holds as many keys as it may."
    hint = "Revoke one that is no longer used, or let an admin raise the number in the app's settings."


class GraceLimitReached(Conflict):
    """As many keys are in grace as may be: as many as may live."""

    code = "grace_limit_reached"
    message = "This app has as many keys in grace as it may."
    hint = "Revoke one that is in grace, wait until its grace is over, or rotate with a grace of 0."


class AlreadyMinted(Conflict):
    """The same form was sent twice. One key was made, and shown in the answer to the first."""

    code = "already_minted"
    message = "This form has been sent before: one key was minted then, and shown once."
    hint = "If you did not keep the plaintext, revoke that key and mint another."


class KeyRevoked(Conflict):
    """A revoked key is in its final state."""

    code = "key_revoked"
    message = "This key is revoked. That is final."
    hint = "Mint another in its place."


class KeyEnded(Conflict):
    """The key has expired or its grace period is over."""

    code = "key_ended"
    message = "This key has expired or its grace period is over."
    hint = "Mint another in its place."


class KeyRotated(Conflict):
    """The key has a successor already."""

    code = "key_rotated"
    message = "This key is being rotated already."
    hint = "Rotate its successor, or cancel the rotation first."

    @classmethod
    def by(cls, key: Any, successor: Any) -> "KeyRotated":
        """Of `key`, with the name of its successor and the way on if nobody has the secret of that."""
        return cls(
            f"This key was rotated already. Its successor is {successor.prefix}, id {successor.id}.",
            hint=f"Work with the successor. If the answer with its secret was lost, rotate the successor without an "
            f"overlap; or, if the rotated key itself had asked for it, revoke the key {successor.id} with "
            f"that, and then rotate the key {key.id} once more.",
            successor_id=str(successor.id),
            successor_prefix=successor.prefix,
        )


class SuccessorInUse(Conflict):
    """A key in grace wants another successor, or to end the one it has, and that was used: its answer was not lost."""

    code = "successor_in_use"
    message = (
        "The successor of this key was used. A key in grace neither ends it nor gets another one by itself."
    )
    hint = "Rotate it with another key that may, or in the portal."


class SuccessorNotOwn(Conflict):
    """A key in grace wants another successor, or to end the one it has, which somebody else made or has changed."""

    code = "successor_not_own"
    message = (
        "Somebody else made or changed the successor of this key. A key in grace cannot undo that by itself."
    )
    hint = "Work with the successor; or do it with another key that may, or in the portal."


class KeyEscalation(Refusal):
    """A key was to end or replace one that may do more than itself."""

    code = "key_escalation_refused"
    status = 403
    message = "That key may do more than the one this call was made with."
    hint = "Do it with a key that holds as much, or in the portal."


class NotYoursToGive(Refusal):
    """A person or an access token was to hand on a permission that it does not hold there."""

    code = "not_yours_to_give"
    status = 403
    message = "Nobody gives what they do not hold."
    hint = "Ask someone who holds it, or use an access token that does."


class LastActiveKey(Conflict):
    """Revoking it would leave its agent without a key."""

    code = "last_active_key"
    message = "This is its agent's only active key."
    hint = "Mint a replacement first, or say force to leave the agent without a key."


# ── calls (protocol.md section 8) ───────────────────────────────────────────────────────────────────


class CallRefused(Refusal):
    """A call made with a key, or with none, that does not pass."""

    status = 401

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'ApiKey realm="alter"'} if self.status == 401 else {}


class MissingKey(CallRefused):
    """No key was presented."""

    code = "missing_api_key"
    message = "No API key was presented."
    hint = "Send it in the header x-api-key."


class KeyInUrl(CallRefused):
    """A key was put in the address, where logs keep it."""

    code = "key_in_url"
    status = 400
    message = "An API key was sent in the address, where logs and proxies keep it."
    hint = "Send it in the header x-api-key. Revoke this key: treat it as exposed."


class InvalidKey(CallRefused):
    """Mistyped, never issued here, or revoked: the three look the same to a caller."""

    code = "invalid_key"
    message = "This API key is not valid."
    hint = "Check that it was copied whole. If it was revoked, mint another in the portal."


class RevokedKey(CallRefused):
    """An agent's key that was revoked; its holder is told so (protocol.md section 13, row 4)."""

    code = "key_revoked"
    message = "This API key has been revoked."
    hint = "Mint another for its agent in the portal."


# ── signed calls (protocol.md section 2.5) ──────────────────────────────────────────────────────────

HOW_TO_SIGN = "Use the alter-sdk client, which signs every call, or see the guide to the runtime API."


class SignatureRequired(CallRefused):
    """The call is not signed, or not wholly."""

    code = "signature_required"
    message = "This call must be signed with the key."
    hint = HOW_TO_SIGN


class InvalidSignature(CallRefused):
    """The signature is not the one that this key makes of this request."""

    code = "invalid_signature"
    message = "The signature does not match the request."
    hint = "Sign the method, path, query, body and headers as they are sent, with the key that is sent."


class TimestampOutOfRange(CallRefused):
    """The call was signed too long ago, or in the future."""

    code = "timestamp_out_of_range"
    message = "The call was not signed within the last five minutes."
    hint = "Set the caller's clock: server_time is ours, in Unix seconds."


class ContentHashMismatch(CallRefused):
    """The body is not the one that was signed."""

    code = "content_hash_mismatch"
    message = "The body is not the one that was signed."
    hint = "Hash the bytes that are sent, and look whether a proxy changes them."


class NonceReplayed(CallRefused):
    """The same signed call has been made before."""

    code = "nonce_replayed"
    message = "This signed call has been made before."
    hint = (
        "Sign each call anew, with a random nonce. If it was not you who repeated it, look at the audit log."
    )


# ── what a call says of itself (protocol.md sections 3.1 and 3.3) ───────────────────────────────────


class InvalidScopeConstraint(CallRefused):
    """The list of scopes a call is to be narrowed to cannot be read."""

    code = "invalid_scope_constraint"
    status = 400
    message = "The header X-Alter-Scope-Constraints is not a list of scopes."
    hint = "Write resource:verb or resource:verb:id with commas between, no spaces and no wildcard."


class ConstraintNotNarrowing(CallRefused):
    """The call was to be narrowed to something its key may not do."""

    code = "constraint_not_narrowing"
    status = 400
    message = "A constraint allows something that the key itself may not do."
    hint = "Constraints only take away. Nothing was done."


class InvalidRequestRule(CallRefused):
    """The rule a call carries cannot be read."""

    code = "invalid_request_rule"
    status = 400
    message = "The header X-Alter-Request-Rule is not a rule."
    hint = "Send unpadded base64url of a JSON object with a string rule_type and an object rule_body."


class CannotMintSubagents(CallRefused):
    """An agent's key was used where only an app's own key may act."""

    code = "agent_cannot_mint_subagents"
    status = 403
    message = "Agents are managed with a key of the app. This is a key of an agent."
    hint = "Call with an app key."


class NoUserDirectory(CallRefused):
    """The call asks about an end user, and this portal knows keys, not end users."""

    code = "no_user_directory"
    status = 400
    message = "This portal keeps no directory of end users."
    hint = "Leave out user_token and app_user_id."


class AgentInactive(CallRefused):
    """The key's agent is suspended."""

    code = "agent_inactive"
    message = "The agent this key belongs to is suspended."
    hint = "Resume the agent in the portal."


class AgentRevoked(CallRefused):
    """The key's agent is revoked."""

    code = "agent_revoked"
    message = "The agent this key belongs to has been revoked."


class KeyExpired(CallRefused):
    """The key's expiry has passed."""

    code = "key_expired"
    message = "This API key has expired."
    hint = "Mint another in the portal."


class GraceOver(CallRefused):
    """The key was rotated and its grace period is over."""

    code = "key_rotated_grace_expired"
    message = "This API key was rotated and its grace period is over."
    hint = "Use its successor."


class KeyNotActive(CallRefused):
    """The key cannot be used now, for none of the other reasons."""

    code = "key_not_active"
    message = "The key this one was derived from no longer works."


class IpNotAllowed(CallRefused):
    """The caller's address is outside the key's ranges."""

    code = "ip_not_allowed"
    status = 403
    message = "This API key may not be used from this address."
    hint = "Call from an address on the key's list, or mint a key for this one."


class InsufficientScope(CallRefused):
    """The key lacks a scope that the call needs."""

    code = "insufficient_scope"
    status = 403
    message = "This API key lacks a scope that the call needs."

    def __init__(
        self,
        required: Sequence[str],
        granted: Sequence[str],
        missing: Sequence[str],
        scope_version: int,
        current_scope_version: int,
    ) -> None:
        super().__init__(
            hint=f"Mint a key that holds {', '.join(missing)}.",
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
    """The key has spent its calls for now."""

    code = "rate_limit_exceeded"
    status = 429
    message = "This API key has spent its calls for now."

    def __init__(
        self, message: str = "", *, limit: int, retry_after: int, scope: str = "api_key", **details: Any
    ) -> None:
        self.retry_after = retry_after
        super().__init__(
            message,
            hint=f"Try again in {retry_after} s.",
            scope=scope,
            limit=limit,
            window_seconds=60,
            retry_after=retry_after,
            **details,
        )

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}
