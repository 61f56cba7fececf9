"""Speaks to the portal's JSON API, and turns every "no" and every silence into a Failure."""

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
from alter.catalogue import near_in
from alter.environment import open_http, proxy_hint
from alter.exit_codes import OF_STATUS, Exit, Failure, usage
from alter.retry_after import seconds_to_wait
from keyformat.redaction import redact

API = "/api/v1"
CONNECT_SECONDS = 10
SECONDS = 30
LONG_SECONDS = 600
"""How long an export may be counted before its first byte."""
OFFENDERS = {
    "app_not_found": ("apps", "alter apps list shows yours."),
    "key_not_found": ("keys", "alter keys list shows this app's."),
    "agent_not_found": ("agents", "alter agents list shows this app's."),
}
"""What an address names that is not there, by the portal's code, and what to do."""
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
"""Errors that come before a request has left."""


class InDoubt(Failure):
    """A change was asked for, and no answer says whether it was made."""


class Answer(dict[str, Any]):
    """An object out of an answer. A field that a portal's answer has and this has not is said to be missing."""

    def __missing__(self, name: str) -> Any:
        raise Failure(
            Exit.ERROR,
            f"This is not the answer of a portal: it has no field {name}.",
            "Check the address, and that portal and alter are of the same version.",
        )


class Client:
    """One portal, asked with one token, or with none."""

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
        """What is there. Raises Failure."""
        return self.ask("GET", path, query=query)

    def post(self, path: str, body: Any, *, idempotency_key: str | None = None) -> Any:
        """Have something done. Raises Failure."""
        headers = {"Idempotency-Key": idempotency_key.encode()} if idempotency_key else {}
        return self.ask("POST", path, body=body, headers=headers)

    def make(self, path: str, body: Any, idempotency_key: str | None = None) -> Any:
        """Have something made, once however often it is asked for under the same key. Raises Failure.

        When the answer is lost the failure says the key, so that asking again is safe.
        """
        key = idempotency_key or f"alter-{uuid.uuid4()}"
        try:
            return self.post(path, body, idempotency_key=key)
        except InDoubt as failure:
            failure.hint += f" Trying again makes no second one, with --idempotency-key {shlex.quote(key)}."
            raise

    def patch(self, path: str, body: Any, /, **query: Any) -> Any:
        """Have something changed. Raises Failure."""
        return self.ask("PATCH", path, body=body, query=query)

    def delete(self, path: str, /, **query: Any) -> Any:
        """Have something removed. Raises Failure."""
        return self.ask("DELETE", path, query=query)

    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """One request and its JSON; None for an empty answer. Raises Failure."""
        response = self.send(method, API + path, **parts)
        if not response.content and method != "GET":
            return None
        try:
            told = response.json(object_hook=Answer)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict) or not _holds_rows(told.get("items", [])):
            raise self._stranger(response)
        return told

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
    ) -> httpx2.Response:
        """One request and its answer, which is no refusal. Raises Failure."""
        params = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            response = self._http.request(
                method, self.base_url + path, params=params, json=body, headers=headers
            )
        except KeyboardInterrupt:
            if method == "GET":
                raise
            raise self._in_doubt("Interrupted", path, Exit.INTERRUPTED) from None
        except Exception as error:
            raise self._unheard(error, method, path) from None
        self.has_changed |= method != "GET" and response.is_success
        return self._checked(response)

    def stream(self, path: str, /, **query: Any) -> Iterator[bytes]:
        """A long answer, piece by piece as it comes. The first piece may take a while. Raises Failure."""
        params = {name: value for name, value in query.items() if value is not None}
        patience = httpx2.Timeout(self._seconds, read=max(self._seconds, LONG_SECONDS))
        try:
            with self._http.stream(
                "GET", self.base_url + API + path, params=params, timeout=patience
            ) as response:
                if not response.is_success:
                    response.read()
                yield from self._checked(response).iter_bytes()
        except Failure:
            raise
        except Exception as error:
            raise self._unheard(error, "GET", API + path) from None

    def _checked(self, response: httpx2.Response) -> httpx2.Response:
        if response.is_redirect:
            there = response.headers.get("location", "")
            raise Failure(
                Exit.ERROR,
                f"{self.base_url} sends on to {there}.",
                "Use that address: --base-url, ALTER_BASE_URL.",
            )
        if response.is_success:
            return response
        try:
            told = response.json()
            failure = failure_of(response.status_code, told["error"], told, response.headers)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._stranger(response) from None
        if told["error"] in OFFENDERS:
            noun, failure.hint = OFFENDERS[told["error"]]
            if named := _named(response.url.path, noun):
                failure.message = f"{named}: {failure.message}"
        raise failure

    def _stranger(self, response: httpx2.Response) -> Failure:
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        said = f"{self.base_url} does not answer like a portal: {response.status_code}, {kind}"
        # What stands between may have lost the portal's answer, and the portal has done it.
        if response.request.method != "GET" and (response.is_success or response.status_code >= 500):
            return self._in_doubt(said, response.url.path)
        return Failure(
            Exit.ERROR,
            f"{said}.",
            "Check the address, and what stands between. alter doctor looks closer.",
            seconds_to_wait(response.headers) if response.status_code in (429, 503) else None,
        )

    def _in_doubt(self, said: str, path: str, exit: Exit = Exit.ERROR) -> Failure:
        """The end of a run that asked for a change and does not know whether it came about."""
        return InDoubt(
            exit, f"{said}. {undo_commands.UNKNOWN}.", undo_commands.look_after(path.partition(API)[2])
        )

    def _unheard(self, error: Exception, method: str, path: str) -> Failure:
        """Why there is no answer."""
        if method != "GET" and not isinstance(error, UNSENT):
            late = isinstance(error, httpx2.TimeoutException)
            why = f"not answered within {self._seconds:g} s" if late else f"not answered: {_reason(error)}"
            return self._in_doubt(f"{self.base_url} has {why}", path)
        if isinstance(error, httpx2.TimeoutException):
            return Failure(
                Exit.ERROR,
                f"{self.base_url} has not answered within {self._seconds:g} s.",
                f"alter doctor looks closer. {proxy_hint()}".strip(),
            )
        if isinstance(error, httpx2.ProxyError):
            return Failure(
                Exit.ERROR,
                f"The proxy lets nothing through to {self.base_url}: {_reason(error)}.",
                proxy_hint(),
            )
        if refused := _certificate_error(error):
            return Failure(
                Exit.ERROR,
                f"The certificate of {self.base_url} is not trusted: {refused}.",
                "If its authority is your own, name it: SSL_CERT_FILE=/path/to/ca.pem.",
            )
        return Failure(
            Exit.ERROR,
            f"{self.base_url} cannot be reached: {_reason(error)}.",
            f"Check the address and that the portal runs. {proxy_hint() or 'alter doctor looks closer.'}",
        )


def failure_of(status: int, code: str, told: dict[str, Any], headers: Any) -> Failure:
    """A refusal of the portal as the end of this run."""
    message, hint = str(told.get("message") or code), str(told.get("hint") or "")
    if status == 422 and told.get("fields"):
        flaws = [(flaw.get("field", ""), flaw.get("message", "")) for flaw in told["fields"]]
        message = " ".join(
            text if not field or text.startswith(f"{field}:") else f"{field}: {text}" for field, text in flaws
        )
    if code == "unknown_scope" and not hint and (guess := near_in(message)):
        hint = f"Did you mean {guess}?"
    if code == "forbidden" and told.get("needs"):
        message = f"This needs {told['needs']}. {message}"
        hint = f"alter auth status shows what the token may do. {hint}"
    wait = seconds_to_wait(headers) if status in (429, 503) else None
    if wait is not None:
        hint = f"Try again in {ceil(wait)} s."
    if status >= 500 and (request := headers.get("x-request-id")):
        hint = f"{hint} Request id: {request}.".strip()
    return Failure(OF_STATUS.get(status, Exit.ERROR), message, hint, wait)


def _holds_rows(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _named(path: str, noun: str) -> str:
    """What an address says after `noun`: /apps/1/keys/2 has key 2. Empty: nothing."""
    return path.partition(f"/{noun}/")[2].partition("/")[0]


def _certificate_error(error: BaseException | None) -> str:
    while error:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or "it does not verify"
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            said = _NOISE.sub("", str(error)).partition("certificate verify failed: ")[2]
            return said.strip(" .") or "it does not verify"
        error = error.__cause__ or error.__context__
    return ""


def _reason(error: Exception) -> str:
    said = str(error).strip().rstrip(".") or type(error).__name__
    if "WRONG_VERSION_NUMBER" in said or "RECORD_LAYER" in said:
        return "it does not speak TLS there"
    return redact(_NOISE.sub("", said.partition("] ")[2] or said))


def _seconds() -> float:
    text = os.environ.get("ALTER_TIMEOUT") or str(SECONDS)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 3600:
        raise usage(f"ALTER_TIMEOUT: {text!r} is not a number of seconds from 1 to 3600.")
    return seconds
