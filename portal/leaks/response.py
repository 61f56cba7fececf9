"""What is done about a report: its secret is looked up, its app's rules are carried out, its people are told."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from agents.models import OnLeak
from audit.actors import system
from audit.change import hold, record
from audit.models import Event
from core.clock import now
from keys import lifecycle, plaintext
from keys.models import ApiKey, Gateway
from portal import actions
from portal.models import AccessToken, HouseRules, LeakReport, NoticeKind
from portal.notifications.notify import News, admins, tell, tell_of_key
from portal.tokens import lifecycle as tokens

log = logging.getLogger(__name__)
Outcome = LeakReport.Outcome
A_STEP = 100
LATELY = timedelta(days=1)
MOST_NEWS = 10
"""Places for which the people of one secret are told in a day: whoever holds a key must not flood their mail."""
DONE = {
    Outcome.NOTIFIED: "It still works.",
    Outcome.DEPRECATED: "It was deprecated and still works.",
    Outcome.REVOKED: "It was revoked at once.",
}


def deal_with_waiting() -> int:
    """Deal with the oldest reports that wait; return how many that were. One that fails keeps no other waiting."""
    done = 0
    for report in LeakReport.objects.filter(handled_at=None).order_by("at", "id")[:A_STEP]:
        try:
            deal_with(report)
            done += 1
        except Exception:
            log.exception("the leak report %s could not be dealt with", report.pk)
    return done


@transaction.atomic
def deal_with(report: LeakReport) -> LeakReport:
    """Do what the rules say about the secret of `report`, and let go of its hash. Again: nothing happens."""
    waiting = LeakReport.objects.select_for_update().get(pk=report.pk)
    if waiting.handled_at is None and waiting.hashed:
        waiting.outcome = _deal_with(waiting, plaintext.digests(bytes(waiting.hashed)))
        if waiting.outcome == Outcome.UNKNOWN:
            waiting.found_at = waiting.note = ""
        waiting.hashed, waiting.handled_at = None, now()
        waiting.save()
    return waiting


def _deal_with(report: LeakReport, digests: list[bytes]) -> Outcome:
    if key := ApiKey.objects.with_kin().filter(digest__in=digests).first():
        with hold(key.agent), hold(key):
            # A derived key may have had another secret meanwhile: then this one opens nothing.
            return _with_key(report, key) if bytes(key.digest) in digests else Outcome.UNKNOWN
    if token := AccessToken.objects.select_related("user").filter(digest__in=digests).first():
        with hold(token):
            return _with_token(report, token)
    if gateway := Gateway.objects.filter(Q(digest__in=digests) | Q(previous_digest__in=digests)).first():
        with hold(gateway):
            return _with_gateway(report, gateway, digests)
    return Outcome.UNKNOWN


def _with_key(report: LeakReport, key: ApiKey) -> Outcome:
    report.app_id, report.key_id, report.prefix = key.app_id, key.id, key.prefix
    event = _record(report, key)
    if not key.is_living:
        return Outcome.OVER
    outcome = _carry_out(getattr(key.app, f"on_leaked_{key.kind}_key"), key, _why(report), event)
    if _is_news(report, key_id=key.id):
        says = f"The key {key.name} ({key.prefix}) was reported as leaked. {DONE[outcome]}"
        tell_of_key(_news(report, event, says, reverse("key", args=[key.app_id, key.id])), key)
    return outcome


def _carry_out(rule: str, key: ApiKey, why: str, cause: Event) -> Outcome:
    """Do to `key` what its app's `rule` says, because of the report `cause`.

    A leaked key is lost: it goes even if its agent has no other.
    """
    if rule == OnLeak.REVOKE:
        lifecycle.revoke(system(), key, reason=why, force=True, batch=cause.id)
        return Outcome.REVOKED
    if rule == OnLeak.DEPRECATE:
        lifecycle.deprecate(system(), key, reason=why)
        return Outcome.DEPRECATED
    return Outcome.NOTIFIED


def _with_token(report: LeakReport, token: AccessToken) -> Outcome:
    report.token_id, report.prefix = token.id, token.prefix
    event = _record(report, token)
    if token.status != "active" or not token.user.is_active:
        return Outcome.OVER
    outcome = Outcome.NOTIFIED  # a token cannot be deprecated: its owner is told
    if HouseRules.in_force().on_leaked_token == OnLeak.REVOKE:
        tokens.revoke(system(), token, reason=_why(report))
        outcome = Outcome.REVOKED
    if _is_news(report, token_id=token.id):
        says = f"Your access token {token.name} ({token.prefix}) was reported as leaked. {DONE[outcome]}"
        tell(_news(report, event, says, reverse("tokens")), [token.user])
    return outcome


def _with_gateway(report: LeakReport, gateway: Gateway, digests: list[bytes]) -> Outcome:
    """Those who hold the whole portal are told. Ended without a successor, no call would pass that gateway."""
    report.prefix = gateway.prefix
    event = _record(report, gateway)
    is_present = bytes(gateway.digest) in digests
    is_taken = is_present or (gateway.previous_ends_at and gateway.previous_ends_at > now())
    if gateway.retired_at or not is_taken:
        return Outcome.OVER
    if _is_news(report, prefix=gateway.prefix):
        says = f"The secret of the gateway {gateway.name} was reported as leaked. {DONE[Outcome.NOTIFIED]}"
        to = reverse("guide", args=["gateways"])
        tell(_news(report, event, says, to), admins(None))
    return Outcome.NOTIFIED


def _record(report: LeakReport, row: ApiKey | AccessToken | Gateway) -> Event:
    facts = {
        "source": report.source,
        "found_at": report.found_at,
        "note": report.note,
        "report": str(report.pk),
    }
    told = {name: fact for name, fact in facts.items() if fact}
    return record(system(), actions.REPORT_LEAK, facts=told, **row.about())


def _is_news(report: LeakReport, **of: UUID | str) -> bool:
    """Whether this place is new, and not one of too many. The caller holds the row, so that no two ask at once."""
    lately = LeakReport.objects.filter(handled_at__gt=now() - LATELY, **of).exclude(pk=report.pk)
    told = set(lately.values_list("found_at", flat=True).distinct()[: MOST_NEWS + 1])
    return report.found_at not in told and len(told) < MOST_NEWS


def _news(report: LeakReport, event: Event, says: str, to: str) -> News:
    return News(
        NoticeKind.LEAKED,
        f"leak:{report.pk}",
        says,
        to,
        more=_why(report),
        app_id=report.app_id,
        key_id=report.key_id,
        event_id=event.id,
    )


def _why(report: LeakReport) -> str:
    """The report in a sentence: for the record, and for those who are told."""
    by = {
        LeakReport.Source.SCANNER: "by a secret scanner",
        LeakReport.Source.FORM: "by someone who has it",
        LeakReport.Source.SUPPORT: "at the support desk",
    }[LeakReport.Source(report.source)]
    return f"Reported as leaked {by}" + (f": found at {report.found_at}" if report.found_at else "")
