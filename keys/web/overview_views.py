"""An app's overview; until its first request, how to get there."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents.requests import AppRequest
from audit.search.histogram import histogram
from audit.search.search import Filters
from core.clock import now
from core.forms import QueryForm
from core.query_timeout import none_if_too_broad
from keys import overview
from keys.overview import RANGES
from keys.requests import portal_address
from keys.scopes import parse_required
from keys.web.snippets import CURL, mint_command


class RangeForm(QueryForm):
    """The time that the overview is about."""

    also = ()
    range = forms.ChoiceField(required=False, choices=[(name, label) for name, (label, _) in RANGES.items()])


@require_GET
def app(request: AppRequest) -> HttpResponse:
    """Traffic, keys, and what needs attention; a checklist until the first request."""
    form = RangeForm(request.GET)
    form.is_valid()
    states = overview.key_states(request.app)
    context: dict[str, Any] = {
        "form": form,
        "states": states,
        "total": sum(state.count for state in states),
        "used": sum(state.count for state in states[:4]),
    }
    if overview.has_requests(request.app):
        context |= _traffic(request, form.cleaned_data.get("range") or "24h")
    else:
        context |= _checklist(request, bool(context["total"]))
    return render(request, "keys/overview.html", context, status=422 if form.errors else 200)


def _traffic(request: AppRequest, chosen: str) -> dict[str, Any]:
    since = (now() - RANGES[chosen][1]).replace(minute=0, second=0, microsecond=0)  # as the tallies count
    day = (now() - overview.DAY).replace(minute=0, second=0, microsecond=0)
    denied = overview.denied_requests(request.app, since)
    recent = denied if chosen == "24h" else overview.denied_requests(request.app, day)
    return {
        "range": chosen,
        "range_label": RANGES[chosen][0],
        "tabs": [(label, f"?range={name}", name == chosen) for name, (label, _) in RANGES.items()],
        "histogram": none_if_too_broad(
            lambda: histogram(Filters(request.app.id, since=since, calls_only=True))
        ),
        "reasons": overview.denial_reasons(denied),
        "scanned": len(denied),
        "scan_limit": overview.SCAN_LIMIT,
        "attention": overview.attention_items(request.app, recent),
        "events": overview.recent_events(request.app),
    }


def _checklist(request: AppRequest, has_keys: bool) -> dict[str, Any]:
    address = portal_address(request)
    return {
        "onboarding": True,
        "has_keys": has_keys,
        "done": 1 + has_keys,
        "command": mint_command(
            request.app, None, {"name": "worker", "scopes": parse_required(["grants:read"])}
        ),
        "curl": CURL.format(address=address),
        "verify_url": f"{address}/verify",
    }
