"""The pages of leaked keys: the public report form, the reports of an app, and rules for secret scanners."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db.models import Q
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
from core.folding import contains_folded, holding
from core.pagination.list_page import Column, ListPage
from keys.actions import REVOKE
from keys.models import ApiKey
from keys.requests import portal_address
from portal.leaks import reports
from portal.leaks.forms import ReportForm
from portal.models import LeakReport
from portal.web.search_form import SearchForm

COLUMNS = (
    Column("key", "Key", sort=("prefix",), css="lead"),
    Column("reported", "Reported", sort=("at",), descending=True),
    Column("action", "Action", sort=("outcome",)),
    Column("place", "Found at"),
    Column("actions", "Actions"),
)


@sensitive_post_parameters("key", "sha256")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Anyone can report a leaked key. The answer is the same whether it was issued here or not."""
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
    """Leaked-key reports of an app, newest first, searched by key, place or note."""
    form = SearchForm(request.GET)
    reports_of_app = LeakReport.objects.filter(app_id=request.app.id)
    q = form.cleaned_data["q"] if form.is_valid() else ""
    if q:
        named = ApiKey.objects.filter(contains_folded(q, "name"), app=request.app).values("id")
        reports_of_app = reports_of_app.filter(
            holding(q, "prefix") | contains_folded(q, "found_at", "note") | Q(key_id__in=named)
        )
    matching = reports_of_app if form.is_valid() else reports_of_app.none()
    page = ListPage.from_query(matching, request.GET, COLUMNS, id="reports")
    ids = {report.key_id for report in page.rows}
    keys, revocations = ApiKey.objects.in_bulk(ids), _revocations(request.app.id, ids)
    rows = [(report, keys.get(report.key_id), revocations.get(report.key_id)) for report in page.rows]
    context = {"form": form, "q": q, "list": page, "rows": rows}
    return render(request, "portal/leaks/leaks.html", context, status=422 if form.errors else 200)


def _revocations(app_id: UUID, ids: Iterable[UUID | None]) -> dict[UUID | None, UUID]:
    """The revocations of these keys by key id; each has a receipt."""
    events = Event.objects.filter(app_id=app_id, action=REVOKE.name, key_id__in=list(ids))
    return dict(events.values_list("key_id", "id"))


@require_GET
def scanner_rules(request: HttpRequest, file: str) -> HttpResponse:
    """Rules by which a secret scanner recognizes this portal's keys, for anyone."""
    if file not in rules.FILES:
        raise NotFound
    return HttpResponse(rules.FILES[file](), content_type="text/plain; charset=utf-8")
