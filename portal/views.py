"""Home, search, and whether the portal is well: the pages that lead to everything else."""

from uuid import UUID

from django import forms
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from agents.models import Agent, App
from audit.requests import PortalRequest
from core.errors import NotFound
from core.folding import contains_folded
from core.forms import LIST_NAMES, QueryForm
from core.pagination.list_page import Column, ListPage
from core.row_counts import count_by
from core.text import sanitize
from keyformat.redaction import cut_to_prefix
from keys.models import ApiKey
from portal.command_palette import palette_groups
from portal.models import User
from portal.web.gates import apps_of, user_of

APP_COLUMNS = (
    Column("name", "App", sort=("sameness",), css="lead"),
    Column("environment", "Environment", sort=("environment",), css="state"),
    Column("keys", "Active keys", sort=("active_keys",), css="num", descending=True),
    Column("agents", "Agents", sort=("active_agents",), css="num", descending=True),
    Column("created", "Created", sort=("created_at",), descending=True),
)


class HomeForm(QueryForm):
    """Which apps are shown; `?archived` alone is enough for archived ones."""

    also = (*LIST_NAMES, "archived")
    q = forms.CharField(label="Name or description", required=False, max_length=100)
    environment = forms.ChoiceField(
        required=False, choices=(("", "All environments"), *App.Environment.choices)
    )


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """The apps a person belongs to."""
    form, apps = HomeForm(request.GET), apps_of(user_of(request))
    archived, chosen = "archived" in request.GET, form.cleaned_data if form.is_valid() else {}
    matching = apps.filter(archived_at__isnull=not archived) if form.is_valid() else apps.none()
    if q := chosen.get("q", "").strip():
        matching = matching.filter(contains_folded(q, "name", "description"))
    if environment := chosen.get("environment"):
        matching = matching.filter(environment=environment)
    matching = matching.annotate(
        active_keys=count_by(ApiKey.objects.all().own().active(), "app"),
        active_agents=count_by(Agent.objects.filter(revoked_at=None), "app"),
    )
    context = {
        "form": form,
        "list": ListPage.from_query(matching, request.GET, APP_COLUMNS, id="apps"),
        "archived": archived,
        "filtered": any(chosen.values()) or not form.is_valid(),
        "anywhere": apps.exists(),
    }
    return render(request, "portal/home.html", context, status=200 if form.is_valid() else 422)


@require_GET
def search(request: PortalRequest) -> HttpResponse:
    """The command palette. With `go` it opens the first result: the Enter key, with or without scripts."""
    q, user = sanitize(cut_to_prefix(request.GET.get("q", "")), 100), user_of(request)
    app = _chosen_app(user, request.GET.get("app", ""))
    groups = palette_groups(user, app, request.origin, q)
    if groups and q and "go" in request.GET:
        return redirect(groups[0].items[0].address)
    context = {"q": q, "here": app, "groups": groups, "total": sum(len(group.items) for group in groups)}
    return render(request, "portal/search.html", context)


@require_GET
def shortcuts(request: PortalRequest) -> HttpResponse:
    """The keyboard shortcuts."""
    return render(request, "portal/shortcuts.html")


def not_here(request: HttpRequest) -> HttpResponse:
    """A page of django-allauth's that this portal does not have."""
    raise NotFound


@csrf_exempt
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether the portal and its database answer: for load balancers, without a word about what is inside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def _chosen_app(user: User, app_id: str) -> App | None:
    try:
        return apps_of(user).filter(id=UUID(app_id)).first()
    except ValueError:
        return None
