"""Home, the palette, and whether the portal is well: the pages that lead to everything else."""

from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from agents.models import Agent, App
from audit.exploring.search import cut_to_prefix
from audit.faces import PortalRequest
from audit.folding import fold
from audit.refusals import NotFound
from audit.text import keepable
from keys.models import ApiKey
from portal import jump as places
from portal.counting import counted
from portal.gates import apps_of, user_of
from portal.models import User

MOST_SHOWN = 500


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """The apps a person belongs to."""
    archived, apps = "archived" in request.GET, apps_of(user_of(request))
    found = apps.filter(archived_at__isnull=not archived).annotate(
        living=counted(ApiKey.objects.all().own().living(), "app"),
        agents_living=counted(Agent.objects.filter(revoked_at=None), "app"),
    )
    context = {
        "found": found[:MOST_SHOWN],
        "archived": archived,
        "anywhere": apps.exists(),
        "most": MOST_SHOWN,
    }
    return render(request, "portal/home.html", context)


@require_GET
def jump(request: PortalRequest) -> HttpResponse:
    """The palette: places by name, and what may be done here."""
    q, user = keepable(cut_to_prefix(request.GET.get("q", "")), 100), user_of(request)
    app = _chosen_app(user, request.GET.get("app", ""))
    acts = places.acts(user, app, request.origin) if app else []
    acts = [act for act in acts if fold(q) in fold(act.says)]
    context = {"q": q, "here": app, "leaps": places.leaps(user, q), "acts": acts}
    return render(request, "portal/jump.html", context)


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
