"""Reads a report of a leak: the key itself, or its SHA-256 in its place."""

from typing import Any

from django import forms

from core.forms import ValuesForm
from portal.leaks import reports

LONGEST_PASTE = 10_000


class ReportForm(ValuesForm):
    """A key, or its hash if a script has made it. What was pasted is hashed at once and never shown again."""

    key = forms.CharField(
        label="The key, or text with the key in it",
        required=False,
        max_length=LONGEST_PASTE,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        ),
    )
    sha256 = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    found_at = forms.CharField(
        label="Where you found it",
        required=False,
        max_length=2_000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="An address, or a few words.",
    )
    note = forms.CharField(
        label="Anything else",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="The key’s people will read it.",
    )

    def clean(self) -> dict[str, Any]:
        """Adds `hashed`, which is all that is left of the key."""
        data = super().clean() or {}
        pasted, sent = data.pop("key", ""), data.pop("sha256", "")
        if not self.errors:
            data["hashed"] = (
                self.read("sha256", lambda: reports.parse_sha256(sent))
                if sent
                else self.read("key", lambda: reports.hash_of(pasted))
            )
        return data

    def forget(self) -> None:
        """Let go of what was pasted, so that no page shows it again."""
        self.data = {name: value for name, value in self.data.items() if name not in ("key", "sha256")}
