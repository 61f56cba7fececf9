"""Who a program says it is when it calls with a key: a label, or an agent (docs/sdk.md).

A label gets an id of its own for each app, for ever. An agent's id makes the call count as that agent's;
what the call may do stays what its key may do.
"""

import json
import re
from dataclasses import dataclass
from uuid import UUID

from django.db import Error, transaction

from agents.errors import CallerInvalid, CallerMismatch, CallerUnknowable, CallerUnresolved
from agents.models import Agent, CallerLabel
from audit.actors import Caller
from core.ids import parse_uuid
from core.text import sanitize

MAX_LABELS = 10_000
"""Of one app. Whoever makes up a new name for each call gets no ids beyond that; the calls name it all the same."""
MAX_CONTEXT_LENGTH, MAX_CONTEXT_ITEMS, MAX_NAME_LENGTH, MAX_VALUE_LENGTH = 4096, 20, 64, 512

_LABEL = re.compile(r"[ -~]{1,255}")
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the headers of a call say of its caller."""

    name: str = ""
    type: str = ""
    id: UUID | None = None
    """The id an earlier answer gave; a hint, and worth something only without a name."""

    @property
    def agent_id(self) -> UUID | None:
        """The agent it names, if its name is a UUID and not a label."""
        return parse_uuid(self.name)


NO_CLAIM = Claim()


def parse_claim(name: str, kind: str, actor_id: str) -> Claim:
    """The claim in X-Alter-Caller, X-Alter-Caller-Type and X-Alter-Actor-ID. Raises CallerInvalid."""
    if name and not _LABEL.fullmatch(name):
        raise CallerInvalid
    if name and kind not in ("", *Agent.Type.values):
        raise CallerInvalid("The caller's type is agent or service.")
    hint = parse_uuid(actor_id)
    hint = hint if str(hint) == actor_id else None  # the portal's own spelling: it gave it
    return Claim(name, kind or Agent.Type.SERVICE if name else "", hint)


def parse_context(header: str) -> dict[str, str]:
    """What X-Alter-Context says. Nothing, if it is out of bounds or no object of strings."""
    try:
        context = json.loads(header) if 0 < len(header) <= MAX_CONTEXT_LENGTH else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(context, dict) or len(context) > MAX_CONTEXT_ITEMS:
        return {}
    if not all(
        isinstance(v, str) and len(k) <= MAX_NAME_LENGTH and len(v) <= MAX_VALUE_LENGTH
        for k, v in context.items()
    ):
        return {}
    return {sanitize(k, MAX_NAME_LENGTH): sanitize(v, MAX_VALUE_LENGTH) for k, v in context.items()}


def trace_of(traceparent: str) -> str:
    """The trace id of a W3C traceparent; empty if it is malformed."""
    match = _TRACE.fullmatch(traceparent)
    return match[1] if match else ""


def resolve(
    claim: Claim, app_id: UUID, own: UUID | None, *, speaks_for_agents: bool
) -> tuple[Caller, Agent | None]:
    """The caller that `claim` means, and the agent its call counts as.

    `own` is the agent the key belongs to. Raises CallerMismatch, CallerUnresolved, and CallerUnknowable
    when the database cannot tell.
    """
    if claim.agent_id and speaks_for_agents and claim.agent_id != own:
        raise CallerMismatch
    try:
        with transaction.atomic():
            return _resolve(claim, app_id)
    except Error as error:
        raise CallerUnknowable from error


def _resolve(claim: Claim, app_id: UUID) -> tuple[Caller, Agent | None]:
    if claim.agent_id:
        return Caller(str(claim.agent_id), claim.type), _active_agent(app_id, claim.agent_id)
    if claim.name:
        label = sanitize(claim.name, 255)
        return Caller(label, claim.type, _label_id(app_id, label, claim.type)), None
    known = CallerLabel.objects.filter(app_id=app_id, id=claim.id).first() if claim.id else None
    return (Caller(known.label, known.type, known.id) if known else Caller()), None


def _active_agent(app_id: UUID, agent_id: UUID) -> Agent:
    agent = Agent.objects.filter(app_id=app_id, id=agent_id, revoked_at=None, suspended_at=None).first()
    if agent is None:
        raise CallerUnresolved
    return agent


def _label_id(app_id: UUID, label: str, kind: str) -> UUID | None:
    labels = CallerLabel.objects.filter(app_id=app_id)
    known = labels.filter(label=label, type=kind).first()
    if known is None and labels.count() < MAX_LABELS:
        known, _ = CallerLabel.objects.get_or_create(app_id=app_id, label=label, type=kind)
    return known.id if known else None
