"""Speaks to the portal's JSON API, and turns every "no" and every silence into a Failure."""

import os
import re
import ssl
from collections.abc import Iterator
from typing import Any

import httpx2

from alter import __version__
from alter.catalogue import near_in
from alter.exits import OF_STATUS, Exit, Failure, usage
from alter.keyformat import redact

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


class Client:
    """One portal, asked with one token, or with none."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url = base_url
        self._seconds = _seconds()
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **bearer},
            timeout=httpx2.Timeout(self._seconds, connect=min(CONNECT_SECONDS, self._seconds)),
        )

    def get(self, path: str, /, **query: Any) -> Any:
        """What is there. Raises Failure."""
        return self.ask("GET", path, query=query)

    def post(self, path: str, body: Any, *, idempotency_key: str | None = None) -> Any:
        """Have something done. Raises Failure."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self.ask("POST", path, body=body, headers=headers)

    def patch(self, path: str, body: Any, /, **query: Any) -> Any:
        """Have something changed. Raises Failure."""
        return self.ask("PATCH", path, body=body, query=query)

    def delete(self, path: str, /, **query: Any) -> Any:
        """Have something removed. Raises Failure."""
        return self.ask("DELETE", path, query=query)

    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """One request and its JSON; None for an empty answer. Raises Failure."""
        response = self.send(method, API + path, **parts)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise self._stranger(response) from None

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """One request and its answer, which is no refusal. Raises Failure."""
        params = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            response = self._http.request(
                method, self.base_url + path, params=params, json=body, headers=headers
            )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._unheard(error, method) from None
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
        except httpx2.HTTPError as error:
            raise self._unheard(error, "GET") from None

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
        except (ValueError, KeyError, TypeError):
            raise self._stranger(response) from None
        if told["error"] in OFFENDERS:
            noun, failure.hint = OFFENDERS[told["error"]]
            if named := _named(response.url.path, noun):
                failure.message = f"{named}: {failure.message}"
        raise failure

    def _stranger(self, response: httpx2.Response) -> Failure:
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        return Failure(
            Exit.ERROR,
            f"{self.base_url} does not answer like a portal: {response.status_code}, {kind}.",
            "Check the address, and what stands between. alter doctor looks closer.",
        )

    def _unheard(self, error: Exception, method: str) -> Failure:
        """Why there is no answer."""
        if isinstance(error, httpx2.TimeoutException):
            doubt = "" if method == "GET" else " Whether it was done is not known: look before you try again."
            return Failure(
                Exit.ERROR,
                f"{self.base_url} has not answered within {self._seconds:g} s.{doubt}",
                "alter doctor",
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
            "Check the address and that the portal runs. alter doctor looks closer.",
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
    if status == 429 and (seconds := headers.get("retry-after")):
        hint = f"Try again in {seconds} s."
    if status >= 500 and (request := headers.get("x-request-id")):
        hint = f"{hint} Request id: {request}.".strip()
    return Failure(OF_STATUS.get(status, Exit.ERROR), message, hint)


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
