"""The page that shows what will happen to the selected keys of an app and asks once more; and their export."""

from typing import Any

from django import forms
from django.http import QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.models import App
from agents.requests import AppRequest, finished, sent
from audit.requests import form_status
from core.choices import parse_choice
from core.clock import now
from core.errors import Invalid, Refusal
from core.forms import LIST_NAMES, ReasonForm, refuse_unknown
from core.pagination.list_page import SELECTION, selected_rows
from keys.lifecycle import parse_ticket
from keys.models import ApiKey, ApiKeyQuerySet
from keys.web import key_lists, key_rows
from keys.web.forms import PLAIN_TEXT, FilterForm
from portal import actions
from portal.models import User
from portal.support import bulk, bulk_actions, key_export

CSRF = "csrfmiddlewaretoken"
PAST = {"revoke": "revoked", "deprecate": "deprecated", "transfer": "transferred"}
NOT_SENT_ON = {CSRF, "reason"}


class BulkForm(ReasonForm):
    """What to enter for all selected keys."""

    ticket = forms.CharField(label="Ticket", max_length=60, required=False, widget=PLAIN_TEXT)
    force = forms.BooleanField(label="Allow leaving agents with no active key", required=False)
    new_owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Choose a user")

    def __init__(self, *args: Any, verb: str, app: App, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = verb == "revoke"
        self.fields["new_owner"] = forms.ModelChoiceField(
            bulk.possible_owners(app), required=verb == "transfer", empty_label="Choose a user"
        )

    def clean(self) -> dict[str, Any]:
        """The ticket as it is stored."""
        self.cleaned_data["ticket"] = self.read(
            "ticket", lambda: parse_ticket(self.cleaned_data.get("ticket", ""))
        )
        return self.cleaned_data

    def choices(self) -> bulk.Choices:
        """What is entered, once the form is valid."""
        data = self.cleaned_data
        return bulk.Choices(data["reason"], data["ticket"], data["force"], data["new_owner"])


@require_http_methods(["GET", "HEAD", "POST"])
def bulk_keys(request: AppRequest) -> HttpResponseBase:
    """Preview what is done to the selected keys, do it, and lead to the receipt."""
    query = request.POST if request.method == "POST" else request.GET
    name = parse_choice(query.get("action", ""), "action", (*bulk.VERBS, "export"))
    if not name:
        raise Invalid("action", "Choose what to do with the selected keys.")
    selected = _selected(request, query)
    if name == "export":
        return _export(request, selected, query)
    verb, keys = bulk.VERBS[name], bulk.within_limit(selected)
    request.actor.require_on_own(verb.action)
    form = BulkForm(sent(request), verb=name, app=request.app)
    if form.is_bound and form.is_valid():
        allowed = [key for key in keys if request.actor.may(verb.action, key)]
        try:
            if not allowed:
                raise Invalid("id", "Select at least one key that your role can change.")
            result = bulk.apply(request.actor, request.app, verb, allowed, form.choices())
            return finished(request, _receipt(request, name, result), _summary(name, result))
        except Refusal as refusal:
            form.refuse(refusal)
    context = _preview(request, verb, keys) | {"verb": name, "form": form, "query": _hidden(name, keys)}
    return render(request, "keys/bulk.html", context, status=form_status(form))


def _selected(request: AppRequest, query: QueryDict) -> ApiKeyQuerySet:
    """The selected keys, among those that the filters of the list match."""
    keys = ApiKey.objects.filter(app=request.app)
    if not query.get("all"):
        return keys.filter(pk__in=selected_rows(keys, query).values("pk"))
    refuse_unknown(
        query, {*FilterForm.base_fields, *LIST_NAMES, *SELECTION, "action", *BulkForm.base_fields, CSRF}
    )
    filters = FilterForm({name: query[name] for name in query if name in FilterForm.base_fields})
    return key_lists.keys_of(request.app, filters.cleaned_data) if filters.is_valid() else keys.none()


def _preview(request: AppRequest, verb: bulk.Verb, keys: list[ApiKey]) -> dict[str, Any]:
    rows = key_rows.rows(keys)
    allowed = [row for row in rows if request.actor.may(verb.action, row.key)]
    return {
        "rows": allowed,
        "skipped": [row for row in rows if row not in allowed],
        "in_use": sum(sum(map(sum, row.days)) > 0 for row in allowed),
        "derived": sum(row.children for row in allowed),
    }


def _hidden(action: str, keys: list[ApiKey]) -> list[tuple[str, str]]:
    """What the form sends next: the very keys that were shown, whatever matches the filters by then."""
    return [("action", action), *(("id", str(key.id)) for key in keys)]


def _receipt(request: AppRequest, name: str, result: bulk.Result) -> str:
    if name == "revoke":
        return reverse("receipt", args=[result.event_id])
    return reverse("audit-event", args=[request.app.id, result.event_id])


def _summary(name: str, result: bulk.Result) -> str:
    text = f"{result.changed} key{'' if result.changed == 1 else 's'} {PAST[name]}"
    if not result.failures:
        return text
    return f"{text}. {len(result.failures)} failed: {bulk_actions.failures_in_words(result.failures)}"


def _export(request: AppRequest, keys: ApiKeyQuerySet, query: QueryDict) -> HttpResponseBase:
    """Ask once, then answer with the file."""
    request.actor.require(actions.EXPORT_KEYS)
    form = BulkForm(sent(request), verb="export", app=request.app)
    if form.is_bound and form.is_valid():
        lines = key_export.export_keys(request.actor, request.app, keys, form.cleaned_data["reason"])
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="keys-{now():%Y-%m-%d}.csv"'
        return response
    chosen = [(name, value) for name, values in query.lists() if name not in NOT_SENT_ON for value in values]
    context = {"form": form, "count": len(key_export.exportable(keys)), "query": chosen}
    return render(request, "keys/export.html", context, status=form_status(form))
