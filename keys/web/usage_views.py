"""How a key or an agent is used: over time, by whom, for what; and who still calls what is deprecated."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from agents.requests import AppRequest, address_of, agent_of
from audit.requests import form_status
from audit.search.histogram import histogram
from audit.search.recent_calls import summarize_calls
from audit.search.search import Filters
from core.clock import now
from core.query_timeout import none_if_too_broad
from keys.deprecated_in_use import LOOKBACK, MAX_CALLS_OF_KEY, MAX_KEYS, deprecated_in_use, still_called
from keys.requests import key_of
from keys.web import key_rows
from keys.web.forms import SPANS, UseForm


@require_GET
def key(request: AppRequest, key_id: UUID) -> HttpResponse:
    """The use of one key."""
    key = key_of(request, key_id)
    context = {"key": key, "row": key_rows.rows([key])[0], "here": address_of("key-use", key)}
    return _use(request, context, f"key_id={key.id}", key_id=key.id)


@require_GET
def agent(request: AppRequest, agent_id: UUID) -> HttpResponse:
    """The use of all keys that speak for one agent."""
    agent = agent_of(request, agent_id)
    context = {"agent": agent, "here": address_of("agent-use", agent)}
    return _use(request, context, f"agent={agent.id}", agent_id=agent.id)


@require_GET
def deprecated(request: AppRequest) -> HttpResponse:
    """Deprecated keys that are still called, the nearest deadline first, with who calls them."""
    keys = deprecated_in_use(request.app)
    context = {
        "leaving": keys,
        "more": still_called(request.app).count() - len(keys) if len(keys) == MAX_KEYS else 0,
        "days": LOOKBACK.days,
        "most": MAX_CALLS_OF_KEY,
    }
    return render(request, "keys/deprecated.html", context)


def _use(request: AppRequest, context: dict[str, Any], filters: str, **whose: UUID) -> HttpResponse:
    form = UseForm(request.GET)
    form.is_valid()
    since = (now() - form.span()).replace(minute=0, second=0, microsecond=0)  # as the tallies count
    log = f"{reverse('audit', args=[request.app.id])}?{filters}"
    sought = Filters(request.app.id, key_id=whose.get("key_id"), agent=whose.get("agent_id"), since=since)
    context |= {
        "form": form,
        "tabs": [(label, f"?range={name}", name == form.chosen()) for name, (label, _) in SPANS.items()],
        "look": summarize_calls(since, key_id=sought.key_id, agent_id=sought.agent),
        "most": MAX_CALLS_OF_KEY,
        "histogram": none_if_too_broad(lambda: histogram(sought)),
        "log": log,
        "narrower": f"{log}&",
        "range": form.chosen(),
    }
    return render(request, "keys/usage.html", context, status=form_status(form))
