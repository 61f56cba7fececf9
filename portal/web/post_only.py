"""Addresses that take a POST alone: asked by GET, as a reload or a bookmark does, they lead to the thing's page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponse]


def post_only(page_of: Callable[..., str]) -> Callable[[View], View]:
    """`@post_only(lambda webhook_id: reverse("webhook", args=[webhook_id]))`: GET is sent to that path."""

    def decorate(view: View) -> View:
        changing = require_POST(view)

        @wraps(view)
        def answer(request: Any, **kwargs: Any) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return HttpResponseRedirect(page_of(**kwargs))
            return changing(request, **kwargs)

        return answer

    return decorate
