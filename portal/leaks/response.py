"""Handles leak reports: looks up the secret, applies the leaked-key policy, and notifies its owner."""

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
from portal.models import AccessToken, LeakReport, NotificationKind, PortalPolicy
from portal.notifications.notify import NotificationContent, admins, notify, notify_about_key
from portal.tokens import lifecycle as tokens

log = logging.getLogger(__name__)
Outcome = LeakReport.Outcome
BATCH_SIZE = 100
LOOKBACK = timedelta(days=1)
MAX_PLACES = 10
"""Places for which the owner of one secret is notified in a day: whoever holds a key must not flood their mail."""
RESULTS = {
    Outcome.NOTIFIED: "It is still active.",
    Outcome.DEPRECATED: "It was deprecated and is still active.",
    Outcome.REVOKED: "It was revoked.",
}


def handle_waiting() -> int:
    """Handle the oldest open reports; return how many. One that fails does not hold up the others."""
    done = 0
    for report in LeakReport.objects.filter(handled_at=None).order_by("at", "id")[:BATCH_SIZE]:
        try:
            handle(report)
            done += 1
        except Exception:
            log.exception("the leak report %s could not be handled", report.pk)
    return done


@transaction.atomic
def handle(report: LeakReport) -> LeakReport:
    """Apply the leaked-key policy to the secret of `report`, and delete its hash. A second call changes nothing."""
    waiting = LeakReport.objects.select_for_update().get(pk=report.pk)
    if waiting.handled_at is None and waiting.hashed:
        waiting.outcome = _apply_policy(waiting, plaintext.digests(bytes(waiting.hashed)))
        if waiting.outcome == Outcome.UNKNOWN:
            waiting.found_at = waiting.note = ""
        waiting.hashed, waiting.handled_at = None, now()
        waiting.save()
    return waiting


def _apply_policy(report: LeakReport, digests: list[bytes]) -> Outcome:
    if key := ApiKey.objects.with_kin().filter(digest__in=digests).first():
        with hold(key.agent), hold(key):
            # A derived key may have had another secret meanwhile: then this one opens nothing.
            return _handle_key(report, key) if bytes(key.digest) in digests else Outcome.UNKNOWN
    if token := AccessToken.objects.select_related("user").filter(digest__in=digests).first():
        with hold(token):
            return _handle_token(report, token)
    if gateway := Gateway.objects.filter(Q(digest__in=digests) | Q(previous_digest__in=digests)).first():
        with hold(gateway):
            return _handle_gateway(report, gateway, digests)
    return Outcome.UNKNOWN


def _handle_key(report: LeakReport, key: ApiKey) -> Outcome:
    report.app_id, report.key_id, report.prefix = key.app_id, key.id, key.prefix
    event = _record(report, key)
    if not key.is_active:
        return Outcome.OVER
    outcome = _act_on_key(getattr(key.app, f"on_leaked_{key.kind}_key"), key, _reason(report), event)
    if _is_new_place(report, key_id=key.id):
        title = f"Key {key.name} ({key.prefix}) was reported as leaked"
        path = reverse("key", args=[key.app_id, key.id])
        notify_about_key(_content(report, event, outcome, title, path), key)
    return outcome


def _act_on_key(rule: str, key: ApiKey, reason: str, cause: Event) -> Outcome:
    """Do to `key` what its app's `rule` says, because of the report `cause`.

    A leaked key is lost: it goes even if its agent has no other.
    """
    if rule == OnLeak.REVOKE:
        lifecycle.revoke(system(), key, reason=reason, force=True, batch=cause.id)
        return Outcome.REVOKED
    if rule == OnLeak.DEPRECATE:
        lifecycle.deprecate(system(), key, reason=reason)
        return Outcome.DEPRECATED
    return Outcome.NOTIFIED


def _handle_token(report: LeakReport, token: AccessToken) -> Outcome:
    report.token_id, report.prefix = token.id, token.prefix
    event = _record(report, token)
    if token.status != "active" or not token.user.is_active:
        return Outcome.OVER
    outcome = Outcome.NOTIFIED  # an access token cannot be deprecated
    if PortalPolicy.in_force().on_leaked_token == OnLeak.REVOKE:
        tokens.revoke(system(), token, reason=_reason(report))
        outcome = Outcome.REVOKED
    if _is_new_place(report, token_id=token.id):
        title = f"Your access token {token.name} ({token.prefix}) was reported as leaked"
        notify(_content(report, event, outcome, title, reverse("tokens")), [token.user])
    return outcome


def _handle_gateway(report: LeakReport, gateway: Gateway, digests: list[bytes]) -> Outcome:
    """Notify admins only. Without a new secret, no request would pass a gateway whose secret was revoked."""
    report.prefix = gateway.prefix
    event = _record(report, gateway)
    is_present = bytes(gateway.digest) in digests
    is_taken = is_present or (gateway.previous_ends_at and gateway.previous_ends_at > now())
    if gateway.retired_at or not is_taken:
        return Outcome.OVER
    if _is_new_place(report, prefix=gateway.prefix):
        title = f"The secret of gateway {gateway.name} was reported as leaked"
        path = reverse("guide", args=["gateways"])
        notify(_content(report, event, Outcome.NOTIFIED, title, path), admins(None))
    return Outcome.NOTIFIED


def _record(report: LeakReport, row: ApiKey | AccessToken | Gateway) -> Event:
    facts = {
        "source": report.source,
        "found_at": report.found_at,
        "note": report.note,
        "report": str(report.pk),
    }
    given = {name: fact for name, fact in facts.items() if fact}
    return record(system(), actions.REPORT_LEAK, facts=given, **row.audit_target())


def _is_new_place(report: LeakReport, **of: UUID | str) -> bool:
    """Whether this place is new, and not one of too many. The caller holds the row, so that no two ask at once."""
    recent = LeakReport.objects.filter(handled_at__gt=now() - LOOKBACK, **of).exclude(pk=report.pk)
    locations = set(recent.values_list("found_at", flat=True).distinct()[: MAX_PLACES + 1])
    return report.found_at not in locations and len(locations) < MAX_PLACES


def _content(
    report: LeakReport, event: Event, outcome: Outcome, title: str, path: str
) -> NotificationContent:
    return NotificationContent(
        NotificationKind.LEAKED,
        f"leak:{report.pk}",
        title,
        path,
        text=f"{RESULTS[outcome]} {_reason(report)}",
        app_id=report.app_id,
        key_id=report.key_id,
        event_id=event.id,
    )


def _reason(report: LeakReport) -> str:
    """The report in a sentence: for the audit log and for notifications."""
    by = {
        LeakReport.Source.SCANNER: "by a secret scanner",
        LeakReport.Source.FORM: "with the report form",
        LeakReport.Source.SUPPORT: "by support",
    }[LeakReport.Source(report.source)]
    return f"Reported as leaked {by}" + (f". Found at {report.found_at}" if report.found_at else "")
