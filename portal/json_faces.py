"""What the JSON faces share: bodies that mean one thing, and every "no" in its flat shape (protocol.md section 8.1)."""

import json
import logging
from collections.abc import Sequence
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from audit.refusals import Internal, Invalid, InvalidJson, Refusal, UnsupportedMediaType, amounts_to
from audit.text import keepable
from portal.refusals import respond

log = logging.getLogger(__name__)
MOST_FLAWS = 20
WIRE_NAMES = {"networks": "cidr_allowlist", "grace": "overlap_days"}
"""Fields that verbs know by other names than the wire does."""
PLAINLY = {"missing": "This is required.", "extra_forbidden": "There is no such field."}


class Flawed(Invalid):
    """Values of a request that cannot be taken, each with its own reason."""

    def __init__(self, flaws: Sequence[tuple[str, str]]) -> None:
        field, why = flaws[0]
        super().__init__(field, f"{field}: {why}" if field else why)
        self.details["fields"] = [{"field": field, "message": why} for field, why in flaws]


class StrictParser(Parser):
    """JSON in UTF-8, each name once, no numbers that JSON does not know."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise UnsupportedMediaType
        try:
            return json.loads(
                request.body.decode(), object_pairs_hook=_once_each, parse_constant=_refuse_constant
            )
        except (ValueError, RecursionError):
            raise InvalidJson from None


def make(title: str, version: str, description: str, namespace: str) -> NinjaAPI:
    """A JSON face without pages of its own, whose every error is a refusal."""
    api = NinjaAPI(
        title=title,
        version=version,
        description=description,
        openapi_url=None,
        docs_url=None,
        urls_namespace=namespace,
        parser=StrictParser(),
    )
    api.add_exception_handler(Exception, _refuse)
    api.add_exception_handler(HttpError, _refuse)
    api.add_exception_handler(ValidationError, _refuse)
    return api


def refusal_of(error: BaseException) -> Refusal:
    """The refusal that `error` amounts to; our own mistakes are logged."""
    if isinstance(error, ValidationError):
        return Flawed([_flaw(told) for told in error.errors[:MOST_FLAWS]])
    if isinstance(error, HttpError):
        return refusal_of(error.__cause__ or error.__context__ or InvalidJson())
    if known := amounts_to(error):
        return known
    log.error("unhandled", exc_info=error)
    return Internal()


def _refuse(request: HttpRequest, error: Any) -> HttpResponse:
    refusal = refusal_of(error)
    for flaw in refusal.details.get("fields", ()):
        flaw["field"] = WIRE_NAMES.get(flaw["field"], flaw["field"])
    request.refusal = refusal  # type: ignore[attr-defined]
    return respond(request, refusal)


def _flaw(told: dict[str, Any]) -> tuple[str, str]:
    """Where and why, without what was sent: it may be a secret."""
    where = [str(part) for part in told["loc"][1:] if part != "asked"]
    why = PLAINLY.get(told["type"]) or str(told["msg"]).removeprefix("Value error, ").rstrip(".") + "."
    return keepable(".".join(where), 200), why


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) < len(pairs):
        raise ValueError("a name stands twice")
    return known


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
