"""Reads the forms about the record as a whole: how long it is kept, and whom it is forwarded to."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms

from agents.models import App
from audit.models import Destination
from audit.retention.policy import MOST_DAYS, Kept
from core.forms import ReasonForm, ValuesForm
from keys.web.forms import PLAIN_TEXT, OnceField

EVERY_APP = ("", "Every app, and what belongs to none")


class RetentionForm(ReasonForm):
    """How many days one kind of row is kept."""

    days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=10**6,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    field_order = ("days", "reason")

    def __init__(self, *args: Any, kept: Kept, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["days"] = kept.days
        self.fields["days"].help_text = f"{kept.fewest} to {MOST_DAYS}. Empty: for ever."


class DestinationForm(ValuesForm):
    """Where sealed rows are sent, and which."""

    once = OnceField()
    name = forms.CharField(max_length=60, widget=PLAIN_TEXT, help_text="What reads it: siem, data-lake.")
    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "inputmode": "url"}),
        help_text="https://siem.example.com/hooks/alter. It is sent JSON, and checks the signature.",
    )
    sends = forms.ChoiceField(
        label="It is told of",
        choices=Destination.Sends.choices,
        initial=Destination.Sends.EVERYTHING,
        widget=forms.RadioSelect,
    )
    app = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, apps: Iterable[App], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["app"]
        field.choices = [EVERY_APP, *((str(app.id), app.name) for app in apps)]

    def choices(self) -> dict[str, Any]:
        """Keyword arguments for destinations.create(), once the form is valid."""
        data = self.cleaned_data
        app_id = UUID(data["app"]) if data["app"] else None
        return {"name": data["name"], "url": data["url"], "sends": data["sends"], "app_id": app_id}


class RotateSecretForm(ReasonForm):
    """Another signing secret."""

    once = OnceField()
