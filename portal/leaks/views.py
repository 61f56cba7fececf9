"""The pages of leaks: the form that is open to all, the reports of an app, and rules for scanners."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from agents.requests import AppRequest, sent
from alter import rules
from audit.models import Event
from core.addresses import client_address
from core.errors import NotFound
from core.forms import refuse_unknown
from core.pagination import ListPage
from keys.actions import REVOKE
from keys.models import ApiKey
from keys.requests import portal_address
from portal.leaks import reports
from portal.leaks.forms import ReportForm
from portal.models import LeakReport


@sensitive_post_parameters("key", "sha256")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Whoever holds a key may report it. The answer is the same whether it is one of ours or not."""
    if not settings.LEAK_INTAKE:
        raise NotFound
    form = ReportForm(sent(request))
    if form.is_bound:
        reports.charge(str(client_address(request.META) or ""))
        if form.is_valid():
            reports.take(**form.cleaned_data, source=LeakReport.Source.FORM)
            return HttpResponseRedirect(f"{reverse('leak-report')}?taken")
        form.forget()
    context = {"form": form, "taken": "taken" in request.GET, "portal": portal_address(request)}
    return render(request, "portal/leaks/report.html", context, status=422 if form.errors else 200)


@require_GET
def of_app(request: AppRequest) -> HttpResponse:
    """What was reported of an app's keys, newest first, and what was done about it."""
    found = LeakReport.objects.filter(app_id=request.app.id)
    refuse_unknown(request.GET)
    shown = ListPage.from_query(found, request.GET)
    ids = {report.key_id for report in shown.rows}
    keys, ends = ApiKey.objects.in_bulk(ids), _ends(request.app.id, ids)
    rows = [(report, keys.get(report.key_id), ends.get(report.key_id)) for report in shown.rows]
    return render(request, "portal/leaks/leaks.html", {"list": shown, "rows": rows})


def _ends(app_id: UUID, ids: Iterable[UUID | None]) -> dict[UUID | None, UUID]:
    """The acts that ended these keys, if any did; each has a receipt."""
    acts = Event.objects.filter(app_id=app_id, action=REVOKE.name, key_id__in=list(ids))
    return dict(acts.values_list("key_id", "id"))


@require_GET
def scanner_rules(request: HttpRequest, file: str) -> HttpResponse:
    """Rules by which a scanner knows this portal's keys, for anyone."""
    if file not in rules.FILES:
        raise NotFound
    return HttpResponse(rules.FILES[file](), content_type="text/plain; charset=utf-8")
