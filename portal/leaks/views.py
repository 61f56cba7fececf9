"""The pages of leaks: the form by which anyone reports one, what was reported of an app, and rules for scanners."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from agents.faces import AppRequest, sent
from audit.refusals import NotFound, Refusal
from keys.models import ApiKey
from portal.leaks import intake, rules
from portal.leaks.dealing import report as take
from portal.leaks.forms import LeakForm
from portal.models import LeakReport

MOST = 200


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Whoever holds a key may report it: that they hold it is their word. What it is of, they are not told."""
    if not settings.LEAK_INTAKE:
        raise NotFound
    form = LeakForm(sent(request))
    status, taken = 422 if form.errors else 200, False
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            intake.throttle(request)
            hashed = intake.hash_of(data["sha256"], data["secret"])
            take(LeakReport.Source.FORM, hashed, data["found_at"], data["note"])
            taken = True
        except Refusal as refusal:
            form.refuse(refusal, "secret" if refusal.status == 422 else "")
            status = refusal.status
    return render(request, "portal/leak_report.html", {"form": form, "taken": taken}, status=status)


@require_GET
def leaks(request: AppRequest) -> HttpResponse:
    """What was reported of this app's keys, and what was done."""
    found = list(LeakReport.objects.filter(app_id=request.app.id)[:MOST])
    keys = ApiKey.objects.in_bulk({one.key_id for one in found if one.key_id})
    return render(request, "portal/leaks.html", {"reports": found, "keys": keys, "most": MOST})


@require_GET
def gitleaks(request: HttpRequest) -> HttpResponse:
    """Rules for gitleaks."""
    return HttpResponse(rules.gitleaks(), content_type="application/toml; charset=utf-8")


@require_GET
def trufflehog(request: HttpRequest) -> HttpResponse:
    """Custom detectors for TruffleHog."""
    return HttpResponse(rules.trufflehog(), content_type="application/yaml; charset=utf-8")
