"""A page with one question and its form: shown as a dialog over another page, or alone without JavaScript."""

from dataclasses import dataclass

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from audit.requests import PortalRequest


@dataclass(frozen=True, slots=True)
class Dialog:
    """What the dialog says around its form."""

    title: str
    text: str
    button: str
    cancel: str
    """The page that Cancel leads to."""
    crumbs: tuple[tuple[str, str], ...]
    """The breadcrumbs before it: label and path."""
    failure: str
    """The heading above the errors of the form."""
    is_danger: bool = True


def render_dialog(
    request: PortalRequest, dialog: Dialog, form: forms.Form, status: int = 200
) -> HttpResponse:
    """`dialog` around `form`; the status is 422 if the form has errors and no other status is given."""
    if form.errors and status == 200:
        status = 422
    return render(request, "portal/dialog.html", {"dialog": dialog, "form": form}, status=status)
