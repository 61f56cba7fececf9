"""The errors of keys and of changes to keys (of calls: keys/admission/call_errors.py). Codes never change."""

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


class NotYoursToEnd(Refusal):
    """A user or an access token would end or lessen the use of a key that it may not revoke."""

    code = "not_yours_to_end"
    status = 403
    message = "You cannot end or reduce the use of a key that you may not revoke."
    hint = "Ask its owner or an admin. You can rotate it with a grace period of 7 days or more and the same scopes."


class NothingChanged(Conflict):
    """None of the keys that were selected could be changed, so nothing was recorded."""

    code = "nothing_changed"
    message = "None of the selected keys could be changed. They may be revoked already, or your role does not allow it."
    hint = "Select keys that you own, or ask an admin or support."


class LastActiveKey(Conflict):
    """Revoking the key would leave its agent without an active one."""

    code = "last_active_key"
    message = "This is the agent's only active key."
    hint = "Mint a replacement first, or use force to leave the agent without a key."
