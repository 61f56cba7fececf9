"""What both JSON APIs share: strict bodies, documented operations, and errors in one flat shape (docs/errors.md)."""

import inspect
import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, NoReturn, TypeVar, get_args

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.responses import Status
from ninja.security.base import AuthBase

from audit.origins import request_id
from core.choices import unknown_names
from core.errors import (
    Internal,
    Invalid,
    InvalidJson,
    MethodNotAllowed,
    NotFound,
    Refusal,
    UnsupportedMediaType,
    as_refusal,
)
from core.schemas import EmptyRequest, Error, RequestSchema
from core.text import sanitize
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
    "users",
    "tokens",
    "webhooks",
    "failed-deliveries",
    "retention",
    "policy",
    "notifications",
    "leaks",
    "views",
)
ERRORS = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503)
"""The error statuses that any operation may answer with."""
MAX_FIELD_ERRORS = 20
MAY_BE_EMPTY = ("cursor", "after", "confirm")
"""Parameters that are empty on the first page of a list, and one that is checked elsewhere."""
API_NAMES = {"networks": "cidr_allowlist", "before": "cursor"}
"""Fields whose name in the code is not their name in the API."""
PATH_PARAMETERS = {
    "app_id": "The app's id.",
    "key_id": "The key's id.",
    "agent_id": "The agent's id.",
    "caller_id": "The caller's id.",
    "member_id": "The membership's id.",
    "invitation_id": "The invitation's id.",
    "entry_id": "The id of an event or a request.",
    "user_id": "The user's id.",
    "token_id": "The personal access token's id.",
    "notification_id": "The notification's id.",
    "webhook_id": "The webhook's id.",
    "delivery_id": "The delivery's id.",
    "view_id": "The view's id.",
    "kind": "event, call or span.",
    "scope": "The name of the scope: resource:verb.",
    "resource": "The name of the resource.",
    "template": "The name of the mint template.",
    "version": "The number of the version.",
}
"""The parameters of paths, described."""
FIELD_MESSAGES = {"missing": "This is required."}


class Gated(AuthBase):
    """An authentication scheme of an OpenAPI document. It lets a request through only after the gate has."""

    def __call__(self, request: HttpRequest) -> Any:
        return getattr(request, "actor", None)


class InvalidFields(Invalid):
    """Values of a request that are not valid, each with its own reason."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        field, why = errors[0]
        super().__init__(field, f"{field}: {why}" if field else why)
        self.details["fields"] = [{"field": field, "message": why} for field, why in errors]


class StrictParser(Parser):
    """JSON in UTF-8 without duplicate names and without NaN or Infinity."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise UnsupportedMediaType
        try:
            return json.loads(
                request.body.decode(), object_pairs_hook=_unique_names, parse_constant=_reject_constant
            )
        except (ValueError, RecursionError):
            raise InvalidJson from None


def make(title: str, version: str, description: str, namespace: str) -> NinjaAPI:
    """An API without documentation pages of its own, whose every error is a refusal."""
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
    """The path does not exist, or not for this method."""

    def __init__(self, refusal: Refusal, allowed: Iterable[str] = ()) -> None:
        self.refusal, self.allow = refusal, ", ".join(allowed)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The error response, with the methods that are allowed."""
        response = refuse(request, self.refusal)
        if self.allow:
            response["Allow"] = self.allow
        return response


def guarded(request: HttpRequest, answer: Callable[[HttpRequest], HttpResponseBase]) -> HttpResponseBase:
    """The response of `answer`, or of the error it raises, with the request id that the audit log has."""
    sent_id = request.META["HTTP_X_REQUEST_ID"] = request_id(request.META)
    try:
        response = answer(request)
    except NoRoute as missing:
        response = missing.answer(request)
    except Exception as error:
        response = refuse(request, error)
    response.headers.setdefault("Cache-Control", "no-store")
    response["X-Request-Id"] = sent_id
    return response


def show(request: HttpRequest, openapi: dict[str, Any]) -> HttpResponseBase:
    """An OpenAPI document. Raises NoRoute for other methods than GET and HEAD."""
    if request.method not in ("GET", "HEAD"):
        raise NoRoute(MethodNotAllowed(), ["GET"])
    return JsonResponse(openapi)


def find(request: HttpRequest, routes: Mapping[str, Mapping[str, N]]) -> tuple[ResolverMatch, N]:
    """The view of a request, and what `routes` has for its path and method. Raises NoRoute."""
    try:
        match = resolve(request.path_info)
        methods = routes[match.route]
    except (Resolver404, KeyError):
        nearest = hint(request.path_info) or "Check the path."
        raise NoRoute(NotFound("API operation not found.", hint=nearest)) from None
    method = str(request.method)
    if method not in methods:
        raise NoRoute(MethodNotAllowed(), methods)
    return match, methods[method]


def add(
    router: Router,
    method: str,
    path: str,
    view: Callable[..., Any],
    response_schema: Any,
    auth: AuthBase | None,
    statuses: Sequence[int],
    extra: dict[str, Any],
) -> None:
    """Add an operation: `view` answers with `response_schema` and the first of `statuses`, unless it says another.

    A view that changes something and takes no body is sent `{}` or none: anything else is refused, not ignored.
    """
    if method != "GET" and not _takes_body(view):
        view = _without_body(view)
    router.add_api_operation(
        path,
        [method],
        _with_status(view, statuses[0]),
        auth=auth,
        response={**dict.fromkeys(statuses, response_schema), **dict.fromkeys(ERRORS, Error)},
        operation_id=view.__name__,
        summary=view.__name__.replace("_", " ").capitalize(),
        tags=[_tag(path)],
        openapi_extra=extra,
    )


def document(api: NinjaAPI, prefix: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `api`, with the parameters of its paths described."""
    openapi = dict(api.get_openapi_schema(path_prefix=prefix))
    for operation in (operation for methods in openapi["paths"].values() for operation in methods.values()):
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                parameter["description"] = PATH_PARAMETERS[parameter["name"]]
    return openapi


def query_names(openapi: dict[str, Any], prefix: str) -> dict[tuple[str, str], frozenset[str]]:
    """The query parameters of each operation, by its path and method."""
    return {
        (pattern(prefix, path.removeprefix(f"/{prefix}")), method.upper()): frozenset(
            parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"
        )
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    }


def require_names(request: HttpRequest, known: Collection[str]) -> None:
    """Raise InvalidFields for a query parameter that is unknown, given twice or empty.

    And for an empty or repeated Idempotency-Key: whoever sends one relies on it.
    """
    given = dict(QueryDict(str(request.META.get("QUERY_STRING", ""))).lists())
    empty = [
        name for name, values in given.items() if name in known and "" in values and name not in MAY_BE_EMPTY
    ]
    errors = unknown_names(given, known) + [
        (name, "This is empty. Enter a value, or omit it.") for name in empty
    ]
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not key.strip():
        errors.append(("Idempotency-Key", "This is empty. Send a unique value, or leave the header out."))
    if key is not None and "\n" in key:  # portal/server/wsgi_environ.py joins two by it
        errors.append(("Idempotency-Key", "Send this header once."))
    if errors:
        raise InvalidFields(errors[:MAX_FIELD_ERRORS])


def pattern(prefix: str, path: str) -> str:
    """A path of an API as Django's resolver writes it."""
    return f"{prefix}{path}".replace("{", "<").replace("}", ">")


def _tag(path: str) -> str:
    """The resource an operation is about: the last noun of its path."""
    nouns = [part for part in path.split("/") if part in NOUNS]
    return nouns[-1] if nouns else path.split("/")[1]


def _with_status(view: Callable[..., Any], status: int) -> Callable[..., Any]:
    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        result = view(*args, **kwargs)
        return result if isinstance(result, Status | HttpResponseBase) else Status(status, result)

    return answer


def below(name: str, view: Callable[..., Any]) -> Callable[..., Any]:
    """`view` for a path with the parameter `name`, which is used before the view and is documented."""

    @wraps(view)
    def without(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop(name, None)
        return view(*args, **kwargs)

    known = inspect.signature(view)
    parameter = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=str)
    without.__signature__ = known.replace(  # type: ignore[attr-defined]
        parameters=[*known.parameters.values(), parameter]
    )
    return without


def _without_body(view: Callable[..., Any]) -> Callable[..., Any]:
    """`view` for requests with an empty body, which is documented."""

    @wraps(view)
    def without(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("body", None)
        return view(*args, **kwargs)

    known = inspect.signature(view)
    body = inspect.Parameter(
        "body", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=EmptyRequest | None
    )
    without.__signature__ = known.replace(  # type: ignore[attr-defined]
        parameters=[*known.parameters.values(), body]
    )
    return without


def _takes_body(view: Callable[..., Any]) -> bool:
    """Whether a parameter of `view` is the request's body."""
    kinds = [parameter.annotation for parameter in inspect.signature(view).parameters.values()]
    return any(
        isinstance(kind, type) and issubclass(kind, RequestSchema)
        for annotation in kinds
        for kind in (annotation, *get_args(annotation))
    )


def refusal_of(error: BaseException) -> Refusal:
    """The refusal that `error` stands for; an unexpected error is logged."""
    if isinstance(error, ValidationError):
        return InvalidFields([_field_error(details) for details in error.errors[:MAX_FIELD_ERRORS]])
    if isinstance(error, HttpError):
        return refusal_of(error.__cause__ or error.__context__ or InvalidJson())
    if known := as_refusal(error):
        return known
    log.error("unhandled", exc_info=error)
    return Internal()


def refuse(request: HttpRequest, error: Any) -> HttpResponse:
    """The response to a request that ended in `error`; the refusal is left on the request."""
    refusal = refusal_of(error)
    for field_error in refusal.details.get("fields", ()):
        field_error["field"] = API_NAMES.get(field_error["field"], field_error["field"])
    request.refusal = refusal  # type: ignore[attr-defined]
    return respond(request, refusal)


def _field_error(details: dict[str, Any]) -> tuple[str, str]:
    """The field and the reason, without the value that was sent: it may be a secret."""
    source, *names = details["loc"]
    path = names[1:] if source == "body" else names  # a body's first name is the view's parameter
    message = FIELD_MESSAGES.get(details["type"]) or details["msg"].removeprefix("Value error, ")
    return sanitize(".".join(map(str, path)), 200), message.rstrip(".") + (
        "" if message.endswith("?") else "."
    )


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) < len(pairs):
        raise ValueError("duplicate name")
    return known


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
