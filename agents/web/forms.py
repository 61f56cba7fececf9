"""Reads the forms about apps and agents into plain values for the verbs."""

from typing import Any

from django import forms

from agents.lifecycle import APP_SETTINGS
from agents.models import MAX_DERIVED_HOURS, MAX_KEYS, MAX_RATE_LIMIT_RPM, Agent, App, OnLeak
from core.forms import QueryForm, ValuesForm


class AppForm(ValuesForm):
    """A new app."""

    name = forms.CharField(max_length=200, help_text="For example: orders-production")
    description = forms.CharField(required=False, max_length=500)
    website_url = forms.URLField(label="Website", required=False, max_length=300, assume_scheme="https")
    environment = forms.ChoiceField(
        choices=App.Environment.choices,
        initial=App.Environment.LIVE,
        widget=forms.RadioSelect,
        help_text="A test app is marked in every list. Its keys work like those of a live app.",
    )


class AppSettingsForm(AppForm):
    """An app's settings, and an etag of what they were when the form was shown."""

    max_keys = forms.IntegerField(
        label="Maximum active keys",
        min_value=1,
        max_value=MAX_KEYS,
        help_text="Rotating keys are counted separately, up to the same number. Derived keys are not counted.",
    )
    max_keys_per_agent = forms.IntegerField(
        label="Maximum keys per agent",
        min_value=1,
        max_value=MAX_KEYS,
        help_text="Active keys. Rotating keys are counted separately, up to the same number.",
    )
    rate_limit_rpm = forms.IntegerField(
        label="Rate limit (requests per minute)",
        required=False,
        min_value=1,
        max_value=MAX_RATE_LIMIT_RPM,
        help_text="For keys without their own limit. Leave empty for the portal default.",
    )
    max_derived_hours = forms.IntegerField(
        label="Maximum derived-key lifetime (hours)",
        min_value=1,
        max_value=MAX_DERIVED_HOURS,
        help_text="Longer requests are shortened to this. A derived key never outlives its parent key.",
    )
    signing = forms.ChoiceField(
        label="Request signing (runtime API)",
        choices=App.Signing.choices,
        widget=forms.RadioSelect,
        help_text="Optional also accepts unsigned requests and the older signature format. "
        "Not enforced by /verify unless a gateway sends signature=required.",
    )
    on_leaked_app_key = forms.ChoiceField(
        label="App keys",
        choices=OnLeak.choices,
        help_text="Services that use the key stop when it is revoked.",
    )
    on_leaked_agent_key = forms.ChoiceField(
        label="Agent keys", choices=OnLeak.choices, help_text="The agent stops if it has no other key."
    )
    on_leaked_derived_key = forms.ChoiceField(
        label="Derived keys",
        choices=OnLeak.choices,
        help_text="Short-lived and easy to replace.",
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)


class AgentForm(ValuesForm):
    """A new agent."""

    name = forms.CharField(
        max_length=200,
        help_text="Lowercase letters, digits, hyphens and underscores. Cannot be changed later.",
    )
    display_name = forms.CharField(required=False, max_length=200, help_text="Shown in the portal.")
    type = forms.ChoiceField(choices=Agent.Type.choices, initial=Agent.Type.AGENT, widget=forms.RadioSelect)


class AgentRenameForm(ValuesForm):
    """The display name of an agent; if empty, its name is shown."""

    name = forms.CharField(label="Display name", required=False, max_length=200)


class AgentFilterForm(QueryForm):
    """The agent list's filters."""

    STATUS = (
        ("", "Active and suspended"),
        ("active", "Active"),
        ("inactive", "Suspended"),
        ("revoked", "Revoked"),
    )

    q = forms.CharField(label="Name", required=False, max_length=100)
    status = forms.ChoiceField(required=False, choices=STATUS)


def changed_since(form: AppSettingsForm, app: App) -> list[tuple[str, str]]:
    """Where `app` differs from what was typed: the label of each such field, and what it holds now."""
    now = {name: value for name, value in settings_values(app).items() if name != "seen"}
    differ = [name for name in now if now[name] != form.cleaned_data[name]]
    return [(str(form[name].label), str(now[name] or "none")) for name in differ]


def renewed(form: AppSettingsForm, app: App) -> AppSettingsForm:
    """The values that were typed, on a form that knows the current settings of `app`."""
    again = AppSettingsForm({name: form[name].value() for name in form.fields} | {"seen": app.etag})
    again.is_valid()
    return again


def settings_values(app: App) -> dict[str, Any]:
    """What the settings form is filled with."""
    return {name: getattr(app, name) for name in ("name", *APP_SETTINGS)} | {"seen": app.etag}
