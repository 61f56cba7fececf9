"""The pages of support: key lookup, revoking what it shows, contacting an owner, and receipts."""

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
from portal.models import AccessToken
from portal.support import bulk_actions, forms, results
from portal.support.lookup import MAX_RESULTS, LookupResult, look_up, recall
from portal.tokens import lifecycle
from portal.web.dialogs import Dialog, render_dialog
from portal.web.gates import apps_allowing, user_of
from portal.web.post_only import post_only


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def lookup(request: PortalRequest) -> HttpResponse:
    """Key lookup in all apps the user may read. A POST, so that no URL holds what was entered.

    The result has a URL of its own, so that Back leads to it.
    """
    form = forms.LookupForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        match = look_up(user_of(request), request.origin, data["hashes"], data["words"])
        return HttpResponseRedirect(f"{reverse('lookup')}?result={results.keep(request.session, match)}")
    refuse_unknown(request.GET, ("result",))
    name = request.GET.get("result", "")
    summary = results.recall_kept(request.session, name)
    result = recall(user_of(request), request.origin, summary) if summary and not form.is_bound else None
    context = _context(form, result) | {"is_expired": bool(name) and not summary}
    return render(request, "portal/support/lookup.html", context, status=422 if form.errors else 200)


@post_only(lambda: reverse("lookup"))
def revoke_many(request: PortalRequest) -> HttpResponse:
    """Revoke the selected keys together, and show the receipt."""
    form = forms.RevokeManyForm(request.POST)
    if not form.is_valid():
        context = _context(forms.LookupForm(), None) | {"many": form}
        return render(request, "portal/support/lookup.html", context, status=422)
    data = form.cleaned_data
    wanted = {name: data[name] for name in ("reason", "ticket", "force")}
    batch = bulk_actions.revoke_many(user_of(request), request.origin, data["ids"], **wanted)
    message = f"{batch.revoked} key{'' if batch.revoked == 1 else 's'} revoked"
    if batch.failures:
        message += f"; {len(batch.failures)} not revoked: {bulk_actions.failures_in_words(batch.failures)}"
    return finished(request, reverse("receipt", args=[batch.event_id]), message)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke_token(request: PortalRequest, token_id: UUID) -> HttpResponse:
    """Revoke an access token that a lookup shows."""
    token = AccessToken.objects.filter(id=token_id).select_related("user").first()
    if token is None:
        raise NotFound
    form = forms.TokenForm(sent(request))
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        lifecycle.revoke_leaked(request.actor, token, data["reason"], data["ticket"])
        return finished(request, reverse("lookup"), f"Access token {token.name} of {token.user} revoked")
    dialog = Dialog(
        title=f"Revoke access token {token.name}?",
        text=f"It belongs to {token.user}, who is notified. Requests with it are denied immediately. Cannot be undone.",
        button="Revoke token",
        cancel=reverse("lookup"),
        crumbs=(("Key lookup", reverse("lookup")),),
        failure="Could not revoke the token",
    )
    return render_dialog(request, dialog, form)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: AppRequest, key_id: UUID) -> HttpResponse:
    """Contact the owner of a key."""
    key = key_of(request, key_id)
    form = forms.AskForm(sent(request))
    status = 200
    if form.is_bound and form.is_valid():
        try:
            count = bulk_actions.ask(request.actor, key, form.cleaned_data["message"])
            message = f"Message sent to {count} user{'' if count == 1 else 's'}"
            return finished(request, address_of("key", key), message)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    dialog = Dialog(
        title=f"Contact the owner of {key.name}",
        text="Your message goes to the owner of the key, or to the admins of the app if it has no owner.",
        button="Send message",
        cancel=address_of("key", key),
        crumbs=(("API keys", reverse("keys", args=[key.app_id])), (key.name, address_of("key", key))),
        failure="Could not send the message",
        is_danger=False,
    )
    return render_dialog(request, dialog, form, status)


@require_GET
def receipt(request: PortalRequest, event_id: UUID) -> HttpResponse:
    """The receipt of a revocation, read from the audit log each time."""
    names = {app.id: app.name for app in apps_allowing(user_of(request), on_audit.READ)}
    receipt = receipts.receipt(event_id, names.keys())
    if receipt is None:
        raise NotFound
    return render(
        request,
        "portal/support/receipt.html",
        {"receipt": receipt, "names": names, "most": receipts.MAX_RESULTS},
    )


def _context(form: forms.LookupForm, result: LookupResult | None) -> dict[str, object]:
    revocable = [match for match in result.keys if match.may_revoke] if result else []
    return {
        "form": form,
        "result": result,
        "most": MAX_RESULTS,
        "many": forms.RevokeManyForm() if len(revocable) > 1 else None,
    }
