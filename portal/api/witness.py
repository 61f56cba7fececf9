"""POST /witness: other portals have their checkpoints witnessed here. A message counts by its signature alone."""

import re

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from audit.integrity.witnesses import messages, receiver
from core.errors import MethodNotAllowed, PayloadTooLarge
from portal.api import json_responses
from portal.api.json_responses import NoRoute


@csrf_exempt
def witness(request: HttpRequest) -> HttpResponseBase:
    """Take the checkpoints of another portal, and say how far this one knows its record."""
    return json_responses.guarded(request, _witness)


def _witness(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        raise NoRoute(MethodNotAllowed(), ["POST"])
    signature = request.headers.get(messages.HEADER, "")
    receiver.require_open(signature)
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > messages.MAX_BODY:
        raise PayloadTooLarge(hint=f"Send at most {messages.MAX_CHECKPOINTS} checkpoints.")
    body = request.read(int(length))
    return JsonResponse(receiver.take(body, signature))
