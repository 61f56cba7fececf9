"""Codes of authenticator apps: each signs in once, and none after a later one (RFC 6238, section 5.2).

The last one of each app is a row of portal.models.UsedCode.
"""

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.db import connection

_USE = """
INSERT INTO portal_usedcode (authenticator_id, counter) VALUES (%s, %s)
ON CONFLICT (authenticator_id) DO UPDATE SET counter = excluded.counter
WHERE portal_usedcode.counter < excluded.counter
"""
"""Compare and set in one statement: of two who send one code at once, one gets in."""


def use(authenticator: Authenticator, code: str) -> bool:
    """Whether `code` is one that `authenticator` shows and that has not been used: after this it has been.

    Recovery codes are marked by django-allauth, under a lock.
    """
    if authenticator.type != Authenticator.Type.TOTP:
        return bool(authenticator.wrap().validate_code(code))
    counter = _counter_of(decrypt(authenticator.data["secret"]), code)
    return counter is not None and _use(authenticator, counter)


def _counter_of(secret: str, code: str) -> int | None:
    """Which span of time `code` belongs to. None: to none that is taken now."""
    for counter in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return int(counter)
    return None


def _use(authenticator: Authenticator, counter: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_USE, [authenticator.pk, counter])
        return bool(cursor.rowcount)
