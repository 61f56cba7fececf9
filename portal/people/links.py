"""The address of an invitation."""

from django.http import HttpRequest
from django.urls import reverse

from audit.portal_origin import absolute


def link_of(request: HttpRequest, secret: str) -> str:
    """The address of an invitation's link."""
    return absolute(request, reverse("join", args=[secret]))
