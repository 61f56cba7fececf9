"""Stops a start that could not end well, with a sentence that says what to set."""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from audit import macs
from audit.integrity.sealing import mac_keys_in_use, signing
from audit.models import Checkpoint, MacKey, Webhook
from keys.models import ApiKey, Gateway, Pepper
from keys.plaintext import pepper_fingerprint
from portal.models import AccessToken, Role, User


@register(Tags.security, deploy=True)
def origin_is_https(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A portal that others reach must be reached by https."""
    if settings.ORIGIN.startswith("https://"):
        return []
    return [
        Warning("PORTAL_ORIGIN is not an https address.", hint="PORTAL_ORIGIN=https://…", id="portal.W001")
    ]


@register(Tags.security)
def proxy_is_known(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Someone in front of us ends TLS; unless we believe them, every page would be redirected for ever."""
    if settings.ORIGIN.startswith("https://") and not settings.TRUSTED_PROXIES:
        return [
            Error(
                "PORTAL_ORIGIN is https, and no proxy is trusted to have ended TLS.",
                hint="Set PORTAL_TRUSTED_PROXIES to the address of your proxy, such as 127.0.0.1/32.",
                id="portal.E002",
            )
        ]
    return []


@register(Tags.database)
def peppers_are_there(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A key whose pepper is gone can never be recognised again."""
    if not databases:
        return []
    try:
        in_use = (
            ApiKey.objects.filter(revoked_at=None),
            AccessToken.objects.filter(revoked_at=None),
            Webhook.objects.filter(deleted_at=None),
            Gateway.objects.filter(retired_at=None),
        )
        used = {number for rows in in_use for number in rows.values_list("pepper", flat=True).distinct()}
        fingerprints = dict(Pepper.objects.filter(number__in=used).values_list("number", "fingerprint"))
    except DatabaseError:
        return []  # not migrated yet: there are no keys
    there = {
        number
        for number in settings.PEPPERS
        if fingerprints.get(number) in (None, pepper_fingerprint(number))
    }
    if missing := sorted(used - there):
        return [
            Error(
                f"Keys were digested with pepper {', '.join(map(str, missing))}, which is not there or is another.",
                hint="Bring back the data folder's file `peppers`, or name it in PORTAL_PEPPERS.",
                id="portal.E003",
            )
        ]
    return []


@register(Tags.database)
def seal_key_is_the_one(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A database that was restored without its seal key is sealed on with another, and nothing older holds."""
    if not databases:
        return []
    try:
        newest = Checkpoint.objects.order_by("-number").values_list("key_id", flat=True).first()
    except DatabaseError:
        return []  # not migrated yet: nothing is sealed
    if newest is None or newest in signing.known().keys:
        return []
    return [
        Warning(
            f"The audit log was sealed with the key {newest}, and the seal key that is here does not follow it.",
            hint="Bring back the data folder's files `seal-key` and `seal-keys`: without them no check holds. If they "
            "cannot be recovered, see docs/integrity.md.",
            id="portal.W006",
        )
    ]


@register(Tags.database)
def break_glass_is_there(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Where the identity provider alone lets in, one account must be able to when it cannot be reached."""
    if not databases or not (settings.PROVIDER and settings.PROVIDER.only):
        return []
    if not settings.BREAK_GLASS:
        return [
            Warning(
                "PORTAL_OIDC_ONLY is true and no account may sign in without the identity provider.",
                hint="Name one for the day it is down: PORTAL_BREAK_GLASS=you@example.com.",
                id="portal.W004",
            )
        ]
    try:
        user = User.objects.filter(email=settings.BREAK_GLASS, is_active=True).first()
        is_admin = user is not None and any(m.app_id is None and m.role == Role.ADMIN for m in user.roles)
    except DatabaseError:
        return []  # not migrated yet: there is nobody
    if user is not None and is_admin and user.has_usable_password():
        return []
    return [
        Warning(
            f"PORTAL_BREAK_GLASS is {settings.BREAK_GLASS}, which is no open account of an admin of every app with a"
            " password.",
            hint="Create it with .venv/bin/python manage.py create_admin, "
            "or set a password with .venv/bin/python manage.py change_password.",
            id="portal.W005",
        )
    ]


@register(Tags.database)
def mac_keys_are_there(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Rows that wait for their seals are taken for forged where the key of their MACs is gone."""
    if not databases:
        return []
    try:
        fingerprints = dict(MacKey.objects.values_list("number", "mark"))
        waiting = mac_keys_in_use.keys_in_use()
    except DatabaseError:
        return []  # not migrated yet: there are no rows
    others = {
        number
        for number in settings.MAC_KEYS
        if fingerprints.get(number) not in (None, macs.key_fingerprint(number))
    }
    if missing := sorted(others | (waiting - settings.MAC_KEYS.keys())):
        return [
            Error(
                f"Rows of the audit log were written with MAC key {', '.join(map(str, missing))}, "
                "which is not there or is another.",
                hint=(
                    "Bring back the data folder's file `mac-keys`, or name it in PORTAL_MAC_KEYS. If it cannot be "
                    "recovered, give the new key a higher number, and run "
                    ".venv/bin/python manage.py tick --skip-checks once: rows that "
                    "still wait for their seals are set aside."
                ),
                id="portal.E004",
            )
        ]
    return []
