"""Reads the form by which a leak is reported. What was pasted is never given back."""

from django import forms

from audit.values import ValuesForm


class LeakForm(ValuesForm):
    """The secret, or its hash if the browser made one; where it was found, and what there is to say."""

    sha256 = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    secret = forms.CharField(
        label="The key or token",
        required=False,
        max_length=500,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="With scripts only its SHA-256 leaves your browser. Without, it is hashed on arrival and not kept.",
    )
    found_at = forms.CharField(
        label="Where you found it", required=False, max_length=500, help_text="An address, or a few words."
    )
    note = forms.CharField(
        label="Anything else", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
