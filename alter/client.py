"""The client of the portal's management API: every error and missing response becomes a Failure."""

import os
import re
import shlex
import ssl
import uuid
from collections.abc import Iterator
from math import ceil
from typing import Any

import httpx2

from alter import __version__, undo_commands
from alter.environment import open_http, proxy_hint
from alter.exit_codes import EXIT_BY_STATUS, Exit, Failure, usage
from alter.retry_after import seconds_to_wait
from keyformat.redaction import redact

API = "/api/v1"
CONNECT_SECONDS = 10
TIMEOUT = 30
EXPORT_SECONDS = 600
"""How long an export may take until its first byte."""
NOT_FOUND_HINTS = {
    "app_not_found": ("apps", "To list your apps: alter apps list"),
    "key_not_found": ("keys", "To list the app's keys: alter keys list"),
    "agent_not_found": ("agents", "To list the app's agents: alter agents list"),
}
"""By error code: the part of the path before the id that was not found, and a hint."""
USER_AGENT = f"alter-cli/{__version__}"
_NOISE = re.compile(r"\s*\(_ssl\.c:\d+\)")


UNSENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
    httpx2.InvalidURL,
    UnicodeError,
)
"""Errors that occur before the request is sent."""


class Unconfirmed(Failure):
    """A change was requested, and no response says whether it was made."""


class Answer(dict[str, Any]):
    """A JSON object of a response. A missing field is an error that names it."""

    def __missing__(self, name: str) -> Any:
        raise Failure(
            Exit.ERROR,
            f"Unexpected response of the portal: the field {name} is missing.",
            "Check the URL, and that the portal and alter have the same version.",
        )


class Client:
    """A client of one portal, with a token or without."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url = base_url
        self.has_changed = False
        self._seconds = _seconds()
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = open_http(
            base_url,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **bearer},
            timeout=httpx2.Timeout(self._seconds, connect=min(CONNECT_SECONDS, self._seconds)),
        )

    def get(self, path: str, /, **query: Any) -> Any:
        """GET. Raises Failure."""
        return self.ask("GET", path, query=query)

    def post(self, path: str, body: Any, *, idempotency_key: str | None = None) -> Any:
        """POST. Raises Failure."""
        headers = {"Idempotency-Key": idempotency_key.encode()} if idempotency_key else {}
        return self.ask("POST", path, body=body, headers=headers)

    def make(self, path: str, body: Any, idempotency_key: str | None = None) -> Any:
        """POST with an idempotency key, so that a retry creates nothing twice. Raises Failure.

        If the response is lost, the hint has the key for a safe retry.
        """
        key = idempotency_key or f"alter-{uuid.uuid4()}"
        try:
            return self.post(path, body, idempotency_key=key)
        except Unconfirmed as failure:
            failure.hint += f"; to retry safely, add --idempotency-key {shlex.quote(key)}"
            raise

    def patch(self, path: str, body: Any, /, **query: Any) -> Any:
        """PATCH. Raises Failure."""
        return self.ask("PATCH", path, body=body, query=query)

    def delete(self, path: str, /, **query: Any) -> Any:
        """DELETE. Raises Failure."""
        return self.ask("DELETE", path, query=query)

    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """Send a request. Returns its JSON, None for an empty response. Raises Failure."""
        response = self.send(method, API + path, **parts)
        if not response.content and method != "GET":
            return None
        try:
            answer = response.json(object_hook=Answer)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or not _are_rows(answer.get("items", [])):
            raise self._unexpected(response)
        return answer

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
    ) -> httpx2.Response:
        """Send a request. Returns a successful response. Raises Failure."""
        params = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            response = self._http.request(
                method, self.base_url + path, params=params, json=body, headers=headers
            )
        except KeyboardInterrupt:
            if method == "GET":
                raise
            raise self._unconfirmed("Interrupted", path, Exit.INTERRUPTED) from None
        except Exception as error:
            raise self._no_response(error, method, path) from None
        self.has_changed |= method != "GET" and response.is_success
        return self._checked(response)

    def stream(self, path: str, /, **query: Any) -> Iterator[bytes]:
        """GET a long response in pieces. The first piece may take a while. Raises Failure."""
        params = {name: value for name, value in query.items() if value is not None}
        timeout = httpx2.Timeout(self._seconds, read=max(self._seconds, EXPORT_SECONDS))
        try:
            with self._http.stream(
                "GET", self.base_url + API + path, params=params, timeout=timeout
            ) as response:
                if not response.is_success:
                    response.read()
                yield from self._checked(response).iter_bytes()
        except Failure:
            raise
        except Exception as error:
            raise self._no_response(error, "GET", API + path) from None

    def _checked(self, response: httpx2.Response) -> httpx2.Response:
        if response.is_redirect:
            location = response.headers.get("location", "")
            raise Failure(
                Exit.ERROR,
                f"{self.base_url} redirects to {location}.",
                "Use that URL as --base-url or ALTER_BASE_URL.",
            )
        if response.is_success:
            return response
        try:
            body = response.json()
            failure = to_failure(response.status_code, body["error"], body, response.headers)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._unexpected(response) from None
        if body["error"] in NOT_FOUND_HINTS:
            noun, failure.hint = NOT_FOUND_HINTS[body["error"]]
            if value := _id_in_path(response.url.path, noun):
                failure.message = f"{value}: {failure.message}"
        raise failure

    def _unexpected(self, response: httpx2.Response) -> Failure:
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        message = f"{self.base_url} does not respond like a portal: {response.status_code}, {kind}"
        # A proxy may have replaced the response to a change that was made.
        if response.request.method != "GET" and (response.is_success or response.status_code >= 500):
            return self._unconfirmed(message, response.url.path)
        return Failure(
            Exit.ERROR,
            f"{message}.",
            "Check the URL and any proxy. For details: alter doctor",
            seconds_to_wait(response.headers) if response.status_code in (429, 503) else None,
        )

    def _unconfirmed(self, message: str, path: str, exit: Exit = Exit.ERROR) -> Failure:
        """The error of a change that may or may not have been made."""
        return Unconfirmed(
            exit,
            f"{message}. {undo_commands.UNCONFIRMED}.",
            undo_commands.how_to_check(path.partition(API)[2]),
        )

    def _no_response(self, error: Exception, method: str, path: str) -> Failure:
        """The error of a request without a response."""
        if method != "GET" and not isinstance(error, UNSENT):
            late = isinstance(error, httpx2.TimeoutException)
            why = (
                f"did not respond within {self._seconds:g} s"
                if late
                else f"did not respond: {_reason(error)}"
            )
            return self._unconfirmed(f"{self.base_url} {why}", path)
        if isinstance(error, httpx2.TimeoutException):
            return Failure(
                Exit.ERROR,
                f"{self.base_url} did not respond within {self._seconds:g} s.",
                f"{proxy_hint()} For details: alter doctor".strip(),
            )
        if isinstance(error, httpx2.ProxyError):
            return Failure(
                Exit.ERROR,
                f"The proxy blocks requests to {self.base_url}: {_reason(error)}.",
                proxy_hint(),
            )
        if reason := _certificate_error(error):
            return Failure(
                Exit.ERROR,
                f"The certificate of {self.base_url} is not trusted: {reason}.",
                "For a private certificate authority, set SSL_CERT_FILE=/path/to/ca.pem.",
            )
        return Failure(
            Exit.ERROR,
            f"{self.base_url} cannot be reached: {_reason(error)}.",
            f"Check the URL, and that the portal is running. {proxy_hint() or 'For details: alter doctor'}",
        )


def to_failure(status: int, code: str, body: dict[str, Any], headers: Any) -> Failure:
    """An error of the API as a Failure."""
    message, hint = str(body.get("message") or code), str(body.get("hint") or "")
    if status == 422 and body.get("fields"):
        errors = [(error.get("field", ""), error.get("message", "")) for error in body["fields"]]
        message = " ".join(
            text if not field or text.startswith(f"{field}:") else f"{field}: {text}"
            for field, text in errors
        )
    if code == "forbidden" and body.get("needs"):
        message = f"This requires {body['needs']}. {message}"
        hint = f"alter auth status shows the token's permissions. {hint}"
    wait = seconds_to_wait(headers) if status in (429, 503) else None
    if wait is not None:
        hint = f"Try again in {ceil(wait)} s."
    if status >= 500 and (request := headers.get("x-request-id")):
        hint = f"{hint} Request id: {request}.".strip()
    return Failure(EXIT_BY_STATUS.get(status, Exit.ERROR), message, hint, wait)


def _are_rows(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _id_in_path(path: str, noun: str) -> str:
    """The id after `noun` in a path: 2 in /apps/1/keys/2 for keys. Empty: none."""
    return path.partition(f"/{noun}/")[2].partition("/")[0]


def _certificate_error(error: BaseException | None) -> str:
    while error:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or "it does not verify"
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            text = _NOISE.sub("", str(error)).partition("certificate verify failed: ")[2]
            return text.strip(" .") or "it does not verify"
        error = error.__cause__ or error.__context__
    return ""


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
        return "it does not use TLS"
    return redact(_NOISE.sub("", text.partition("] ")[2] or text))


def _seconds() -> float:
    text = os.environ.get("ALTER_TIMEOUT") or str(TIMEOUT)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 3600:
        raise usage(f"ALTER_TIMEOUT: {text!r} is not a number of seconds up to 3600.")
    return seconds
