"""The page of the security settings: the portal policy."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.requests import finished
from audit.actions import all_names
from audit.models import Event
from audit.requests import PortalRequest
from core.errors import Refusal
from portal.accounts.forms import PolicyForm
from portal.actions import CHANGE_POLICY
from portal.models import PortalPolicy
from portal.policy.policy import change_policy, users_without_factor
from portal.web.gates import user_of

SECTIONS = ("second_factor", "on_leaked_token", "public_docs")
"""The parts of the page that are saved by themselves, by the name of their field."""


@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: PortalRequest) -> HttpResponse:
    """The security settings, and the users whom a change would stop."""
    current = PortalPolicy.in_force()
    values: dict[str, Any] = {
        "second_factor": current.second_factor_since is not None,
        "on_leaked_token": current.on_leaked_token,
        "public_docs": current.public_docs,
    }
    section = request.POST.get("section", "")
    sections = {name: PolicyForm(initial=values, auto_id=f"{name}-%s") for name in SECTIONS}
    form, status = sections[SECTIONS[0]], 200
    if request.method == "POST":
        name = section if section in SECTIONS else SECTIONS[0]
        form = sections[name] = PolicyForm(_submitted(request, section, values), auto_id=f"{name}-%s")
        if form.is_valid():
            chosen = {field: form.cleaned_data[field] for field in (*values, "reason")}
            try:
                change_policy(request.actor, user_of(request), **chosen)
                return finished(request, reverse("policy"), "Security settings saved")
            except Refusal as refusal:
                form.refuse(refusal)
                status = refusal.status
    changes = Event.objects.filter(app_id=None, action__in=all_names(CHANGE_POLICY.name))
    context = {
        "form": form,
        "sections": sections,
        "policy": current,
        "without": users_without_factor(),
        "saved": changes.order_by("-at", "-id").first(),
    }
    status = 422 if form.errors and status == 200 else status
    return render(request, "portal/policy/security_settings.html", context, status=status)


def _submitted(request: PortalRequest, section: str, current: dict[str, Any]) -> QueryDict:
    """What was sent. Of a section its own field counts, and the others stay as they are."""
    data = request.POST.copy()
    for name in SECTIONS if section in SECTIONS else ():
        if name != section:
            data.pop(name, None)
            if current[name]:
                data[name] = "on" if current[name] is True else current[name]
    return data
