"""Reads the forms about keys into plain values for the verbs; the value languages say what cannot be taken."""

from datetime import timedelta
from typing import Any

from django import forms

from core.durations import parse_duration
from core.forms import QueryForm, ReasonForm, ValuesForm

GRACES = (
    ("0", "None: it stops now"),
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
"""How far back a page of use may look."""
PLAIN_TEXT = forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"})


class OnceField(forms.CharField):
    """The mark of one showing of a form: sent twice, it acts once."""

    def __init__(self) -> None:
        said = {"required": "This form has lost its mark. Reload the page and send it again."}
        super().__init__(widget=forms.HiddenInput, max_length=100, error_messages=said)


class RenameForm(ValuesForm):
    """A new name."""

    name = forms.CharField(max_length=200, widget=PLAIN_TEXT)


class RotateForm(ReasonForm):
    """How long the old secret goes on working."""

    once = OnceField()
    grace = forms.ChoiceField(choices=GRACES, initial="7d", widget=forms.RadioSelect)
    grace_custom = forms.CharField(
        label="Custom grace",
        required=False,
        max_length=20,
        help_text="When Custom is chosen: a span of at most 30 days, such as 36h.",
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
    """Asks as much as the use of the thing `called` calls for: nothing, or a reason and its name."""

    typed = forms.CharField(label="Name", max_length=200, required=False, widget=PLAIN_TEXT)

    def __init__(self, *args: Any, called: str, serious: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.called = called
        self.fields["reason"].required = self.fields["typed"].required = serious

    def clean_typed(self) -> str:
        """Its name, as a sign that the reader knows which one it is."""
        typed: str = self.cleaned_data["typed"].strip()
        if self.fields["typed"].required and typed != self.called:
            raise forms.ValidationError(f"That is not its name. Type {self.called}.")
        return typed


class KeyRevokeForm(RevokeForm):
    """A key may have to be forced as well: when its agent is left without one."""

    ticket = forms.CharField(label="Ticket", max_length=60, required=False, widget=PLAIN_TEXT)
    force = forms.BooleanField(required=False)


class FilterForm(QueryForm):
    """The list's filters, all of them in the address."""

    STATUS = [("", "Any"), ("living", "Living"), ("active", "Active"), ("deprecated", "Deprecated")] + [
        ("grace", "In grace"),
        ("ended", "Expired or over"),
        ("revoked", "Revoked"),
    ]
    KIND = [("", "App, agent"), ("app", "App"), ("agent", "Agent"), ("derived", "Derived")]
    UNUSED = [("", "Any time"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days")]
    EXPIRING = [("", "Any time"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days")]

    q = forms.CharField(required=False, max_length=100)
    status = forms.ChoiceField(required=False, choices=STATUS)
    kind = forms.ChoiceField(required=False, choices=KIND)
    scope = forms.CharField(required=False, max_length=100, widget=PLAIN_TEXT)
    owner = forms.CharField(label="Minted by", required=False, max_length=100)
    unused = forms.ChoiceField(label="Unused for", required=False, choices=UNUSED)
    expiring = forms.ChoiceField(label="Expiring in", required=False, choices=EXPIRING)


class UseForm(QueryForm):
    """The time that a page of use is about; the default if none can be read."""

    range = forms.ChoiceField(
        label="Time", required=False, choices=[(name, says) for name, (says, _) in SPANS.items()]
    )

    def chosen(self) -> str:
        """Its name."""
        return str(self.cleaned_data.get("range") or "7d")

    def span(self) -> timedelta:
        """How long it is."""
        return SPANS[self.chosen()][1]
