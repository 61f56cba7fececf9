"""The page of the rules of the house."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.faces import finished, sent
from audit.faces import PortalRequest
from audit.refusals import Refusal
from portal.gates import user_of
from portal.models import HouseRules
from portal.people.forms import HouseForm
from portal.people.house import set_rules, without_factor


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
    return render(request, "portal/house.html", context, status=status)
