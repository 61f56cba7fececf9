"""Diagnoses one denied call: its remedy, the event that caused it, and the values that links to a fix need."""

from dataclasses import replace

from audit.models import Call, Event
from audit.search.explain import Diagnosis, Remedy
from keys.explain.remedies import BY_CHECK, BY_CODE, UNKNOWN

MAX_RATE_LIMIT = 100_000
"""The highest number of calls a minute that a key can be given."""
RESUMED = Remedy("The agent has been resumed since, and its keys work again.")


def diagnose(call: Call, *, search_cause: bool = True) -> Diagnosis:
    """The diagnosis of a denied call, from its row and, if the cause is searched, from the events of its key."""
    remedy, cause = remedy_of(call), cause_of(call) if search_cause else None
    if cause is not None and cause.action == "agent.resume":
        links = tuple(link for link in remedy.links if not link.posts)
        return Diagnosis(Remedy(RESUMED.says, links), _values(call, cause), cause, is_resolved=True)
    return Diagnosis(remedy, _values(call, cause), cause)


def remedy_of(call: Call) -> Remedy:
    """The remedy for the error code of `call`, or else for the check that failed."""
    remedy = BY_CODE.get(call.code) or BY_CHECK.get(call.check_failed, UNKNOWN)
    missing = (call.facts or {}).get("missing", ())
    if call.check_failed == "scope" and missing:
        return replace(remedy, says=f"{remedy.says} Missing: {', '.join(missing)}.")
    return remedy


def cause_of(call: Call) -> Event | None:
    """The event behind a denial, such as the revocation of the key or the suspension of its agent."""
    of_key = Event.objects.filter(app_id=call.app_id, key_id=call.key_id).order_by("-at", "-id")
    match call.check_failed:
        case "not revoked":
            return of_key.filter(action="key.revoke").first()
        case "grace not over":
            return of_key.filter(action="key.rotate", facts__has_key="successor").first()
        case "ancestors live":
            return of_key.filter(action="key.derive").first()
        case "agent active":
            actions = ("agent.suspend", "agent.resume", "agent.revoke")
            of_agent = Event.objects.filter(
                app_id=call.app_id, target_id=str(call.agent_id), action__in=actions
            )
            return of_agent.order_by("-at", "-id").first()
    return None


def _values(call: Call, cause: Event | None) -> dict[str, str]:
    """The values that links may name. Unknown ones are left out, and with them the links that need them."""
    is_agents_own = call.key_prefix.startswith("alter_key_agent_") and call.agent_id is not None
    facts, of_cause = call.facts or {}, cause.facts if cause else {}
    limit = facts.get("limit")
    values = {
        "app": call.app_id,
        "key": call.key_id,
        "agent": call.agent_id,
        "mint": "agent-key-mint" if is_agents_own else "key-mint",
        "holder": call.agent_id if is_agents_own else "-",
        "parent": of_cause.get("parent"),
        "successor": of_cause.get("successor"),
        "ip": call.ip,
        "twice": min(2 * limit, MAX_RATE_LIMIT) if isinstance(limit, int) else None,
    }
    return {name: str(value) for name, value in values.items() if value}
