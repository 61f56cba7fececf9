"""The page that shows what will happen to the selected keys of an app and asks once more; and their export."""

import csv
from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from agents.models import App
from agents.requests import AppRequest, finished, sent
from audit.export.csv_lines import Line, cell
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
from portal.models import User
from portal.support import bulk, bulk_actions

CSRF = "csrfmiddlewaretoken"
PAST = {"revoke": "revoked", "deprecate": "deprecated", "transfer": "transferred"}
EXPORTED = ("id", "name", "prefix", "kind", "status", "scopes", "networks", "rate_limit_rpm")
TIMES = ("created_at", "expires_at", "grace_ends_at", "deprecated_at", "revoked_at")


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
        return _export(request, selected)
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


def _export(request: AppRequest, keys: ApiKeyQuerySet) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_csv(keys), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="keys-{now():%Y-%m-%d}.csv"'
    return response


def _csv(keys: ApiKeyQuerySet) -> Iterator[bytes]:
    writer = csv.writer(Line())
    yield writer.writerow([*EXPORTED, "agent", "minted_by", *TIMES]).encode()
    for key in keys.with_kin().iterator(500):
        values = [str(key.id), *(getattr(key, name) for name in EXPORTED[1:])]
        values += [key.agent.name if key.agent else "", key.minted_by]
        times = (getattr(key, name) for name in TIMES)
        values += [moment.isoformat(timespec="seconds") if moment else "" for moment in times]
        yield writer.writerow([cell(value) for value in values]).encode("utf-8", "replace")
