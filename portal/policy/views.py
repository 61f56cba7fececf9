"""The page of the rules of the house."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.requests import finished, sent
from audit.requests import PortalRequest
from core.errors import Refusal
from portal.accounts.forms import HouseForm
from portal.gates import user_of
from portal.models import HouseRules
from portal.policy.policy import set_rules, without_factor


@require_http_methods(["GET", "HEAD", "POST"])
def house(request: PortalRequest) -> HttpResponse:
    """What holds for everyone, and whom a change would stop."""
    rules = HouseRules.in_force()
    initial = {
        "second_factor": rules.second_factor_since is not None,
        "on_leaked_token": rules.on_leaked_token,
    }
    form = HouseForm(sent(request), initial=initial)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            set_rules(
                request.actor,
                user_of(request),
                second_factor=data["second_factor"],
                on_leaked_token=data["on_leaked_token"],
                reason=data["reason"],
            )
            return finished(request, reverse("house"), "The rules of the house hold as they stand here")
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"form": form, "rules": rules, "without": without_factor()}
    return render(request, "portal/policy/security_settings.html", context, status=status)
