"""Receives leaked-key reports. It does the same work whether the secret was issued here or not."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from ipaddress import IPv6Address, ip_network
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from core.addresses import parse_address
from core.clock import now
from core.errors import Invalid
from keyformat import grammar
from keys import plaintext
from keys.admission import rate_limit
from keys.models import ApiKey, Gateway
from portal.error_responses import ReportReplayed, TooManyReports
from portal.leaks import sanitize
from portal.models import AccessToken, LeakReport, TakenMessage

MAX_PER_MINUTE = 20
"""Reports from one IP address; an IPv6 network of 64 bits counts as one address."""
MAX_PER_MINUTE_NETWORK = 60
"""Reports from one network, a /24 or a /48: whoever has a network must not use up everyone's limit."""
MAX_PER_MINUTE_TOTAL = 600
"""So that a crowd of addresses cannot fill the database."""
RETENTION = timedelta(days=365)
RETENTION_UNKNOWN = timedelta(days=30)
"""Reports of unknown secrets are of no use later."""
BATCH_SIZE = 1_000
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")


def parse_sha256(text: str) -> bytes:
    """The 32 bytes that 64 hex digits stand for. Raises Invalid."""
    if not _SHA256.fullmatch(text.strip()):
        raise Invalid("sha256", "Enter the SHA-256 of the key as 64 hexadecimal digits.")
    return bytes.fromhex(text.strip())


def hash_of(text: str) -> bytes:
    """The SHA-256 of the first of our secrets in `text`, which goes no further than here. Raises Invalid."""
    secret = grammar.find_secret(text)
    if not secret:
        raise Invalid(
            "key", "No complete key found. Keys start with alter_key_, alter_pat_ or alter_gateway_."
        )
    return plaintext.sha256(secret)


def charge(address: str) -> None:
    """Count one report against the address it comes from. Raises TooManyReports."""
    near, wide = _networks(address)
    buckets = (
        (near, MAX_PER_MINUTE),
        (f"around {wide}", MAX_PER_MINUTE_NETWORK),
        ("everyone", MAX_PER_MINUTE_TOTAL),
    )
    with transaction.atomic():
        for name, limit in buckets:
            # One after the other: what a narrower limit refuses takes nothing from what is left for others.
            wait = rate_limit.charge(_bucket(name), limit, now()).retry_after
            if wait:
                break
    if wait:
        raise TooManyReports(retry_after=wait)


def refuse_replay(body: bytes) -> None:
    """Remember a signed message, which holds whenever it is sent. Raises ReportReplayed if it was taken before."""
    _, is_new = TakenMessage.objects.get_or_create(digest=hashlib.sha256(body).digest())
    if not is_new:
        raise ReportReplayed


def take(hashed: bytes, *, source: str, found_at: str = "", note: str = "") -> LeakReport:
    """Store a report for the leaks job. Does not reveal whether the secret was issued here."""
    return take_all([(hashed, found_at, note)], source=source)[0]


def take_all(reported: Iterable[tuple[bytes, str, str]], *, source: str) -> Sequence[LeakReport]:
    """Store several at once: the hash of each secret, where it was found, and the reporter's note."""
    return LeakReport.objects.bulk_create(
        LeakReport(
            source=source,
            hashed=hashed,
            found_at=sanitize.sanitize_location(found_at),
            note=sanitize.sanitize_location(note),
        )
        for hashed, found_at, note in reported
    )


def are_waiting() -> bool:
    """Whether there is an open report."""
    return LeakReport.objects.filter(handled_at=None).exists()


def known(hashes: Iterable[bytes]) -> set[bytes]:
    """Those of `hashes` whose secret was issued here and is still on record, ended or not."""
    wanted = plaintext.by_digest(hashes)
    digests = [
        *ApiKey.objects.filter(digest__in=list(wanted)).values_list("digest", flat=True),
        *AccessToken.objects.filter(digest__in=list(wanted)).values_list("digest", flat=True),
        *Gateway.objects.filter(digest__in=list(wanted)).values_list("digest", flat=True),
    ]
    return {wanted[bytes(digest)] for digest in digests}


def purge() -> int:
    """Delete old reports, a batch at a time; return how many."""
    TakenMessage.objects.filter(at__lt=now() - RETENTION).delete()
    handled = LeakReport.objects.filter(handled_at__isnull=False)
    due = handled.filter(at__lt=now() - RETENTION) | handled.filter(
        at__lt=now() - RETENTION_UNKNOWN, outcome=LeakReport.Outcome.UNKNOWN
    )
    oldest = list(due.order_by("at").values_list("pk", flat=True)[:BATCH_SIZE])
    return LeakReport.objects.filter(pk__in=oldest).delete()[0] if oldest else 0


def _networks(address: str) -> tuple[str, str]:
    """Who is counted as one reporter, and the network around them. All that cannot be read are one."""
    known = parse_address(f"[{address}]" if ":" in address else address)
    if known is None:
        return "unknown", "unknown"
    near, wide = (64, 48) if isinstance(known, IPv6Address) else (32, 24)
    return str(ip_network((known, near), strict=False)), str(ip_network((known, wide), strict=False))


def _bucket(who: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"leak-report:{who}")
