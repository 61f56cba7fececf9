"""judge(): may this call pass? One pure function: no request, no database, no clock of its own.

The door, the SDK gate, the page that explains a refusal and the rehearsal of a change all ask it, so
what is explained is what happened. The order of checks is protocol.md section 2.5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from core.addresses import Address
from core.errors import Refusal
from keys import errors, networks
from keys.admission import constraints, signatures
from keys.admission.rate_limit import Allowance
from keys.admission.signatures import Signature
from keys.scopes import VERSION, ScopeSet


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """All that is known of a key when it is presented, its agent and its parent included.

    One is the same as another if it is the same object: what follows from it may be kept beside it.
    """

    id: UUID
    app_id: UUID
    app_name: str
    agent_id: UUID | None
    agent_name: str
    name: str
    kind: str
    prefix: str
    scopes: ScopeSet
    networks: tuple[networks.Network, ...]
    rate_limit: int
    revoked: bool
    expires_at: datetime | None
    deprecated_at: datetime | None
    grace_ends_at: datetime | None
    scope_version: int = VERSION
    shared_bucket: UUID | None = None
    """Whose calls it spends, if not its own: those of the first key in its rotation line, or of its maker."""
    must_sign: bool = True
    """Whether its app asks for signed calls at the runtime API."""
    agent_suspended: bool = False
    agent_revoked: bool = False
    parent: "Standing | None" = None
    """The key it stands on: the one it was derived from, or the derived one by which it was enrolled."""

    @property
    def effective_scopes(self) -> ScopeSet:
        """What it may do now: its own scopes, cut down to what its parent may do."""
        return self.scopes.meet(self.parent.effective_scopes) if self.parent else self.scopes

    @property
    def speaks_for_agents(self) -> bool:
        """Whether it, or what it was derived from, is a key of the agent kind."""
        return self.kind == "agent" or (self.parent is not None and self.parent.speaks_for_agents)

    @property
    def ends_at(self) -> datetime | None:
        """When it will stop by itself, if its end is set: its own or its parent's, whichever comes first."""
        ends = [self.expires_at, self.grace_ends_at, self.parent.ends_at if self.parent else None]
        return min((end for end in ends if end), default=None)

    @property
    def bucket(self) -> UUID:
        """Whose allowance a call spends: a derived key spends its parent's, a successor that of the key it replaced."""
        return self.parent.bucket if self.parent else self.shared_bucket or self.id

    @property
    def root_id(self) -> UUID:
        """The id of the first key in its line: its own, unless it stands on another."""
        return self.parent.root_id if self.parent else self.id


class Asking(NamedTuple):
    """What is asked with a key: whether one was presented and is well formed, from where, and for what.

    The door asks no more than the first four, unless the call is signed. The rest is what a call says of itself.
    """

    presented: bool
    well_formed: bool
    address: Address | None
    scopes: ScopeSet = ScopeSet(())
    instance: str = ""
    """The id of the one thing the call is about: a scope for that one will do."""
    signature: Signature | None = None
    must_sign: bool = False
    """Whether whoever asks wants a signature, whatever the key's app does."""
    constraints: ScopeSet | None = None
    flaw: Refusal | None = None
    """Why the headers that narrow the call cannot be read."""
    stranger: Refusal | None = None
    """Why the caller it names cannot be taken: found out after the throttle."""
    manages_agents: bool = False
    """Whether only an app's own key may make it."""
    even_suspended: bool = False
    """Whether a suspended agent may make it all the same."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome: `refusal` is None when the call passes; `failed` names the check that it did not."""

    refusal: Refusal | None = None
    failed: str = ""
    detail: str = ""
    passed: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the call may pass."""
        return self.refusal is None


class _Case(NamedTuple):
    """What a check looks at."""

    key: Standing | None
    asking: Asking
    now: datetime
    allowance: Allowance | None

    @property
    def sure(self) -> Standing:
        """The key. Only `known` may see a call without one."""
        if self.key is None:
            raise TypeError("only _known may see a call without a key")
        return self.key


@dataclass(frozen=True, slots=True)
class _No:
    """A check's reason to refuse, and what only the log is told."""

    refusal: Refusal
    detail: str = ""


def judge(key: Standing | None, asking: Asking, now: datetime, allowance: Allowance | None = None) -> Verdict:
    """The verdict on `asking` with `key`: the first check that fails, and all that passed before it.

    `allowance` is what the throttle said when it was charged for this call; None stops before that
    check, which tells whether the call should be charged at all.
    """
    case = _Case(key, asking, now, None)
    for place, (name, check) in enumerate(UNCHARGED):
        if no := check(case):
            return Verdict(no.refusal, name, no.detail, PASSED.passed[:place])
    return judge_charged(case.sure, asking, now, allowance) if allowance else PASSED_SO_FAR


def judge_charged(key: Standing, asking: Asking, now: datetime, allowance: Allowance) -> Verdict:
    """The same for a call that passed what comes before the throttle, which needs no second look."""
    case = _Case(key, asking, now, allowance)
    for place, (name, check) in enumerate(CHARGED, len(UNCHARGED)):
        if no := check(case):
            return Verdict(no.refusal, name, no.detail, PASSED.passed[:place])
    return PASSED


def granted(key: Standing, asking: Asking) -> ScopeSet:
    """What a call may do: what its key may do now, narrowed to what the call itself is content with."""
    return constraints.narrowed(key.effective_scopes, asking.constraints)


def _format(case: _Case) -> _No | None:
    if not case.asking.presented:
        return _No(errors.MissingKey(), "no key presented")
    return None if case.asking.well_formed else _No(errors.InvalidKey(), "malformed: shape or checksum")


def _known(case: _Case) -> _No | None:
    return None if case.key else _No(errors.InvalidKey(), "no key has this digest")


def _signature(case: _Case) -> _No | None:
    signature, key = case.asking.signature, case.sure
    if signature is None:
        return None
    refusal = signatures.fault(signature, case.now, required=key.must_sign or case.asking.must_sign)
    return _No(refusal, refusal.message.rstrip(".")) if refusal else None


def _not_revoked(case: _Case) -> _No | None:
    key = case.sure
    if not key.revoked:
        return None
    return _No(errors.RevokedKey() if key.kind == "agent" else errors.InvalidKey(), "revoked")


def _agent_active(case: _Case) -> _No | None:
    key = case.sure
    if key.agent_revoked:
        return _No(errors.AgentRevoked(), f"agent {key.agent_name} is revoked")
    if key.agent_suspended and not case.asking.even_suspended:
        return _No(errors.AgentInactive(), f"agent {key.agent_name} is suspended")
    return None


def _ancestors_live(case: _Case) -> _No | None:
    parent = case.sure.parent
    if parent is None:
        return None
    for check in (_not_revoked, _not_expired, _grace_not_over):
        if no := check(_Case(parent, case.asking, case.now, None)):
            return _No(errors.KeyNotActive(), f"parent {parent.prefix}: {no.refusal.message}")
    return _ancestors_live(_Case(parent, case.asking, case.now, None))


def _not_expired(case: _Case) -> _No | None:
    ends = case.sure.expires_at
    return _No(errors.KeyExpired(), f"expired {ends.isoformat()}") if ends and ends <= case.now else None


def _grace_not_over(case: _Case) -> _No | None:
    ends = case.sure.grace_ends_at
    return _No(errors.GraceOver(), f"grace ended {ends.isoformat()}") if ends and ends <= case.now else None


def _address(case: _Case) -> _No | None:
    address = case.asking.address
    key: Standing | None = case.sure
    while key:
        if key.networks and not networks.allows(key.networks, address):
            listed = ", ".join(map(str, key.networks))
            return _No(errors.IpNotAllowed(), f"{address or 'no address'} is in none of {listed}"[:300])
        key = key.parent
    return None


def _throttle(case: _Case) -> _No | None:
    allowance = case.allowance
    if allowance is None or allowance.granted:
        return None
    refusal = errors.RateLimited(limit=allowance.limit, retry_after=allowance.retry_after)
    return _No(refusal, f"more than {allowance.limit} calls a minute")


def _constraints(case: _Case) -> _No | None:
    asking, key = case.asking, case.sure
    if asking.flaw:
        return _No(asking.flaw, "unreadable")
    if asking.constraints is None:
        return None
    refusal = constraints.fault(key.effective_scopes, asking.constraints)
    return _No(refusal, f"key lacks {', '.join(refusal.details['missing'])}") if refusal else None


def _caller(case: _Case) -> _No | None:
    stranger = case.asking.stranger
    return _No(stranger, stranger.message.rstrip(".")) if stranger else None


def _scope(case: _Case) -> _No | None:
    asking, key = case.asking, case.sure
    if asking.manages_agents and key.speaks_for_agents:
        return _No(errors.CannotMintSubagents(), "a key of an agent")
    held = granted(key, asking)
    missing = held.missing(asking.scopes, asking.instance)
    if not missing:
        return None
    refusal = errors.InsufficientScope(
        required=asking.scopes.names(),
        granted=held.names(),
        missing=missing.names(),
        scope_version=key.scope_version,
        current_scope_version=VERSION,
    )
    return _No(refusal, f"lacks {missing}")


Check = Callable[[_Case], _No | None]
UNCHARGED: tuple[tuple[str, Check], ...] = (
    ("format", _format),
    ("known", _known),
    ("signature", _signature),
    ("not revoked", _not_revoked),
    ("agent active", _agent_active),
    ("ancestors live", _ancestors_live),
    ("not expired", _not_expired),
    ("grace not over", _grace_not_over),
    ("address", _address),
)
CHARGED: tuple[tuple[str, Check], ...] = (
    ("throttle", _throttle),
    ("constraints", _constraints),
    ("caller", _caller),
    ("scope", _scope),
)
CHECKS = UNCHARGED + CHARGED
PASSED_SO_FAR = Verdict(passed=tuple(name for name, _ in UNCHARGED))
PASSED = Verdict(passed=tuple(name for name, _ in CHECKS))
"""The verdict on every call that passes: nearly all."""
