"""Reauthentication: a sensitive action takes a proof, not older than 15 minutes, of who is at the browser.

Signing in is a proof, and so is giving the password, a passkey or a code once more. A form that was sent too late is
kept and carried out after the proof; programs prove themselves with each request (docs/decisions/0025).
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote, urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
)
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import resolve, reverse

from agents.requests import sent_to
from keyformat.redaction import cut_to_prefix, redact
from keys.web.presets import LEVEL_PREFIX
from portal.auth.claims import seconds_of
from portal.config.identity_provider import ID
from portal.models import User
from portal.web.redirects import drop_unsafe_next

LOCKED_AT = "proof_left_at"
"""In the session: when its user locked sensitive actions. Proofs before it do not count."""
MAX_SKEW = 60
"""Seconds that another machine's clock may be ahead."""
MAX_LENGTH = 20_000
"""Characters of a form that are kept. Forms of sensitive actions are small; a larger one is sent again."""
PROVIDER_PROMPT = "prompt=login&max_age=0"
"""What the provider is asked: to let its person prove who they are, whatever session they have there."""
SECRET = ("password", "code", "credential", "secret", "csrfmiddlewaretoken")
"""Fields that are never kept."""


def is_fresh(request: HttpRequest) -> bool:
    """Whether who asks proved within the last 15 minutes who they are."""
    return proved_until(request) is not None


def proved_until(request: HttpRequest) -> datetime | None:
    """Until when sensitive actions need no other proof. None: they need one."""
    if not isinstance(request.user, User):
        return None
    records = get_authentication_records(request, request.user)
    latest = max((record["at"] for record in records), default=0)
    ends = latest + settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    if latest <= request.session.get(LOCKED_AT, 0) or ends <= time.time():
        return None
    if latest > time.time() + MAX_SKEW:  # proved before the clock was set back: how long ago, nobody knows
        return None
    return datetime.fromtimestamp(ends, UTC)


def date_provider_proof(request: HttpRequest, claims: Mapping[str, Any]) -> None:
    """Date a sign-in by the provider when it was proved there: its own session may be hours old, and is no proof.

    A moment that is still to come, beyond what clocks differ by, proves nothing.
    """
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    at = seconds_of(claims.get("auth_time"))
    if records and at is not None:
        at = 0.0 if at > time.time() + MAX_SKEW else at
        latest = records[-1] | {"at": min(records[-1]["at"], at)}
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [*records[:-1], latest]


def lock(request: HttpRequest) -> None:
    """Lock sensitive actions: ask for a proof from now on."""
    request.session[LOCKED_AT] = time.time()


def request_proof(request: HttpRequest) -> HttpResponseBase:
    """Send a browser to the page that asks for the proof; a form it has sent goes on from there."""
    request.session.pop(STATE_SESSION_KEY, None)
    back = cut_to_prefix(request.get_full_path())
    if request.method == "POST" and len(form := without_secrets(request.POST).urlencode()) <= MAX_LENGTH:
        state = {"path": back, "form": form}
        request.session[STATE_SESSION_KEY] = {"state": state, "callback": f"{__name__}.resume_form"}
    page = _proof_page(cast(User, request.user))
    return sent_to(request, f"{page}{'&' if '?' in page else '?'}next={quote(back)}")


def without_secrets(form: QueryDict) -> QueryDict:
    """`form` without the fields that are never kept, and without keys that were pasted into others."""
    copy = form.copy()
    for name in [name for name in copy if any(word in name for word in SECRET)]:
        if not name.startswith(LEVEL_PREFIX):  # the level of a resource called `secrets` is none
            del copy[name]
    for name, values in list(copy.lists()):
        copy.setlist(name, [redact(value) for value in values])
    return copy


def resume_form(request: HttpRequest, state: dict[str, Any]) -> HttpResponseBase:
    """Carry out the form that was kept: django-allauth calls it after the proof. Only if that proof was for it."""
    path = str(state["path"])
    if request.POST.get("next") != path:
        return HttpResponseRedirect(reverse("home"))
    where, _, query = path.partition("?")
    request.path = request.path_info = where
    request.GET, request.POST = QueryDict(query), QueryDict(state["form"])
    request.META["QUERY_STRING"] = query
    drop_unsafe_next(request)
    match = request.resolver_match = resolve(where)
    answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return answer


def _proof_page(user: User) -> str:
    """The page that asks. Who has neither password nor factor proves it at the provider, by signing in there."""
    if get_adapter().get_reauthentication_methods(user):
        return reverse("account_reauthenticate")
    return f"{reverse('openid_connect_login', args=[ID])}?{urlencode({'auth_params': PROVIDER_PROMPT})}"
