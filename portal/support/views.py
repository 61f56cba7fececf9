"""The support desk's pages: what was found, the end of it, a question to its owner, and receipts."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from agents.requests import AppRequest, address_of, finished, sent
from audit import actions as on_audit
from audit.requests import PortalRequest
from core.errors import NotFound, Refusal
from core.forms import refuse_unknown
from keys.requests import key_of
from keys.web import receipts
from portal.gates import apps_allowing, user_of
from portal.models import AccessToken
from portal.support import bulk_actions, forms, results
from portal.support.lookup import MOST, Answer, look_up, recall
from portal.tokens import lifecycle


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: PortalRequest) -> HttpResponse:
    """Lost keys, in every app their finder may look into. A POST, so that no address keeps what was asked.

    Its answer has an address of its own, so that Back leads to it.
    """
    form = forms.FindForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        found = look_up(user_of(request), request.origin, data["hashes"], data["words"])
        return HttpResponseRedirect(f"{reverse('find')}?result={results.keep(request.session, found)}")
    refuse_unknown(request.GET, ("result",))
    name = request.GET.get("result", "")
    kept = results.recall_kept(request.session, name)
    answer = recall(user_of(request), request.origin, kept) if kept and not form.is_bound else None
    context = _found(form, answer) | {"is_over": bool(name) and not kept}
    return render(request, "portal/support/lookup.html", context, status=422 if form.errors else 200)


@require_http_methods(["POST"])
def revoke_many(request: PortalRequest) -> HttpResponse:
    """End the keys that were ticked, in one act, and answer with its receipt."""
    form = forms.ManyForm(request.POST)
    if not form.is_valid():
        context = _found(forms.FindForm(), None) | {"many": form}
        return render(request, "portal/support/lookup.html", context, status=422)
    data = form.cleaned_data
    wanted = {name: data[name] for name in ("reason", "ticket", "force")}
    batch = bulk_actions.revoke_many(user_of(request), request.origin, data["ids"], **wanted)
    if batch.act_id is None:
        return finished(request, reverse("find"), "There was nothing left to revoke")
    says = f"{batch.ended} key{'' if batch.ended == 1 else 's'} revoked"
    if batch.failures:
        says += f"; {len(batch.failures)} not: {bulk_actions.failures_in_words(batch.failures)}"
    return finished(request, reverse("receipt", args=[batch.act_id]), says)


@require_http_methods(["GET", "HEAD", "POST"])
def end_token(request: PortalRequest, token_id: UUID) -> HttpResponse:
    """End an access token that was found."""
    token = AccessToken.objects.filter(id=token_id).select_related("user").first()
    if token is None:
        raise NotFound
    form = forms.TokenForm(sent(request))
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        lifecycle.end_found(request.actor, token, data["reason"], data["ticket"])
        return finished(request, reverse("find"), f"{token.name} of {token.user} is revoked")
    context = {"token": token, "form": form}
    return render(request, "portal/support/token_revoke.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Ask whoever answers for a key."""
    key = key_of(request, key_id)
    form = forms.AskForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            told = bulk_actions.ask(request.actor, key, form.cleaned_data["message"])
            says = f"{told} {'person is' if told == 1 else 'people are'} told"
            return finished(request, address_of("key", key), says)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render(request, "portal/support/contact_owner.html", {"key": key, "form": form}, status=status)


@require_GET
def receipt(request: PortalRequest, event_id: UUID) -> HttpResponse:
    """What came of a revocation. Asked for again, it knows what has happened since."""
    names = {app.id: app.name for app in apps_allowing(user_of(request), on_audit.READ)}
    found = receipts.receipt(event_id, names.keys())
    if found is None:
        raise NotFound
    return render(
        request, "portal/support/receipt.html", {"receipt": found, "names": names, "most": receipts.MOST}
    )


def _found(form: forms.FindForm, answer: Answer | None) -> dict[str, object]:
    living = [one for one in answer.keys if one.may_revoke] if answer else []
    return {
        "form": form,
        "answer": answer,
        "most": MOST,
        "many": forms.ManyForm() if len(living) > 1 else None,
    }
