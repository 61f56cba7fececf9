"""judge(): the verdict on a call. A pure function: no request, no database, no clock of its own.

/verify, the runtime API, the explanation of a denied request and the preview of a change all call it, so that what is
explained is what happened. The order of checks is documented in docs/verify.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from core.addresses import Address
from core.errors import Refusal
from keys import networks
from keys.admission import call_errors, constraints, signatures
from keys.admission.rate_limit import Allowance
from keys.admission.signatures import Signature
from keys.catalogue.builtin import DEFAULT, FIRST_VERSION
from keys.catalogue.catalogue import Catalogue
from keys.scopes import ScopeSet

MAX_FACT_VALUES = 20
"""Values that a list in the facts of a denial holds at the most: a row of the audit log is bounded."""


@dataclass(frozen=True, slots=True, eq=False)
class KeySnapshot:
    """All that judging a call needs to know of a key, its agent and its parent included, as the row says now.

    Compared by identity, so that what follows from one may be cached with it as the cache key.
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
    catalogue: Catalogue = DEFAULT
    """The scopes of its app."""
    scope_version: int = FIRST_VERSION
    shared_bucket: UUID | None = None
    """The rate bucket it shares: of the first key in its rotation line, or of the key that made it. None: its own."""
    must_sign: bool = True
    """Whether its app requires signed calls at the runtime API."""
    agent_suspended: bool = False
    agent_revoked: bool = False
    parent: "KeySnapshot | None" = None
    """The key it depends on: the one it was derived from, or the derived one that enrolled it."""

    @property
    def effective_scopes(self) -> ScopeSet:
        """Its own scopes, cut to those of its parent."""
        return self.scopes.meet(self.parent.effective_scopes) if self.parent else self.scopes

    @property
    def speaks_for_agents(self) -> bool:
        """Whether it, or the key it was derived from, is of the kind `agent`."""
        return self.kind == "agent" or (self.parent is not None and self.parent.speaks_for_agents)

    @property
    def ends_at(self) -> datetime | None:
        """When it expires: its own end or its parent's, whichever is first. None: never."""
        end = [self.expires_at, self.grace_ends_at, self.parent.ends_at if self.parent else None]
        return min((end for end in end if end), default=None)

    @property
    def bucket(self) -> UUID:
        """The id of the rate bucket it spends: its parent's, a shared one, or its own."""
        return self.parent.bucket if self.parent else self.shared_bucket or self.id

    @property
    def root_id(self) -> UUID:
        """The id of the topmost key it depends on; its own if it depends on none."""
        return self.parent.root_id if self.parent else self.id


class CheckInput(NamedTuple):
    """The input of the checks besides the key itself: how it was presented, from where, for which scopes.

    A plain call to /verify sets the first four fields. The others come from a signed call or from a runtime route.
    """

    presented: bool
    well_formed: bool
    address: Address | None
    scopes: ScopeSet = ScopeSet(())
    instance: str = ""
    """The id the call is about: a scope limited to it is enough."""
    signature: Signature | None = None
    must_sign: bool = False
    """Whether the gateway requires a signature, whatever the key's app requires."""
    constraints: ScopeSet | None = None
    constraints_error: Refusal | None = None
    """Why the headers that narrow the call are invalid."""
    caller_error: Refusal | None = None
    """Why the caller it names is not accepted; known only after the rate limit was charged."""
    manages_agents: bool = False
    """Whether only an app's own key may make the call."""
    even_suspended: bool = False
    """Whether a suspended agent may make the call too."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of the checks: `refusal` is None if all passed, or else `failed` names the check that did not."""

    refusal: Refusal | None = None
    failed: str = ""
    detail: str = ""
    passed: tuple[str, ...] = ()
    facts: Mapping[str, Any] | None = None
    """What the failed check found, as JSON values. Kept in the audit log, never in the answer."""

    @property
    def allowed(self) -> bool:
        """Whether the call may pass."""
        return self.refusal is None


class _CheckContext(NamedTuple):
    """The arguments of a check."""

    key: KeySnapshot | None
    check_input: CheckInput
    now: datetime
    allowance: Allowance | None

    @property
    def known_key(self) -> KeySnapshot:
        """The key. Raises TypeError without one: every check but `format` and `known` runs after those two."""
        if self.key is None:
            raise TypeError("only _format and _known may see a call without a key")
        return self.key


@dataclass(frozen=True, slots=True)
class _Failure:
    """The refusal that the caller gets, and the detail that only the audit log gets."""

    refusal: Refusal
    detail: str = ""
    facts: Mapping[str, Any] | None = None


def judge(
    key: KeySnapshot | None, check_input: CheckInput, now: datetime, allowance: Allowance | None = None
) -> Verdict:
    """The verdict on `check_input` with `key`: the first check that fails, and all that passed before it.

    `allowance` is the rate limit's answer; None stops before that check, which tells whether to charge the call
    at all.
    """
    context = _CheckContext(key, check_input, now, None)
    for place, (name, check) in enumerate(UNCHARGED):
        if failure := check(context):
            return Verdict(failure.refusal, name, failure.detail, PASSED.passed[:place], failure.facts)
    return judge_charged(context.known_key, check_input, now, allowance) if allowance else PASSED_SO_FAR


def judge_charged(key: KeySnapshot, check_input: CheckInput, now: datetime, allowance: Allowance) -> Verdict:
    """The final verdict on a call that passed the checks before the rate limit."""
    context = _CheckContext(key, check_input, now, allowance)
    for place, (name, check) in enumerate(CHARGED, len(UNCHARGED)):
        if failure := check(context):
            return Verdict(failure.refusal, name, failure.detail, PASSED.passed[:place], failure.facts)
    return PASSED


def granted_scopes(key: KeySnapshot, check_input: CheckInput) -> ScopeSet:
    """The scopes of a call: those of its key now, narrowed to the call's own constraints."""
    return constraints.narrowed(key.effective_scopes, check_input.constraints)


def _format(context: _CheckContext) -> _Failure | None:
    if not context.check_input.presented:
        return _Failure(call_errors.MissingKey(), "no key presented")
    return (
        None
        if context.check_input.well_formed
        else _Failure(call_errors.InvalidKey(), "malformed: shape or checksum")
    )


def _known(context: _CheckContext) -> _Failure | None:
    return None if context.key else _Failure(call_errors.InvalidKey(), "no key has this digest")


def _signature(context: _CheckContext) -> _Failure | None:
    signature, key = context.check_input.signature, context.known_key
    if signature is None:
        return None
    refusal = signatures.fault(
        signature, context.now, required=key.must_sign or context.check_input.must_sign
    )
    return _Failure(refusal, refusal.message.rstrip(".")) if refusal else None


def _not_revoked(context: _CheckContext) -> _Failure | None:
    key = context.known_key
    if not key.revoked:
        return None
    return _Failure(call_errors.RevokedKey() if key.kind == "agent" else call_errors.InvalidKey(), "revoked")


def _agent_active(context: _CheckContext) -> _Failure | None:
    key = context.known_key
    if key.agent_revoked:
        return _Failure(
            call_errors.AgentRevoked(), f"agent {key.agent_name} is revoked", {"agent_status": "revoked"}
        )
    if key.agent_suspended and not context.check_input.even_suspended:
        detail = f"agent {key.agent_name} is suspended"
        return _Failure(call_errors.AgentInactive(), detail, {"agent_status": "suspended"})
    return None


def _ancestors_live(context: _CheckContext) -> _Failure | None:
    parent = context.known_key.parent
    if parent is None:
        return None
    for check in (_not_revoked, _not_expired, _grace_not_over):
        if failure := check(_CheckContext(parent, context.check_input, context.now, None)):
            detail = f"parent {parent.prefix}: {failure.refusal.message}"
            return _Failure(call_errors.KeyNotActive(), detail, {"parent_prefix": parent.prefix})
    return _ancestors_live(_CheckContext(parent, context.check_input, context.now, None))


def _not_expired(context: _CheckContext) -> _Failure | None:
    end = context.known_key.expires_at
    if end is None or end > context.now:
        return None
    return _Failure(call_errors.KeyExpired(), f"expired {end.isoformat()}", {"expired_at": end.isoformat()})


def _grace_not_over(context: _CheckContext) -> _Failure | None:
    end = context.known_key.grace_ends_at
    if end is None or end > context.now:
        return None
    return _Failure(
        call_errors.GraceOver(), f"grace ended {end.isoformat()}", {"grace_ended_at": end.isoformat()}
    )


def _address(context: _CheckContext) -> _Failure | None:
    address = context.check_input.address
    key: KeySnapshot | None = context.known_key
    while key:
        if key.networks and not networks.allows(key.networks, address):
            allowed = list(map(str, key.networks))
            detail = f"{address or 'no address'} is in none of {', '.join(allowed)}"[:300]
            return _Failure(call_errors.IpNotAllowed(), detail, {"allowed_networks": _first(allowed)})
        key = key.parent
    return None


def _throttle(context: _CheckContext) -> _Failure | None:
    allowance = context.allowance
    if allowance is None or allowance.granted:
        return None
    refusal = call_errors.RateLimited(limit=allowance.limit, retry_after=allowance.retry_after)
    facts = {"limit": allowance.limit, "retry_after": allowance.retry_after}
    return _Failure(refusal, f"more than {allowance.limit} calls a minute", facts)


def _constraints(context: _CheckContext) -> _Failure | None:
    check_input, key = context.check_input, context.known_key
    if check_input.constraints_error:
        return _Failure(check_input.constraints_error, "unreadable")
    if check_input.constraints is None:
        return None
    refusal = constraints.fault(key.effective_scopes, check_input.constraints)
    if refusal is None:
        return None
    missing = refusal.details["missing"]
    return _Failure(refusal, f"key lacks {', '.join(missing)}", {"missing": _first(missing)})


def _caller(context: _CheckContext) -> _Failure | None:
    caller_error = context.check_input.caller_error
    return _Failure(caller_error, caller_error.message.rstrip(".")) if caller_error else None


def _scope(context: _CheckContext) -> _Failure | None:
    check_input, key = context.check_input, context.known_key
    if check_input.manages_agents and key.speaks_for_agents:
        return _Failure(call_errors.CannotMintSubagents(), "a key of an agent")
    if unknown := key.catalogue.unknown(check_input.scopes):
        error = key.catalogue.unknown_scope(unknown)
        return _Failure(error, f"unknown scope {unknown.name}", {"unknown": unknown.name})
    granted_set = granted_scopes(key, check_input)
    missing = granted_set.missing(check_input.scopes, check_input.instance)
    if not missing:
        return None
    refusal = call_errors.InsufficientScope(
        required=check_input.scopes.names(),
        granted=granted_set.names(),
        missing=missing.names(),
        scope_version=key.scope_version,
        current_scope_version=key.catalogue.version,
    )
    return _Failure(refusal, f"lacks {missing}", {"missing": _first(missing.names())})


def _first(values: Sequence[str]) -> list[str]:
    """The first MAX_FACT_VALUES of `values`."""
    return list(values[:MAX_FACT_VALUES])


Check = Callable[[_CheckContext], _Failure | None]
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
