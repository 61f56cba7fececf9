"""Key lookup across the apps a user may read: by hash, prefix or fingerprint."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agents.models import App
from audit.actors import Actor, Origin
from core.folding import holding
from keys import actions as on_keys
from keys import plaintext
from keys.models import ApiKey
from keys.web.key_rows import Row, rows
from portal import actions as on_portal
from portal.models import AccessToken, User
from portal.web.gates import apps_allowing, permissions_of, person

MAX_RESULTS = 500
"""Hashes in one lookup, and keys in its result."""
MIN_LENGTH = 4
FINGERPRINT = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class KeyMatch:
    """A key, its owner, and what the user may do with it."""

    row: Row
    actor: Actor
    owner: User | None

    @property
    def may_revoke(self) -> bool:
        """Whether to offer Revoke."""
        return self.actor.may(on_keys.REVOKE, self.row.key) and self.row.state != "revoked"


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The keys and tokens of a lookup, and what was not found."""

    keys: list[KeyMatch]
    tokens: list[AccessToken]
    missing: list[str]
    """Words as they were typed, and the fingerprints of hashes."""
    unknown: int
    """How many of `missing` are hashes."""
    more: bool


def look_up(user: User, origin: Origin, hashes: Sequence[bytes], words: Sequence[str]) -> LookupResult:
    """Keys and access tokens with one of these SHA-256 hashes, and keys that one of `words` is of.

    Keys in apps that `user` may not read count as unknown.
    """
    apps = {app.id: app for app in apps_allowing(user, on_keys.READ)}
    digests = plaintext.by_digest(hashes)
    wanted = _of_words(words)
    if digests:
        wanted |= Q(digest__in=list(digests))
    keys: list[ApiKey] = []
    if wanted:
        matching = ApiKey.objects.filter(wanted, app_id__in=apps).with_kin().order_by("-created_at", "-id")
        keys = list(matching[: MAX_RESULTS + 1])
    tokens = _tokens(user, list(digests))
    seen = [bytes(key.digest) for key in keys] + [bytes(token.digest) for token in tokens]
    known = {digests[digest] for digest in seen if digest in digests}
    matches = _with_owners(user, origin, keys[:MAX_RESULTS], apps)
    unknown = [digest.hex()[:8] for digest in dict.fromkeys(hashes) if digest not in known]
    missing = [word for word in words if not any(_is_of(word, key) for key in keys)]
    return LookupResult(matches, tokens, [*missing, *unknown], len(unknown), len(keys) > MAX_RESULTS)


def recall(user: User, origin: Origin, summary: dict[str, Any]) -> LookupResult:
    """The result that summary() stored, as far as `user` may read it now."""
    apps = {app.id: app for app in apps_allowing(user, on_keys.READ)}
    matched = ApiKey.objects.filter(id__in=summary["keys"], app_id__in=apps).with_kin()
    keys = _with_owners(user, origin, list(matched.order_by("-created_at", "-id")), apps)
    tokens = _may_see(user, AccessToken.objects.filter(id__in=summary["tokens"]))
    return LookupResult(keys, tokens, summary["missing"], summary["unknown"], summary["more"])


def summary(result: LookupResult) -> dict[str, Any]:
    """`result` as ids, for the session. No hash, and nothing of a key but words as they were typed."""
    return {
        "keys": [str(match.row.key.id) for match in result.keys],
        "tokens": [str(token.id) for token in result.tokens],
        "missing": result.missing,
        "unknown": result.unknown,
        "more": result.more,
    }


def _is_of(word: str, key: ApiKey) -> bool:
    return word in key.prefix or word.lower() == key.fingerprint


def _of_words(words: Iterable[str]) -> Q:
    """Keys with a word in their prefix or as their fingerprint."""
    wanted = Q()
    for word in words:
        wanted |= holding(word, "prefix")
        if FINGERPRINT.fullmatch(word.lower()):
            wanted |= Q(fingerprint=word.lower())
    return wanted


def _tokens(user: User, digests: Sequence[bytes]) -> list[AccessToken]:
    return _may_see(user, AccessToken.objects.filter(digest__in=digests))


def _may_see(user: User, tokens: QuerySet[AccessToken]) -> list[AccessToken]:
    """Access tokens belong to no app: only users who may revoke keys in every app see those of others."""
    tokens = tokens.select_related("user")
    if on_portal.END_FOUND_TOKEN.needs not in permissions_of(user, None):
        tokens = tokens.filter(user=user)
    return list(tokens)


def _with_owners(user: User, origin: Origin, keys: Sequence[ApiKey], apps: dict[UUID, App]) -> list[KeyMatch]:
    owners = User.objects.in_bulk({key.owner_id for key in keys if key.owner_id})
    actors = {app_id: person(user, apps[app_id], origin) for app_id in {key.app_id for key in keys}}
    return [
        KeyMatch(row, actors[row.key.app_id], owners.get(row.key.owner_id) if row.key.owner_id else None)
        for row in rows(keys)
    ]
