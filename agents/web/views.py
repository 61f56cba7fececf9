"""The pages about apps and agents. Each reads a form, calls one verb and shows the outcome."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents import actions, lifecycle
from agents.active_keys import count_active_keys
from agents.errors import StalePage
from agents.models import Agent, App
from agents.requests import AppRequest, address_of, agent_of, finished, sent
from agents.web import forms
from audit.requests import PortalRequest
from core.clock import now
from core.errors import NotAllowed, Refusal
from core.folding import by_name, code_point_order, contains_folded
from core.forms import ReasonForm, ValuesForm
from core.pagination.list_page import Column, ListPage

BULK_ACTIONS = (actions.SUSPEND_AGENT, actions.RESUME_AGENT, actions.REVOKE_AGENT)
AGENT_COLUMNS = (
    Column("name", "Agent", sort=by_name("name"), css="lead"),
    Column("status", "Status", css="state"),
    Column("type", "Type", sort=("type",)),
    Column("keys", "Active keys", sort=("active_keys",), css="num", descending=True),
    Column("created", "Created", sort=("created_at",), descending=True),
)


@require_http_methods(["GET", "HEAD", "POST"])
def create_app(request: PortalRequest) -> HttpResponse:
    """A new app."""
    form = forms.AppForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            made = lifecycle.create_app(request.actor, **form.cleaned_data)
            return finished(request, reverse("app", args=[made.id]), f"App {made.name} created")
        except Refusal as refusal:
            status = _on_form(form, refusal)
    return render(request, "agents/app_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: AppRequest) -> HttpResponse:
    """An app's name, limits, and the link to archive it."""
    app, changed = request.app, list[tuple[str, str]]()
    form = forms.AppSettingsForm(sent(request), initial=forms.settings_values(app))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            lifecycle.update_app(request.actor, app, **form.cleaned_data)
            return finished(request, reverse("app-settings", args=[app.id]), "Settings saved")
        except Refusal as refusal:
            app.refresh_from_db()  # what was typed is on the form, and must not be taken for what is
            if isinstance(refusal, StalePage):
                form, changed = forms.renewed(form, app), forms.changed_since(form, app)
            status = _on_form(form, refusal)
    context = {"form": form, "present": app, "changed": changed}
    return render(request, "agents/app_settings.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: AppRequest) -> HttpResponse:
    """Archive an app; existing keys keep working."""
    form = ReasonForm(sent(request))
    if form.is_bound and form.is_valid():
        lifecycle.archive_app(request.actor, request.app, form.cleaned_data["reason"])
        return finished(request, reverse("home"), f"{request.app.name} archived")
    active_keys = request.app.keys.own().active().count()
    return render(
        request,
        "agents/archive.html",
        {"form": form, "active_keys": active_keys},
        status=422 if form.errors else 200,
    )


@require_POST
def unarchive(request: AppRequest) -> HttpResponse:
    """Restore an archived app."""
    lifecycle.unarchive_app(request.actor, request.app)
    return finished(request, reverse("app", args=[request.app.id]), f"{request.app.name} restored")


@require_GET
def agents(request: AppRequest) -> HttpResponse:
    """The app's agents."""
    filters = forms.AgentFilterForm(request.GET)
    may_select = any(request.actor.may(action) for action in BULK_ACTIONS)
    page = ListPage.from_query(
        matching_agents(request.app, request.GET),
        request.GET,
        AGENT_COLUMNS,
        id="agents",
        selectable=may_select,
    )
    filtered = not filters.is_valid() or any(filters.cleaned_data.values())
    context = {"filters": filters, "list": page, "filtered": filtered}
    return render(request, "agents/agents.html", context, status=200 if filters.is_valid() else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: AppRequest) -> HttpResponse:
    """A new agent; its page is where its keys are minted."""
    form = forms.AgentForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            made = lifecycle.create_agent(request.actor, request.app, **form.cleaned_data)
            return finished(request, address_of("agent", made), f"Agent {made.name} created")
        except Refusal as refusal:
            status = _on_form(form, refusal)
    return render(request, "agents/agent_form.html", {"form": form}, status=status)


@require_POST
def rename(request: AppRequest, agent_id: UUID) -> HttpResponse:
    """Change the display name of an agent."""
    agent, form = agent_of(request, agent_id), forms.AgentRenameForm(request.POST)
    was, status = agent.display_name, 422
    if form.is_valid():
        try:
            lifecycle.update_agent(request.actor, agent, display_name=form.cleaned_data["name"])
            text, undo = f"Renamed to {agent.display_name or agent.name}", address_of("agent-rename", agent)
            return finished(request, address_of("agent", agent), text, undo=undo, undo_value=was)
        except Refusal as refusal:
            status = _on_form(form, refusal, "name")
    return render(request, "agents/agent_rename.html", {"agent": agent, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: AppRequest, agent_id: UUID) -> HttpResponse:
    """Deny every request of an agent until it is resumed."""
    agent, form = agent_of(request, agent_id), ReasonForm(sent(request))
    if form.is_bound and form.is_valid():
        lifecycle.suspend_agent(request.actor, agent, form.cleaned_data["reason"])
        return finished(request, address_of("agent", agent), f"{agent.name} suspended")
    context = {"agent": agent, "form": form}
    return render(request, "agents/agent_suspend.html", context, status=422 if form.errors else 200)


@require_POST
def resume(request: AppRequest, agent_id: UUID) -> HttpResponse:
    """Let a suspended agent's keys work again."""
    agent = agent_of(request, agent_id)
    lifecycle.resume_agent(request.actor, agent)
    return finished(request, address_of("agent", agent), f"{agent.name} resumed")


def matching_agents(app: App, query: MultiValueDict[str, str]) -> QuerySet[Agent]:
    """The agents that the filters in the address let through; none if the filters are invalid."""
    filters = forms.AgentFilterForm(query)
    if not filters.is_valid():
        return Agent.objects.none()
    chosen = filters.cleaned_data
    # A query that groups forgets the order of its model.
    agents = (
        Agent.objects.filter(app=app)
        .annotate(active_keys=count_active_keys(now()))
        .order_by(*code_point_order("name"), "created_at")
    )
    if q := chosen["q"].strip():
        agents = agents.filter(contains_folded(q, "name", "display_name"))
    match chosen["status"]:
        case "revoked":
            return agents.filter(revoked_at__isnull=False)
        case "active" | "inactive" as status:
            return agents.filter(revoked_at=None, suspended_at__isnull=status == "active")
    return agents.filter(revoked_at=None)


def _on_form(form: ValuesForm, refusal: Refusal, field: str = "") -> int:
    """Show a refusal on the form it answers, and give the page its status."""
    if isinstance(refusal, NotAllowed) or refusal.status == 404:
        raise refusal
    form.refuse(refusal, field)
    return refusal.status
