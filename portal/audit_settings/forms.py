"""Forms of the audit log settings: retention and webhooks."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms

from agents.models import App
from audit.models import Webhook
from audit.retention.policy import MAX_DAYS, RetentionPeriod
from core.forms import ReasonForm, ValuesForm
from keys.web.forms import PLAIN_TEXT, OnceField

ALL_APPS = ("", "All apps and portal-wide events")


class RetentionForm(ReasonForm):
    """The retention period of one kind of row."""

    days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=10**6,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    field_order = ("days", "reason")

    def __init__(self, *args: Any, period: RetentionPeriod, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["days"] = period.days
        self.fields[
            "days"
        ].help_text = f"{period.min_days:,} to {MAX_DAYS:,} days. Leave empty to keep indefinitely."


class WebhookForm(ValuesForm):
    """A new webhook: its endpoint and what is sent."""

    once = OnceField()
    name = forms.CharField(max_length=60, widget=PLAIN_TEXT, help_text="For example: siem")
    url = forms.CharField(
        label="URL",
        max_length=500,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "inputmode": "url"}),
        help_text="For example: https://siem.example.com/hooks/alter. Receives signed JSON.",
    )
    sends = forms.ChoiceField(
        label="Send",
        choices=Webhook.Sends.choices,
        initial=Webhook.Sends.EVERYTHING,
        widget=forms.RadioSelect,
    )
    app = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, apps: Iterable[App], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["app"]
        field.choices = [ALL_APPS, *((str(app.id), app.name) for app in apps)]

    def choices(self) -> dict[str, Any]:
        """Keyword arguments for destinations.create(), once the form is valid."""
        data = self.cleaned_data
        app_id = UUID(data["app"]) if data["app"] else None
        return {"name": data["name"], "url": data["url"], "sends": data["sends"], "app_id": app_id}


class RotateSecretForm(ReasonForm):
    """A new signing secret."""

    once = OnceField()
