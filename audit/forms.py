"""Reads the audit log's filters from an address, and says which of them cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.utils.dateparse import parse_datetime

from audit.actions import EVERY
from audit.clock import now
from audit.search import Filters, cut_to_prefix
from audit.text import keepable

SPANS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
RANGES = [
    ("", "All time"),
    ("1h", "Last hour"),
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
    ("custom", "Between two moments"),
]
OUTCOMES = [("", "Any"), ("act", "Acts"), ("allowed", "Calls allowed"), ("refused", "Calls refused")]
A_MOMENT = "2026-02-20 14:30, in UTC"


class MomentField(forms.CharField):
    """A moment in UTC, written as people write one."""

    def clean(self, value: Any) -> datetime | None:
        """The moment, or None when nothing is written."""
        text = str(super().clean(value) or "").strip()
        try:
            moment = parse_datetime(text) if text else None
        except ValueError:
            moment = None
        if text and moment is None:
            raise forms.ValidationError(f"Write a moment such as {A_MOMENT}.")
        return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


class FilterForm(forms.Form):
    """The log's filters. All of them live in the address, so that a view can be sent to someone."""

    key = forms.CharField(label="Key prefix", required=False, max_length=100)
    action = forms.ChoiceField(required=False)
    outcome = forms.ChoiceField(required=False, choices=OUTCOMES)
    range = forms.ChoiceField(label="Time", required=False, choices=RANGES)
    since = MomentField(label="From", required=False, max_length=40, help_text=A_MOMENT)
    until = MomentField(label="Until", required=False, max_length=40, help_text=A_MOMENT)
    ip = forms.CharField(label="Address", required=False, max_length=45)
    agent = forms.UUIDField(required=False)
    actor = forms.CharField(required=False, max_length=200)
    code = forms.CharField(required=False, max_length=50)
    path = forms.CharField(required=False, max_length=300)
    request = forms.CharField(required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        acts = sorted(name for name, action in EVERY.items() if action.says != "read")
        self.fields["action"].choices = [("", "Any"), *((name, name) for name in acts)]  # type: ignore[attr-defined]
        self.fields["key"].widget.attrs |= {
            "data-cut-keys": True,
            "spellcheck": "false",
            "autocomplete": "off",
        }

    def clean(self) -> dict[str, Any]:
        """A pasted key is cut to its prefix; a span becomes a moment."""
        data = self.cleaned_data
        for name in ("key", "actor", "code", "path", "request", "ip"):
            data[name] = keepable(cut_to_prefix(data.get(name, "")), 300)
        if span := SPANS.get(data.get("range", "")):
            data["since"], data["until"] = now() - span, None
        elif data.get("range") != "custom" and not self.errors:
            data["since"] = data["until"] = None
        return data

    def filters(self, app_id: UUID) -> Filters:
        """What was asked for. Only for a valid form."""
        data = self.cleaned_data
        names = (
            "key",
            "agent",
            "actor",
            "action",
            "outcome",
            "code",
            "ip",
            "path",
            "request",
            "since",
            "until",
        )
        return Filters(app_id=app_id, **{name: data[name] for name in names})

    def active(self) -> list[tuple[str, str, str]]:
        """Each filter in force: its name, what it says, and the address without it."""
        said = {name: str(self.data[name]) for name in self.fields if self.data.get(name)}
        if "key" in said:
            said["key"] = cut_to_prefix(said["key"])
        return [(name, value, self._without(name)) for name, value in said.items()]

    def address(self, **changes: str) -> str:
        """The query string of this view with some values changed."""
        query = {name: str(self.data[name]) for name in self.fields if name in self.data}
        query["key"] = cut_to_prefix(query.get("key", ""))
        return "?" + urlencode({name: value for name, value in (query | changes).items() if value})

    def _without(self, name: str) -> str:
        gone = {"range": ("range", "since", "until")}.get(name, (name,))
        return self.address(**dict.fromkeys(gone, ""))
