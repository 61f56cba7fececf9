"""The support desk's pages."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from agents.faces import sent
from audit.faces import PortalRequest
from portal.gates import user_of
from portal.support import find as finding
from portal.support import forms


@require_http_methods(["GET", "HEAD", "POST"])
def find(request: PortalRequest) -> HttpResponse:
    """A lost key, by its prefix, in every app its finder may look into. A POST, so that no address keeps it."""
    form = forms.FindForm(sent(request))
    asked = form.is_bound and form.is_valid()
    paste = form.cleaned_data["paste"] if asked else ""
    found = finding.keys_like(user_of(request), paste, request.origin) if asked else []
    shown, most = found[: finding.MOST], finding.MOST
    context = {
        "form": form,
        "asked": asked,
        "paste": paste,
        "found": shown,
        "most": most,
        "more": len(found) > most,
    }
    return render(request, "portal/find.html", context, status=422 if form.errors else 200)
