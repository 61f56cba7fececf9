"""Home, the palette, and whether the portal is well: the pages that lead to everything else."""

from uuid import UUID

from django import forms
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from agents.models import Agent, App
from audit.requests import PortalRequest
from core.errors import NotFound
from core.folding import fold, naming
from core.forms import QueryForm
from core.pagination import ListPage
from core.row_counts import counted
from core.text import keepable
from keyformat.redaction import cut_to_prefix
from keys.models import ApiKey
from portal import command_palette as places
from portal.gates import apps_of, user_of
from portal.models import User


class HomeForm(QueryForm):
    """Which apps are shown; `?archived` alone is enough for those that were put away."""

    also = ("page", "archived")
    q = forms.CharField(label="Name or description", required=False, max_length=100)


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """The apps a person belongs to."""
    form, apps = HomeForm(request.GET), apps_of(user_of(request))
    archived, q = "archived" in request.GET, form.cleaned_data["q"].strip() if form.is_valid() else ""
    found = apps.filter(archived_at__isnull=not archived)
    found = found.filter(naming(q, "name", "description")) if q else found
    found = found.annotate(
        living=counted(ApiKey.objects.all().own().living(), "app"),
        agents_living=counted(Agent.objects.filter(revoked_at=None), "app"),
    )
    shown = ListPage.from_query(found if form.is_valid() else found.none(), request.GET)
    context = {
        "form": form,
        "list": shown,
        "found": shown.rows,
        "archived": archived,
        "filtered": bool(q) or not form.is_valid(),
        "anywhere": apps.exists(),
    }
    return render(request, "portal/home.html", context, status=200 if form.is_valid() else 422)


@require_GET
def jump(request: PortalRequest) -> HttpResponse:
    """The palette: places by name, and what may be done here."""
    q, user = keepable(cut_to_prefix(request.GET.get("q", "")), 100), user_of(request)
    app = _chosen_app(user, request.GET.get("app", ""))
    acts = places.acts(user, app, request.origin) if app else []
    acts = [act for act in acts if fold(q) in fold(act.says)]
    context = {"q": q, "here": app, "leaps": places.leaps(user, q), "acts": acts}
    return render(request, "portal/search.html", context)


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
