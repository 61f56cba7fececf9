"""A leaked secret is dealt with: found by its hash, put on record, handled as its app says, and its people told."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import transaction
from django.urls import reverse

from agents.faces import address_of
from agents.models import OnLeak
from audit.actors import Actor, system
from audit.change import record
from audit.clock import now
from audit.text import keepable
from keys import plaintext
from keys.lifecycle import deprecate, revoke
from keys.models import ApiKey
from portal import actions
from portal.access import tokens
from portal.models import AccessToken, HouseRules, LeakReport, NoticeKind
from portal.notices.tell import News, tell, tell_of_key

Outcome = LeakReport.Outcome
AT_ONCE = 100
KEPT = timedelta(days=365)
LONGEST_PLACE = 500


def report(source: str, hashed: bytes, place: str = "", note: str = "") -> LeakReport:
    """Keep a report until it is dealt with. The same is done whether the hash is of a key or of nothing."""
    return LeakReport.objects.create(
        source=source, hashed=hashed, found_at=clean_place(place), note=keepable(note, LONGEST_PLACE)
    )


def is_wanted() -> bool:
    """Whether a report waits."""
    return LeakReport.objects.filter(handled_at=None).exists()


def deal_with_waiting() -> int:
    """Deal with reports that wait, the oldest first; return how many there were."""
    waiting = list(LeakReport.objects.filter(handled_at=None).order_by("at")[:AT_ONCE])
    for one in waiting:
        deal_with(one)
    return len(waiting)


def forget_old() -> int:
    """Let go of reports after a year; the acts stay on record."""
    LeakReport.objects.filter(at__lt=now() - KEPT).delete()
    return 0


@transaction.atomic
def deal_with(one: LeakReport) -> LeakReport:
    """Do with a reported secret what is to be done, once. Its hash is forgotten by this."""
    one = LeakReport.objects.select_for_update().get(pk=one.pk)
    if one.handled_at is not None or one.hashed is None:
        return one
    digests = plaintext.digests(bytes(one.hashed))
    one.hashed, one.handled_at, one.outcome = None, now(), Outcome.UNKNOWN
    if key := ApiKey.objects.filter(digest__in=digests).with_kin().first():
        one.app_id, one.key_id, one.prefix = key.app_id, key.pk, key.prefix
        one.outcome = _handle_key(one, key)
    elif token := AccessToken.objects.filter(digest__in=digests).select_related("user").first():
        one.token_id, one.prefix = token.pk, token.prefix
        one.outcome = _handle_token(one, token)
    else:
        one.found_at = one.note = ""
    one.save()
    return one


def policy_of(key: ApiKey) -> str:
    """What the key's app wants done with it."""
    policy: str = getattr(key.app, f"on_leaked_{key.kind}_key")
    return policy


def clean_place(text: str) -> str:
    """Where something was found, without credentials and keys: an address, or a few words."""
    try:
        parts = urlsplit(text.strip())
        if parts.scheme in ("http", "https") and parts.hostname:
            host = parts.hostname + (f":{parts.port}" if parts.port else "")
            text = urlunsplit((parts.scheme, host, parts.path, "", parts.fragment))
    except ValueError:
        text = ""
    return keepable(text, LONGEST_PLACE)


def _handle_key(one: LeakReport, key: ApiKey) -> str:
    actor, why = system(), f"Reported as leaked ({one.get_source_display().lower()})."
    _record(actor, one, **key.about())
    if not key.is_living:
        return Outcome.OVER
    policy = policy_of(key)
    if policy == OnLeak.REVOKE:
        revoke(actor, key, reason=why, force=True)
    elif policy == OnLeak.DEPRECATE:
        deprecate(actor, key, why)
    done = {OnLeak.REVOKE: " and was revoked", OnLeak.DEPRECATE: " and is deprecated"}.get(OnLeak(policy), "")
    news = News(
        NoticeKind.LEAKED,
        f"leaked:{key.pk}:{_place_mark(one)}",
        f"{key.name} of {key.app.name} was reported as leaked{done}.",
        address_of("key", key),
        more=f"Found at {one.found_at}." if one.found_at else "",
        app_id=key.app_id,
        key_id=key.pk,
    )
    tell_of_key(news, key)
    return {OnLeak.REVOKE: Outcome.REVOKED, OnLeak.DEPRECATE: Outcome.DEPRECATED}.get(
        OnLeak(policy), Outcome.NOTIFIED
    )


def _handle_token(one: LeakReport, token: AccessToken) -> str:
    actor = system()
    _record(actor, one, **token.about())
    if token.status != "active":
        return Outcome.OVER
    ends = HouseRules.in_force().on_leaked_token == OnLeak.REVOKE
    if ends:
        tokens.revoke(actor, token, "Reported as leaked.")
    says = f"Your access token {token.name} was reported as leaked{' and was revoked' if ends else ''}."
    news = News(NoticeKind.LEAKED, f"leaked:{token.pk}:{_place_mark(one)}", says, reverse("tokens"))
    tell(news, [token.user])
    return Outcome.REVOKED if ends else Outcome.NOTIFIED


def _record(actor: Actor, one: LeakReport, **about: Any) -> None:
    facts = {"source": one.source, "found_at": one.found_at}
    record(actor, actions.REPORT_LEAK, reason=one.note, facts=facts, **about)


def _place_mark(one: LeakReport) -> str:
    """The same place is told of once a day."""
    return f"{plaintext.sha256(one.found_at).hex()[:12]}:{now():%Y%m%d}"
