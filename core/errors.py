"""Errors with a permanent code, a status, a message and a hint. docs/errors.md lists them."""

import logging
from collections.abc import Iterator
from typing import Any, ClassVar

from django.db import InterfaceError, InternalError, OperationalError

log = logging.getLogger(__name__)
REFUSED = "alter.refused"
"""Where a WSGI environment holds the refusal of a request that the server could not take as it came."""


class Refusal(Exception):
    """Raised by any verb; turned into a page, a fragment or JSON in one place per face."""

    code: ClassVar[str]
    status: ClassVar[int]
    message: str
    hint: str = ""

    def __init__(self, message: str = "", *, hint: str = "", **details: Any) -> None:
        self.message = message or self.message
        self.hint = hint or self.hint
        self.details = details
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The flat JSON object of an error (docs/errors.md)."""
        hint = {"hint": self.hint} if self.hint else {}
        return {"error": self.code, "message": self.message, **hint, **self.details}

    def headers(self) -> dict[str, str]:
        """Response headers that belong to this refusal on every face."""
        return {}


class NotAllowed(Refusal):
    """The actor is known, and lacks the permission."""

    code = "forbidden"
    status = 403
    message = "You don't have permission to do this."
    hint = "Ask an admin of this app, or ask for another role."


class ReauthenticationRequired(Refusal):
    """What is asked for is dangerous, and it is a while since the person proved who they are."""

    code = "proof_required"
    status = 403
    message = "Confirm your identity to continue. Nothing was changed."
    hint = "Confirm with your password or passkey, then send it again."


class NotFound(Refusal):
    """No such thing, or another tenant's: the two look the same."""

    code = "not_found"
    status = 404
    message = "Page not found."
    hint = "Check the link. The page may belong to an app that you cannot access."


class Invalid(Refusal):
    """A value that cannot be taken. `fields` says which and why."""

    code = "validation_error"
    status = 422
    message = "Some values are not valid."

    def __init__(self, field: str, why: str, **details: Any) -> None:
        self.field, self.why = field, why
        super().__init__(why, fields=[{"field": field, "message": why}], **details)


class TooBroad(Refusal):
    """The record was asked for more than can be looked through in a few seconds."""

    code = "too_broad"
    status = 422
    message = "This search takes too long."
    hint = "Choose a shorter time range, or filter by key or agent."


class Conflict(Refusal):
    """The request is sound, but not in the present state of the thing. Subclasses say which."""

    code = "conflict"
    status = 409
    message = "This is not possible in the current state."


class Unsealed(Conflict):
    """Rows wait for their seal, and another process is at it."""

    code = "rows_unsealed"
    message = "Some entries are not sealed yet, and another process is sealing them."
    hint = "Try again in a moment."


class NothingToReanchor(Conflict):
    """The checkpoints outside the database say the same as those in it."""

    code = "nothing_to_reanchor"
    message = "The checkpoint files already match the database. Nothing was changed."
    hint = "Run .venv/bin/python manage.py check_audit for a full check."


class NothingToRestore(Conflict):
    """The files of checkpoints are whole."""

    code = "nothing_to_restore"
    message = "The checkpoint files are complete. Nothing was changed."
    hint = "Run .venv/bin/python manage.py check_audit for a full check."


class Rewritten(Conflict):
    """What is left outside the database is not what the database says."""

    code = "checkpoints_differ"
    message = "The checkpoints in the database differ from the checkpoint files, or their signing key is not trusted."
    hint = "Run .venv/bin/python manage.py check_audit. No files were written."


class KeyIsPinned(Conflict):
    """The present seal key is known already."""

    code = "seal_key_known"
    message = "The current seal key is already in the seal key file. Nothing was changed."
    hint = "Leave out --lost to create a new key."


class NotYetInUse(Conflict):
    """A rotation was begun and not finished."""

    code = "seal_key_unfinished"
    message = "The current seal key is not the newest one in the seal key file. Nothing was changed."
    hint = "Finish the rotation: set PORTAL_SEAL_KEY to the newest key and restart the portal."


class WitnessConflict(Conflict):
    """A portal tells another checkpoint under a number that is witnessed already."""

    code = "witness_conflict"
    message = "A different checkpoint with this number was already recorded. Both are kept."
    hint = "The audit log of that portal was rewritten or restored from a backup. Compare the two."


class MethodNotAllowed(Refusal):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    status = 405
    message = "This method is not allowed here."


class BadRequest(Refusal):
    """The request itself cannot be read."""

    code = "bad_request"
    status = 400
    message = "Invalid request."
    hint = "Check the URL and the host name."


class PayloadTooLarge(Refusal):
    """The body is longer than any request here needs."""

    code = "payload_too_large"
    status = 413
    message = "The request body is too large. Nothing was changed."
    hint = "Send at most 64 KiB."


class HeadersTooLarge(Refusal):
    """A request has more headers, or longer ones, than the server reads."""

    code = "headers_too_large"
    status = 431
    message = "The request headers are too large. Nothing was changed."
    hint = "Send at most 256 headers and 64 KiB in total."


class RequestTimeout(Refusal):
    """The headers or the body of a request came too slowly."""

    code = "request_timeout"
    status = 408
    message = "The request timed out. Nothing was changed."
    hint = "Send it again."


class InvalidJson(Refusal):
    """The body cannot be read as JSON, or not in one way only."""

    code = "invalid_json"
    status = 400
    message = "The request body is not valid JSON. Nothing was changed."
    hint = "Send one JSON object in UTF-8 without duplicate names."


class UnsupportedMediaType(Refusal):
    """The body is not JSON."""

    code = "unsupported_media_type"
    status = 415
    message = "The request body must be JSON."
    hint = "Send it with Content-Type: application/json."


class Unavailable(Refusal):
    """The database cannot be reached or is too busy. Nothing was changed."""

    code = "unavailable"
    status = 503
    message = "The database is unavailable. Nothing was changed."
    hint = "Try again in a moment. If this continues, contact the operator."

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "2"}


class Internal(Refusal):
    """Our own mistake. The log has the details under the request id."""

    code = "internal_error"
    status = 500
    message = "Something went wrong. Nothing was changed."
    hint = "Try again. If this continues, send the request ID to the operator."


def as_refusal(error: BaseException | None) -> Refusal | None:
    """The refusal that `error` is, or that a lost or busy database amounts to. None: it is our own mistake."""
    if isinstance(error, Refusal):
        return error
    # psycopg's pool is there on PostgreSQL only, so its error is known by name.
    if (
        isinstance(error, (OperationalError, InterfaceError, InternalError))
        or type(error).__name__ == "PoolTimeout"
    ):
        log.error("the database cannot be reached: %s", error)
        return Unavailable()
    return None


def all_refusals() -> Iterator[type[Refusal]]:
    """All refusals there are, for the docs and the tests that compare them."""
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            yield kind
