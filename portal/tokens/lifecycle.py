"""Access tokens: issued to a person's programs, cut to what that person may do now, ended with them.

Stored like keys: a keyed digest, never the token itself.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from agents.names import parse_name
from audit.actors import Actor
from audit.change import change
from core.clock import now
from core.errors import Invalid, NotAllowed
from core.text import sanitize
from keyformat import grammar
from keys import plaintext
from keys.errors import AlreadyMinted
from keys.expiry import check_expiry
from keys.lifecycle import parse_ticket
from keys.models import Pepper
from keys.plaintext import Plaintext
from portal import actions
from portal.auth import policy
from portal.auth.policy import SignInMethod
from portal.error_responses import InvalidGrant, InvalidToken, TokenExpired
from portal.models import AccessToken, Authorization, NotificationKind, User
from portal.notifications.notify import NotificationContent, notify
from portal.role_delegation import require_held, require_within_token
from portal.roles import EVERYTHING, with_lower_tiers
from portal.web.gates import permissions_anywhere

CODE_LIFETIME = timedelta(minutes=1)
CLI_TOKEN_LIFETIME = timedelta(days=90)
"""Of a token that a terminal signed in for: nobody chose its end, so it has one."""
LAST_USED_INTERVAL = timedelta(minutes=1)
MAX_TOKENS = 50
"""Living tokens that one person minted."""
MAX_CHILDREN = 10
"""Living tokens that one token made: they are not among those of its owner, whose places they would fill."""
SENSITIVE = frozenset(permission for permission in EVERYTHING if not permission.endswith(":read"))
"""What changes things, or shows all of them: a token outlives the browser that was left open."""
_CODE = _CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes in base64url."""
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A token and its plaintext, which whoever receives this shows once or drops."""

    token: AccessToken
    plaintext: Plaintext


def issue(
    actor: Actor,
    user: User,
    *,
    name: str,
    permissions: Collection[str],
    expires_at: datetime | None = None,
    once: str = "",
    spelled_out: bool = False,
    parent: AccessToken | None = None,
) -> Issued:
    """A new token of `user` that may do `permissions` and what they include, as far as `user` holds that now.

    A role that comes later brings it nothing. `spelled_out`: `permissions` are within_reach() of before, and include
    no more. `once` names the form it came from: a second use issues nothing. `parent` is the token that makes it: it
    holds no more than that, lives no longer, and ends with it. Raises Invalid, AlreadyMinted, MintedByToken,
    NotYoursToGive for what `user` or `parent` does not hold; `all`, with the server command line, is
    all that they hold.
    """
    if is_sensitive(permissions):
        actor.require_fresh()
    requested = parse_permissions(permissions)
    if parent and expires_at is None:
        expires_at = parent.expires_at
    token = AccessToken(
        user=user,
        name=parse_name(name),
        expires_at=check_expiry(expires_at),
        once=once or None,
        parent=parent,
    )
    with transaction.atomic(), change(actor, actions.ISSUE_TOKEN, on=token):
        User.objects.select_for_update().get(pk=user.pk)  # what is counted and looked up next stays true
        _require_unused(user, once)
        if actor.kind == "shell":
            _require_held(user, permissions)
        else:
            require_held(user, requested)
        if parent:
            require_within_token(parent, requested, token.expires_at)
        token.permissions = requested if spelled_out else within_reach(user, requested)
        if parent:
            token.permissions = sorted(set(token.permissions) & set(parent.permissions))
        _require_below_limit(user, parent)
        secret = plaintext.generate("token")
        token.prefix, token.digest = secret.prefix, secret.digest()
        token.pepper = Pepper.note_current()
        token.save()
    return Issued(token, secret)


def within_reach(user: User, permissions: Iterable[str]) -> list[str]:
    """What of `permissions` a token of `user` could be allowed now, what they include being spelled out."""
    return sorted(with_lower_tiers(parse_permissions(permissions)) & permissions_anywhere(user))


def is_sensitive(permissions: Collection[str]) -> bool:
    """Whether a token that may do this is issued only to someone who has proved lately who they are."""
    return "all" in permissions or not SENSITIVE.isdisjoint(permissions)


def revoke(actor: Actor, token: AccessToken, reason: str = "") -> None:
    """End `token`, now and for ever. Again: nothing happens."""
    with change(actor, actions.REVOKE_TOKEN, on=token, reason=reason):
        if token.revoked_at is None:
            token.revoked_at = now()
            token.save(update_fields=["revoked_at"])


def revoke_own(actor: Actor, using: AccessToken, token: AccessToken, reason: str = "") -> None:
    """End `token` by a request with `using`, another token of the same person. Raises NotAllowed.

    A token ends itself, what it made, and what may do no more than it: whoever finds a weak one ends no strong one.
    """
    if missing := set(token.permissions) - set(using.permissions) if token.parent_id != using.pk else set():
        raise NotAllowed(
            "This token cannot revoke a token that has more permissions.",
            hint="Revoke it under Personal access tokens, or with a token that has the same permissions.",
            action=actions.REVOKE_TOKEN.name,
            needs=", ".join(sorted(missing)),
        )
    revoke(actor, token, reason)


def revoke_leaked(actor: Actor, token: AccessToken, reason: str = "", ticket: str = "") -> None:
    """End someone's token that was found where it does not belong; its owner is told."""
    with change(actor, actions.END_FOUND_TOKEN, on=token, reason=reason) as act:
        if token.revoked_at is None:
            if ticket:
                act.note(ticket=parse_ticket(ticket))
            token.revoked_at = now()
            token.save(update_fields=["revoked_at"])
            content = NotificationContent(
                NotificationKind.REVOKED,
                f"event:{act.id}",
                f"Your access token {token.name} was revoked",
                reverse("tokens"),
                text="It was found by support.",
                event_id=act.id,
            )
            notify(content, [token.user])


def authenticate(presented: str) -> AccessToken:
    """The active token whose plaintext was presented. Raises InvalidToken, TokenExpired, SecondFactorRequired."""
    token = find_token(presented)
    if token is None or token.is_revoked or not token.user.is_active:
        raise InvalidToken
    if token.status == "expired":
        raise TokenExpired
    policy.require(token.user, SignInMethod.TOKEN)
    _note_use(token)
    return token


def find_token(presented: str) -> AccessToken | None:
    """The token whose plaintext was presented, whether it still lets in or not."""
    if not grammar.is_token(presented):
        return None
    digests = plaintext.digests(plaintext.sha256(presented))
    return AccessToken.objects.filter(digest__in=digests).select_related("user", "parent").first()


def active_tokens() -> Q:
    """Tokens that still let someone in. One that another made ends no later than that."""
    return Q(revoked_at=None, parent__revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now()))


def parse_permissions(requested: Iterable[str]) -> list[str]:
    """Permissions from `asked`, or all of them for `all`. Raises Invalid."""
    granted = [word.strip() for word in requested if word.strip()]
    if granted == ["all"]:
        return EVERYTHING
    known = set(EVERYTHING)
    if unknown := [repr(sanitize(word, 60)) for word in granted if word not in known]:
        are = "is not a permission" if len(unknown) == 1 else "are not permissions"
        raise Invalid("permissions", f"{', '.join(unknown)} {are}. Choose from {', '.join(EVERYTHING)}.")
    if not granted:
        raise Invalid("permissions", "Choose at least one permission.")
    return sorted(set(granted))


def parse_challenge(text: str) -> str:
    """What a sign-in's verifier must turn into. Raises Invalid."""
    if not _CHALLENGE.fullmatch(text):
        raise Invalid("code_challenge", "Send the base64url SHA-256 of the verifier (S256).")
    return text


def effective_permissions(token: AccessToken, held: frozenset[str]) -> frozenset[str]:
    """What `token` may do where its owner holds `held`: never more than both. Nothing nests here any more."""
    return frozenset(token.permissions) & held


def authorize(user: User, *, name: str, permissions: Iterable[str], challenge: str) -> str:
    """The code that a program turns into a token within a minute, if it knows what `challenge` was made of.

    It is for what of `permissions` is within_reach() of `user`. Raises NotAllowed if that is nothing.
    """
    granted = within_reach(user, permissions)
    if not granted:
        raise NotAllowed(
            hint="Your roles include none of the requested permissions. Ask an admin for a role."
        )
    code = secrets.token_urlsafe(32)
    Authorization.objects.filter(expires_at__lt=now()).delete()
    Authorization.objects.create(
        digest=_sha256(code),
        challenge=parse_challenge(challenge),
        user=user,
        name=parse_name(name),
        permissions=granted,
        expires_at=now() + CODE_LIFETIME,
    )
    return code


def redeem(code: str, verifier: str) -> Authorization:
    """The yes behind `code`, used up by this.

    Raises InvalidGrant if it is old, used, or another's, SecondFactorRequired.
    """
    if not _CODE.fullmatch(code):
        raise InvalidGrant
    authorization = (
        Authorization.objects.filter(digest=_sha256(code), expires_at__gt=now())
        .select_related("user")
        .first()
    )
    used_up, _ = Authorization.objects.filter(pk=authorization.pk).delete() if authorization else (0, {})
    if authorization is None or not used_up or not _VERIFIER.fullmatch(verifier):
        raise InvalidGrant
    challenge = base64.urlsafe_b64encode(_sha256(verifier)).rstrip(b"=").decode()
    if not secrets.compare_digest(challenge, authorization.challenge) or not authorization.user.is_active:
        raise InvalidGrant
    policy.require(authorization.user, SignInMethod.TOKEN)
    return authorization


def _require_held(user: User, permissions: Collection[str]) -> None:
    """Raise Invalid if the shell names what `user` holds nowhere."""
    if list(permissions) == ["all"]:
        return
    if missing := set(parse_permissions(permissions)) - permissions_anywhere(user):
        lacks = ", ".join(sorted(missing))
        raise Invalid(
            "permissions", f"No role of {user.email} includes {lacks}. Assign a role that does first."
        )


def _require_unused(user: User, once: str) -> None:
    if once and user.access_tokens.filter(once=once).exists():
        raise AlreadyMinted(
            "Form already submitted: one token was minted, and shown once.",
            hint="If you did not save the token, revoke it and mint another.",
        )


def _require_below_limit(user: User, parent: AccessToken | None) -> None:
    """Raise Invalid if as many tokens live as may: of those that `user` minted, or of those that `parent` made."""
    active = user.access_tokens.filter(active_tokens(), parent=parent).count()
    if parent and active >= MAX_CHILDREN:
        raise Invalid(
            "name",
            f"This token has minted {MAX_CHILDREN} active tokens, the maximum. Revoke one that is not used.",
        )
    if active >= MAX_TOKENS:
        raise Invalid(
            "name", f"You have {MAX_TOKENS} active tokens, the maximum. Revoke one that is not used."
        )


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _note_use(token: AccessToken) -> None:
    """Note that it is in use, once a minute. Not an act: no one acted."""
    moment = now()
    if token.last_used_at is None or moment - token.last_used_at > LAST_USED_INTERVAL:
        QuerySet(AccessToken).filter(pk=token.pk).update(last_used_at=moment)
