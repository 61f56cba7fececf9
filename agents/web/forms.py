"""Reads the forms about apps and agents into plain values for the verbs."""

from typing import Any

from django import forms

from agents.lifecycle import APP_SETTINGS
from agents.models import MOST_CALLS_A_MINUTE, MOST_DERIVED_HOURS, MOST_KEYS, Agent, App, OnLeak
from core.forms import QueryForm, ValuesForm


class AppForm(ValuesForm):
    """What a new app is asked for."""

    name = forms.CharField(
        max_length=200, help_text="What the keys are for: a service, or one environment of it."
    )
    description = forms.CharField(required=False, max_length=500)
    website_url = forms.URLField(label="Website", required=False, max_length=300, assume_scheme="https")


class AppSettingsForm(AppForm):
    """An app's settings, and a mark of what they were when the form was shown."""

    max_keys = forms.IntegerField(
        label="Keys allowed",
        min_value=1,
        max_value=MOST_KEYS,
        help_text="Living keys at once, and as many again in grace. Derived keys do not count.",
    )
    max_keys_per_agent = forms.IntegerField(
        label="Keys allowed for each agent",
        min_value=1,
        max_value=MOST_KEYS,
        help_text="Living keys at once, and as many again in grace.",
    )
    rate_limit_rpm = forms.IntegerField(
        label="Calls a minute",
        required=False,
        min_value=1,
        max_value=MOST_CALLS_A_MINUTE,
        help_text="For keys that set no limit of their own. Empty: the portal’s own limit.",
    )
    max_derived_hours = forms.IntegerField(
        label="Hours a derived key may live",
        min_value=1,
        max_value=MOST_DERIVED_HOURS,
        help_text="A longer wish is cut to this. It never outlives the key it was derived from.",
    )
    signing = forms.ChoiceField(
        label="Signed calls to the runtime API",
        choices=App.Signing.choices,
        widget=forms.RadioSelect,
        help_text="Optional also lets in clients that do not sign, or sign the old way. The door never asks for it.",
    )
    on_leaked_app_key = forms.ChoiceField(
        label="A key of the app", choices=OnLeak.choices, help_text="Whatever calls with it stops if it goes."
    )
    on_leaked_agent_key = forms.ChoiceField(
        label="A key of an agent", choices=OnLeak.choices, help_text="The agent stops if it has no other."
    )
    on_leaked_derived_key = forms.ChoiceField(
        label="A derived key",
        choices=OnLeak.choices,
        help_text="It ends soon anyway, and another is easily derived.",
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)


class AgentForm(ValuesForm):
    """What a new agent is asked for."""

    name = forms.CharField(
        max_length=200,
        help_text="Lower-case letters, digits, hyphens and underscores. Programs know it by this, for ever.",
    )
    display_name = forms.CharField(
        required=False, max_length=200, help_text="What people call it. May change."
    )
    type = forms.ChoiceField(choices=Agent.Type.choices, initial=Agent.Type.AGENT, widget=forms.RadioSelect)


class AgentRenameForm(ValuesForm):
    """What people call an agent; empty falls back to its name."""

    name = forms.CharField(label="Display name", required=False, max_length=200)


class AgentFilterForm(QueryForm):
    """The agent list's filters."""

    STATUS = (("", "Living"), ("active", "Active"), ("inactive", "Suspended"), ("revoked", "Revoked"))

    q = forms.CharField(label="Name", required=False, max_length=100)
    status = forms.ChoiceField(required=False, choices=STATUS)


def changed_since(form: AppSettingsForm, app: App) -> list[tuple[str, str]]:
    """Where `app` differs from what was typed: the label of each such field, and what it holds now."""
    now = {name: value for name, value in settings_values(app).items() if name != "seen"}
    differ = [name for name in now if now[name] != form.cleaned_data[name]]
    return [(str(form[name].label), str(now[name] or "nothing")) for name in differ]


def renewed(form: AppSettingsForm, app: App) -> AppSettingsForm:
    """The same values typed, as from a page that has seen `app` as it is."""
    again = AppSettingsForm({name: form[name].value() for name in form.fields} | {"seen": app.mark})
    again.is_valid()
    return again


def settings_values(app: App) -> dict[str, Any]:
    """What the settings form is filled with."""
    return {name: getattr(app, name) for name in ("name", *APP_SETTINGS)} | {"seen": app.mark}
