"""What an Idempotency-Key has brought about: asked again, the same outcome, without its secret, and how to go on.

It stands for one caller's one wish. The plaintext is in the first answer and nowhere else; when that answer was lost,
the second one says what ends the key that nobody has, and how to get another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from agents import idempotency
from agents.models import App
from audit.actors import Actor
from audit.change import hold
from core.idempotency import owned_by
from keys.lifecycle import Minted
from keys.models import ApiKey
from keys.plaintext import Plaintext
from keys.rules import is_last_active
from keys.scopes import ScopeSet

LOST = "The key was only in the first response. If that was lost,"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks again."""

    may_revoke: bool = True
    """Whether they may end the key that was made."""
    key_id: UUID | None = None
    """The key they ask with, if it is one."""


@dataclass(frozen=True, slots=True)
class IssueResult:
    """A key that was made, and its plaintext unless it was made before."""

    key: ApiKey
    plaintext: Plaintext | None

    @property
    def status(self) -> int:
        """201, or 200 for what was made before."""
        return 201 if self.plaintext else 200


def make_once(
    actor: Actor, app: App, idempotency_key: str, request_values: dict[str, Any], make: Callable[[], Minted]
) -> IssueResult:
    """What `make` makes, or has made under this caller's `idempotency_key`; without one it is made each time.

    All access tokens of one person are one caller.

    `request_values` says what is wished for: the verb, what it is done to, and its choices. Raises
    IdempotencyMismatch if the idempotency key was for another wish, and what `make` raises; then nothing is remembered.
    """
    if not idempotency_key:
        minted = make()
        return IssueResult(minted.key, minted.plaintext)
    caller_key = owned_by(idempotency_key, actor.kind, actor.owner_id or actor.id)
    with hold(app):
        if earlier := idempotency.made_before(app, caller_key, request_values):
            return IssueResult(ApiKey.objects.with_kin().get(id=earlier.key_id), None)
        minted = make()
        idempotency.remember(app, caller_key, request_values, None, minted.key.id)
        return IssueResult(minted.key, minted.plaintext)


def canonical(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` in one spelling: what means the same, `1d` and `24h`, or scopes in another order, reads the same."""
    return {name: _canonical(value) for name, value in values.items()}


def _canonical(value: Any) -> Any:
    if isinstance(value, ScopeSet):
        return sorted(value.names())
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, list | tuple):
        return sorted(map(str, value))
    if isinstance(value, dict):
        return value or None
    return value if value is None or isinstance(value, int) else str(value)


def next_step(verb: str, key: ApiKey, request_line: Callable[[str, ApiKey], str], caller: Caller) -> str:
    """A sentence for whoever asks again: what to do, by what they may, if the answer with the secret was lost.

    `way(verb, key)` is how this face writes a request: `DELETE /sdk/keys/…`.
    """
    another = "under another Idempotency-Key"
    if verb == "rotate" and key.replaces is None:  # in place: a new secret ends the one that was lost
        return f"{LOST} send {request_line('rotate', key)} once more {another}."
    if not key.is_active:
        return f"This key has ended. Ask for another {another}."
    if verb == "rotate" and key.replaces and caller.key_id == key.replaces.pk:
        # A key in grace hands on nothing that outlives it, but what it was to hand on when it was rotated.
        revoke, rotate = request_line("revoke", key), request_line("rotate", key.replaces)
        return f"{LOST} send {revoke}, and then {rotate} once more {another}."
    if verb == "rotate":
        return f"{LOST} rotate this successor without an overlap: {request_line('rotate', key)}, {another}."
    if caller.may_revoke and is_last_active(key):
        return f"{LOST} ask for another {another}, and then send {request_line('revoke', key)}."
    if caller.may_revoke:
        return f"{LOST} send {request_line('revoke', key)}, and ask for another {another}."
    ends = f"ends by itself at {key.expires_at:%Y-%m-%d %H:%M:%S} UTC" if key.expires_at else "stays"
    return f"{LOST} ask for another {another}; this one {ends}."
