"""Suspends, resumes or revokes the agents selected in a list, after showing what will happen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django import forms
from django.db.models import OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.lifecycle import resume_agent, suspend_agent
from agents.models import Agent
from agents.requests import AppRequest, finished, sent
from agents.web.views import matching_agents
from audit.actors import Actor
from audit.search.usage import called_since
from core.clock import now
from core.errors import ReauthenticationRequired, Refusal
from core.pagination.list_page import selected_rows, without_selection
from keys.errors import NothingChanged
from keys.lifecycle import revoke_agent
from keys.models import ApiKey
from keys.web.forms import RevokeForm

MAX_AGENTS = 500
"""How many are changed at once."""
MAX_NAMES = 20
MAX_FAILURES = 5
"""How many are named with why they were left."""
NOTHING_HINT = "Check the status of the agents and select them again."


@dataclass(frozen=True, slots=True)
class BulkAction:
    """What is done to each selected agent."""

    name: str
    done: str
    eligible: Q
    """Agents that it changes; others are skipped."""
    run: Callable[[Actor, Agent, str], object]
    serious: bool = False
    """Whether it asks for a reason and the app's name."""


SUSPEND = BulkAction("Suspend", "suspended", Q(revoked_at=None, suspended_at=None), suspend_agent)
RESUME = BulkAction("Resume", "resumed", Q(revoked_at=None, suspended_at__isnull=False), resume_agent)
REVOKE = BulkAction(
    "Revoke",
    "revoked",
    Q(revoked_at=None),
    lambda actor, agent, reason: revoke_agent(actor, agent, reason=reason),
    serious=True,
)


class BulkForm(RevokeForm):
    """The confirmation, and a digest of the agents that the reader saw."""

    shown = forms.CharField(max_length=16, widget=forms.HiddenInput)

    def clean_shown(self) -> str:
        """The list must not have changed since."""
        shown: str = self.cleaned_data["shown"]
        if shown != self.initial["shown"]:
            raise forms.ValidationError("The list has changed. Check the agents and confirm again.")
        return shown


@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: AppRequest) -> HttpResponse:
    """Suspend the selected agents."""
    return _confirmed(request, SUSPEND)


@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: AppRequest) -> HttpResponse:
    """Resume the selected agents."""
    return _confirmed(request, RESUME)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: AppRequest) -> HttpResponse:
    """Revoke the selected agents and their keys."""
    return _confirmed(request, REVOKE)


def _confirmed(request: AppRequest, action: BulkAction) -> HttpResponse:
    selected = selected_rows(matching_agents(request.app, without_selection(request.GET)), request.GET)
    eligible = selected.filter(action.eligible)
    count, shown = eligible.count(), _digest(eligible)
    form = BulkForm(sent(request), called=request.app.name, serious=action.serious, initial={"shown": shown})
    if form.is_bound and form.is_valid():
        agents = list(eligible.order_by("id")[:MAX_AGENTS])
        try:
            text = _run(request.actor, action, agents, form.cleaned_data["reason"])
            return finished(request, reverse("agents", args=[request.app.id]), text)
        except NothingChanged as refusal:
            form.refuse(refusal)
    context = {
        "form": form,
        "action": action,
        "count": count,
        "shown": shown,
        "now": min(count, MAX_AGENTS),
        "skipped": selected.count() - count,
        "names": list(eligible.values_list("name", flat=True)[:MAX_NAMES]),
        "unnamed": max(min(count, MAX_AGENTS) - MAX_NAMES, 0),
        **(_impact(eligible) if action.serious else {}),
    }
    return render(request, "keys/agents_bulk.html", context, status=422 if form.errors else 200)


def _digest(agents: QuerySet[Agent]) -> str:
    """Tells whether the agents that are changed are those that were shown."""
    ids = agents.order_by("id").values_list("id", flat=True)[:MAX_AGENTS]
    return sha256("".join(agent_id.hex for agent_id in ids).encode()).hexdigest()[:16]


def _run(actor: Actor, action: BulkAction, agents: list[Agent], reason: str) -> str:
    """Change each agent by itself, so that the others stay changed if one cannot be; what came of it, in words.

    Raises NothingChanged if it is none, ReauthenticationRequired.
    """
    changed, failures = 0, list[str]()
    for agent in agents:
        try:
            action.run(actor, agent, reason)
            changed += 1
        except ReauthenticationRequired:
            raise
        except Refusal as refusal:  # such as: revoked by someone else meanwhile
            failures.append(f"{agent.name}: {refusal.message}")
    why = "; ".join(failures[:MAX_FAILURES])
    if not changed:
        raise NothingChanged(why or f"None of the selected agents can be {action.done}.", hint=NOTHING_HINT)
    text = f"{changed} agent{'' if changed == 1 else 's'} {action.done}"
    return f"{text}. {len(failures)} failed: {why}" if failures else text


def _impact(eligible: QuerySet[Agent]) -> dict[str, int]:
    """How many keys end with these agents, and how many of them were used in the last 24 hours."""
    agents = list(eligible.values_list("id", flat=True)[:MAX_AGENTS])
    keys = ApiKey.objects.filter(agent__in=agents).active()
    used = keys.filter(called_since(OuterRef("id"), now() - timedelta(days=1), allowed=True))
    return {"keys": keys.count(), "used": used.count()}
