"""Reads the forms about keys into plain values for the verbs; the value languages say what cannot be taken."""

from datetime import timedelta
from typing import Any

from django import forms

from core.durations import parse_duration
from core.forms import QueryForm, ReasonForm, ValuesForm

GRACES = (
    ("0", "Expire immediately"),
    ("1h", "1 hour"),
    ("24h", "24 hours"),
    ("7d", "7 days"),
    ("custom", "Custom"),
)
SPANS = {
    "24h": ("24 hours", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
}
"""How far back a page of usage may look."""
PLAIN_TEXT = forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"})


class OnceField(forms.CharField):
    """The idempotency key of a displayed form: submitted twice, it acts once."""

    def __init__(self) -> None:
        messages = {"required": "This form is incomplete. Reload the page and submit it again."}
        super().__init__(widget=forms.HiddenInput, max_length=100, error_messages=messages)


class RenameForm(ValuesForm):
    """A new name."""

    name = forms.CharField(max_length=200, widget=PLAIN_TEXT)


class RotateForm(ReasonForm):
    """How long the old key stays active."""

    once = OnceField()
    grace = forms.ChoiceField(choices=GRACES, initial="7d", widget=forms.RadioSelect)
    grace_custom = forms.CharField(
        label="Custom grace period",
        required=False,
        max_length=20,
        help_text="For Custom: at most 30 days, for example 36h or 14d.",
        widget=PLAIN_TEXT,
    )

    def clean(self) -> dict[str, Any]:
        """`grace` as a timedelta, in `period`."""
        data = self.cleaned_data
        text = data.get("grace_custom", "") if data.get("grace") == "custom" else data.get("grace", "")
        data["period"] = (
            timedelta(0) if text == "0" else self.read("grace_custom", lambda: parse_duration(text))
        )
        return data


class RevokeForm(ReasonForm):
    """Asks for nothing, or for a reason and the name of the thing `called` if revoking it has an impact."""

    typed = forms.CharField(label="Name", max_length=200, required=False, widget=PLAIN_TEXT)

    def __init__(self, *args: Any, called: str, serious: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.called = called
        self.fields["reason"].required = self.fields["typed"].required = serious

    def clean_typed(self) -> str:
        """The typed name, which must be that of the thing."""
        typed: str = self.cleaned_data["typed"].strip()
        if self.fields["typed"].required and typed != self.called:
            raise forms.ValidationError(f"The name does not match. Type {self.called}.")
        return typed


class KeyRevokeForm(RevokeForm):
    """Adds a ticket, and `force` for the last active key of an agent."""

    ticket = forms.CharField(label="Ticket", max_length=60, required=False, widget=PLAIN_TEXT)
    force = forms.BooleanField(required=False)


class FilterForm(QueryForm):
    """The filters of the list of keys, all of them in the URL."""

    STATUS = (
        ("", "Any"),
        ("attention", "Needs attention"),
        ("all-active", "Active (all)"),
        ("active", "Active"),
        ("deprecated", "Deprecated"),
        ("rotating", "Rotating"),
        ("ended", "Expired"),
        ("revoked", "Revoked"),
    )
    KIND = (("", "All types"), ("app", "App"), ("agent", "Agent"), ("derived", "Derived"))
    WITHIN = (("", "Any time"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"))

    q = forms.CharField(label="Name, prefix or agent", required=False, max_length=100)
    status = forms.ChoiceField(required=False, choices=STATUS)
    kind = forms.ChoiceField(label="Type", required=False, choices=KIND)
    scope = forms.CharField(required=False, max_length=100, widget=PLAIN_TEXT)
    owner = forms.CharField(label="Minted by", required=False, max_length=100)
    unused = forms.ChoiceField(label="Not used in", required=False, choices=WITHIN)
    expiring = forms.ChoiceField(label="Expires within", required=False, choices=WITHIN)


class UseForm(QueryForm):
    """The time range of a page of usage; the default if it is not valid."""

    range = forms.ChoiceField(
        label="Time", required=False, choices=[(name, label) for name, (label, _) in SPANS.items()]
    )

    def chosen(self) -> str:
        """Its name."""
        return str(self.cleaned_data.get("range") or "7d")

    def span(self) -> timedelta:
        """How long it is."""
        return SPANS[self.chosen()][1]
