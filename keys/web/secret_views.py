"""The pages that end in a plaintext: minting and rotating. It is in their answer and nowhere else."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from agents.models import Agent
from agents.requests import AppRequest, agent_of, sent, shown_once
from audit.requests import form_status
from core.errors import Refusal
from keyformat.redaction import redact
from keys import lifecycle
from keys.catalogue.store import catalogue_of
from keys.errors import KeyNotFound
from keys.lifecycle import Minted
from keys.models import ApiKey
from keys.requests import field_of, key_of, portal_address
from keys.web import presenters
from keys.web.forms import RotateForm
from keys.web.mint_forms import MintForm, refuse_unknown_prefill, starting_values
from keys.web.snippets import mint_command, uses


@require_http_methods(["GET", "HEAD", "POST"])
def mint(request: AppRequest, agent_id: UUID | None = None) -> HttpResponse:
    """The form, and in answer to a good one the plaintext: the only time it is anywhere."""
    agent = agent_of(request, agent_id) if agent_id else None
    catalogue = catalogue_of(request.app)
    if request.method != "POST":
        refuse_unknown_prefill(catalogue, request.GET)
        values = starting_values(catalogue, request.GET, _like(request), for_agent=agent is not None)
        return _mint_page(request, MintForm(catalogue=catalogue, initial=values), agent)
    if purpose := request.POST.get("purpose"):
        return _start_from(request, purpose)
    form = MintForm(request.POST, catalogue=catalogue)
    if form.is_valid():
        try:
            minted = lifecycle.mint(request.actor, request.app, agent=agent, **form.choices())
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            form.refuse(refusal)
            return _mint_page(request, form, agent, status=refusal.status, refusal=refusal)
        return _reveal(request, minted)
    return _mint_page(request, form, agent, status=422)


def _start_from(request: AppRequest, purpose: str) -> HttpResponse:
    """The form filled in for a purpose. Of what was typed, the address keeps what the purpose does not decide."""
    typed = {name: redact(request.POST.get(name, "")) for name in ("name", "networks")}
    values = {name: value for name, value in typed.items() if value}
    return HttpResponseRedirect(f"{request.path}?{urlencode(values | {'purpose': purpose})}")


@require_POST
def review(request: AppRequest, agent_id: UUID | None = None) -> HttpResponse:
    """The review pane for what is typed so far; nothing is minted, nothing need be complete."""
    agent = agent_of(request, agent_id) if agent_id else None
    form = MintForm(request.POST, catalogue=catalogue_of(request.app))
    form.is_valid()
    return render(request, "keys/_review.html", _reviewed(request, form, agent))


@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: AppRequest, key_id: UUID) -> HttpResponse:
    """A new secret, shown once; the old one works on for as long as was chosen."""
    key = key_of(request, key_id)
    form = RotateForm(sent(request), initial={"once": uuid4().hex, "grace": "7d"})
    refused, made = 0, ""
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            minted = lifecycle.rotate(
                request.actor,
                key,
                grace=data["period"],
                reason=data["reason"],
                idempotency_key=data["once"],
            )
            return _reveal(request, minted, old=key)
        except Refusal as refusal:
            form.refuse(refusal, "grace_custom" if field_of(refusal) else "")
            refused, made = refusal.status, refusal.details.get("key_id", "")
    context = {"key": key, "form": form, "impact": presenters.impact_of(key), "made": made}
    return render(request, "keys/rotate.html", context, status=refused or form_status(form))


def _reveal(request: AppRequest, minted: Minted, old: ApiKey | None = None) -> HttpResponse:
    """The page that shows a plaintext. It is in this response and nowhere else."""
    response = render(
        request,
        "keys/minted.html",
        {
            "key": minted.key,
            "old": old,
            "fingerprint": minted.plaintext.fingerprint,
            "plaintext": minted.plaintext.take(),
            "uses": uses(minted.key, portal_address(request)),
        },
    )
    return shown_once(request, response)


def _mint_page(
    request: AppRequest,
    form: MintForm,
    agent: Agent | None,
    status: int = 200,
    refusal: Refusal | None = None,
) -> HttpResponse:
    reviewed = _reviewed(request, form, agent)
    context = {"form": form, "templates": form.catalogue.templates, "refusal": refusal, **reviewed}
    return render(request, "keys/mint.html", context, status=status)


def _reviewed(request: AppRequest, form: MintForm, agent: Agent | None) -> dict[str, Any]:
    """The summary of a submitted form, or of the initial values of a new one."""
    if not form.is_bound:
        form = MintForm(form.initial, catalogue=form.catalogue)
        form.is_valid()
    chosen = form.cleaned_data
    return {
        "agent": agent,
        "chosen": chosen,
        "allowed": presenters.allowed(form.catalogue, chosen.get("scopes")),
        "not_allowed": presenters.not_allowed(form.catalogue, chosen.get("scopes")),
        "deprecated": form.catalogue.deprecated(chosen.get("scopes") or ()),
        "namesakes": presenters.others_called(request.app, chosen.get("name", "")),
        "quota": presenters.quota(request.app),
        "command": mint_command(request.app, agent, chosen),
    }


def _like(request: AppRequest) -> ApiKey | None:
    """The key a mint form is to be like: `?from=<key id>`."""
    try:
        return key_of(request, UUID(request.GET.get("from", "")))
    except (ValueError, KeyNotFound):
        return None
