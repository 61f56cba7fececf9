"""An agent's own page: it is a list of keys, so it stands with the keys."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from agents.requests import AppRequest, agent_of, finished, sent
from audit.models import Event
from audit.requests import form_status
from core.pagination.list_page import ListPage
from keys import lifecycle
from keys.web import key_lists, key_rows, presenters
from keys.web.forms import RevokeForm
from keys.web.views import key_columns


@require_GET
def agent(request: AppRequest, agent_id: UUID) -> HttpResponse:
    """One agent: what it is, its keys, and what was done to it."""
    agent = agent_of(request, agent_id)
    keys = key_lists.keys_of_agent(agent)
    page = ListPage.from_query(keys, request.GET, key_columns(), id="keys")
    base = f"alter keys mint --app {request.app.id} --agent {agent.id}"
    return render(
        request,
        "keys/agent.html",
        {
            "agent": agent,
            "facts": presenters.facts_of(agent),
            "list": page,
            "rows": key_rows.rows(page.rows),
            "command": f"{base} --name pod-1 --scopes grants:read",
            "active_keys": keys.active().count(),
            "history": Event.objects.filter(target_id=str(agent.id)).order_by("-at", "-id")[:8],
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: AppRequest, agent_id: UUID) -> HttpResponse:
    """End an agent and all its keys, after showing which."""
    agent = agent_of(request, agent_id)
    form = RevokeForm(sent(request), called=agent.name)
    if request.method == "POST" and form.is_valid():
        act = lifecycle.revoke_agent(request.actor, agent, reason=form.cleaned_data["reason"])
        there = reverse("receipt", args=[act]) if act else reverse("agents", args=[request.app.id])
        return finished(request, there, f"{agent.name} and its keys revoked")
    rows = key_rows.rows(agent.keys.active().with_kin()[:50])
    context = {"agent": agent, "form": form, "rows": rows}
    return render(request, "keys/agent_revoke.html", context, status=form_status(form))
