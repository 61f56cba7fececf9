"""How the identity provider is asked: within one deadline, for a bounded JSON object; anything else is a sentence."""

import hashlib
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.core.cache import cache

from core.deadlines import run_within
from core.retry_after import retry_after, wait_words
from core.text import path_of, sanitize
from portal.auth.claims import NotAnObject, parse_object, text_of

TIMEOUT = 10.0
"""Seconds for one answer, however it trickles."""
MAX_BODY = 1024 * 1024
MAX_WAIT = timedelta(seconds=60)
"""A document of the provider that asks for more (Retry-After) is asked for again after this: all sign in by it."""


class UnfitAnswer(OAuth2Error):  # type: ignore[misc]
    """What the provider answered cannot be taken: why, in words, and who it is said of."""

    def __init__(self, why: str, who: str = "") -> None:
        super().__init__(why)
        self.why, self.who = why, who


class ProviderUnreachable(UnfitAnswer):
    """The provider did not answer, or failed."""


class ProviderSession(requests.Session):
    """Asks as django-allauth does, and lets nothing through but an object of JSON. Raises UnfitAnswer.

    No redirect is followed: the secret and the tokens are for the addresses that the provider publishes.
    """

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """The answer, read to its end."""
        place = f"the endpoint {path_of(url)}"
        waiting = None if _is_of_one(method, kwargs) else _wait_key(url)
        if waiting and cache.get(waiting):
            raise ProviderUnreachable(f"{place} asked to retry later: try again in a minute")
        ends = time.monotonic() + TIMEOUT
        kwargs |= {"stream": True, "timeout": TIMEOUT, "allow_redirects": False}
        ask = super().request
        try:
            response = run_within(TIMEOUT, lambda: _read(ask(method, url, *args, **kwargs), ends))
        except (TimeoutError, requests.Timeout):
            raise ProviderUnreachable(f"{place} did not respond within {TIMEOUT:g} seconds") from None
        except (requests.RequestException, OSError, ValueError) as error:
            raise ProviderUnreachable(f"{place} is unreachable ({_cause(error)})") from None
        if len(response.content) > MAX_BODY:
            raise UnfitAnswer(f"the response of {place} is too large")
        wait = retry_after({name.lower(): value for name, value in response.headers.items()})
        if wait and response.status_code in (429, 503):
            if waiting:
                cache.set(waiting, True, max(1, int(min(wait, MAX_WAIT).total_seconds())))
            raise ProviderUnreachable(f"{place} responded {response.status_code}.{wait_words(wait)}")
        return _require_object(response, place)


def _is_of_one(method: str, options: dict[str, Any]) -> bool:
    """Whether this is asked for one person's sign-in (token, userinfo): how it is refused says nothing of others."""
    headers = {name.lower() for name in options.get("headers") or {}}
    return method.upper() != "GET" or "authorization" in headers or bool(options.get("auth"))


def _wait_key(url: str) -> str:
    """Where it is noted that a document of the provider is not asked for: by its host and path."""
    parts = urlsplit(url)
    return f"oidc:wait:{hashlib.sha256(f'{parts.netloc}{parts.path}'.encode(errors='replace')).hexdigest()}"


def _require_object(response: requests.Response, place: str) -> requests.Response:
    """`response`, if it is a success with an object of JSON, marked as the JSON it is."""
    if 300 <= response.status_code < 400:
        raise UnfitAnswer(f"{place} responded {response.status_code}, a redirect, which is not followed")
    try:
        document = parse_object(response.content)
    except NotAnObject as what:
        if not response.ok:
            raise ProviderUnreachable(f"{place} responded {response.status_code}") from None
        raise UnfitAnswer(f"the response of {place} is {what}") from None
    if not response.ok:
        error = sanitize(text_of(document.get("error")), 60)
        refused = ProviderUnreachable if response.status_code >= 500 else UnfitAnswer
        raise refused(f"{place} responded {response.status_code}{f', {error}' if error else ''}")
    response.headers["content-type"] = "application/json"
    return response


def _read(response: requests.Response, ends: float) -> requests.Response:
    """`response` with its body, or as much of it as shows that it is too long."""
    body = b""
    for piece in response.iter_content(64 * 1024):
        body += piece
        if len(body) > MAX_BODY or time.monotonic() > ends:
            break
    response.close()
    if time.monotonic() > ends:
        raise TimeoutError
    response._content = body
    return response


def _cause(error: Exception) -> str:
    """What is at the bottom of an error of the network, on one line."""
    while (inner := error.__cause__ or error.__context__) is not None and isinstance(inner, Exception):
        error = inner
    return sanitize(str(error), 120) or type(error).__name__
