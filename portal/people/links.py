"""The address of an invitation."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def link_of(request: HttpRequest, secret: str) -> str:
    """The address of an invitation's link."""
    path = reverse("join", args=[secret])
    return f"{settings.ORIGIN}{path}" if settings.ORIGIN else request.build_absolute_uri(path)
