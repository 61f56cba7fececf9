"""What the JSON faces share: bodies that mean one thing, and every "no" in its flat shape (protocol.md section 8.1)."""

import inspect
import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, NoReturn, TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.responses import Status
from ninja.security.base import AuthBase

from audit.origins import request_id
from core.choices import strangers
from core.errors import (
    Internal,
    Invalid,
    InvalidJson,
    MethodNotAllowed,
    NotFound,
    Refusal,
    UnsupportedMediaType,
    amounts_to,
)
from core.schemas import Error, Nothing
from core.text import keepable
from portal.error_responses import respond
from portal.program_paths import hint

log = logging.getLogger(__name__)
N = TypeVar("N")
NOUNS = (
    "apps",
    "keys",
    "agents",
    "callers",
    "audit",
    "members",
    "invitations",
    "scopes",
    "spans",
    "identity",
    "me",
    "people",
    "tokens",
    "destinations",
    "dead-letters",
    "retention",
    "policy",
    "notices",
    "leaks",
    "views",
)
ERRORS = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503)
"""What any operation may refuse with."""
MOST_FLAWS = 20
MAY_BE_EMPTY = ("cursor", "after", "confirm")
"""Parameters that are empty in the first request of a series, and one that a refusal of its own looks at."""
WIRE_NAMES = {"networks": "cidr_allowlist", "before": "cursor"}
"""Fields that verbs know by other names than the wire does."""
NAMED = {
    "app_id": "The app's id.",
    "key_id": "The key's id.",
    "agent_id": "The agent's id.",
    "caller_id": "The id of the name.",
    "member_id": "The membership's id.",
    "invitation_id": "The invitation's id.",
    "entry_id": "The id of an act or a call.",
    "user_id": "The person's id.",
    "token_id": "The access token's id.",
    "notice_id": "The notice's id.",
    "destination_id": "The destination's id.",
    "delivery_id": "The delivery's id.",
    "view_id": "The view's id.",
    "kind": "event, call or span.",
}
"""What stands in the addresses of the maps."""
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
    api.add_exception_handler(Exception, refuse)
    api.add_exception_handler(HttpError, refuse)
    api.add_exception_handler(ValidationError, refuse)
    return api


class NoRoute(Exception):
    """There is nothing at this address, or not for this method."""

    def __init__(self, refusal: Refusal, allowed: Iterable[str] = ()) -> None:
        self.refusal, self.allow = refusal, ", ".join(allowed)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The "no", with the methods there are."""
        response = refuse(request, self.refusal)
        if self.allow:
            response["Allow"] = self.allow
        return response


def guarded(request: HttpRequest, answer: Callable[[HttpRequest], HttpResponseBase]) -> HttpResponseBase:
    """What `answer` answers, or the "no" that it ends in, under the id that the record has the request by."""
    told = request.META["HTTP_X_REQUEST_ID"] = request_id(request.META)
    try:
        response = answer(request)
    except NoRoute as missing:
        response = missing.answer(request)
    except Exception as error:
        response = refuse(request, error)
    response.headers.setdefault("Cache-Control", "no-store")
    response["X-Request-Id"] = told
    return response


def show(request: HttpRequest, openapi: dict[str, Any]) -> HttpResponseBase:
    """An OpenAPI document, for anyone who looks. Raises NoRoute for who does anything else."""
    if request.method not in ("GET", "HEAD"):
        raise NoRoute(MethodNotAllowed(), ["GET"])
    return JsonResponse(openapi)


def find(request: HttpRequest, lines: Mapping[str, Mapping[str, N]]) -> tuple[ResolverMatch, N]:
    """Where a request leads, and what the map's `lines` say of that address and method. Raises NoRoute."""
    try:
        match = resolve(request.path_info)
        methods = lines[match.route]
    except (Resolver404, KeyError):
        raise NoRoute(NotFound(hint=hint(request.path_info))) from None
    method = str(request.method)
    if method not in methods:
        raise NoRoute(MethodNotAllowed(), methods)
    return match, methods[method]


def add(
    router: Router,
    method: str,
    path: str,
    view: Callable[..., Any],
    told: Any,
    auth: AuthBase | None,
    statuses: Sequence[int],
    extra: dict[str, Any],
) -> None:
    """Add a line of a map: `view` answers with `told` and the first of `statuses`, unless it says another.

    A view that changes something and asks for no body is sent `{}` or none: what else is sent is refused, not dropped.
    """
    if method != "GET" and "asked" not in inspect.signature(view).parameters:
        view = _without_body(view)
    router.add_api_operation(
        path,
        [method],
        _with_status(view, statuses[0]),
        auth=auth,
        response={**dict.fromkeys(statuses, told), **dict.fromkeys(ERRORS, Error)},
        operation_id=view.__name__,
        summary=view.__name__.replace("_", " ").capitalize(),
        tags=[_tag(path)],
        openapi_extra=extra,
    )


def document(api: NinjaAPI, prefix: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `api`, with its addresses' parameters described."""
    told = dict(api.get_openapi_schema(path_prefix=prefix))
    for operation in (operation for place in told["paths"].values() for operation in place.values()):
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                parameter["description"] = NAMED[parameter["name"]]
    return told


def query_names(openapi: dict[str, Any], prefix: str) -> dict[tuple[str, str], frozenset[str]]:
    """The parameters that the query of each operation may have, by its address and its method."""
    return {
        (pattern(prefix, path.removeprefix(f"/{prefix}")), method.upper()): frozenset(
            one["name"] for one in operation["parameters"] if one["in"] == "query"
        )
        for path, place in openapi["paths"].items()
        for method, operation in place.items()
    }


def require_names(request: HttpRequest, known: Collection[str]) -> None:
    """Raise Flawed for a query with a parameter that is not known, is given twice, or says nothing.

    And for an idempotency key that says nothing, or two: whoever sends one relies on it.
    """
    given = dict(QueryDict(str(request.META.get("QUERY_STRING", ""))).lists())
    empty = [
        name for name, values in given.items() if name in known and "" in values and name not in MAY_BE_EMPTY
    ]
    flaws = strangers(given, known) + [(name, "It is empty. Leave it out, or say which.") for name in empty]
    once = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if once is not None and not once.strip():
        flaws.append(
            ("Idempotency-Key", "It is empty. Leave the header out, or send a text for this one wish.")
        )
    if once is not None and "\n" in once:  # portal/server/wsgi_environ.py joins two by it
        flaws.append(("Idempotency-Key", "Send the header once."))
    if flaws:
        raise Flawed(flaws[:MOST_FLAWS])


def pattern(prefix: str, path: str) -> str:
    """An address of a map as Django's resolver writes it."""
    return f"{prefix}{path}".replace("{", "<").replace("}", ">")


def _tag(path: str) -> str:
    """What an operation is about: the last plain noun of its address but one that is a verb."""
    nouns = [part for part in path.split("/") if part in NOUNS]
    return nouns[-1] if nouns else path.split("/")[1]


def _with_status(view: Callable[..., Any], status: int) -> Callable[..., Any]:
    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Any:
        result = view(*args, **kwargs)
        return result if isinstance(result, Status | HttpResponseBase) else Status(status, result)

    return answered


def below(name: str, view: Callable[..., Any]) -> Callable[..., Any]:
    """`view` for an address that names `name` too: the gate has used it, and the document shall know it."""

    @wraps(view)
    def without(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop(name, None)
        return view(*args, **kwargs)

    known = inspect.signature(view)
    named = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=str)
    without.__signature__ = known.replace(  # type: ignore[attr-defined]
        parameters=[*known.parameters.values(), named]
    )
    return without


def _without_body(view: Callable[..., Any]) -> Callable[..., Any]:
    """`view` for requests whose body says nothing; the document shall know that as well."""

    @wraps(view)
    def without(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("asked", None)
        return view(*args, **kwargs)

    known = inspect.signature(view)
    body = inspect.Parameter("asked", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Nothing | None)
    without.__signature__ = known.replace(  # type: ignore[attr-defined]
        parameters=[*known.parameters.values(), body]
    )
    return without


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


def refuse(request: HttpRequest, error: Any) -> HttpResponse:
    """The answer to a request that ended in `error`; the refusal it amounts to is left on the request."""
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
