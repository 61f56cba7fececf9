"""What comes in from outside: a scanner's signed list, and what anyone may report who holds the secret."""

import json
from collections.abc import Mapping
from typing import Any

from allauth.core import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from audit.refusals import InvalidJson, MethodNotAllowed, NotFound, PayloadTooLarge
from keys.plaintext import is_token, is_well_formed, sha256
from portal.leaks import signatures
from portal.leaks.dealing import deal_with, report
from portal.leaks.refusals import BadReport, NotSigned, TooManyReports
from portal.models import LeakReport

LARGEST, MOST = 1024 * 1024, 1000
TRUE, FALSE = "true_positive", "false_positive"


@csrf_exempt
@sensitive_variables()
def scanner(request: HttpRequest) -> HttpResponse:
    """POST /leaks/scanner: a list of found secrets, in the format of GitHub's secret-scanning partners."""
    body = _body(request)
    named = request.headers
    identifier = named.get("Github-Public-Key-Identifier", "")
    if not signatures.holds(body, identifier, named.get("Github-Public-Key-Signature", "")):
        raise NotSigned
    told = _json(body)
    if not isinstance(told, list) or len(told) > MOST or not all(isinstance(one, Mapping) for one in told):
        raise BadReport
    return JsonResponse([_label(one) for one in told], safe=False)


@csrf_exempt
@sensitive_variables()
def by_program(request: HttpRequest) -> HttpResponse:
    """POST /leaks/report.json: one secret, by its SHA-256 or whole. The answer is the same whatever it is of."""
    body = _body(request)
    throttle(request)
    told = _json(body)
    if not isinstance(told, Mapping):
        raise BadReport
    hashed = hash_of(str(told.get("sha256", "")), str(told.get("key", "")))
    report(LeakReport.Source.FORM, hashed, str(told.get("found_at", "")), str(told.get("note", "")))
    return JsonResponse({"status": "taken"}, status=202)


def throttle(request: HttpRequest) -> None:
    """Raise TooManyReports if they come too fast from one address."""
    if not ratelimit.consume(request, action="login", key="leak-report"):
        raise TooManyReports


@sensitive_variables()
def hash_of(given: str, secret: str) -> bytes:
    """The SHA-256 of what is reported: as given, or of a key or token of our shape. Raises BadReport."""
    if given and not secret:
        try:
            hashed = bytes.fromhex(given)
        except ValueError:
            raise BadReport from None
        if len(hashed) != 32:
            raise BadReport
        return hashed
    secret = secret.strip()
    if not (is_well_formed(secret) or is_token(secret)):
        raise BadReport
    return sha256(secret)


@sensitive_variables()
def _label(one: Mapping[str, Any]) -> dict[str, str]:
    """Deal with one found secret at once, and say whether it is one of ours. It is not repeated."""
    secret = str(one.get("token", ""))
    hashed = sha256(secret)
    known = is_well_formed(secret) or is_token(secret)
    place = str(one.get("url") or one.get("source") or "")
    outcome = deal_with(report(LeakReport.Source.SCANNER, hashed, place)).outcome if known else "unknown"
    return {
        "token_hash": hashed.hex(),
        "token_type": str(one.get("type", ""))[:100],
        "label": FALSE if outcome == LeakReport.Outcome.UNKNOWN else TRUE,
    }


def _body(request: HttpRequest) -> bytes:
    if not settings.LEAK_INTAKE:
        raise NotFound
    if request.method != "POST":
        raise MethodNotAllowed
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        raise PayloadTooLarge("The body is too large. Nothing was taken.", hint="Send at most 1 MiB.")
    return request.read(LARGEST + 1)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidJson from None
