"""The export page of the audit log."""

import shlex

from django import forms
from django.http import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from audit.api.log import streamed
from audit.export.exporter import export as take_out
from audit.export.extract import count_rows
from audit.requests import TenantRequest
from audit.search.filter_form import FilterForm
from audit.search.matching import Filters

FORMATS = [
    ("jsonl", "JSON Lines"),
    ("csv", "CSV"),
    ("ocsf", "OCSF"),
]


class FormatForm(forms.Form):
    """In which format."""

    format = forms.ChoiceField(choices=FORMATS, widget=forms.RadioSelect, initial="jsonl")
    bom = forms.BooleanField(required=False, label="CSV for Excel: add a byte order mark")


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: TenantRequest) -> HttpResponseBase:
    """What an export would hold; a POST answers with the file itself."""
    sought, form = FilterForm(request.GET), FormatForm(request.POST or None)
    if sought.held_a_secret:
        return HttpResponseRedirect(request.path + sought.address().removesuffix("?"))
    filters = sought.filters(request.app.id) if sought.is_valid() else None
    if filters and form.is_valid():
        format, bom = (
            form.cleaned_data["format"],
            form.cleaned_data["bom"] and form.cleaned_data["format"] == "csv",
        )
        return streamed(take_out(request.actor, filters, request.app.name, format, bom=bom))
    count, whole = count_rows(filters) if filters else (0, True)
    context = {
        "form": form,
        "sought": sought,
        "here": sought.address().removesuffix("?"),
        "active": sought.active(),
        "count": count,
        "whole": whole,
        "command": _command(filters, str(request.app.id)) if filters else "",
    }
    status = 422 if sought.errors or form.errors else 200
    return render(request, "audit/export.html", context, status=status)


def _command(filters: Filters, app_id: str) -> str:
    """The line for a terminal that takes the same out."""
    values = filters.to_dict()
    if values.pop("calls_only", ""):
        values["kind"] = "call"
    for name, option in (("since", "start"), ("until", "end")):
        if moment := getattr(filters, name):
            values[option] = moment.isoformat().replace("+00:00", "Z")
        values.pop(name, None)
    options = [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", value)]
    return shlex.join(["alter", "audit", "export", "--app", app_id, *options, "--file", "audit.jsonl"])
