"""Endpoints that receive leak reports: signed messages of scanners (GitHub's partner format), and hashes or keys."""

import hashlib
import json
import re
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from core.addresses import client_address
from core.errors import Invalid, InvalidJson, MethodNotAllowed, NotFound, PayloadTooLarge
from core.text import sanitize
from keys.admission.runtime_auth import is_too_large
from portal.api import json_responses
from portal.api.json_responses import InvalidFields, NoRoute
from portal.leaks import reports, signatures
from portal.leaks.forms import ReportForm
from portal.models import LeakReport

MAX_BODY = 1024 * 1024
MAX_TOKENS = 1_000


@csrf_exempt
def scanner(request: HttpRequest) -> HttpResponseBase:
    """POST /leaks/scanner: keys that a secret-scanning partner has found, and what became of the last guess."""
    return json_responses.guarded(request, _scanner)


@csrf_exempt
def report(request: HttpRequest) -> HttpResponseBase:
    """POST /leaks/report: one key, by whoever holds it. A browser that comes here is sent to the form."""
    if request.method in ("GET", "HEAD"):
        return HttpResponseRedirect(reverse("leak-report"))
    return json_responses.guarded(request, _report)


def _scanner(request: HttpRequest) -> HttpResponseBase:
    _require_open()
    if request.method != "POST":
        raise NoRoute(MethodNotAllowed(), ["POST"])
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > MAX_BODY:
        raise PayloadTooLarge(hint="Send at most 1 MiB, and 1,000 tokens.")
    name = request.headers.get("Github-Public-Key-Identifier", "")
    signature = request.headers.get("Github-Public-Key-Signature", "")
    key = signatures.key_of(name, signature)
    body = request.read(int(length))
    signatures.require(key, signature, body)
    messages = [(_digest(message["token"]), message) for message in _messages(body)]
    with transaction.atomic():
        reports.refuse_replay(body)
        reports.take_all(
            ((hashed, message["url"], _note(message)) for hashed, message in messages),
            source=LeakReport.Source.SCANNER,
        )
    ours = reports.known({hashed for hashed, _ in messages})
    return JsonResponse(
        [_label(hashed, message["type"], hashed in ours) for hashed, message in messages], safe=False
    )


def _report(request: HttpRequest) -> HttpResponseBase:
    _require_open()
    if request.method != "POST":
        raise NoRoute(MethodNotAllowed(), ["GET", "POST"])
    if is_too_large(request.META):
        raise PayloadTooLarge
    reports.charge(str(client_address(request.META) or ""))
    form = ReportForm(_parse_fields(json_responses.StrictParser().parse_body(request)))
    if not form.is_valid():
        raise InvalidFields([(name, str(errors[0])) for name, errors in form.errors.items()])
    reports.take(**form.cleaned_data, source=LeakReport.Source.FORM)
    return JsonResponse({"status": "taken"}, status=202)


def _require_open() -> None:
    if not settings.LEAK_INTAKE:
        raise NoRoute(NotFound())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _messages(body: bytes) -> list[dict[str, str]]:
    """The reports in the signed `body`: token, type, url and source of each. Raises InvalidJson, Invalid."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidJson(hint="Send a JSON array of objects with token, type, url and source.") from None
    if not isinstance(parsed, list) or len(parsed) > MAX_TOKENS:
        raise Invalid("", f"Send an array of at most {MAX_TOKENS:,} objects.")
    return [_message(item) for item in parsed]


def _message(item: Any) -> dict[str, str]:
    if not isinstance(item, dict) or not isinstance(item.get("token"), str):
        raise Invalid("token", "Each object must have a token, a string.")
    texts = {name: item.get(name) for name in ("token", "type", "url", "source")}
    return {name: text if isinstance(text, str) else "" for name, text in texts.items()}


def _note(message: dict[str, str]) -> str:
    return f"{message['source'][:50]}: {message['type'][:100]}".strip(": ")


def _label(hashed: bytes, kind: str, is_ours: bool) -> dict[str, str]:
    """What the partner may learn: whether a key with this hash was issued here."""
    label = "true_positive" if is_ours else "false_positive"
    return {"token_hash": hashed.hex(), "token_type": sanitize(kind, 100), "label": label}


def _parse_fields(body: Any) -> dict[str, str]:
    """The fields of a report as text. Raises Invalid, InvalidJson."""
    if not isinstance(body, dict):
        raise InvalidJson
    for name, value in body.items():
        if name not in ReportForm.base_fields:
            raise Invalid(sanitize(name, 50), "Unknown field.")
        if not isinstance(value, str):
            raise Invalid(name, "Must be a string.")
    return body
